/** The graph of dependencies. */
import type { BoundProcess, Plan, PlannedProcess } from './plan.ts';

type Needs = BoundProcess['needs'];

export function needsOf(plan: Plan, process: PlannedProcess): Needs {
  return process.dependsOn.map(({ process: name, condition }) => {
    const index = plan.processes.findIndex((one) => one.name === name);
    const fits = plan.processes[index]?.oneshot === true ? 'completed' : 'ready';
    return { process: index, condition: condition ?? fits };
  });
}

/** The front waits for all that it routes to. */
export function frontNeeds(plan: Plan): Needs {
  const routed = new Set(
    plan.front?.routes.flatMap((route) => (route.type === 'process' ? [route.process] : [])),
  );
  return plan.processes.flatMap((process, index) =>
    routed.has(process.name) ? [{ process: index, condition: 'ready' as const }] : [],
  );
}

/** Indices along one cycle, its first one again at the end; null when there is none. */
export function findCycle(edges: readonly (readonly number[])[]): readonly number[] | null {
  const done = new Set<number>();
  const path: number[] = [];
  const visit = (node: number): readonly number[] | null => {
    if (done.has(node)) return null;
    const at = path.indexOf(node);
    if (at >= 0) return [...path.slice(at), node];
    path.push(node);
    for (const next of edges[node] ?? []) {
      const cycle = visit(next);
      if (cycle !== null) return cycle;
    }
    path.pop();
    done.add(node);
    return null;
  };
  for (let node = 0; node < edges.length; node += 1) {
    const cycle = visit(node);
    if (cycle !== null) return cycle;
  }
  return null;
}

/** The longest chain from `start`, in edges; the graph has no cycle. */
export function depth(edges: readonly (readonly number[])[], start: number): number {
  const memo = new Map<number, number>();
  const visit = (node: number): number => {
    const known = memo.get(node);
    if (known !== undefined) return known;
    const most = Math.max(0, ...(edges[node] ?? []).map((next) => 1 + visit(next)));
    memo.set(node, most);
    return most;
  };
  return visit(start);
}
