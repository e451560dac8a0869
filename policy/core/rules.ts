/**
 * The life of one process: a total table of states and inputs.
 *
 * Inputs are what the host reports (spawned … probe_failed), what its time
 * brings (probe_due, deadline), and what the others' states ask of it (start,
 * stop, kill; see settle.ts). Every cell is a decision. `keep`: it may happen
 * and changes nothing. `never`: it can't happen while host and policy agree;
 * it is recorded and changes nothing (docs/adr/0005).
 *
 * - A process whose port already accepts is not started: a stranger must not
 *   count as it.
 * - The stop signal goes to the main process, or to the group where the plan
 *   says so; KILL always goes to the group.
 * - When the main process has ended and its group has not, the group gets the
 *   stop signal and the rest of the time, then KILL. The process is done only
 *   when its group is.
 */
import type { BoundProcess } from '../plan/plan.ts';
import type { Action } from './action.ts';
import { afterFailedProbe, probeTimeoutMs } from './probe.ts';
import type { Record as Note } from './record.ts';
import type { End, StateName, Unit } from './state.ts';

export type Input =
  | { readonly type: 'start' }
  /** `graceMs`: how long until KILL; null: as long as it takes. */
  | { readonly type: 'stop'; readonly graceMs: number | null }
  | { readonly type: 'kill'; readonly why: 'grace' | 'asked' | 'budget' }
  | { readonly type: 'spawned'; readonly pid: number }
  | { readonly type: 'spawn_failed'; readonly stage: string; readonly errno: string }
  | {
      readonly type: 'exited';
      readonly code: number;
      readonly signal: number;
      readonly coreDumped: boolean;
      readonly groupAlive: boolean;
    }
  | { readonly type: 'group_ended' }
  | { readonly type: 'probe_passed'; readonly detail: string }
  | { readonly type: 'probe_failed' }
  | { readonly type: 'probe_due' }
  | { readonly type: 'deadline' };

export type InputName = Input['type'];

/** One turn of one process: what it knows, and where its actions and notes go. */
export type Turn = {
  readonly process: number;
  readonly plan: BoundProcess;
  readonly nowMs: number;
  /** How long a group may outlive a main process that nobody told to end. */
  readonly lingerMs: number;
  readonly actions: Action[];
  readonly notes: Note[];
};

type Rule<Name extends InputName> = (
  unit: Unit,
  input: Extract<Input, { type: Name }>,
  turn: Turn,
) => Unit;
type Row = { readonly [Name in InputName]: Rule<Name> };

const keep = (unit: Unit): Unit => unit;

function never(unit: Unit, input: Input, turn: Turn): Unit {
  const { process } = turn;
  turn.notes.push({ type: 'anomaly', process, state: unit.state, input: input.type });
  return unit;
}

function signal(unit: Unit, number: number, target: 'main' | 'group', turn: Turn): void {
  turn.actions.push({
    type: 'signal',
    process: turn.process,
    run: unit.run,
    signal: number,
    target,
  });
}

function probe(unit: Unit, port: number, turn: Turn): Unit {
  const { process } = turn;
  turn.actions.push({ type: 'probe', process, run: unit.run, port, timeoutMs: probeTimeoutMs });
  return { ...unit, probing: true, probeAtMs: null };
}

function spawn(unit: Unit, _input: unknown, turn: Turn): Unit {
  turn.actions.push({ type: 'spawn', process: turn.process, run: unit.run });
  return { ...unit, state: 'spawning', probing: false };
}

function start(unit: Unit, _input: unknown, turn: Turn): Unit {
  const next = { ...unit, run: unit.run + 1, startedAtMs: turn.nowMs };
  const port = turn.plan.readyPort;
  if (port === null) return spawn(next, null, turn);
  return probe({ ...next, state: 'checking' }, port, turn);
}

function done(unit: Unit, end: End, turn: Turn): Unit {
  return {
    ...unit,
    state: 'done',
    end: unit.end ?? end,
    endedAtMs: unit.end === null ? turn.nowMs : unit.endedAtMs,
    deadlineMs: null,
    probeAtMs: null,
  };
}

function notStarted(unit: Unit, _input: unknown, turn: Turn): Unit {
  return done({ ...unit, told: true }, { type: 'never_started' }, turn);
}

function portTaken(unit: Unit, _input: unknown, turn: Turn): Unit {
  const end: End = { type: 'address_in_use', port: turn.plan.readyPort ?? 0 };
  turn.notes.push({ type: 'ended', process: turn.process, end, afterMs: 0 });
  return done({ ...unit, probing: false }, end, turn);
}

function spawned(unit: Unit, input: Extract<Input, { type: 'spawned' }>, turn: Turn): Unit {
  const { process, plan, nowMs } = turn;
  turn.notes.push({ type: 'started', process, pid: input.pid });
  const up: Unit = { ...unit, state: 'up', startedAtMs: nowMs };
  if (unit.killed) return kill(up, { why: 'asked' }, turn);
  if (unit.told) return stop(up, { type: 'stop', graceMs: unit.deadlineMs }, turn);
  if (plan.readyPort === null) {
    return isReady({ ...up, deadlineMs: null }, { detail: '' }, turn);
  }
  return probe({ ...up, deadlineMs: nowMs + plan.readyTimeoutMs }, plan.readyPort, turn);
}

function spawnFailed(
  unit: Unit,
  input: Extract<Input, { type: 'spawn_failed' }>,
  turn: Turn,
): Unit {
  const end: End = { type: 'spawn_failed', stage: input.stage, errno: input.errno };
  turn.notes.push({ type: 'ended', process: turn.process, end, afterMs: 0 });
  return done(unit, end, turn);
}

/** The stop waits for the host's answer: there is no process to signal yet. */
function stopWhenSpawned(unit: Unit, input: Extract<Input, { type: 'stop' }>): Unit {
  return { ...unit, told: true, deadlineMs: input.graceMs };
}

function killWhenSpawned(unit: Unit): Unit {
  return { ...unit, told: true, killed: true };
}

function isReady(unit: Unit, input: { readonly detail: string }, turn: Turn): Unit {
  const { process, nowMs } = turn;
  turn.notes.push({ type: 'ready', process, afterMs: nowMs - unit.startedAtMs });
  // Clients of an app on ::1 alone must use that address, nginx's 127.0.0.1 would not reach it.
  if (input.detail === '::1') turn.notes.push({ type: 'ready_on_ipv6', process });
  return { ...unit, state: 'ready', probing: false, probeAtMs: null, deadlineMs: null };
}

function probeLater(unit: Unit, _input: unknown, turn: Turn): Unit {
  const probes = unit.probes + 1;
  return { ...unit, probing: false, probes, probeAtMs: turn.nowMs + afterFailedProbe(probes) };
}

function probeNow(unit: Unit, _input: unknown, turn: Turn): Unit {
  if (turn.plan.readyPort === null) return unit;
  return probe(unit, turn.plan.readyPort, turn);
}

function notReady(unit: Unit, _input: unknown, turn: Turn): Unit {
  const { process, nowMs, lingerMs } = turn;
  const end: End = { type: 'not_ready', afterMs: nowMs - unit.startedAtMs };
  turn.notes.push({ type: 'ended', process, end, afterMs: end.afterMs });
  const failed = { ...unit, end, endedAtMs: nowMs };
  return stop(failed, { type: 'stop', graceMs: lingerMs }, turn);
}

function stop(unit: Unit, input: Extract<Input, { type: 'stop' }>, turn: Turn): Unit {
  const { process, plan, nowMs } = turn;
  turn.notes.push({ type: 'told', process, signal: plan.stopSignal });
  signal(unit, plan.stopSignal, plan.stopTarget, turn);
  return {
    ...unit,
    state: 'stopping',
    told: true,
    probeAtMs: null,
    deadlineMs: input.graceMs === null ? null : nowMs + input.graceMs,
  };
}

type KillWhy = { readonly why: 'grace' | 'asked' | 'budget' };

function kill(unit: Unit, input: KillWhy | { readonly type: 'deadline' }, turn: Turn): Unit {
  const why = 'why' in input ? input.why : 'grace';
  turn.notes.push({ type: 'killed', process: turn.process, why });
  signal(unit, 9, 'group', turn);
  const told = { ...unit, told: true, killed: true };
  return { ...told, state: 'killing', probeAtMs: null, deadlineMs: null };
}

function exited(unit: Unit, input: Extract<Input, { type: 'exited' }>, turn: Turn): Unit {
  const { process, plan, nowMs, lingerMs } = turn;
  const { code, signal: number, coreDumped } = input;
  const end: End = { type: 'exited', code, signal: number, coreDumped };
  turn.notes.push({ type: 'ended', process, end, afterMs: nowMs - unit.startedAtMs });
  const ended = done(unit, end, turn);
  if (!input.groupAlive) return ended;
  if (unit.state === 'killing') {
    signal(unit, 9, 'group', turn);
    return { ...ended, state: 'killing' };
  }
  turn.notes.push({ type: 'group_left', process });
  signal(unit, plan.stopSignal, 'group', turn);
  const deadlineMs = unit.state === 'stopping' ? unit.deadlineMs : nowMs + lingerMs;
  return { ...ended, state: 'lingering', deadlineMs };
}

function groupEnded(unit: Unit, _input: unknown, turn: Turn): Unit {
  return done(unit, { type: 'left_behind' }, turn);
}

/** A group that lingers got its signal already; being told only takes away its own clock. */
function stopLingering(unit: Unit, input: Extract<Input, { type: 'stop' }>, turn: Turn): Unit {
  const graceMs = input.graceMs ?? turn.lingerMs;
  const deadlineMs = Math.min(unit.deadlineMs ?? turn.nowMs + graceMs, turn.nowMs + graceMs);
  return { ...unit, told: true, deadlineMs };
}

const answered = (unit: Unit): Unit => ({ ...unit, probing: false });

const nothingRuns = { spawned: never, spawn_failed: never, exited: never, group_ended: never };

export const rules = {
  waiting: {
    ...nothingRuns,
    start,
    stop: notStarted,
    kill: notStarted,
    probe_passed: never,
    probe_failed: never,
    probe_due: never,
    deadline: never,
  },
  checking: {
    ...nothingRuns,
    start: keep,
    stop: notStarted,
    kill: notStarted,
    probe_passed: portTaken,
    probe_failed: spawn,
    probe_due: never,
    deadline: never,
  },
  spawning: {
    start: keep,
    stop: stopWhenSpawned,
    kill: killWhenSpawned,
    spawned,
    spawn_failed: spawnFailed,
    exited: never,
    group_ended: never,
    probe_passed: never,
    probe_failed: never,
    probe_due: never,
    deadline: keep,
  },
  up: {
    start: keep,
    stop,
    kill,
    spawned: never,
    spawn_failed: never,
    exited,
    group_ended: never,
    probe_passed: isReady,
    probe_failed: probeLater,
    probe_due: probeNow,
    deadline: notReady,
  },
  ready: {
    start: keep,
    stop,
    kill,
    spawned: never,
    spawn_failed: never,
    exited,
    group_ended: never,
    probe_passed: answered,
    probe_failed: answered,
    probe_due: keep,
    deadline: keep,
  },
  stopping: {
    start: keep,
    stop: keep,
    kill,
    spawned: never,
    spawn_failed: never,
    exited,
    group_ended: never,
    probe_passed: answered,
    probe_failed: answered,
    probe_due: keep,
    deadline: kill,
  },
  lingering: {
    start: keep,
    stop: stopLingering,
    kill,
    spawned: never,
    spawn_failed: never,
    exited: never,
    group_ended: groupEnded,
    probe_passed: answered,
    probe_failed: answered,
    probe_due: keep,
    deadline: kill,
  },
  killing: {
    start: keep,
    stop: keep,
    kill: keep,
    spawned: never,
    spawn_failed: never,
    exited,
    group_ended: groupEnded,
    probe_passed: answered,
    probe_failed: answered,
    probe_due: keep,
    deadline: keep,
  },
  done: {
    ...nothingRuns,
    start: keep,
    stop: keep,
    kill: keep,
    probe_passed: answered,
    probe_failed: answered,
    probe_due: keep,
    deadline: keep,
  },
} as const satisfies { readonly [Name in StateName]: Row };

/** Looks the cell up and takes it. */
export function take(unit: Unit, input: Input, turn: Turn): Unit {
  const rule = rules[unit.state][input.type] as (u: Unit, i: Input, t: Turn) => Unit;
  return rule(unit, input, turn);
}
