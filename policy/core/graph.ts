/** Who needs whom, looked up once for a plan. */
import type { BoundPlan } from '../plan/plan.ts';

export type Graph = {
  /** Indices of those that need this one. */
  readonly dependents: readonly (readonly number[])[];
};

const graphs = new WeakMap<BoundPlan, Graph>();

export function graphOf(plan: BoundPlan): Graph {
  const known = graphs.get(plan);
  if (known !== undefined) return known;
  const dependents: number[][] = plan.processes.map(() => []);
  plan.processes.forEach((process, index) => {
    for (const need of process.needs) dependents[need.process]?.push(index);
  });
  const graph = { dependents };
  graphs.set(plan, graph);
  return graph;
}
