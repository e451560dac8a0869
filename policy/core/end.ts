/** What an end means: its exit code, whether it was well, and which of several is the cause. */
import type { BoundPlan, BoundProcess } from '../plan/plan.ts';
import type { End, Unit } from './state.ts';

export const exitKilled = 137;
const exitNotReady = 124;
const exitNotExecutable = 126;
const exitNotFound = 127;

/** 0–255, as a shell would report it. */
export function exitCode(units: readonly Unit[], end: End): number {
  switch (end.type) {
    case 'exited':
      return end.signal === 0 ? end.code : 128 + end.signal;
    case 'spawn_failed':
      return end.errno === 'ENOENT' && end.stage === 'exec' ? exitNotFound : exitNotExecutable;
    case 'not_ready':
    case 'unhealthy':
    case 'timed_out':
      return exitNotReady;
    case 'address_in_use':
      return 1;
    case 'cannot_start': {
      const because = units[end.because]?.end ?? null;
      return because === null || because.type === 'cannot_start' ? 1 : exitCode(units, because);
    }
    case 'never_started':
      return 0;
    case 'left_behind':
      return exitKilled;
    default:
      return unreachable(end);
  }
}

export function unreachable(value: never): never {
  throw new Error(`a case was forgotten: ${JSON.stringify(value)}`);
}

/** Ended as asked: 0, one of its success codes, or, when told to stop, by the stop signal. */
export function endedWell(process: BoundProcess, unit: Pick<Unit, 'end' | 'told'>): boolean {
  const end = unit.end;
  if (end === null || end.type === 'never_started') return true;
  if (end.type !== 'exited') return false;
  if (end.signal === 0 && (end.code === 0 || process.successCodes.includes(end.code))) return true;
  if (!unit.told) return false;
  return end.signal === process.stopSignal || end.code === 128 + process.stopSignal;
}

/** Its end stops the container; a oneshot that finished well has done what it was there for. */
export function isUnexpected(process: BoundProcess, unit: Unit): boolean {
  if (!process.essential || unit.end === null) return false;
  return !(process.oneshot && endedWell(process, unit));
}

/** How many processes stand above this one in the longest chain of dependents. */
export function heights(plan: BoundPlan): readonly number[] {
  const memo: (number | undefined)[] = plan.processes.map(() => undefined);
  const dependents: number[][] = plan.processes.map(() => []);
  plan.processes.forEach((process, index) => {
    for (const need of process.needs) dependents[need.process]?.push(index);
  });
  const height = (index: number): number => {
    const known = memo[index];
    if (known !== undefined) return known;
    let most = 0;
    for (const above of dependents[index] ?? []) most = Math.max(most, height(above) + 1);
    memo[index] = most;
    return most;
  };
  return plan.processes.map((_, index) => height(index));
}

/** Of several ends in one batch: the deepest dependency, then non-zero, then plan order. */
export function causeAmong(
  plan: BoundPlan,
  units: readonly Unit[],
  ended: readonly number[],
): number | null {
  if (ended.length < 2) return ended[0] ?? null;
  const height = heights(plan);
  const code = (index: number): number => {
    const end = units[index]?.end ?? null;
    return end === null ? 0 : exitCode(units, end);
  };
  const better = (a: number, b: number): boolean => {
    const deeper = (height[a] ?? 0) - (height[b] ?? 0);
    if (deeper !== 0) return deeper > 0;
    if ((code(a) === 0) !== (code(b) === 0)) return code(a) !== 0;
    return a < b;
  };
  return ended.reduce((best, index) => (better(index, best) ? index : best));
}

/** As an init: the command's own, but for what its flags say. */
function initCode(plan: BoundPlan, units: readonly Unit[]): number {
  const end = units[0]?.end ?? null;
  if (end === null) return 0;
  const own = exitCode(units, end);
  if (end.type === 'spawn_failed') return plan.init?.notStarted ?? own;
  return plan.init?.asSuccess.includes(own) ? 0 : own;
}

/** Ended otherwise than asked; what had ended before the stop was never part of it. */
export function endedBadly(
  plan: BoundPlan,
  units: readonly Unit[],
  endedBefore: readonly number[],
): readonly Unit[] {
  return plan.processes.flatMap((process, index) => {
    const unit = units[index];
    if (unit === undefined || unit.end === null || endedBefore.includes(index)) return [];
    return unit.killed || !endedWell(process, unit) ? [unit] : [];
  });
}

/** Everything has ended by itself: the first in time that was not well. */
export function firstBad(plan: BoundPlan, units: readonly Unit[]): Unit | undefined {
  return endedBadly(plan, units, []).reduce<Unit | undefined>(
    (best, unit) => (best === undefined || unit.endedAtMs < best.endedAtMs ? unit : best),
    undefined,
  );
}

/** The code that Tandem ends with. `endedBefore` a stop that was asked for; null: nobody asked. */
export function finalCode(
  plan: BoundPlan,
  units: readonly Unit[],
  cause: number | null,
  endedBefore: readonly number[] | null,
): number {
  if (plan.mode === 'init') return initCode(plan, units);
  const causing = cause === null ? null : (units[cause]?.end ?? null);
  if (causing !== null) return exitCode(units, causing);
  if (endedBefore !== null) {
    const bad = endedBadly(plan, units, endedBefore);
    if (bad.some((unit) => unit.killed)) return exitKilled;
    const first = bad[0]?.end ?? null;
    return first === null ? 0 : exitCode(units, first);
  }
  const first = firstBad(plan, units);
  return first?.end ? exitCode(units, first.end) : 0;
}
