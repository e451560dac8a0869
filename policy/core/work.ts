/** What one step works on, and how an input is given to a process. */
import type { BoundPlan } from '../plan/plan.ts';
import { reserveMs } from '../plan/share.ts';
import type { Action } from './action.ts';
import type { Answering } from './ask.ts';
import { graphOf } from './graph.ts';
import type { Record as Note } from './record.ts';
import { take } from './rules.ts';
import type { State, Unit } from './state.ts';
import type { Input, Turn } from './turn.ts';

/** `units` is the step's own copy; a unit in it is replaced, never changed. */
export type Work = {
  readonly plan: BoundPlan;
  readonly nowMs: number;
  readonly actions: Action[];
  readonly notes: Note[];
  readonly units: Unit[];
  /** Those that changed, and those that a neighbour's change may concern. */
  readonly touched: Set<number>;
  /** Answered when all is settled. */
  readonly asks: Answering[];
  late: boolean;
  state: State;
};

function touch(work: Work, index: number): void {
  work.touched.add(index);
  for (const need of work.plan.processes[index]?.needs ?? []) work.touched.add(need.process);
  for (const dependent of graphOf(work.plan).dependents[index] ?? []) work.touched.add(dependent);
}

export function put(work: Work, index: number, unit: Unit): void {
  if (work.units[index] === unit) return;
  work.units[index] = unit;
  touch(work, index);
}

export function give(work: Work, process: number, input: Input): void {
  const unit = work.units[process];
  const plan = work.plan.processes[process];
  if (unit === undefined || plan === undefined) throw new Error(`no process ${process}`);
  const { nowMs, actions, notes } = work;
  const { stop, seed } = work.state;
  const lingerMs = Math.min(plan.stopGraceMs ?? Infinity, work.plan.stopTimeoutMs - reserveMs);
  const stopping = stop !== null;
  const isInit = work.plan.mode === 'init';
  const turn: Turn = { process, plan, nowMs, lingerMs, stopping, seed, isInit, actions, notes };
  put(work, process, take(unit, input, turn));
}

export function touchAll(work: Work): void {
  for (let i = 0; i < work.units.length; i += 1) work.touched.add(i);
}
