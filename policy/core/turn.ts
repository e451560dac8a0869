/** What one cell of the table is given, and where its actions and notes go. */
import type { BoundProcess } from '../plan/plan.ts';
import type { Action } from './action.ts';
import type { Record as Note } from './record.ts';
import type { Unit } from './state.ts';

export type Input =
  | { readonly type: 'start' }
  /** `graceMs`: how long until KILL; null: as long as it takes. */
  | { readonly type: 'stop'; readonly graceMs: number | null }
  | { readonly type: 'kill'; readonly why: 'grace' | 'asked' | 'budget' }
  /** By hand: down, and not up again before a `release`. */
  | { readonly type: 'hold' }
  /** By hand: up, at once. */
  | { readonly type: 'release' }
  /** By hand: down, and up again. */
  | { readonly type: 'restart' }
  | { readonly type: 'signal'; readonly signal: number }
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
  | { readonly type: 'probe_failed'; readonly detail: string }
  /** It timed out while the machine gave nobody time; it says nothing. */
  | { readonly type: 'probe_void' }
  | { readonly type: 'pre_stop_finished'; readonly passed: boolean; readonly detail: string }
  | { readonly type: 'ready_told' }
  | { readonly type: 'stopping_told' }
  | { readonly type: 'extended'; readonly ms: number }
  | { readonly type: 'watchdog'; readonly ms: number | null }
  | { readonly type: 'watchdog_triggered' }
  | { readonly type: 'watchdog_due' }
  | { readonly type: 'probe_due' }
  | { readonly type: 'deadline' };

export type InputName = Input['type'];

/** One turn of one process. */
export type Turn = {
  readonly process: number;
  readonly plan: BoundProcess;
  readonly nowMs: number;
  /** How long a process that failed, or a group that nobody told, has until KILL. */
  readonly lingerMs: number;
  /** The stop of everything has begun: nothing starts again. */
  readonly stopping: boolean;
  readonly seed: number;
  /** We are only the init of this one command. */
  readonly isInit: boolean;
  readonly actions: Action[];
  readonly notes: Note[];
};

export const keep = (unit: Unit): Unit => unit;

export function never(unit: Unit, input: Input, turn: Turn): Unit {
  const { process } = turn;
  turn.notes.push({ type: 'anomaly', process, state: unit.state, input: input.type });
  return unit;
}
