/** The front compiled to Envoy: a static configuration, and how it is started, asked and stopped. */
import type { Facts } from '../plan/facts.ts';
import { envoyConfig } from './envoy-config.ts';
import {
  type FrontIssue,
  type FrontMade,
  type FrontSettings,
  frontError,
  writeFiles,
} from './made.ts';
import type { FrontPlan, Header } from './model.ts';

const sigterm = 15;
/** What Envoy's protocol buffers allow for the value of a header. */
const valueCharsMax = 16_000;
/** Envoy's documentation has it at 9901. */
const adminPortFirst = 9901;

function checkHeaders(issues: FrontIssue[], at: string, headers: readonly Header[]): void {
  for (const [name, value] of headers)
    if (encodeURIComponent(value).length > valueCharsMax)
      issues.push(
        frontError(`cannot give \`${name}\` to Envoy: it is too long`, null, `${at}.${name}`),
      );
}

/** What Envoy can't do, whichever it is. */
function checkRoutes(plan: FrontPlan, issues: FrontIssue[]): void {
  checkHeaders(issues, 'headers', plan.headers);
  plan.routes.forEach((route, i) => {
    const at = `routes.${i}`;
    checkHeaders(issues, `${at}.headers`, route.headers);
    if (route.type === 'directory') {
      const hint = '`engine: nginx` or `engine: node`, or a process that serves the files';
      issues.push(frontError('cannot serve a directory: Envoy serves no files', hint, `${at}.dir`));
    }
    if (route.type === 'redirect') checkHeaders(issues, at, [['redirect', route.to]]);
    if (route.type === 'answer') checkHeaders(issues, at, [['content_type', route.contentType]]);
    if (route.type !== 'process') return;
    checkHeaders(issues, `${at}.request_headers`, route.requestHeaders);
    if (route.protocol === 'fastcgi') {
      const text = 'cannot speak fastcgi: Envoy does not know it';
      issues.push(frontError(text, '`engine: nginx`', `${at}.protocol`));
    }
  });
}

/** The first from Envoy's usual one that neither the front nor a process behind it has. */
export function adminPortOf({ port, routes }: FrontPlan): number {
  const taken = new Set([
    port,
    ...routes.map((route) =>
      route.type === 'process' && route.address.type === 'tcp' ? route.address.port : 0,
    ),
  ]);
  let found = adminPortFirst;
  while (taken.has(found)) found += 1;
  return found;
}

/** What it is started with, apart from its program. */
export function envoyArguments(plan: FrontPlan, file: string): readonly string[] {
  const drainS = Math.max(1, Math.floor(plan.stopMs / 1000) - 1);
  return [
    ...['-c', file, '--concurrency', `${plan.workers}`, '--drain-time-s', `${drainS}`],
    // Two of them on one machine would meet in shared memory.
    ...['--disable-hot-restart', '--log-level', 'warning'],
  ];
}

function ask(port: number, method: string, path: string): string {
  const length = method === 'POST' ? 'Content-Length: 0\r\n' : '';
  return `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${length}Connection: close\r\n\r\n`;
}

export function compileEnvoy(plan: FrontPlan, facts: Facts, { path }: FrontSettings): FrontMade {
  const issues: FrontIssue[] = [];
  checkRoutes(plan, issues);
  const envoy = facts.find('envoy', path).value;
  if (envoy === null) {
    const hint = 'copy it from the image envoyproxy/envoy, or `engine: nginx`';
    issues.push(frontError('cannot start the front: envoy is not installed', hint, 'engine'));
  }
  if (envoy === null || issues.length > 0) return { process: null, issues };
  const port = adminPortOf(plan);
  const dir = writeFiles(facts, issues, () => ({
    'envoy.json': `${JSON.stringify(envoyConfig(plan, port))}\n`,
  }));
  if (dir === null) return { process: null, issues };
  const argv = [envoy, ...envoyArguments(plan, `${dir}/envoy.json`)];
  const asked = { type: 'http', port, statusMin: 200, statusMax: 299 } as const;
  const probe = { ...asked, request: ask(port, 'GET', '/ready') };
  const preStop = { ...asked, request: ask(port, 'POST', '/drain_listeners?graceful') };
  return { process: { argv, stopSignal: sigterm, probe, preStop }, issues };
}
