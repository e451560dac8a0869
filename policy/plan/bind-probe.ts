/** Binds what a process is asked, or says: ports and texts are resolved, paths absolute. */
import { planError } from '../config/issue.ts';
import { absolute, type Binder, resolve, resolveDuration, resolvePort } from './bind.ts';
import type {
  BoundHealth,
  BoundPreStop,
  PlannedPreStop,
  PlannedProbe,
  PlannedProcess,
  ProbeSpec,
  ReadyBy,
  WordSpec,
} from './plan.ts';

type Given = { readonly at: string; readonly port: number | null; readonly notify: string | null };

export type BoundReady = {
  readonly by: ReadyBy;
  readonly probe: ProbeSpec | null;
  readonly word: WordSpec | null;
};

const started: BoundReady = { by: { type: 'start' }, probe: null, word: null };

function clean(binder: Binder, path: string, what: string, text: string): string {
  if ([...text].some((char) => char < ' ' || char === '\u007f'))
    binder.issues.push(planError(path, `cannot send \`${what}\`: a control character is in it`));
  return text;
}

function httpRequest(
  binder: Binder,
  path: string,
  probe: Extract<PlannedProbe, { type: 'http' }>,
  method: string,
  port: number,
): string {
  const target = clean(binder, path, 'path', resolve(binder, path, probe.path));
  const headers = probe.headers.map(([name, value]): readonly [string, string] => [
    clean(binder, path, name, name),
    clean(binder, path, name, resolve(binder, path, value)),
  ]);
  const given = new Set(headers.map(([name]) => name.toLowerCase()));
  const defaults: readonly (readonly [string, string])[] = [
    ['Host', `127.0.0.1:${port}`],
    ['User-Agent', 'tandem'],
    ['Connection', 'close'],
  ];
  const all = [...defaults.filter(([name]) => !given.has(name.toLowerCase())), ...headers];
  const length = method === 'GET' || method === 'HEAD' ? '' : 'Content-Length: 0\r\n';
  const lines = all.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return `${method} ${target} HTTP/1.1\r\n${lines}${length}\r\n`;
}

/** null for what isn't asked, or where something is wrong, which has been said. */
export function bindProbe(
  binder: Binder,
  path: string,
  probe: PlannedProbe,
  own: number | null,
  method = 'GET',
): ProbeSpec | null {
  const at = `${path}.${probe.type}`;
  switch (probe.type) {
    case 'tcp': {
      const port = resolvePort(binder, at, probe.port) ?? own;
      return port === null ? null : { type: 'tcp', port };
    }
    case 'http': {
      const port = resolvePort(binder, at, probe.port) ?? own;
      if (port === null) return null;
      const [statusMin, statusMax] = probe.status;
      const request = httpRequest(binder, at, probe, method, port);
      return { type: 'http', port, request, statusMin, statusMax };
    }
    case 'grpc': {
      const port = resolvePort(binder, at, probe.port) ?? own;
      const service = resolve(binder, at, probe.service);
      return port === null ? null : { type: 'grpc', port, service };
    }
    case 'unix':
    case 'file':
      return { type: probe.type, path: absolute(binder.base, resolve(binder, at, probe.path)) };
    case 'exec':
      return { type: 'exec', argv: probe.argv.map((word) => resolve(binder, at, word)) };
    default:
      return null;
  }
}

function portOf(spec: ProbeSpec | null): number | null {
  return spec !== null && 'port' in spec ? spec.port : null;
}

export function bindReady(binder: Binder, process: PlannedProcess, given: Given): BoundReady {
  const { at, port, notify } = given;
  const path = `${at}.ready`;
  if (process.oneshot) return started;
  const probe: PlannedProbe = process.ready ?? { type: 'tcp', port: null };
  switch (probe.type) {
    case 'none':
      return started;
    case 'delay': {
      const delayMs = resolveDuration(binder, `${path}.delay`, probe.delayMs);
      return { by: { type: 'delay', delayMs }, probe: null, word: null };
    }
    case 'log': {
      const bad = binder.facts.badPattern(probe.pattern);
      if (bad !== null)
        binder.issues.push(
          planError(`${path}.log`, `cannot look for \`${probe.pattern}\`: ${bad}`),
        );
      return { by: { type: 'word' }, probe: null, word: probe };
    }
    case 'fd':
      return { by: { type: 'word' }, probe: null, word: probe };
    case 'notify':
      return {
        by: { type: 'word' },
        probe: null,
        word: { type: 'notify', path: notify ?? '' },
      };
    default: {
      const spec = bindProbe(binder, path, probe, port);
      if (spec === null) return started;
      return { by: { type: 'probe', port: portOf(spec) }, probe: spec, word: null };
    }
  }
}

export function bindHealth(
  binder: Binder,
  process: PlannedProcess,
  at: string,
  port: number | null,
): { readonly health: BoundHealth | null; readonly probe: ProbeSpec | null } {
  const planned = process.healthcheck;
  if (planned === null) return { health: null, probe: null };
  const path = `${at}.healthcheck`;
  const asked = planned.probe ?? process.ready ?? ({ type: 'tcp', port: null } as const);
  const probe = bindProbe(binder, planned.probe === null ? `${at}.ready` : path, asked, port);
  const ms = (key: string, late: typeof planned.intervalMs): number =>
    resolveDuration(binder, `${path}.${key}`, late);
  const health: BoundHealth = {
    intervalMs: Math.max(1, ms('interval', planned.intervalMs)),
    timeoutMs: Math.max(1, ms('timeout', planned.timeoutMs)),
    retries: planned.retries,
    startPeriodMs: ms('start_period', planned.startPeriodMs),
  };
  return { health: probe === null ? null : health, probe };
}

export function bindPreStop(
  binder: Binder,
  planned: PlannedPreStop | null,
  at: string,
  port: number | null,
): { readonly preStop: BoundPreStop | null; readonly probe: ProbeSpec | null } {
  if (planned === null) return { preStop: null, probe: null };
  const path = `${at}.pre_stop`;
  if (planned.type === 'delay') {
    const delayMs = resolveDuration(binder, `${path}.delay`, planned.delayMs);
    return { preStop: { type: 'delay', delayMs }, probe: null };
  }
  const probe = bindProbe(binder, path, planned.probe, port, planned.method);
  if (probe === null)
    binder.issues.push(planError(path, 'cannot ask by http: the process has no `port`'));
  return { preStop: probe === null ? null : { type: 'act' }, probe };
}
