/**
 * The door: one batch of events in, actions out. Pure: the same plan, state
 * and batch give the same answer, and none of them is changed.
 *
 * The order inside a step is part of the promise: lateness is forgiven first,
 * stop requests come before ends, answers before timeouts, and only then is it
 * settled whose turn it is. Whose turn it is hangs on those that changed and
 * on their neighbours, so that only they are looked at.
 */
import type { BoundPlan } from '../plan/plan.ts';
import { reserveMs } from '../plan/share.ts';
import type { Action } from './action.ts';
import { acted, type Hand, handInputs, readAsk, refused, whyNotByHand } from './ask.ts';
import { causeAmong, finalCode, isUnexpected } from './end.ts';
import type { Batch, Event } from './event.ts';
import { examine } from './examine.ts';
import { forwardAll, forwardNamed, isSuspend, suspend } from './forward.ts';
import type { Record as Note } from './record.ts';
import { settle } from './settle.ts';
import { asksForStop, beginStop, escalate, turnToStop } from './shutdown.ts';
import { awaitedAgainMs, type State, type Unit } from './state.ts';
import type { Input } from './turn.ts';
import { give, put, touchAll, type Work } from './work.ts';

export type Stepped = {
  readonly state: State;
  readonly actions: readonly Action[];
  readonly notes: readonly Note[];
  readonly wakeAtMs: number | null;
};

/** A wake-up later than this was not our doing: a throttled CPU, Ctrl-Z, a suspended machine. */
export const lateMs = 250;
/** The sweep's grace for descendants that nobody named. */
const sweepGraceMs = 500;
const sighup = 1;

function later(at: number | null, ms: number): number | null {
  return at === null ? null : at + ms;
}

function forgiveLateness(work: Work): void {
  const { wakeAtMs } = work.state;
  const ms = wakeAtMs === null ? 0 : work.nowMs - wakeAtMs;
  if (ms <= lateMs) return;
  work.late = true;
  work.units.forEach((unit, index) => {
    if (unit.state !== 'up' && unit.state !== 'ready' && unit.state !== 'backoff') return;
    const probeAtMs = later(unit.probeAtMs, ms);
    const deadlineMs = later(unit.deadlineMs, ms);
    const watchdogAtMs = later(unit.watchdogAtMs, ms);
    put(work, index, { ...unit, deadlineMs, probeAtMs, watchdogAtMs });
  });
}

function markStop({ plan, actions }: Work): void {
  if (plan.stopMark !== null) actions.push({ type: 'mark', path: plan.stopMark });
}

function requestStop(work: Work, signal: number): void {
  const { stop } = work.state;
  if (stop === null) markStop(work);
  const next =
    stop === null
      ? beginStop(work.plan, work.units, signal, work.nowMs)
      : escalate(stop, signal, work.nowMs);
  if (next === stop) return;
  work.notes.push({ type: 'stop_asked', signal, level: next.level });
  work.state = { ...work.state, stop: next };
  touchAll(work);
}

function receive(work: Work, signal: number): void {
  const { plan, units, actions } = work;
  if (plan.mode === 'init') forwardAll(units, signal, plan.init, actions);
  else if (asksForStop(signal)) requestStop(work, signal);
  else if (signal === sighup && work.state.terminal) requestStop(work, signal);
  else if (isSuspend(signal)) suspend(units, signal, actions);
  else if (!forwardNamed(plan, units, signal, actions))
    work.notes.push({ type: 'ignored', signal });
}

function act(work: Work, client: number, hand: Hand): void {
  const { plan, units, notes, actions } = work;
  const { process } = hand;
  const before = units[process];
  if (before === undefined) return;
  const why = whyNotByHand(plan, work.state, before, hand);
  if (why !== null) {
    actions.push(refused(client, why));
    return;
  }
  if (hand.type === 'signal') notes.push({ type: 'signal_by_hand', process, signal: hand.signal });
  else notes.push({ type: 'by_hand', process, what: hand.type });
  give(work, process, hand.type === 'signal' ? hand : { type: handInputs[hand.type] });
  actions.push(acted(client, plan, hand, units[process] ?? before));
}

function answer(work: Work, event: Extract<Event, { type: 'asked' }>): void {
  const ask = readAsk(work.plan, event);
  if (ask.hand === null) work.asks.push(ask.answer);
  else act(work, event.client, ask.hand);
}

type OfRun = Exclude<
  Event,
  { type: 'signal_received' | 'swept' | 'stopped' | 'asked' | 'examined' }
>;

function inputOf(work: Work, event: OfRun): Input {
  if (event.type !== 'probe_finished') return event;
  const { passed, detail } = event;
  if (passed) return { type: 'probe_passed', detail };
  if (work.late && detail === 'ETIMEDOUT') return { type: 'probe_void' };
  return { type: 'probe_failed', detail };
}

function apply(work: Work, event: Event): void {
  if (event.type === 'signal_received') return;
  if (event.type === 'asked') {
    answer(work, event);
    return;
  }
  if (event.type === 'swept') {
    const { killed, left, blind } = event;
    work.notes.push({ type: 'swept', killed, left, blind });
    finish(work);
    return;
  }
  if (event.type === 'examined') {
    const { type: _type, process: _process, run: _run, ...found } = event;
    work.state = { ...work.state, found, examining: false };
    return;
  }
  // An event of an earlier run is dropped: nobody asks about that run any more.
  if (work.units[event.process]?.run !== event.run) return;
  if (event.type === 'stopped') {
    // The command was suspended at its terminal; whoever waits for us has to notice.
    if (work.plan.mode === 'init' && !work.state.pid1) work.actions.push({ type: 'suspend' });
    return;
  }
  give(work, event.process, inputOf(work, event));
}

/** Once the stop has begun nobody waits for a process to become ready; its turn to be told comes. */
function stopAwaiting(work: Work): void {
  if (work.state.stop === null) return;
  work.units.forEach((unit, index) => {
    const awaited = unit.state === 'up' || unit.state === 'ready';
    if (awaited && (unit.deadlineMs ?? unit.probeAtMs ?? unit.watchdogAtMs) !== null)
      put(work, index, { ...unit, deadlineMs: null, probeAtMs: null, watchdogAtMs: null });
  });
}

function passTime(work: Work): void {
  const { nowMs } = work;
  const due = (at: number | null | undefined): boolean => at != null && nowMs >= at;
  for (let i = 0; i < work.units.length; i += 1) {
    const unit = work.units[i];
    if (unit === undefined) continue;
    if (unit.state !== 'spawning' && due(unit.deadlineMs)) give(work, i, { type: 'deadline' });
    if (due(work.units[i]?.watchdogAtMs)) give(work, i, { type: 'watchdog_due' });
    if (due(work.units[i]?.probeAtMs)) give(work, i, { type: 'probe_due' });
  }
}

/** Before any signal goes out: whoever holds a port may be one of those that are told to end. */
function lookAt(work: Work, index: number): void {
  work.actions.unshift(examine(work.plan, work.units, index));
  work.state = { ...work.state, examining: true };
}

/** The first unexpected end of an essential process is the cause; nothing later changes it. */
function findCause(work: Work, before: readonly Unit[]): void {
  const { plan, units, nowMs } = work;
  const { stop } = work.state;
  if (plan.mode === 'init') {
    // What the command says of itself is its own business, but there is none.
    const failed = units[0]?.end?.type === 'spawn_failed' && before[0]?.end === null;
    if (failed && !work.state.examining) lookAt(work, 0);
    return;
  }
  const ended: number[] = [];
  for (const index of work.touched) {
    const unit = units[index];
    const process = plan.processes[index];
    const isNew = before[index]?.end === null && unit !== undefined && unit.end !== null;
    if (isNew && process !== undefined && isUnexpected(process, unit)) ended.push(index);
  }
  if (ended.length === 0) return;
  if (stop === null) {
    ended.sort((a, b) => a - b);
    const cause = causeAmong(plan, units, ended);
    work.state = { ...work.state, cause, stop: beginStop(plan, units, null, nowMs) };
    markStop(work);
    if (cause !== null) lookAt(work, cause);
    touchAll(work);
  } else if (nowMs < stop.beginsAtMs) {
    // With one of them gone there is nothing to go on serving with.
    work.state = { ...work.state, stop: { ...stop, beginsAtMs: nowMs } };
    touchAll(work);
  }
}

/** The first of them that waits in vain now; null: none does. */
function someVain(work: Work): { readonly index: number; readonly because: number } | null {
  for (const index of work.touched) {
    if (work.units[index]?.state !== 'waiting') continue;
    const turnout = settle(work.plan, work.units, index);
    if (turnout.type === 'vain') return { index, because: turnout.because };
  }
  return null;
}

/** A process that waits in vain may make another's wait vain too, and may begin the stop. */
function giveUpVain(work: Work, before: readonly Unit[]): void {
  if (work.state.stop !== null) return;
  for (let vain = someVain(work); vain !== null; vain = someVain(work)) {
    const { index, because } = vain;
    const unit = work.units[index];
    if (unit === undefined) return;
    work.notes.push({ type: 'skipped', process: index, because });
    const end = { type: 'cannot_start', because } as const;
    put(work, index, { ...unit, state: 'done', end, endedAtMs: work.nowMs });
  }
  findCause(work, before);
}

/** After those that wait in vain: one of them may have begun the stop. */
function startThose(work: Work): void {
  if (work.state.stop !== null) return;
  const candidates = [...work.touched].sort((a, b) => a - b);
  for (const index of candidates) {
    if (work.units[index]?.state !== 'waiting') continue;
    if (settle(work.plan, work.units, index).type === 'start') give(work, index, { type: 'start' });
  }
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
  if (work.nowMs < stop.beginsAtMs) return;
  // Ending one that never ran touches what it needs, which is then looked at again.
  for (let pass = 0; pass <= work.units.length && work.touched.size > 0; pass += 1) {
    const candidates = [...work.touched].sort((a, b) => a - b);
    work.touched.clear();
    for (const index of candidates) {
      const graceMs = turnToStop(work.plan, work.units, stop, work.nowMs, index);
      if (graceMs !== null) give(work, index, { type: 'stop', graceMs });
    }
  }
}

function finish(work: Work): void {
  const { stop, cause, openedAtMs } = work.state;
  if (work.state.phase === 'over') return;
  const signal = stop?.signal ?? null;
  const endedBefore = signal === null ? null : (stop?.endedBefore ?? []);
  const code = finalCode(work.plan, work.units, cause, endedBefore);
  const afterMs = work.nowMs - (stop?.sinceMs ?? openedAtMs);
  work.notes.push({ type: 'over', code, cause, signal, afterMs });
  work.actions.push({ type: 'exit', code });
  work.state = { ...work.state, phase: 'over' };
}

/** dumb-init's last word to what its command leaves behind. */
function endSession(work: Work): void {
  const run = work.units[0]?.run ?? 0;
  const target = 'group';
  work.actions.push({ type: 'signal', process: 0, run, signal: 15, target, wake: true });
}

function endWhenNothingIsLeft(work: Work): void {
  const { stop, phase, pid1 } = work.state;
  if (phase === 'over') return;
  if (stop !== null && work.nowMs >= stop.endMs) {
    work.units.forEach((unit, index) => {
      if (unit.state === 'done') return;
      const end = unit.end ?? unit.failed ?? { type: 'left_behind' as const };
      const last = { state: 'done', end, failed: null, killed: true } as const;
      work.units[index] = { ...unit, ...last, endedAtMs: work.nowMs };
    });
    finish(work);
    return;
  }
  if (phase !== 'running' || work.units.some((unit) => unit.state !== 'done')) return;
  const alone = work.plan.mode === 'init' && !pid1;
  if (alone && work.state.examining) return;
  if (work.plan.init?.session === true) endSession(work);
  if (alone) {
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
  const isOpen = (unit: Unit): boolean =>
    unit.state !== 'ready' && unit.state !== 'held' && unit.end === null;
  if (!units.some(isOpen)) {
    const anyReady = units.some((unit) => unit.state === 'ready');
    const afterMs = nowMs - state.openedAtMs;
    if (anyReady) work.notes.push({ type: 'all_ready', afterMs });
    work.state = { ...state, saidReady: true };
  } else if (nowMs >= state.awaitedAtMs) {
    const processes = units.flatMap((unit, index) =>
      isOpen(unit) && unit.state !== 'waiting' ? [index] : [],
    );
    work.notes.push({ type: 'awaited', processes, afterMs: nowMs - state.openedAtMs });
    work.state = { ...state, awaitedAtMs: nowMs + awaitedAgainMs };
  }
}

function nextWake(work: Work): number | null {
  const { stop, saidReady, phase, awaitedAtMs } = work.state;
  let at = Infinity;
  if (phase === 'over') return null;
  for (const unit of work.units) {
    const { deadlineMs, probeAtMs, watchdogAtMs } = unit;
    if (deadlineMs !== null && unit.state !== 'spawning' && deadlineMs < at) at = deadlineMs;
    if (probeAtMs !== null && probeAtMs < at) at = probeAtMs;
    if (watchdogAtMs !== null && watchdogAtMs < at) at = watchdogAtMs;
  }
  if (stop !== null && phase === 'running') {
    const reserveAtMs = stop.endMs - reserveMs;
    at = Math.min(at, work.nowMs < reserveAtMs ? reserveAtMs : stop.endMs);
    if (work.nowMs < stop.beginsAtMs) at = Math.min(at, stop.beginsAtMs);
  }
  if (stop === null && !saidReady && phase === 'running') at = Math.min(at, awaitedAtMs);
  return at === Infinity ? null : at;
}

export function step(plan: BoundPlan, state: State, batch: Batch): Stepped {
  const { nowMs, events } = batch;
  if (state.phase === 'over') return { state, actions: [], notes: [], wakeAtMs: null };
  const work: Work = {
    plan,
    nowMs,
    actions: [],
    notes: [],
    units: state.units.slice(),
    touched: new Set(),
    asks: [],
    late: false,
    state,
  };
  if (state.wakeAtMs === null) touchAll(work);
  forgiveLateness(work);
  for (const event of events) if (event.type === 'signal_received') receive(work, event.signal);
  for (const event of events) apply(work, event);
  stopAwaiting(work);
  if (state.wakeAtMs === null || nowMs >= state.wakeAtMs) passTime(work);
  findCause(work, state.units);
  giveUpVain(work, state.units);
  startThose(work);
  const beginsNow = work.state.stop?.beginsAtMs ?? Infinity;
  if (nowMs >= beginsNow && (state.wakeAtMs ?? Infinity) <= nowMs) touchAll(work);
  stopThose(work);
  endWhenNothingIsLeft(work);
  sayWhatIs(work);
  const wakeAtMs = nextWake(work);
  const after: State = { ...work.state, units: work.units, wakeAtMs };
  for (const answering of work.asks) work.actions.push(answering(after, nowMs));
  return { state: after, actions: work.actions, notes: work.notes, wakeAtMs };
}
