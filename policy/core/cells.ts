/**
 * What the decisions of the table do.
 *
 * - A process whose port already accepts is not started: a stranger must not
 *   count as it.
 * - The stop signal goes to the main process, or to the group where the plan
 *   says so; KILL always goes to the group.
 * - When the main process has ended and its group has not, the group gets the
 *   stop signal and the rest of the time, then KILL. The run is over only when
 *   its group is, and only then another one may follow.
 */
import type { ProbeFor } from './event.ts';
import { afterFailedProbe, probeTimeoutMs } from './probe.ts';
import { backoffMs, crowdedMs, failuresAfter, isCrowded, isFollowed } from './restart.ts';
import { type End, fresh, type Unit } from './state.ts';
import type { Input, InputName, Turn } from './turn.ts';

type Rule<Name extends InputName> = (
  unit: Unit,
  input: Extract<Input, { type: Name }>,
  turn: Turn,
) => Unit;
export type Row = { readonly [Name in InputName]: Rule<Name> };
type Given<Name extends InputName> = Extract<Input, { type: Name }>;

function signal(unit: Unit, number: number, target: 'main' | 'group', turn: Turn): void {
  const { process } = turn;
  const wake = number !== 9;
  turn.actions.push({ type: 'signal', process, run: unit.run, signal: number, target, wake });
}

/** What a pre_stop leaves at least for the stop signal itself. */
const signalMs = 500;

function probe(unit: Unit, what: ProbeFor, turn: Turn): Unit {
  const { process, plan } = turn;
  const timeoutMs = what === 'health' ? (plan.health?.timeoutMs ?? 0) : probeTimeoutMs;
  turn.actions.push({ type: 'probe', process, run: unit.run, for: what, timeoutMs });
  return { ...unit, probing: true, probeAtMs: null };
}

function done(unit: Unit, end: End, turn: Turn): Unit {
  return {
    ...unit,
    state: 'done',
    end: unit.end ?? end,
    endedAtMs: unit.end === null ? turn.nowMs : unit.endedAtMs,
    failed: null,
    deadlineMs: null,
    probeAtMs: null,
    watchdogAtMs: null,
  };
}

/** The first word on how this run ended: the process's end, unless another run follows. */
function failWith(unit: Unit, end: End, turn: Turn): Unit {
  if (unit.failed !== null || unit.end !== null) return unit;
  // By hand it is no failure.
  if (unit.hand !== null && !unit.told && !turn.stopping) return { ...unit, last: end };
  const { plan, nowMs } = turn;
  const failures = failuresAfter(unit, nowMs);
  const crowded = isCrowded(end, unit);
  const follows = crowded || isFollowed(plan, end, failures);
  if (unit.told || turn.stopping || !follows) return { ...unit, end, endedAtMs: nowMs };
  if (crowded) return { ...unit, failed: end };
  return { ...unit, failed: end, failures };
}

/** Nothing of the run is left. */
function over(unit: Unit, end: End, turn: Turn): Unit {
  const { failed, hand } = unit;
  if (hand !== null && !unit.told && !turn.stopping) return handOver(unit, hand, turn);
  if (failed === null || unit.told || turn.stopping) return done(unit, failed ?? end, turn);
  const { process, nowMs, seed } = turn;
  const crowded = isCrowded(failed, unit);
  const inMs = crowded ? crowdedMs(unit) : backoffMs(unit.failures, seed, process, unit.run);
  turn.notes.push({ type: 'starts_again', process, end: failed, failures: unit.failures, inMs });
  return {
    ...unit,
    state: 'backoff',
    crowded: unit.crowded + (crowded ? 1 : 0),
    deadlineMs: nowMs + inMs,
    probeAtMs: null,
    watchdogAtMs: null,
  };
}

/** What a person asked for, when nothing of the run is left. */
function handOver(unit: Unit, hand: 'hold' | 'restart', turn: Turn): Unit {
  return hand === 'hold' ? hold(unit, turn) : startNow(unit, turn);
}

/** Down until a person says otherwise; an answer may still be out. */
export function hold(unit: Unit, turn: Turn): Unit {
  const { run, probing, startedAtMs } = unit;
  turn.notes.push({ type: 'held', process: turn.process });
  const last = lastOf(unit);
  const endedAtMs = turn.nowMs;
  return { ...fresh, state: 'held', run, probing, startedAtMs, last, endedAtMs };
}

/** A new run at once, whatever the last ones came to. */
export function startNow(unit: Unit, turn: Turn): Unit {
  const next = { ...unit, failures: 0, crowded: 0 };
  if (!unit.probing) return start(next, null, turn);
  const { run } = unit;
  const later = { run, probing: true, last: lastOf(unit), deadlineMs: turn.nowMs + 1 };
  return { ...fresh, ...later, state: 'backoff' };
}

function lastOf(unit: Unit): End | null {
  return unit.failed ?? unit.end ?? unit.last;
}

function spawn(unit: Unit, _input: unknown, turn: Turn): Unit {
  turn.actions.push({ type: 'spawn', process: turn.process, run: unit.run });
  return { ...unit, state: 'spawning', probing: false };
}

/** Nobody is on its port; but in the meantime the stop may have been asked for. */
export function spawnIfWanted(unit: Unit, _input: unknown, turn: Turn): Unit {
  return turn.stopping ? notStarted(unit, null, turn) : spawn(unit, null, turn);
}

export function start(unit: Unit, _input: unknown, turn: Turn): Unit {
  const { run, failures, crowded, probing } = unit;
  const kept = { failures, crowded, probing, last: lastOf(unit) };
  const next = { ...fresh, ...kept, run: run + 1, startedAtMs: turn.nowMs };
  const { ready } = turn.plan;
  if (ready.type !== 'probe' || ready.port === null) return spawn(next, null, turn);
  return probe({ ...next, state: 'checking' }, 'port', turn);
}

/** The next run; a probe of the last one may still be out, its answer is awaited first. */
export function backoffOver(unit: Unit, _input: unknown, turn: Turn): Unit {
  if (turn.stopping) return notStarted(unit, null, turn);
  if (!unit.probing) return start(unit, null, turn);
  return { ...unit, deadlineMs: turn.nowMs + 1 };
}

export function notStarted(unit: Unit, _input: unknown, turn: Turn): Unit {
  return done({ ...unit, told: true }, unit.failed ?? { type: 'never_started' }, turn);
}

function said(unit: Unit, end: End, afterMs: number, turn: Turn): Unit {
  turn.notes.push({ type: 'ended', process: turn.process, end, afterMs });
  return failWith(unit, end, turn);
}

export function portTaken(unit: Unit, _input: unknown, turn: Turn): Unit {
  const { ready } = turn.plan;
  const port = ready.type === 'probe' ? (ready.port ?? 0) : 0;
  const end: End = { type: 'address_in_use', port };
  return over(said({ ...unit, probing: false }, end, 0, turn), end, turn);
}

export function spawnFailed(unit: Unit, input: Given<'spawn_failed'>, turn: Turn): Unit {
  const end: End = { type: 'spawn_failed', stage: input.stage, errno: input.errno };
  return over(said(unit, end, 0, turn), end, turn);
}

export function spawned(unit: Unit, input: Given<'spawned'>, turn: Turn): Unit {
  const { process, plan, nowMs } = turn;
  turn.notes.push({ type: 'started', process, pid: input.pid });
  const up: Unit = { ...unit, state: 'up', startedAtMs: nowMs, crowded: 0 };
  if (unit.killed) return kill(up, { why: 'asked' }, turn);
  // Its time has run since it was told; the answer of the host does not make it longer.
  const leftMs = unit.deadlineMs === null ? null : Math.max(0, unit.deadlineMs - nowMs);
  if (unit.told) return stop(up, { graceMs: leftMs }, turn);
  if (unit.hand !== null) return stopByHand(up, unit.hand, turn);
  if (plan.oneshot) {
    return { ...up, deadlineMs: plan.timeoutMs === null ? null : nowMs + plan.timeoutMs };
  }
  const waits = { ...up, deadlineMs: nowMs + plan.readyTimeoutMs };
  switch (plan.ready.type) {
    case 'probe':
      return probe(waits, 'start', turn);
    case 'delay':
      return { ...up, deadlineMs: null, probeAtMs: nowMs + plan.ready.delayMs };
    case 'word':
      return waits;
    default:
      return isReady({ ...up, deadlineMs: null }, { detail: '' }, turn);
  }
}

/** The stop waits for the host's answer: there is no process to signal yet. */
export function stopWhenSpawned(unit: Unit, input: Given<'stop'>, turn: Turn): Unit {
  const deadlineMs = input.graceMs === null ? null : turn.nowMs + input.graceMs;
  return { ...unit, told: true, deadlineMs };
}

export function killWhenSpawned(unit: Unit): Unit {
  return { ...unit, told: true, killed: true };
}

export function isReady(unit: Unit, input: { readonly detail: string }, turn: Turn): Unit {
  const { process, nowMs, plan } = turn;
  turn.notes.push({ type: 'ready', process, afterMs: nowMs - unit.startedAtMs });
  // Clients of an app on ::1 alone must use that address, nginx's 127.0.0.1 would not reach it.
  if (input.detail === '::1') turn.notes.push({ type: 'ready_on_ipv6', process });
  const next = plan.health === null ? null : nowMs + plan.health.intervalMs;
  return {
    ...unit,
    state: 'ready',
    readyAtMs: nowMs,
    probing: false,
    probeAtMs: next,
    deadlineMs: null,
  };
}

/** Its own word; a probe that is out for another reason stays out. */
export function toldReady(unit: Unit, _input: unknown, turn: Turn): Unit {
  return turn.plan.oneshot ? unit : isReady(unit, { detail: '' }, turn);
}

export function probeLater(unit: Unit, _input: unknown, turn: Turn): Unit {
  const probes = unit.probes + 1;
  // Once the stop has begun nobody waits for it any more.
  const probeAtMs = turn.stopping ? null : turn.nowMs + afterFailedProbe(probes);
  return { ...unit, probing: false, probes, probeAtMs };
}

export function probeNow(unit: Unit, _input: unknown, turn: Turn): Unit {
  if (unit.state === 'ready') return probe(unit, 'health', turn);
  if (turn.plan.ready.type === 'delay') return isReady(unit, { detail: '' }, turn);
  return probe(unit, 'start', turn);
}

/** The same once more, at once. */
export function again(unit: Unit, _input: unknown, turn: Turn): Unit {
  if (unit.state === 'checking') return probe(unit, 'port', turn);
  return { ...unit, probing: false, probeAtMs: turn.stopping ? null : turn.nowMs };
}

function nextHealth(unit: Unit, turn: Turn): number | null {
  const { health } = turn.plan;
  return health === null || turn.stopping || unit.told ? null : turn.nowMs + health.intervalMs;
}

export function wellAgain(unit: Unit, _input: unknown, turn: Turn): Unit {
  return { ...unit, probing: false, unwell: 0, probeAtMs: nextHealth(unit, turn) };
}

export function unwell(unit: Unit, input: Given<'probe_failed'>, turn: Turn): Unit {
  const { process, plan, nowMs } = turn;
  const { health } = plan;
  const after = { ...unit, probing: false, probeAtMs: nextHealth(unit, turn) };
  const warm = health !== null && nowMs - unit.startedAtMs >= health.startPeriodMs;
  if (health === null || !warm || turn.stopping) return after;
  const count = unit.unwell + 1;
  turn.notes.push({ type: 'unwell', process, count, detail: input.detail });
  if (count < health.retries) return { ...after, unwell: count };
  return isUnhealthy({ ...after, unwell: count }, 'probe', turn);
}

function isUnhealthy(unit: Unit, by: 'probe' | 'watchdog', turn: Turn): Unit {
  const afterMs = turn.nowMs - unit.startedAtMs;
  return tell(said(unit, { type: 'unhealthy', afterMs, by }, afterMs, turn), turn.lingerMs, turn);
}

export function triggered(unit: Unit, _input: unknown, turn: Turn): Unit {
  // In a stop its turn comes anyhow, after those that need it.
  if (turn.stopping) return { ...unit, watchdogAtMs: null };
  return isUnhealthy(unit, 'watchdog', turn);
}

export function signOfLife(unit: Unit, input: Given<'watchdog'>, turn: Turn): Unit {
  const ms = input.ms ?? unit.watchdogMs;
  return { ...unit, watchdogMs: ms, watchdogAtMs: ms === null ? null : turn.nowMs + ms };
}

export function extend(unit: Unit, input: Given<'extended'>, turn: Turn): Unit {
  if (unit.deadlineMs === null) return unit;
  return { ...unit, deadlineMs: Math.max(unit.deadlineMs, turn.nowMs + input.ms) };
}

/** No health probe any more. */
export function drainLater(unit: Unit): Unit {
  return { ...unit, probeAtMs: null };
}

export function notInTime(unit: Unit, _input: unknown, turn: Turn): Unit {
  const afterMs = turn.nowMs - unit.startedAtMs;
  const type = turn.plan.oneshot ? 'timed_out' : 'not_ready';
  return tell(said(unit, { type, afterMs }, afterMs, turn), turn.lingerMs, turn);
}

/** The stop signal, now. */
function tell(unit: Unit, graceMs: number | null, turn: Turn): Unit {
  const { process, plan, nowMs } = turn;
  turn.notes.push({ type: 'told', process, signal: plan.stopSignal });
  signal(unit, plan.stopSignal, plan.stopTarget, turn);
  return {
    ...unit,
    state: 'stopping',
    probeAtMs: null,
    watchdogAtMs: null,
    deadlineMs: graceMs === null ? null : nowMs + graceMs,
  };
}

export function stop(unit: Unit, input: { readonly graceMs: number | null }, turn: Turn): Unit {
  const { process, plan, nowMs } = turn;
  const told = { ...unit, told: true };
  const { preStop } = plan;
  const { graceMs } = input;
  if (preStop === null || plan.oneshot) return tell(told, graceMs, turn);
  // Whatever it does, the signal comes before KILL does.
  const restMs = Math.min(signalMs, Math.floor((graceMs ?? 2 * signalMs) / 2));
  const timeoutMs = (graceMs ?? turn.lingerMs) - restMs;
  const draining: Unit = {
    ...told,
    state: 'draining',
    restMs,
    probeAtMs: null,
    watchdogAtMs: null,
    deadlineMs: nowMs + timeoutMs,
  };
  if (preStop.type === 'delay') return { ...draining, probeAtMs: nowMs + preStop.delayMs };
  turn.actions.push({ type: 'pre_stop', process, run: unit.run, timeoutMs });
  return draining;
}

/** As a stop, but it is not the end: `hand` says what follows. */
export function stopByHand(unit: Unit, hand: 'hold' | 'restart', turn: Turn): Unit {
  const { told } = unit;
  return { ...stop({ ...unit, hand }, { graceMs: turn.lingerMs }, turn), told };
}

export function drained(
  unit: Unit,
  input: Given<'pre_stop_finished'> | Given<'probe_due'> | Given<'deadline'>,
  turn: Turn,
): Unit {
  const { process, nowMs } = turn;
  if (input.type === 'pre_stop_finished' && !input.passed)
    turn.notes.push({ type: 'pre_stop_failed', process, detail: input.detail });
  return tell(unit, Math.max(0, (unit.deadlineMs ?? nowMs) - nowMs) + unit.restMs, turn);
}

/** It has got its signal, or will; being told only takes away a clock, or a run to come, of its own. */
export function tellAgain(unit: Unit, input: Given<'stop'>, turn: Turn): Unit {
  const at = turn.nowMs + (input.graceMs ?? turn.lingerMs);
  if (unit.state === 'killing') return { ...unit, told: true };
  return { ...unit, told: true, deadlineMs: Math.min(unit.deadlineMs ?? at, at) };
}

type KillWhy = { readonly why: 'grace' | 'asked' | 'budget' };

export function kill(unit: Unit, input: KillWhy | { readonly type: 'deadline' }, turn: Turn): Unit {
  const asked = 'why' in input;
  const why = asked ? input.why : 'grace';
  turn.notes.push({ type: 'killed', process: turn.process, why });
  signal(unit, 9, 'group', turn);
  return {
    ...unit,
    state: 'killing',
    // Its own time was over: that alone does not keep it from starting again.
    told: unit.told || asked,
    killed: true,
    probeAtMs: null,
    watchdogAtMs: null,
    deadlineMs: null,
  };
}

export function exited(unit: Unit, input: Given<'exited'>, turn: Turn): Unit {
  const { process, plan, nowMs, lingerMs } = turn;
  const { code, signal: number, coreDumped } = input;
  const end: End = { type: 'exited', code, signal: number, coreDumped };
  const ended = said(unit, end, nowMs - unit.startedAtMs, turn);
  // As an init we leave it to the sweep of PID 1; elsewhere its group is nobody's business.
  if (!input.groupAlive || turn.isInit) return over(ended, end, turn);
  if (unit.state === 'killing') {
    signal(unit, 9, 'group', turn);
    return { ...ended, state: 'killing' };
  }
  turn.notes.push({ type: 'group_left', process });
  signal(unit, plan.stopSignal, 'group', turn);
  const has = unit.state === 'stopping' || unit.state === 'draining';
  const deadlineMs = has ? unit.deadlineMs : nowMs + lingerMs;
  return { ...ended, state: 'lingering', probeAtMs: null, watchdogAtMs: null, deadlineMs };
}

export function groupEnded(unit: Unit, _input: unknown, turn: Turn): Unit {
  const byHand = unit.hand === null ? null : unit.last;
  return over(unit, unit.end ?? byHand ?? { type: 'left_behind' }, turn);
}

export const answered = (unit: Unit): Unit => ({ ...unit, probing: false });
