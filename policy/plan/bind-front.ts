/** Binds the front: resolves its port and routes, and lets its compiler make one process of them. */
import { planError } from '../config/issue.ts';
import type { FrontRoute } from '../front/front.ts';
import { absolute, type Binder, resolve, resolvePort } from './bind.ts';
import { depth } from './graph.ts';
import { reserveMs, shareMs } from './share.ts';

export type FrontProcess = {
  readonly port: number;
  readonly stopSignal: number;
  readonly launch: { readonly argv: readonly string[]; readonly env: readonly string[] };
};

type BoundFront = { readonly port: number | null; readonly process: FrontProcess | null };

function bindRoutes(binder: Binder): readonly FrontRoute[] | null {
  const { plan, facts, issues, base } = binder;
  const before = issues.length;
  const routes = (plan.front?.routes ?? []).flatMap((route, i): readonly FrontRoute[] => {
    const at = `front.routes.${i}`;
    if (route.type === 'directory') {
      const directory = absolute(base, resolve(binder, at, route.directory));
      if (facts.stat(directory).value?.type !== 'directory')
        issues.push(
          planError(
            at,
            `cannot serve \`${route.directory}\`: no such directory`,
            `looked for ${directory}`,
          ),
        );
      return [{ type: 'directory', path: route.path, directory }];
    }
    const process = plan.processes.find((one) => one.name === route.process);
    const port = resolvePort(binder, `processes.${route.process}.port`, process?.port ?? null);
    return port === null ? [] : [{ type: 'process', path: route.path, port }];
  });
  return issues.length > before ? null : routes;
}

/** What the supervisor will give it when everything behind it still runs. */
function frontShareMs(binder: Binder, stopTimeoutMs: number): number {
  const { plan } = binder;
  const index = (name: string): number => plan.processes.findIndex((one) => one.name === name);
  const edges = plan.processes.map((one) => one.dependsOn.map((need) => index(need.process)));
  const routed = (plan.front?.routes ?? []).map((one) =>
    one.type === 'process' ? index(one.process) : -1,
  );
  const front = edges.length;
  return shareMs(
    stopTimeoutMs - reserveMs,
    depth([...edges, routed.filter((i) => i >= 0)], front),
    null,
  );
}

export function bindFront(binder: Binder, stopTimeoutMs: number): BoundFront {
  const { plan, facts, issues } = binder;
  if (plan.front === null) return { port: null, process: null };
  const port = resolvePort(binder, 'front.port', plan.front.port);
  const routes = bindRoutes(binder);
  // Its configuration is only worth rendering when everything else is known to be right.
  if (port === null || routes === null || issues.some((issue) => issue.severity === 'error'))
    return { port, process: null };
  const env = [`PATH=${binder.env.get('PATH') ?? ''}`];
  const front = facts
    .library('front')
    .compileFront({ port, routes, env, stopMs: frontShareMs(binder, stopTimeoutMs) }, facts);
  for (const { severity, text, hint, route } of front.issues)
    issues.push({
      ...planError(route === null ? 'front' : `front.routes.${route}`, text, hint),
      severity,
    });
  const launch = { argv: front.launch.argv, env };
  return { port, process: { port, stopSignal: front.stopSignal, launch } };
}
