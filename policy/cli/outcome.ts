/** What the configuring engine tells the host to do next. */
import type { Bound } from '../plan/plan.ts';

export type Outcome =
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
