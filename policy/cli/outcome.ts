/** What the configuring engine tells the host to do next. */
import type { Talk } from '../live/talk.ts';
import type { Bound, ProbeSpec } from '../plan/plan.ts';

export type Outcome =
  | {
      readonly type: 'exit';
      readonly code: number;
      readonly out: string;
      readonly err: string;
    }
  /** Ask a running Tandem, until what it says ends it. */
  | { readonly type: 'talk'; readonly talk: Talk }
  /** Ask once: 0 when it passes, else 1 with the reason. */
  | { readonly type: 'probe'; readonly spec: ProbeSpec; readonly timeoutMs: number }
  | {
      readonly type: 'supervise';
      readonly bound: Bound;
      /** Says each step. */
      readonly verbose: boolean;
      /** Where the journal goes: a file, or the number of a descriptor. */
      readonly journal: string | null;
      /** Warnings to print before the start; each is whole lines. */
      readonly err: string;
    };
