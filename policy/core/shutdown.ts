/** The stop: who is next, how much of the budget it gets, and how INT and QUIT escalate. */
import type { BoundPlan } from '../plan/plan.ts';
import { reserveMs, shareMs } from '../plan/share.ts';
import type { State, Stop, Unit } from './state.ts';

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

export function beginStop(plan: BoundPlan, signal: number | null, nowMs: number): Stop {
  return {
    sinceMs: nowMs,
    endMs: nowMs + plan.stopTimeoutMs,
    signal,
    level: 1,
    levelAtMs: signal === null ? -escalationGapMs : nowMs,
  };
}

/** The stop after one more signal: the same object when the signal changes nothing. */
export function escalate(stop: Stop, signal: number, nowMs: number): Stop {
  if (!escalates(signal) || nowMs - stop.levelAtMs < escalationGapMs) return stop;
  return { ...stop, level: Math.min(3, stop.level + 1), levelAtMs: nowMs };
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

export type Due = { readonly process: number; readonly graceMs: number };

/** The processes whose turn it is to be told, with their time. */
export function dueToStop(
  plan: BoundPlan,
  state: State,
  stop: Stop,
  nowMs: number,
): readonly Due[] {
  const { units } = state;
  const held: boolean[] = [];
  plan.processes.forEach((process, index) => {
    const unit = units[index];
    if (unit === undefined || unit.state === 'done') return;
    for (const need of process.needs) held[need.process] = true;
  });
  const leftMs = Math.max(0, stop.endMs - reserveMs - nowMs);
  const memo: number[] = [];
  const due: Due[] = [];
  plan.processes.forEach((process, index) => {
    const unit = units[index];
    if (unit === undefined || unit.state === 'done' || unit.told) return;
    const notStarted = unit.state === 'waiting' || unit.state === 'checking';
    if (held[index] && stop.level < 2 && !notStarted) return;
    const behind = stop.level < 2 ? chainBehind(plan, units, memo, index) : 0;
    due.push({ process: index, graceMs: shareMs(leftMs, behind, process.stopGraceMs) });
  });
  return due;
}
