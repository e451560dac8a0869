/** Who may start: dependencies order the start, and nothing else after it. */
import type { BoundPlan, BoundProcess, Condition } from '../plan/plan.ts';
import { endedWell } from './end.ts';
import type { Unit } from './state.ts';

type Verdict = 'met' | 'open' | 'impossible';

function judge(condition: Condition, process: BoundProcess, unit: Unit): Verdict {
  if (condition === 'completed') {
    if (unit.state !== 'done') return unit.told || unit.end !== null ? 'impossible' : 'open';
    const ran = unit.end?.type === 'exited';
    return ran && endedWell(process, { end: unit.end, told: false }) ? 'met' : 'impossible';
  }
  // An end was seen, or its stop has begun: it will not become what is awaited.
  if (unit.end !== null || unit.told) return 'impossible';
  if (unit.state === 'ready') return 'met';
  return condition === 'started' && unit.state === 'up' ? 'met' : 'open';
}

export type Turnout =
  | { readonly type: 'start' }
  | { readonly type: 'wait' }
  /** It waits for `because` in vain. */
  | { readonly type: 'vain'; readonly because: number };

/** What one that waits may do now. */
export function settle(plan: BoundPlan, units: readonly Unit[], index: number): Turnout {
  let open = false;
  for (const need of plan.processes[index]?.needs ?? []) {
    const unit = units[need.process];
    const process = plan.processes[need.process];
    const verdict =
      unit === undefined || process === undefined
        ? 'impossible'
        : judge(need.condition, process, unit);
    if (verdict === 'impossible') return { type: 'vain', because: need.process };
    open ||= verdict === 'open';
  }
  return { type: open ? 'wait' : 'start' };
}
