/**
 * The door: one batch of events in, actions out. Pure: the same plan, state
 * and batch give the same answer, and none of them is changed.
 *
 * The order inside a step is part of the promise: lateness is forgiven first,
 * stop requests come before ends, answers before timeouts, and only then is it
 * settled whose turn it is.
 */
import type { BoundPlan } from '../plan/plan.ts';
import { reserveMs } from '../plan/share.ts';
import type { Action } from './action.ts';
import { causeAmong, finalCode } from './end.ts';
import type { Batch, Event } from './event.ts';
import { forward, isSuspend, suspend } from './forward.ts';
import type { Record as Note } from './record.ts';
import { type Input, type Turn, take } from './rules.ts';
import { settle } from './settle.ts';
import { asksForStop, beginStop, dueToStop, escalate } from './shutdown.ts';
import { awaitedAgainMs, type State, type Unit } from './state.ts';

export type Stepped = {
  readonly state: State;
  readonly actions: readonly Action[];
  readonly notes: readonly Note[];
  readonly wakeAtMs: number | null;
};

/** What one step works on. `units` is its own copy; a unit in it is replaced, never changed. */
type Work = {
  readonly plan: BoundPlan;
  readonly nowMs: number;
  readonly actions: Action[];
  readonly notes: Note[];
  readonly units: Unit[];
  state: State;
};

/** A wake-up later than this was not our doing: a throttled CPU, Ctrl-Z, a suspended machine. */
export const lateMs = 250;
/** The sweep's grace for descendants that nobody named. */
const sweepGraceMs = 500;

function give(work: Work, process: number, input: Input): void {
  const unit = work.units[process];
  const plan = work.plan.processes[process];
  if (unit === undefined || plan === undefined) throw new Error(`no process ${process}`);
  const { nowMs, actions, notes } = work;
  const lingerMs = Math.min(plan.stopGraceMs ?? Infinity, work.plan.stopTimeoutMs - reserveMs);
  const turn: Turn = { process, plan, nowMs, lingerMs, actions, notes };
  work.units[process] = take(unit, input, turn);
}

function forgiveLateness(work: Work): void {
  const { wakeAtMs } = work.state;
  const late = wakeAtMs === null ? 0 : work.nowMs - wakeAtMs;
  if (late <= lateMs) return;
  work.units.forEach((unit, index) => {
    if (unit.state !== 'up') return;
    const deadlineMs = unit.deadlineMs === null ? null : unit.deadlineMs + late;
    const probeAtMs = unit.probeAtMs === null ? null : unit.probeAtMs + late;
    work.units[index] = { ...unit, deadlineMs, probeAtMs };
  });
}

function requestStop(work: Work, signal: number): void {
  const { stop } = work.state;
  const next =
    stop === null ? beginStop(work.plan, signal, work.nowMs) : escalate(stop, signal, work.nowMs);
  if (next === stop) return;
  work.notes.push({ type: 'stop_asked', signal, level: next.level });
  work.state = { ...work.state, stop: next };
}

function receive(work: Work, signal: number): void {
  if (work.plan.mode === 'init') forward(work.units, signal, work.actions);
  else if (asksForStop(signal)) requestStop(work, signal);
  else if (isSuspend(signal)) suspend(work.units, signal, work.actions);
  else work.notes.push({ type: 'ignored', signal });
}

function inputOf(event: Exclude<Event, { type: 'signal_received' | 'swept' }>): Input {
  if (event.type !== 'probe_finished') return event;
  if (event.passed) return { type: 'probe_passed', detail: event.detail };
  return { type: 'probe_failed' };
}

function apply(work: Work, event: Event): void {
  if (event.type === 'signal_received') return;
  if (event.type === 'swept') {
    work.notes.push({ type: 'swept', killed: event.killed, left: event.left });
    finish(work);
    return;
  }
  // An event of an earlier run is dropped: nobody asks about that run any more.
  if (work.units[event.process]?.run === event.run) give(work, event.process, inputOf(event));
}

/** Once the stop has begun nobody waits for a process to become ready; its turn to be told comes. */
function stopAwaiting(work: Work): void {
  if (work.state.stop === null) return;
  work.units.forEach((unit, index) => {
    if (unit.state === 'up' && (unit.deadlineMs !== null || unit.probeAtMs !== null))
      work.units[index] = { ...unit, deadlineMs: null, probeAtMs: null };
  });
}

function passTime(work: Work): void {
  work.units.forEach((unit, index) => {
    if (unit.deadlineMs !== null && unit.state !== 'spawning' && work.nowMs >= unit.deadlineMs)
      give(work, index, { type: 'deadline' });
    const after = work.units[index];
    if (after && after.probeAtMs !== null && work.nowMs >= after.probeAtMs)
      give(work, index, { type: 'probe_due' });
  });
}

/** The first unexpected end of an essential process is the cause; nothing later changes it. */
function findCause(work: Work, before: readonly Unit[]): void {
  if (work.plan.mode === 'init' || work.state.stop !== null) return;
  const ended = work.plan.processes.flatMap((process, index) => {
    const isNew = before[index]?.end === null && work.units[index]?.end !== null;
    return isNew && process.essential ? [index] : [];
  });
  const cause = causeAmong(work.plan, work.units, ended);
  if (cause === null) return;
  work.state = { ...work.state, cause, stop: beginStop(work.plan, null, work.nowMs) };
}

/** A process that can't start may make another's wait vain too; each pass settles at least one. */
function giveUpVain(work: Work, before: readonly Unit[]): void {
  for (let pass = 0; pass <= work.units.length && work.state.stop === null; pass += 1) {
    const { vain } = settle(work.plan, work.units);
    if (vain.length === 0) return;
    for (const { process, because } of vain) {
      work.notes.push({ type: 'skipped', process, because });
      const unit = work.units[process];
      if (unit === undefined) continue;
      const end = { type: 'cannot_start', because } as const;
      work.units[process] = { ...unit, state: 'done', end, endedAtMs: work.nowMs };
    }
    findCause(work, before);
  }
}

/** After those that wait in vain: one of them may have begun the stop. */
function startThose(work: Work): void {
  if (work.state.stop !== null) return;
  for (const process of settle(work.plan, work.units).start) give(work, process, { type: 'start' });
}

function stopThose(work: Work): void {
  const { stop } = work.state;
  if (stop === null || work.plan.mode === 'init') return;
  const over = work.nowMs >= stop.endMs - reserveMs;
  if (stop.level >= 3 || over) {
    const why = stop.level >= 3 ? 'asked' : 'budget';
    for (let i = 0; i < work.units.length; i += 1) give(work, i, { type: 'kill', why });
    return;
  }
  // Ending one that never ran frees what it needs at once, hence more than one pass.
  for (let pass = 0; pass <= work.units.length; pass += 1) {
    const due = dueToStop(work.plan, { ...work.state, units: work.units }, stop, work.nowMs);
    if (due.length === 0) return;
    for (const { process, graceMs } of due) give(work, process, { type: 'stop', graceMs });
  }
}

function finish(work: Work): void {
  const { stop, cause, openedAtMs } = work.state;
  if (work.state.phase === 'over') return;
  const signal = stop?.signal ?? null;
  const code = finalCode(work.plan, work.units, cause, signal !== null);
  const afterMs = work.nowMs - (stop?.sinceMs ?? openedAtMs);
  work.notes.push({ type: 'over', code, cause, signal, afterMs });
  work.actions.push({ type: 'exit', code });
  work.state = { ...work.state, phase: 'over' };
}

function endWhenNothingIsLeft(work: Work): void {
  const { stop, phase, pid1 } = work.state;
  if (phase === 'over') return;
  if (stop !== null && work.nowMs >= stop.endMs) {
    work.units.forEach((unit, index) => {
      if (unit.state === 'done') return;
      const end = unit.end ?? { type: 'left_behind' as const };
      work.units[index] = { ...unit, state: 'done', end, killed: true, endedAtMs: work.nowMs };
    });
    finish(work);
    return;
  }
  if (phase !== 'running' || work.units.some((unit) => unit.state !== 'done')) return;
  if (work.plan.mode === 'init' && !pid1) {
    finish(work);
    return;
  }
  const leftMs = stop === null ? work.plan.stopTimeoutMs : Math.max(0, stop.endMs - work.nowMs);
  const killMs = Math.min(reserveMs, leftMs);
  const graceMs = Math.min(sweepGraceMs, leftMs - killMs);
  work.actions.push({ type: 'sweep', graceMs, killMs });
  work.state = { ...work.state, phase: 'sweeping' };
}

function sayWhatIs(work: Work): void {
  const { state, units, nowMs } = work;
  if (state.saidReady || state.stop !== null || state.phase !== 'running') return;
  const open = units.flatMap((unit, index) =>
    unit.state === 'ready' || unit.end !== null ? [] : [index],
  );
  if (open.length === 0) {
    const anyReady = units.some((unit) => unit.state === 'ready');
    const afterMs = nowMs - state.openedAtMs;
    if (anyReady) work.notes.push({ type: 'all_ready', afterMs });
    work.state = { ...state, saidReady: true };
  } else if (nowMs >= state.awaitedAtMs) {
    const processes = open.filter((index) => units[index]?.state !== 'waiting');
    work.notes.push({ type: 'awaited', processes, afterMs: nowMs - state.openedAtMs });
    work.state = { ...state, awaitedAtMs: nowMs + awaitedAgainMs };
  }
}

function nextWake(work: Work): number | null {
  const { stop, saidReady, phase, awaitedAtMs } = work.state;
  let at = Infinity;
  if (phase === 'over') return null;
  for (const unit of work.units) {
    if (unit.deadlineMs !== null && unit.state !== 'spawning') at = Math.min(at, unit.deadlineMs);
    if (unit.probeAtMs !== null) at = Math.min(at, unit.probeAtMs);
  }
  if (stop !== null && phase === 'running') {
    const reserveAtMs = stop.endMs - reserveMs;
    at = Math.min(at, work.nowMs < reserveAtMs ? reserveAtMs : stop.endMs);
  }
  if (stop === null && !saidReady && phase === 'running') at = Math.min(at, awaitedAtMs);
  return at === Infinity ? null : at;
}

export function step(plan: BoundPlan, state: State, batch: Batch): Stepped {
  const { nowMs, events } = batch;
  const work: Work = {
    plan,
    nowMs,
    actions: [],
    notes: [],
    units: state.units.slice(),
    state,
  };
  if (state.phase === 'over') return { state, actions: [], notes: [], wakeAtMs: null };
  forgiveLateness(work);
  for (const event of events) if (event.type === 'signal_received') receive(work, event.signal);
  for (const event of events) apply(work, event);
  stopAwaiting(work);
  passTime(work);
  findCause(work, state.units);
  giveUpVain(work, state.units);
  startThose(work);
  stopThose(work);
  endWhenNothingIsLeft(work);
  sayWhatIs(work);
  const wakeAtMs = nextWake(work);
  const after: State = { ...work.state, units: work.units, wakeAtMs };
  return { state: after, actions: work.actions, notes: work.notes, wakeAtMs };
}
