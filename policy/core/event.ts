/**
 * What the host tells the supervisor: facts that have happened, in the past
 * tense. A batch holds all that was ready at one wake-up of the host's loop.
 */

import type { Found } from './found.ts';

/** Whose event it is: process index and run number; an event of an earlier run is dropped. */
export type RunRef = { readonly process: number; readonly run: number };

/** What a probe was for: is a stranger on its port, can it serve, does it still. */
export type ProbeFor = 'port' | 'start' | 'health';

export type Event =
  /** exec(2) has succeeded. The pid is only for printing. */
  | ({ readonly type: 'spawned'; readonly pid: number } & RunRef)
  /** `stage` is the call that failed: pipe, fork, chdir, exec, …; `errno` a name such as ENOENT. */
  | ({ readonly type: 'spawn_failed'; readonly stage: string; readonly errno: string } & RunRef)
  /**
   * The main process was reaped. `signal` is 0 when it exited with `code`.
   * `groupAlive`: other members of its process group are still there, and one
   * `group_ended` follows when they are gone.
   */
  | ({
      readonly type: 'exited';
      readonly code: number;
      readonly signal: number;
      readonly coreDumped: boolean;
      readonly groupAlive: boolean;
    } & RunRef)
  | ({ readonly type: 'group_ended' } & RunRef)
  /** Its main process was stopped by a signal (job control); only in init mode. */
  | ({ readonly type: 'stopped'; readonly signal: number } & RunRef)
  /** The one answer to a `probe`. `detail` says why it failed, as an errno name, or how it passed. */
  | ({
      readonly type: 'probe_finished';
      readonly passed: boolean;
      readonly detail: string;
    } & RunRef)
  /** The one answer to `pre_stop`. */
  | ({
      readonly type: 'pre_stop_finished';
      readonly passed: boolean;
      readonly detail: string;
    } & RunRef)
  /** It said that it can serve: a line, a datagram, a descriptor. */
  | ({ readonly type: 'ready_told' } & RunRef)
  /** It said that it is about to end by itself (sd_notify's STOPPING=1). */
  | ({ readonly type: 'stopping_told' } & RunRef)
  /** It asked for more time in what it is doing (EXTEND_TIMEOUT_USEC). */
  | ({ readonly type: 'extended'; readonly ms: number } & RunRef)
  /** A sign of life; `ms` sets its watchdog's time, null leaves it. */
  | ({ readonly type: 'watchdog'; readonly ms: number | null } & RunRef)
  /** It declared itself broken (WATCHDOG=trigger). */
  | ({ readonly type: 'watchdog_triggered' } & RunRef)
  /**
   * Somebody asks Tandem itself: a line of the control socket, or `METHOD target` of its HTTP
   * sibling. One of `answer`, `logs` and `journal` answers it.
   */
  | {
      readonly type: 'asked';
      readonly client: number;
      readonly by: 'line' | 'http';
      readonly text: string;
    }
  /** The one answer to `examine`. */
  | ({ readonly type: 'examined' } & RunRef & Found)
  /** Tandem itself received a signal. `sender` is a pid or 0. */
  | { readonly type: 'signal_received'; readonly signal: number; readonly sender: number }
  /**
   * The one answer to `sweep`: how many processes were told to end and killed, and whether any
   * is left. `blind`: without /proc only the groups could be reached.
   */
  | {
      readonly type: 'swept';
      readonly signalled: number;
      readonly killed: number;
      readonly left: number;
      readonly blind: boolean;
    };

export type EventType = Event['type'];

export type Batch = {
  /** CLOCK_MONOTONIC, whole milliseconds. */
  readonly nowMs: number;
  readonly events: readonly Event[];
};
