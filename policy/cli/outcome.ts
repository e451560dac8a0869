/** What the configuring engine tells the host to do next. */
import type { Bound } from '../plan/plan.ts';

export type Outcome =
  /** Not for this section: the host loads the named one and asks it. */
  | { readonly type: 'section'; readonly name: 'configure' }
  | {
      readonly type: 'exit';
      readonly code: number;
      readonly out: string;
      readonly err: string;
    }
  | {
      readonly type: 'supervise';
      readonly bound: Bound;
      /** Says each step. */
      readonly verbose: boolean;
      /** Warnings to print before the start; each is whole lines. */
      readonly err: string;
    };
