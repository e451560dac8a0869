/** Asks the host to look at what made the container stop, before anything else changes. */
import type { BoundPlan } from '../plan/plan.ts';
import { phrases, portPhrases } from '../report/clues.ts';
import type { Action } from './action.ts';
import type { Unit } from './state.ts';

export function examine(plan: BoundPlan, units: readonly Unit[], process: number): Action {
  const unit = units[process];
  const end = unit?.end ?? null;
  const own = plan.processes[process]?.port ?? null;
  const port = end?.type === 'address_in_use' ? end.port : own;
  // Whoever listens is looked for where that may be the point, since it takes a walk through /proc.
  const sockets = end?.type === 'address_in_use' || end?.type === 'not_ready';
  const program = end?.type === 'spawn_failed';
  const run = unit?.run ?? 0;
  return { type: 'examine', process, run, phrases, portPhrases, port, sockets, program };
}
