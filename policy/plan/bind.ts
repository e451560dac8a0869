/**
 * Binds a plan to one environment and one machine: resolves what was left
 * open, and finds whatever would stop it from starting.
 */
import { parseDuration } from '../config/duration.ts';
import {
  type Interpolated,
  interpolate,
  interpolateReferences,
  type Lookup,
} from '../config/interpolate.ts';
import { type PlanIssue, planError, type Source } from '../config/issue.ts';
import { bindControl } from './bind-control.ts';
import { bindHealth, bindPreStop, bindReady } from './bind-probe.ts';
import { checkProgram } from './bind-program.ts';
import { checkPorts } from './compile.ts';
import type { Facts } from './facts.ts';
import { frontNeeds, needsOf } from './graph.ts';
import { logsOf, logsOfAll, ownLogs } from './logs.ts';
import type {
  Bound,
  BoundProcess,
  InitOptions,
  Late,
  Launch,
  LogMode,
  Logs,
  Plan,
  PlannedProcess,
} from './plan.ts';
import type { FrontProcess } from './planned-front.ts';

/** What one binding works with. */
export type Binder = {
  readonly plan: Plan;
  readonly facts: Facts;
  readonly env: ReadonlyMap<string, string>;
  readonly lookup: Lookup;
  readonly issues: PlanIssue[];
  readonly sources: Source[];
  readonly dry: boolean;
  /** What is to be done once nothing is known to be wrong. */
  readonly later: (() => void)[];
  /** Where relative paths begin: the file's folder, or Tandem's own directory. */
  readonly base: string;
  /** One for the whole plan, made when it is first needed; null: nowhere is writable. */
  readonly tempDir: () => string | null;
};

export type BindOptions = {
  readonly env: ReadonlyMap<string, string>;
  readonly base: string;
  /** What a flag says; it wins over everything. */
  readonly flagLogs: LogMode | null;
  /** What TANDEM_LOGS says; it wins over the top of the file. */
  readonly logs: LogMode | null;
  /** Files that the plan names and that were read are added, so that places in them can be shown. */
  readonly sources: Source[];
  /** Everything is looked at, and no file is made. */
  readonly dry: boolean;
  readonly init?: InitOptions & { readonly parentDeath: number };
};

export function environment(lines: readonly string[]): ReadonlyMap<string, string> {
  const env = new Map<string, string>();
  for (const line of lines) {
    const at = line.indexOf('=');
    if (at > 0) env.set(line.slice(0, at), line.slice(at + 1));
  }
  return env;
}

function take(binder: Binder, path: string, { text, problems }: Interpolated): string {
  for (const { text: problem, hint, part } of problems)
    binder.issues.push(planError(path, problem, hint, part));
  return text;
}

export function resolve(binder: Binder, path: string, template: string): string {
  return take(binder, path, interpolate(template, binder.lookup));
}

function resolveLate(
  binder: Binder,
  path: string,
  late: Late,
  read: (text: string) => number | null,
  needed: string,
): number | null {
  if (typeof late === 'number') return late;
  const before = binder.issues.length;
  const text = resolve(binder, path, late.text);
  if (binder.issues.length > before) return null;
  const value = read(text);
  if (value === null)
    binder.issues.push(planError(path, `cannot read \`${text}\`: ${needed} is needed here`));
  return value;
}

export function resolveDuration(binder: Binder, path: string, late: Late): number {
  const needed = 'a duration such as `5s` or `500ms`';
  return resolveLate(binder, path, late, parseDuration, needed) ?? 0;
}

function parsePort(text: string): number | null {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : null;
}

export function resolvePort(binder: Binder, path: string, late: Late | null): number | null {
  return late === null
    ? null
    : resolveLate(binder, path, late, parsePort, 'a port from 1 to 65535');
}

export function absolute(base: string, path: string): string {
  if (path.startsWith('/')) return path;
  const parts: string[] = [];
  for (const part of `${base}/${path}`.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

function lookupFor(plan: Plan, env: ReadonlyMap<string, string>): Lookup {
  const variable = (name: string): string | null => env.get(name) ?? null;
  const plain: Lookup = { variable, reference: () => null };
  const reference = (process: string, key: string): string | null => {
    const late =
      process === 'front'
        ? (plan.front?.port ?? null)
        : (plan.processes.find((one) => one.name === process)?.port ?? null);
    if (key !== 'port' || late === null) return null;
    // A port's own text may name variables, and no other reference: nothing can go round.
    return typeof late === 'number' ? `${late}` : interpolate(late.text, plain).text;
  };
  return { variable, reference };
}

/** A process's environment: Tandem's own, and what differs from it. */
export type Env = {
  readonly get: (name: string) => string | undefined;
  /** null: left out. */
  readonly changes: ReadonlyMap<string, string | null>;
};

function processEnv(
  binder: Binder,
  process: PlannedProcess,
  port: number | null,
  notify: string | null,
): Env {
  const changes = new Map<string, string | null>();
  // The socket is Tandem's own word to whoever started it (sd_notify(3)).
  changes.set('NOTIFY_SOCKET', null);
  // The front owns the container's PORT; an app that took it would take the front's place.
  if (binder.plan.front !== null) changes.set('PORT', null);
  if (process.envFiles.length > 0) {
    const { envFilesOf } = binder.facts.library('attributes');
    for (const [name, value] of envFilesOf(binder, process)) changes.set(name, value);
  }
  for (const [name, template] of process.environment)
    changes.set(name, resolve(binder, `processes.${process.name}.environment.${name}`, template));
  if (port !== null) changes.set('PORT', `${port}`);
  if (notify !== null) changes.set('NOTIFY_SOCKET', notify);
  for (const [name, value] of changes)
    if (value === null && !binder.env.has(name)) changes.delete(name);
  const get = (name: string): string | undefined =>
    changes.has(name) ? (changes.get(name) ?? undefined) : binder.env.get(name);
  return { get, changes };
}

/** Whether it is given nothing besides its command. */
function isPlain(process: PlannedProcess): boolean {
  const { user, umask, nice, oomScoreAdj, limits, secrets, files, tty } = process;
  const numbers = umask === null && nice === null && oomScoreAdj === null;
  const lists = limits.length === 0 && secrets.length === 0 && files.length === 0;
  return user === null && numbers && lists && !tty;
}

/** Where a process that speaks sd_notify(3) does so; the folder is private to this Tandem. */
function notifyPath(binder: Binder, process: PlannedProcess): string | null {
  if (process.ready?.type !== 'notify') return null;
  const at = `processes.${process.name}.ready`;
  const dir = binder.tempDir();
  if (dir !== null) return `${dir}/${process.name}.notify`;
  const hint = 'mount a writable /tmp (docker run --tmpfs /tmp), or set TMPDIR';
  binder.issues.push(
    planError(at, 'cannot make the socket for `notify`: no temporary directory', hint),
  );
  return null;
}

function bindOne(
  binder: Binder,
  process: PlannedProcess,
  logs: Logs,
  options: BindOptions,
): { readonly bound: BoundProcess; readonly launch: Launch } {
  const { facts, plan, issues, base } = binder;
  const at = `processes.${process.name}`;
  const port = resolvePort(binder, `${at}.port`, process.port);
  const notify = notifyPath(binder, process);
  const env = processEnv(binder, process, port, notify);
  const init = plan.mode === 'init';
  const words = process.command.map((word, i) => {
    if (init) return word;
    const path = `${at}.command.${i}`;
    if (!process.shell) return resolve(binder, path, word);
    return take(binder, path, interpolateReferences(word, binder.lookup));
  });
  const dir = process.workingDir;
  const cwd = dir === null ? null : absolute(base, resolve(binder, `${at}.working_dir`, dir));
  if (cwd !== null && facts.stat(cwd).value?.type !== 'directory')
    issues.push(planError(`${at}.working_dir`, `cannot work in \`${cwd}\`: no such directory`));
  const argv = process.shell ? ['/bin/sh', '-c', ...words] : words;
  // In init mode the host's own answer is the one a user of tini knows: 127 or 126.
  if (!init && argv[0] !== undefined)
    checkProgram(binder, `${at}.command.0`, argv[0], env, cwd ?? facts.cwd());
  const duration = (key: string, late: Late): number =>
    resolveDuration(binder, `${at}.${key}`, late);
  const ready = bindReady(binder, process, { at, port, notify });
  const health = bindHealth(binder, process, at, port);
  const preStop = bindPreStop(binder, process.preStop, at, port);
  const bound: BoundProcess = {
    name: process.name,
    oneshot: process.oneshot,
    essential: process.essential,
    restart: process.restart,
    needs: needsOf(plan, process),
    port,
    ready: ready.by,
    timeoutMs: process.timeoutMs === null ? null : duration('timeout', process.timeoutMs),
    health: health.health,
    preStop: preStop.preStop,
    readyTimeoutMs: duration('ready_timeout', process.readyTimeoutMs),
    stopSignal: process.stopSignal,
    stopGraceMs:
      process.stopGraceMs === null ? null : duration('stop_grace_period', process.stopGraceMs),
    stopTarget: process.stopTarget,
    successCodes: process.successCodes,
    forward: process.forward,
  };
  const launch: Launch = {
    name: process.name,
    argv,
    env: [...env.changes].map(([name, value]) => (value === null ? name : `${name}=${value}`)),
    cwd,
    logs: logsOf(process, logs, options),
    stdin: init || process.tty ? 'inherit' : process.stdin,
    probe: ready.probe,
    word: ready.word,
    health: health.probe,
    preStop: preStop.probe,
    attributes: isPlain(process)
      ? null
      : facts.library('attributes').bindAttributes(binder, process, env),
    session: options.init?.session ?? false,
    parentDeath: options.init?.parentDeath ?? 0,
  };
  return { bound, launch };
}

type Of = {
  readonly name: string;
  readonly needs: BoundProcess['needs'];
  readonly port: number | null;
};

/** What the front's compiler made, as the supervisor knows it: a process like all others. */
function madeProcess(
  { name, needs, port }: Of,
  front: FrontProcess & { readonly env: readonly string[] },
  logs: Logs,
): {
  readonly bound: BoundProcess;
  readonly launch: Launch;
} {
  const bound: BoundProcess = {
    name,
    oneshot: false,
    essential: true,
    restart: { policy: 'no', max: null },
    needs,
    port,
    ready: { type: 'probe', port },
    readyTimeoutMs: 240_000,
    timeoutMs: null,
    health: null,
    preStop: front.preStop === null ? null : { type: 'act' },
    stopSignal: front.stopSignal,
    stopGraceMs: null,
    stopTarget: 'main',
    successCodes: [],
    forward: [],
  };
  const launch: Launch = {
    name,
    argv: front.argv,
    env: front.env,
    probe: front.probe,
    word: null,
    health: null,
    preStop: front.preStop,
    logs,
    stdin: 'null',
    cwd: null,
    attributes: null,
    session: false,
    parentDeath: 0,
  };
  return { bound, launch };
}

/** All that can be known before the start; with an error among the issues, nothing is bound. */
export function bind(
  plan: Plan,
  facts: Facts,
  options: BindOptions,
): { readonly bound: Bound | null; readonly issues: readonly PlanIssue[] } {
  const { env } = options;
  const lookup = lookupFor(plan, env);
  let made: string | null = null;
  const tempDir = (): string | null => {
    made ??= facts.makeTempDir().value;
    return made;
  };
  const { base, sources, dry } = options;
  const given = { issues: [], later: [], base, sources, dry };
  const binder: Binder = { plan, facts, env, lookup, tempDir, ...given };
  const stopTimeoutMs = resolveDuration(binder, 'stop_timeout', plan.stopTimeoutMs);
  const logs = logsOfAll(plan, options);
  const all = plan.processes.map((process) => bindOne(binder, process, logs, options));
  const front =
    plan.front === null
      ? { port: null, process: null, translator: null, stopMark: null }
      : facts.library('front').bindFront(binder, stopTimeoutMs);
  const ports = [
    ...all.map(({ bound }) => ({
      path: `processes.${bound.name}.port`,
      port: bound.oneshot ? null : bound.port,
    })),
    ...(front.port === null ? [] : [{ path: 'front.port', port: front.port }]),
  ];
  const control = bindControl(binder, ports);
  // Ports that were known without an environment have been compared by checkPlan.
  const late = plan.processes.some((one) => one.port !== null && typeof one.port !== 'number');
  if (late || typeof plan.front?.port === 'object') binder.issues.push(...checkPorts(ports));
  if (!binder.issues.some((issue) => issue.severity === 'error'))
    for (const act of binder.later) act();
  if (front.process !== null && front.port !== null) {
    const { port, process, translator } = front;
    const routed = frontNeeds(plan);
    const beside =
      translator === null ? [] : [{ process: all.length, condition: 'ready' as const }];
    if (translator !== null)
      all.push(
        madeProcess({ name: 'front-grpc-web', needs: routed, port: null }, translator, logs),
      );
    all.push(madeProcess({ name: 'front', needs: [...routed, ...beside], port }, process, logs));
  }
  if (binder.issues.some((issue) => issue.severity === 'error'))
    return { bound: null, issues: binder.issues };
  const bound: Bound = {
    plan: {
      mode: plan.mode,
      init: options.init ?? null,
      stopTimeoutMs,
      stopDelayMs: resolveDuration(binder, 'stop_delay', plan.stopDelayMs),
      stopMark: front.stopMark,
      processes: all.map((one) => one.bound),
    },
    launches: all.map((one) => one.launch),
    control,
    ownLogs: ownLogs(logs, options),
  };
  return { bound, issues: binder.issues };
}
