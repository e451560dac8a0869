/** Where others can ask Tandem itself: the control socket, and its read-only HTTP sibling. */
import { planError } from '../config/issue.ts';
import { absolute, type Binder, resolve } from './bind.ts';
import { checkPorts } from './compile.ts';
import type { BoundControl } from './plan.ts';

const off: BoundControl = { paths: [], asked: false, http: null };

/** Where a socket is looked for, and made, when nothing else was said. */
export function usualPlaces(uid: number): readonly string[] {
  return ['/run/tandem/control', `/tmp/tandem-${uid}/control`];
}

/** `9900`, `127.0.0.1:9900`, `[::1]:9900`; null: none of these. */
export function parseAddress(text: string): BoundControl['http'] {
  const match = /^(?:(?:([\d.]+)|\[([\da-fA-F:.]+)\]):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[3] ?? 0);
  if (match === null || port < 1 || port > 65_535) return null;
  return { address: match[1] ?? match[2] ?? '127.0.0.1', port };
}

type Ports = Parameters<typeof checkPorts>[0];

function bindHttp(binder: Binder, ports: Ports): BoundControl['http'] {
  const { plan, issues } = binder;
  if (plan.control.http === null) return null;
  const at = 'control.http';
  const text = resolve(binder, at, plan.control.http);
  const http = parseAddress(text);
  if (http === null) {
    const problem = `cannot listen at \`${text}\`: an address and a port are needed`;
    issues.push(planError(at, problem, 'such as 127.0.0.1:9900'));
    return null;
  }
  const all = [...ports, { path: at, port: http.port }];
  issues.push(...checkPorts(all).filter((issue) => issue.path === at));
  return http;
}

/**
 * TANDEM_CONTROL comes before the file. As the init of one command Tandem is
 * not there to be asked.
 */
export function bindControl(binder: Binder, ports: Ports): BoundControl {
  const { plan, env, facts, base } = binder;
  const { control } = plan;
  if (plan.mode === 'init') return off;
  const http = bindHttp(binder, ports);
  const said = env.get('TANDEM_CONTROL') ?? '';
  if (said === 'off' || (said === '' && control.off)) return { ...off, http };
  if (said !== '') return { paths: [absolute(facts.cwd(), said)], asked: true, http };
  if (control.path === null) return { paths: usualPlaces(facts.uid()), asked: false, http };
  const path = absolute(base, resolve(binder, 'control.path', control.path));
  return { paths: [path], asked: true, http };
}
