/** What happened, for people and for the journal. Text is made of it last, in `report/`. */
import type { End } from './state.ts';

export type Record =
  | { readonly type: 'started'; readonly process: number; readonly pid: number }
  | { readonly type: 'ready'; readonly process: number; readonly afterMs: number }
  | { readonly type: 'ready_on_ipv6'; readonly process: number }
  | { readonly type: 'all_ready'; readonly afterMs: number }
  | { readonly type: 'awaited'; readonly processes: readonly number[]; readonly afterMs: number }
  | { readonly type: 'stop_asked'; readonly signal: number; readonly level: number }
  | { readonly type: 'told'; readonly process: number; readonly signal: number }
  | {
      readonly type: 'killed';
      readonly process: number;
      readonly why: 'grace' | 'asked' | 'budget';
    }
  | {
      readonly type: 'ended';
      readonly process: number;
      readonly end: End;
      readonly afterMs: number;
    }
  | {
      readonly type: 'unwell';
      readonly process: number;
      readonly count: number;
      readonly detail: string;
    }
  | { readonly type: 'pre_stop_failed'; readonly process: number; readonly detail: string }
  | {
      readonly type: 'starts_again';
      readonly process: number;
      readonly end: End;
      readonly failures: number;
      readonly inMs: number;
    }
  | { readonly type: 'group_left'; readonly process: number }
  | { readonly type: 'skipped'; readonly process: number; readonly because: number }
  | { readonly type: 'ignored'; readonly signal: number }
  /** A person asked for it, over the control socket. */
  | {
      readonly type: 'by_hand';
      readonly process: number;
      readonly what: 'stop' | 'start' | 'restart';
    }
  | { readonly type: 'signal_by_hand'; readonly process: number; readonly signal: number }
  /** Stopped by hand, and nothing of it is left. */
  | { readonly type: 'held'; readonly process: number }
  | {
      readonly type: 'swept';
      readonly killed: number;
      readonly left: number;
      readonly blind: boolean;
    }
  | {
      readonly type: 'anomaly';
      readonly process: number;
      readonly state: string;
      readonly input: string;
    }
  /** Always the last one. */
  | {
      readonly type: 'over';
      readonly code: number;
      readonly cause: number | null;
      readonly signal: number | null;
      readonly afterMs: number;
    };
