/** The stop: who is next, how much of the budget it gets, and how INT and QUIT escalate. */
import type { BoundPlan } from '../plan/plan.ts';
import { reserveMs, shareMs } from '../plan/share.ts';
import { graphOf } from './graph.ts';
import type { Stop, Unit } from './state.ts';

/** A Ctrl-C may arrive twice for one key; two that a person meant are further apart. */
export const escalationGapMs = 300;

const signals = { int: 2, quit: 3, term: 15, pwr: 30, rtmin3: 37 };

/** Signals that ask for an orderly stop (systemd's RTMIN+3 counts from glibc's and musl's 34). */
export function asksForStop(signal: number): boolean {
  return Object.values(signals).includes(signal);
}

function escalates(signal: number): boolean {
  return signal === signals.int || signal === signals.quit;
}

export function beginStop(
  plan: BoundPlan,
  units: readonly Unit[],
  signal: number | null,
  nowMs: number,
): Stop {
  return {
    sinceMs: nowMs,
    // A delay is for those who asked; when a process has died there is nothing to serve with.
    beginsAtMs: signal === null ? nowMs : nowMs + plan.stopDelayMs,
    endMs: nowMs + plan.stopTimeoutMs,
    endedBefore: units.flatMap((unit, index) => (unit.end === null ? [] : [index])),
    signal,
    level: 1,
    levelAtMs: signal === null ? -escalationGapMs : nowMs,
  };
}

/** The stop after one more signal: the same object when the signal changes nothing. */
export function escalate(stop: Stop, signal: number, nowMs: number): Stop {
  if (!escalates(signal) || nowMs - stop.levelAtMs < escalationGapMs) return stop;
  return { ...stop, beginsAtMs: nowMs, level: Math.min(3, stop.level + 1), levelAtMs: nowMs };
}

/** How many live processes stand behind this one in the longest chain of what it needs. */
function chainBehind(
  plan: BoundPlan,
  units: readonly Unit[],
  memo: number[],
  index: number,
): number {
  const known = memo[index];
  if (known !== undefined) return known;
  let most = 0;
  for (const need of plan.processes[index]?.needs ?? []) {
    if (units[need.process]?.state === 'done') continue;
    most = Math.max(most, 1 + chainBehind(plan, units, memo, need.process));
  }
  memo[index] = most;
  return most;
}

/** Waits for somebody who needs it. */
function isHeld(plan: BoundPlan, units: readonly Unit[], index: number): boolean {
  for (const dependent of graphOf(plan).dependents[index] ?? [])
    if (units[dependent]?.state !== 'done') return true;
  return false;
}

/** The time of a process whose turn it is to be told; null: it isn't. */
export function turnToStop(
  plan: BoundPlan,
  units: readonly Unit[],
  stop: Stop,
  nowMs: number,
  index: number,
): number | null {
  const unit = units[index];
  const process = plan.processes[index];
  if (unit === undefined || process === undefined) return null;
  if (unit.state === 'done' || unit.told) return null;
  const notRunning =
    unit.state === 'waiting' ||
    unit.state === 'checking' ||
    unit.state === 'backoff' ||
    unit.state === 'held';
  if (stop.level < 2 && !notRunning && isHeld(plan, units, index)) return null;
  const leftMs = Math.max(0, stop.endMs - reserveMs - nowMs);
  const behind = stop.level < 2 ? chainBehind(plan, units, [], index) : 0;
  return shareMs(leftMs, behind, process.stopGraceMs);
}
