/** What the supervisor remembers between two batches. Plain readonly data; `step` makes new ones. */
import type { BoundPlan } from '../plan/plan.ts';
import type { Found } from './found.ts';

/**
 * waiting   its dependencies have not met their conditions
 * checking  asking whether a stranger already listens on its port
 * spawning  the host has been asked to start it
 * up        it runs, and is not ready; a oneshot never gets further
 * ready     it runs, and what depends on it may start
 * draining  its pre_stop is under way, the stop signal follows
 * stopping  it was told to end, by its stop signal
 * lingering its main process has ended and members of its group have not
 * killing   it was sent KILL
 * backoff   nothing of its last run is left, and the next one is to start
 * held      stopped by hand; nothing of it is left, and it is no end
 * done      nothing of it is left, or it never ran
 */
export type StateName =
  | 'waiting'
  | 'checking'
  | 'spawning'
  | 'up'
  | 'ready'
  | 'draining'
  | 'stopping'
  | 'lingering'
  | 'killing'
  | 'backoff'
  | 'held'
  | 'done';

/** How a run came to its end. The first word on it stays: a run that was not ready ends as that. */
export type End =
  | {
      readonly type: 'exited';
      readonly code: number;
      readonly signal: number;
      readonly coreDumped: boolean;
    }
  | { readonly type: 'spawn_failed'; readonly stage: string; readonly errno: string }
  | { readonly type: 'not_ready'; readonly afterMs: number }
  | { readonly type: 'unhealthy'; readonly afterMs: number; readonly by: 'probe' | 'watchdog' }
  /** A oneshot that took longer than its `timeout`. */
  | { readonly type: 'timed_out'; readonly afterMs: number }
  | { readonly type: 'address_in_use'; readonly port: number }
  /** Waited for `because`, which can no longer become what was awaited. */
  | { readonly type: 'cannot_start'; readonly because: number }
  /** A stop came before its turn. */
  | { readonly type: 'never_started' }
  /** KILL was sent and it still did not go: the budget ended first. */
  | { readonly type: 'left_behind' };

export type Unit = {
  readonly state: StateName;
  /** 0 before the first run. */
  readonly run: number;
  readonly startedAtMs: number;
  /** null before it was ready in this run. */
  readonly readyAtMs: number | null;
  /** up: ready, or finished, at the latest; draining to lingering: KILL then; backoff: the start. */
  readonly deadlineMs: number | null;
  /** A probe is out, and its answer will come. */
  readonly probing: boolean;
  readonly probes: number;
  /** The next probe; up: the end of its `delay`; draining: the end of a pre_stop that waits. */
  readonly probeAtMs: number | null;
  /** draining: how long after its deadline KILL follows; the stop signal comes in between. */
  readonly restMs: number;
  /** Health probes that failed in a row. */
  readonly unwell: number;
  readonly watchdogMs: number | null;
  readonly watchdogAtMs: number | null;
  /** A stop was asked of it; its end is then no surprise. */
  readonly told: boolean;
  /** Runs that failed in a row. */
  readonly failures: number;
  /** Attempts in a row that the machine had no room for. */
  readonly crowded: number;
  /** How this run failed, while another one is to follow. */
  readonly failed: End | null;
  readonly killed: boolean;
  /** What a person asked to come of it when this run is over. */
  readonly hand: 'hold' | 'restart' | null;
  /** How the run before ended; by hand: this one. */
  readonly last: End | null;
  readonly end: End | null;
  readonly endedAtMs: number;
};

export type Stop = {
  readonly sinceMs: number;
  /** Nobody is told before: `stop_delay`, in which everything goes on serving. */
  readonly beginsAtMs: number;
  /** The budget is over then; the last half second of it belongs to KILL, sweep and the reason. */
  readonly endMs: number;
  /** Those that had ended before, which are no part of it. */
  readonly endedBefore: readonly number[];
  /** The signal that asked for it; null: a process ended and nobody asked. */
  readonly signal: number | null;
  /** How far INT and QUIT have escalated: 1 in order, 2 all at once, 3 kill. */
  readonly level: number;
  readonly levelAtMs: number;
};

export type State = {
  readonly units: readonly Unit[];
  readonly openedAtMs: number;
  readonly pid1: boolean;
  /** There is a controlling terminal, whose hang-up asks for a stop. */
  readonly terminal: boolean;
  readonly seed: number;
  readonly stop: Stop | null;
  /** The process whose end made the container stop. */
  readonly cause: number | null;
  /** What was found of the cause; null before the host has looked. */
  readonly found: Found | null;
  /** The host was asked to look, and its answer will come. */
  readonly examining: boolean;
  readonly saidReady: boolean;
  readonly awaitedAtMs: number;
  readonly phase: 'running' | 'sweeping' | 'over';
  readonly wakeAtMs: number | null;
};

export const fresh: Unit = {
  state: 'waiting',
  run: 0,
  startedAtMs: 0,
  readyAtMs: null,
  deadlineMs: null,
  probing: false,
  probes: 0,
  probeAtMs: null,
  restMs: 0,
  unwell: 0,
  watchdogMs: null,
  watchdogAtMs: null,
  told: false,
  failures: 0,
  crowded: 0,
  failed: null,
  killed: false,
  hand: null,
  last: null,
  end: null,
  endedAtMs: 0,
};

/** One line says what is awaited after this time, and then every `awaitedAgainMs`. */
export const awaitedFirstMs = 10_000;
export const awaitedAgainMs = 30_000;

export type Place = {
  readonly pid1: boolean;
  readonly terminal: boolean;
  /** For the jitter of restarts. */
  readonly seed: number;
};

export function initial(plan: BoundPlan, nowMs: number, place: Place): State {
  const { pid1, terminal, seed } = place;
  return {
    units: plan.processes.map(() => fresh),
    openedAtMs: nowMs,
    pid1,
    terminal,
    seed,
    stop: null,
    cause: null,
    found: null,
    examining: false,
    saidReady: false,
    awaitedAtMs: nowMs + awaitedFirstMs,
    phase: 'running',
    wakeAtMs: null,
  };
}
