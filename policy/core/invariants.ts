/**
 * What must hold after every step, whatever has happened. Checked by the
 * properties and the simulator; it costs nothing in the binary.
 */
import type { BoundPlan } from '../plan/plan.ts';
import type { Action } from './action.ts';
import type { State, Unit } from './state.ts';
import type { Stepped } from './step.ts';

function runs(unit: Unit | undefined): boolean {
  if (unit === undefined) return false;
  return !['waiting', 'checking', 'backoff', 'held', 'done'].includes(unit.state);
}

function needsAreMet(plan: BoundPlan, units: readonly Unit[], process: number): boolean {
  return (plan.processes[process]?.needs ?? []).every(({ process: need, condition }) => {
    const unit = units[need];
    if (condition === 'completed') return unit?.state === 'done' && unit.end?.type === 'exited';
    return unit?.state === 'ready' || (condition === 'started' && unit?.state === 'up');
  });
}

function checkAction(before: State, after: State, action: Action): string | null {
  if (action.type === 'spawn' || action.type === 'probe' || action.type === 'signal') {
    const unit = after.units[action.process];
    // By hand the next run may begin in the very step in which the last one was signalled.
    const was = before.units[action.process]?.run === action.run && action.type === 'signal';
    if (unit === undefined || (unit.run !== action.run && !was))
      return `${action.type} for run ${action.run} of ${unit?.run}`;
    if (action.type === 'signal' && !runs(before.units[action.process]) && !runs(unit))
      return `a signal for process ${action.process}, of which nothing runs`;
    if (action.type === 'spawn' && before.stop !== null) return 'a spawn after the stop had begun';
    if (action.type === 'probe' && before.units[action.process]?.probing && !answered(unit, before))
      return `two probes at once for process ${action.process}`;
  }
  if (action.type === 'exit' && after.phase !== 'over') return 'an exit that is not the end';
  return null;
}

/** A probe may follow the answer to the one before in the same step. */
function answered(unit: Unit, before: State): boolean {
  return before.units.every((one) => one !== unit);
}

function checkUnit(unit: Unit, before: Unit, byHand: boolean): string | null {
  if (unit.state === 'done' && unit.end === null) return 'done without an end';
  if (unit.state === 'held' && (unit.end !== null || unit.failed !== null))
    return 'held, and ended';
  if (before.state === 'held' && unit.run > before.run && !byHand) return 'held, and then not';
  if (byHand && unit.run >= before.run && before.end !== null) return null;
  if (before.state === 'done' && unit.state !== 'done') return 'done, and then not';
  const again = before.hand !== null && unit.run > before.run;
  if (before.end !== null && unit.end !== before.end && !again)
    return 'a second word on how it ended';
  if (unit.run < before.run) return 'an earlier run';
  // By hand another run may follow in the very step in which the last one is over.
  const over = before.state === 'waiting' || before.state === 'backoff' || before.state === 'held';
  if (unit.run > before.run && !over && before.hand === null && !byHand)
    return 'a new run while the old one is there';
  if (before.told && !unit.told) return 'told to stop, and then not';
  if (unit.end !== null && unit.failed !== null) return 'ended, and to start again';
  if (unit.state === 'killing' && !unit.killed) return 'killing without a kill';
  return null;
}

/** In an orderly stop nobody is told while somebody who needs it is there. */
function checkOrder(plan: BoundPlan, before: State, after: State): string | null {
  if (after.stop === null || after.stop.level > 1 || before.stop === null) return null;
  for (const [index, unit] of after.units.entries()) {
    const was = before.units[index];
    const newlyTold = unit.told && was?.told === false && was.end === null;
    if (!newlyTold || unit.killed || !runs(was)) continue;
    const dependent = plan.processes.findIndex(
      (process, i) =>
        process.needs.some((need) => need.process === index) && after.units[i]?.state !== 'done',
    );
    if (dependent >= 0) return `process ${index} was told before its dependent ${dependent}`;
  }
  return null;
}

/** Sentences about what is broken; empty when all is well. */
export function violations(
  plan: BoundPlan,
  before: State,
  nowMs: number,
  stepped: Stepped,
): readonly string[] {
  const { state: after, actions, notes, wakeAtMs } = stepped;
  const byHand = (i: number): boolean =>
    notes.some((note) => note.type === 'by_hand' && note.process === i);
  const found: (string | null)[] = actions.map((a) => checkAction(before, after, a));
  after.units.forEach((unit, i) => {
    const was = before.units[i];
    const wrong = was === undefined ? 'a new process' : checkUnit(unit, was, byHand(i));
    found.push(wrong === null ? null : `process ${i}: ${wrong}`);
    const starts = was?.state === 'waiting' && unit.run > was.run;
    if (starts && !needsAreMet(plan, after.units, i))
      found.push(`process ${i} starts before what it needs`);
  });
  for (const note of notes)
    if (note.type === 'anomaly')
      found.push(`${note.input} reached process ${note.process} while ${note.state}`);
  if (before.cause !== null && after.cause !== before.cause) found.push('the cause has changed');
  // A grace of nothing is over at once, but then something must come of it.
  const idle = after.units.every((unit, i) => unit === before.units[i]);
  const again = wakeAtMs === nowMs && before.wakeAtMs === nowMs && idle;
  if (again || (wakeAtMs !== null && wakeAtMs < nowMs))
    found.push(`a wake-up at ${wakeAtMs}, at ${nowMs}: the loop would never sleep`);
  if (actions.some((a) => a.type === 'exit') && after.units.some((u) => u.state !== 'done'))
    found.push('an exit while something is left');
  found.push(checkOrder(plan, before, after));
  return found.filter((one) => one !== null);
}
