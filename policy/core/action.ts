/** What the supervisor asks of the host, in the imperative. Each says which events answer it. */
import type { About } from '../report/about.ts';
import type { Severity } from '../report/severity.ts';
import type { ProbeFor, RunRef } from './event.ts';
import type { Record } from './record.ts';

export type Action =
  /** Answered by `spawned` or `spawn_failed`, and after `spawned` by one `exited`. */
  | ({ readonly type: 'spawn' } & RunRef)
  /** No answer. Does nothing when the main process (or the group) has ended. */
  | ({
      readonly type: 'signal';
      readonly signal: number;
      readonly target: 'main' | 'group';
      /** Continued after it: one that is stopped would not act on the signal (signal(7)). */
      readonly wake: boolean;
    } & RunRef)
  /**
   * Asks once, as the launch says for `for`; `port` connects to where `start` would ask.
   * Answered by one `probe_finished`; one at a time for each process.
   */
  | ({ readonly type: 'probe'; readonly for: ProbeFor; readonly timeoutMs: number } & RunRef)
  /** Carries out the launch's `preStop`. Answered by one `pre_stop_finished`. */
  | ({ readonly type: 'pre_stop'; readonly timeoutMs: number } & RunRef)
  /**
   * Looks at a run that made the container stop. Answered by one `examined`, in the next batch.
   * `phrases`: texts to look for in its last lines, the first `portPhrases` of them about a port.
   * `sockets`: who listens on `port`, and where its group does, even when no line is about it.
   * `program`: what stands where its program should be; else only its name.
   */
  | ({
      readonly type: 'examine';
      readonly phrases: readonly string[];
      readonly portPhrases: number;
      readonly port: number | null;
      readonly sockets: boolean;
      readonly program: boolean;
    } & RunRef)
  /**
   * Why everything has ended although nobody asked: composed by the library of reasons, with the
   * last lines of `process`; `text` is what is said when that cannot be had.
   */
  | {
      readonly type: 'report';
      readonly text: string;
      readonly process: number | null;
      readonly about: About;
    }
  /** A line for Tandem's own stderr; with `tail`, the last lines of that process's stderr follow. */
  | {
      readonly type: 'log';
      readonly text: string;
      readonly tail: number | null;
      readonly severity: Severity;
    }
  /** Ends whatever descendants are left. Answered by one `swept`, in graceMs + killMs at the latest. */
  | { readonly type: 'sweep'; readonly graceMs: number; readonly killMs: number }
  /**
   * Answers an `asked`. In `text`, U+0001, a letter, the index of a process (none: Tandem itself)
   * and `;` stand for a figure that the host alone knows: p pid, m memory in bytes, c CPU in
   * milliseconds, s CPU in seconds, f open descriptors. `head`, of HTTP only: the status, and
   * header lines.
   */
  | {
      readonly type: 'answer';
      readonly client: number;
      readonly text: string;
      readonly head: string | null;
    }
  /** Answers an `asked` with the output that was kept of this process (null: of all), and follows it. */
  | {
      readonly type: 'logs';
      readonly client: number;
      readonly process: number | null;
      readonly follow: boolean;
    }
  /** Answers an `asked` with the journal. */
  | { readonly type: 'journal'; readonly client: number }
  /** Makes the file of `BoundPlan.stopMark`, by which others see that a stop has begun. No answer. */
  | { readonly type: 'mark'; readonly path: string }
  /** Stops (SIGSTOP) or continues Tandem itself, for job control. No answer. */
  | { readonly type: 'suspend' }
  /** The end: nothing follows. */
  | { readonly type: 'exit'; readonly code: number };

/** What `step` answers to a batch. */
export type Answer = {
  readonly actions: readonly Action[];
  /** Call again at this time, even when nothing has happened; null: only when something has. */
  readonly wakeAtMs: number | null;
  /** What has happened, for the journal. */
  readonly notes: readonly Record[];
};
