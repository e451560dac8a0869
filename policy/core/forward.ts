/** Signals that are passed on instead of acted on. */
import type { Action } from './action.ts';
import type { Unit } from './state.ts';

const cont = 18;
const stop = 19;
const tstp = 20;
/** The terminal's to a background process; as init of one command they stop nobody but us. */
const ttin = 21;
const ttou = 22;

function runs(unit: Unit): boolean {
  return unit.state !== 'waiting' && unit.state !== 'checking' && unit.state !== 'done';
}

/** Init mode: whatever comes goes to the one command, which decides. */
export function forward(units: readonly Unit[], signal: number, actions: Action[]): void {
  if (signal === ttin || signal === ttou) return;
  units.forEach((unit, process) => {
    if (runs(unit))
      actions.push({ type: 'signal', process, run: unit.run, signal, target: 'main' });
  });
}

export function isSuspend(signal: number): boolean {
  return signal === tstp || signal === cont;
}

/** Ctrl-Z suspends all and then us; CONT wakes us first and then all. */
export function suspend(units: readonly Unit[], signal: number, actions: Action[]): void {
  const sent = signal === tstp ? stop : cont;
  units.forEach((unit, process) => {
    if (runs(unit))
      actions.push({ type: 'signal', process, run: unit.run, signal: sent, target: 'group' });
  });
  if (signal === tstp) actions.push({ type: 'suspend' });
}
