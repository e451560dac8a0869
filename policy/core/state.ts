/** What the supervisor remembers between two batches. Plain readonly data; `step` makes new ones. */
import type { BoundPlan } from '../plan/plan.ts';

/**
 * waiting   its dependencies have not met their conditions
 * checking  asking whether a stranger already listens on its port
 * spawning  the host has been asked to start it
 * up        it runs, and is not ready
 * ready     it runs, and what depends on it may start
 * stopping  it was told to end, by its stop signal
 * lingering its main process has ended and members of its group have not
 * killing   it was sent KILL
 * done      nothing of it is left, or it never ran
 */
export type StateName =
  | 'waiting'
  | 'checking'
  | 'spawning'
  | 'up'
  | 'ready'
  | 'stopping'
  | 'lingering'
  | 'killing'
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
  /** up: ready at the latest; stopping, lingering: KILL then. null elsewhere. */
  readonly deadlineMs: number | null;
  /** A probe is out, and its answer will come. */
  readonly probing: boolean;
  readonly probes: number;
  readonly probeAtMs: number | null;
  /** A stop was asked of it; its end is then no surprise. */
  readonly told: boolean;
  readonly killed: boolean;
  readonly end: End | null;
  readonly endedAtMs: number;
};

export type Stop = {
  readonly sinceMs: number;
  /** The budget is over then; the last half second of it belongs to KILL, sweep and the reason. */
  readonly endMs: number;
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
  readonly stop: Stop | null;
  /** The process whose end made the container stop. */
  readonly cause: number | null;
  readonly saidReady: boolean;
  readonly awaitedAtMs: number;
  readonly phase: 'running' | 'sweeping' | 'over';
  readonly wakeAtMs: number | null;
};

const fresh: Unit = {
  state: 'waiting',
  run: 0,
  startedAtMs: 0,
  deadlineMs: null,
  probing: false,
  probes: 0,
  probeAtMs: null,
  told: false,
  killed: false,
  end: null,
  endedAtMs: 0,
};

/** One line says what is awaited after this time, and then every `awaitedAgainMs`. */
export const awaitedFirstMs = 10_000;
export const awaitedAgainMs = 30_000;

export function initial(plan: BoundPlan, nowMs: number, pid1: boolean): State {
  return {
    units: plan.processes.map(() => fresh),
    openedAtMs: nowMs,
    pid1,
    stop: null,
    cause: null,
    saidReady: false,
    awaitedAtMs: nowMs + awaitedFirstMs,
    phase: 'running',
    wakeAtMs: null,
  };
}
