/** Binds the front: everything it names is resolved, and its engine's compiler makes one process of it. */
import { type PlanIssue, planError } from '../config/issue.ts';
import { absolute, type Binder, resolve, resolveDuration, resolvePort } from '../plan/bind.ts';
import { depth } from '../plan/graph.ts';
import type { FrontProcess, PlannedHeader, PlannedRoute } from '../plan/planned-front.ts';
import { reserveMs, shareMs } from '../plan/share.ts';
import { checkFront } from './check.ts';
import { compileFront } from './front.ts';
import {
  type Address,
  type FrontPlan,
  type FrontRoute,
  frontVersion,
  type Header,
  privateNetworks,
} from './model.ts';

type Planned<Type extends PlannedRoute['type']> = Extract<PlannedRoute, { type: Type }>;

function wrong(binder: Binder, at: string, text: string, hint: string | null = null): void {
  binder.issues.push(planError(at, text, hint));
}

/** A text of one line: a control character would be another line, or no text at all. */
function line(binder: Binder, at: string, what: string, template: string): string {
  const text = resolve(binder, at, template);
  if ([...text].some((char) => char < ' ' || char === '\u007f'))
    wrong(binder, at, `cannot use \`${what}\`: a control character is in it`);
  return text;
}

function headersOf(binder: Binder, at: string, all: readonly PlannedHeader[]): readonly Header[] {
  return all.map(([name, value]) => [name, line(binder, `${at}.${name}`, name, value)] as const);
}

function directory(
  binder: Binder,
  at: string,
  route: Planned<'directory'>,
  headers: readonly Header[],
): FrontRoute {
  const dir = absolute(binder.base, line(binder, `${at}.dir`, 'dir', route.directory));
  if (binder.facts.stat(dir).value?.type !== 'directory') {
    const text = `cannot serve \`${route.directory}\`: no such directory`;
    wrong(binder, `${at}.dir`, text, `looked for ${dir}`);
  }
  return { ...route, directory: dir, headers };
}

function addressOf(binder: Binder, at: string, route: Planned<'process'>): Address | null {
  if (route.socket !== null) {
    const path = absolute(binder.base, line(binder, `${at}.socket`, 'socket', route.socket));
    return { type: 'unix', path };
  }
  const process = binder.plan.processes.find((one) => one.name === route.process);
  const port =
    route.port === null
      ? resolvePort(binder, `processes.${route.process}.port`, process?.port ?? null)
      : resolvePort(binder, `${at}.port`, route.port);
  return port === null ? null : { type: 'tcp', host: '127.0.0.1', port };
}

function upstream(
  binder: Binder,
  at: string,
  route: Planned<'process'>,
  headers: readonly Header[],
): FrontRoute | null {
  const address = addressOf(binder, at, route);
  if (address === null) return null;
  const { path, process, protocol, stripPrefix, buffering, maxBodyBytes, websocket } = route;
  const root = route.root === null ? null : absolute(binder.base, resolve(binder, at, route.root));
  const fastcgi = protocol === 'fastcgi' && root !== null ? { root, script: route.script } : null;
  if (fastcgi !== null && binder.facts.stat(`${root}/${route.script}`).value?.type !== 'file')
    wrong(binder, `${at}.root`, `cannot run \`${root}/${route.script}\`: no such file`);
  return {
    type: 'process',
    path,
    process,
    protocol,
    stripPrefix,
    buffering,
    maxBodyBytes,
    websocket,
    fastcgi,
    headers,
    address,
    timeoutMs: Math.max(1, resolveDuration(binder, `${at}.timeout`, route.timeoutMs)),
    requestHeaders: headersOf(binder, `${at}.request_headers`, route.requestHeaders),
    cors: route.cors.map((one, i) => line(binder, `${at}.cors.${i}`, 'cors', one)),
  };
}

function bindRoute(binder: Binder, route: PlannedRoute, i: number): readonly FrontRoute[] {
  const at = `front.routes.${i}`;
  const headers = headersOf(binder, `${at}.headers`, route.headers);
  switch (route.type) {
    case 'directory':
      return [directory(binder, at, route, headers)];
    case 'process': {
      const bound = upstream(binder, at, route, headers);
      return bound === null ? [] : [bound];
    }
    case 'redirect':
      return [{ ...route, headers, to: line(binder, `${at}.redirect`, 'redirect', route.to) }];
    case 'answer': {
      const contentType = line(binder, `${at}.content_type`, 'content_type', route.contentType);
      const text = resolve(binder, `${at}.answer`, route.body);
      // nginx has pages of its own for an error without a text.
      const body = text === '' && route.status >= 400 ? `${route.status}\n` : text;
      return [{ ...route, headers, body, contentType }];
    }
  }
}

function isNetwork(text: string): boolean {
  const v4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\/(\d{1,2}))?$/.exec(text);
  if (v4 !== null)
    return v4.slice(1, 5).every((part) => Number(part) < 256) && Number(v4[5] ?? 0) <= 32;
  const v6 = /^([0-9A-Fa-f:]+)(?:\/(\d{1,3}))?$/.exec(text);
  const groups = v6?.[1]?.split(':') ?? [];
  const gap = v6?.[1]?.includes('::') === true;
  const whole = groups.every((group) => group.length <= 4) && !/:::|::.*::/.test(text);
  const count = gap ? groups.length <= 8 : groups.length === 8 && groups.every((one) => one !== '');
  return v6 !== null && whole && count && Number(v6[2] ?? 0) <= 128;
}

function networks(binder: Binder, all: readonly string[]): readonly string[] {
  return all.flatMap((template, i) => {
    const at = `front.trusted_proxies.${i}`;
    const text = resolve(binder, at, template);
    if (text === 'private') return privateNetworks;
    if (text === 'all') return ['0.0.0.0/0', '::/0'];
    if (isNetwork(text)) return [text];
    const hint = 'an address or a network such as `10.0.0.0/8`; `private`, `all` or `none`';
    wrong(binder, at, `cannot trust \`${text}\`: it is no network`, hint);
    return [];
  });
}

/** What the supervisor will give it when everything behind it still runs. */
function stopShareMs({ plan }: Binder, stopTimeoutMs: number): number {
  const index = (name: string): number => plan.processes.findIndex((one) => one.name === name);
  const edges = plan.processes.map((one) => one.dependsOn.map((need) => index(need.process)));
  const routed = (plan.front?.routes ?? []).map((one) =>
    one.type === 'process' ? index(one.process) : -1,
  );
  const front = edges.length;
  const behind = depth([...edges, routed.filter((i) => i >= 0)], front);
  return shareMs(stopTimeoutMs - reserveMs, behind, null);
}

/** Processors that may be used: those of the affinity mask, within the cgroup's quota. */
function processors({ facts }: Binder): number {
  const v2 = /^(\d+) (\d+)/.exec(facts.read('/sys/fs/cgroup/cpu.max').value ?? '');
  const quota = v2?.[1] ?? facts.read('/sys/fs/cgroup/cpu/cpu.cfs_quota_us').value ?? '';
  const period = v2?.[2] ?? facts.read('/sys/fs/cgroup/cpu/cpu.cfs_period_us').value ?? '';
  const allowed = Number(quota) > 0 && Number(period) > 0 ? Number(quota) / Number(period) : 1e9;
  return Math.max(1, Math.min(facts.cpus(), Math.ceil(allowed)));
}

function ownPath(binder: Binder, key: 'ready' | 'live', template: string | null): string | null {
  if (template === null) return null;
  const path = line(binder, `front.${key}`, key, template);
  if (!/^\/[\w.~/-]*$/.test(path))
    wrong(binder, `front.${key}`, `cannot answer at \`${path}\`: a plain path is needed`);
  return path;
}

/** In the folder that is private to this Tandem; null: there is none, which has been said. */
function stoppingFile(binder: Binder): string | null {
  const dir = binder.tempDir();
  return dir === null ? null : `${dir}/stopping`;
}

export type BoundFront = {
  readonly port: number | null;
  /** The file by which it sees that a stop has begun; null: it looks for none. */
  readonly stopMark: string | null;
  /** null: something is wrong, which has been said. */
  readonly process: (FrontProcess & { readonly env: readonly string[] }) | null;
  readonly translator: (FrontProcess & { readonly env: readonly string[] }) | null;
};

export function bindFront(binder: Binder, stopTimeoutMs: number): BoundFront {
  const { facts, issues, env } = binder;
  const front = binder.plan.front;
  const nothing = { process: null, translator: null };
  if (front === null) return { port: null, stopMark: null, ...nothing };
  issues.push(...checkFront(front));
  const port = resolvePort(binder, 'front.port', front.port);
  const routes = front.routes.flatMap((route, i) => bindRoute(binder, route, i));
  const ready = ownPath(binder, 'ready', front.ready);
  const plan: FrontPlan = {
    version: frontVersion,
    engine: front.engine,
    port: port ?? 0,
    socket: null,
    ipv6: facts.hasIpv6(),
    http2: front.http2,
    compress: front.compress,
    accessLog: front.accessLog,
    traceProject: env.get('GOOGLE_CLOUD_PROJECT') ?? null,
    readyPath: ready,
    livePath: ownPath(binder, 'live', front.live),
    stoppingFile: ready === null ? null : stoppingFile(binder),
    trustedProxies: networks(binder, front.trustedProxies),
    headers: headersOf(binder, 'front.headers', front.headers),
    clientTimeoutMs: Math.max(
      1,
      resolveDuration(binder, 'front.client_timeout', front.clientTimeoutMs),
    ),
    workers: front.workers ?? (front.engine === 'node' ? 1 : processors(binder)),
    stopMs: stopShareMs(binder, stopTimeoutMs),
    nginx: front.nginx,
    routes,
  };
  // Its configuration is only worth rendering when everything else is known to be right.
  if (port === null || issues.some((issue) => issue.severity === 'error'))
    return { port, stopMark: null, ...nothing };
  const made = compileFront(plan, facts, { path: env.get('PATH') ?? '', dry: binder.dry });
  for (const { severity, text, hint, at } of made.issues) {
    const issue: PlanIssue = planError(at === '' ? 'front' : `front.${at}`, text, hint);
    issues.push({ ...issue, severity });
  }
  const stopMark = plan.stoppingFile;
  if (made.process === null) return { port, stopMark, ...nothing };
  const own = [`PATH=${env.get('PATH') ?? ''}`];
  const translator = made.translator === undefined ? null : { ...made.translator, env: own };
  return { port, stopMark, process: { ...made.process, env: own }, translator };
}
