/** Who may start: dependencies order the start, and nothing else after it. */
import type { BoundPlan, Condition } from '../plan/plan.ts';
import type { Unit } from './state.ts';

type Verdict = 'met' | 'open' | 'impossible';

function judge(condition: Condition, unit: Unit): Verdict {
  const runs = unit.state === 'up' || unit.state === 'ready';
  if (condition === 'started' && runs) return 'met';
  if (condition === 'ready' && unit.state === 'ready') return 'met';
  const end = unit.end;
  if (condition === 'completed' && end?.type === 'exited' && unit.state === 'done') {
    return end.code === 0 && end.signal === 0 ? 'met' : 'impossible';
  }
  // An end was seen, or its stop has begun: it will not become what is awaited.
  if (condition !== 'completed' && (end !== null || unit.told)) return 'impossible';
  return unit.state === 'done' ? 'impossible' : 'open';
}

export type Settled = {
  readonly start: readonly number[];
  /** A process that waits for `because` in vain. */
  readonly vain: readonly { readonly process: number; readonly because: number }[];
};

/** One pass over those that wait; starting one changes no verdict before the host has answered. */
export function settle(plan: BoundPlan, units: readonly Unit[]): Settled {
  const start: number[] = [];
  const vain: { process: number; because: number }[] = [];
  plan.processes.forEach((process, index) => {
    if (units[index]?.state !== 'waiting') return;
    let open = false;
    for (const need of process.needs) {
      const unit = units[need.process];
      const verdict = unit === undefined ? 'impossible' : judge(need.condition, unit);
      if (verdict === 'impossible') {
        vain.push({ process: index, because: need.process });
        return;
      }
      open ||= verdict === 'open';
    }
    if (!open) start.push(index);
  });
  return { start, vain };
}
