/** Signals that are passed on instead of acted on. */
import type { BoundPlan, InitOptions } from '../plan/plan.ts';
import type { Action } from './action.ts';
import type { StateName, Unit } from './state.ts';

const cont = 18;
const stop = 19;
const tstp = 20;
/** The terminal's to a background process; as init of one command they stop nobody but us. */
const ttin = 21;
const ttou = 22;

const notRunning: readonly StateName[] = ['waiting', 'checking', 'backoff', 'held', 'done'];

function runs(unit: Unit): boolean {
  return !notRunning.includes(unit.state);
}

/** Init mode: whatever comes goes to the one command, which decides. */
export function forwardAll(
  units: readonly Unit[],
  signal: number,
  init: InitOptions | null,
  actions: Action[],
): void {
  const rewritten = init?.rewrite.find((one) => one.from === signal);
  if (rewritten === undefined && (signal === ttin || signal === ttou)) return;
  const sent = rewritten?.to ?? signal;
  // What the terminal stopped as a group is continued as one.
  const target = init?.group === true || sent === cont ? 'group' : 'main';
  if (sent === 0) return;
  units.forEach((unit, process) => {
    if (runs(unit))
      actions.push({ type: 'signal', process, run: unit.run, signal: sent, target, wake: false });
  });
}

/** Only to processes that name it; false when none does. */
export function forwardNamed(
  plan: BoundPlan,
  units: readonly Unit[],
  signal: number,
  actions: Action[],
): boolean {
  let named = false;
  plan.processes.forEach(({ forward }, process) => {
    const unit = units[process];
    for (const { from, to } of forward) {
      if (from !== signal || unit === undefined) continue;
      named = true;
      if (runs(unit))
        actions.push({
          type: 'signal',
          process,
          run: unit.run,
          signal: to,
          target: 'main',
          wake: false,
        });
    }
  });
  return named;
}

export function isSuspend(signal: number): boolean {
  return signal === tstp || signal === cont;
}

/** Ctrl-Z suspends all and then us; CONT wakes us first and then all. */
export function suspend(units: readonly Unit[], signal: number, actions: Action[]): void {
  const sent = signal === tstp ? stop : cont;
  units.forEach((unit, process) => {
    if (runs(unit))
      actions.push({
        type: 'signal',
        process,
        run: unit.run,
        signal: sent,
        target: 'group',
        wake: false,
      });
  });
  if (signal === tstp) actions.push({ type: 'suspend' });
}
