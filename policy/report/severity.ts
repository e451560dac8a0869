/** How serious a line of Tandem's own is, in Cloud Logging's words. */
import type { Record as Note } from '../core/record.ts';

export type Severity = 'INFO' | 'WARNING' | 'ERROR';

const severe: { readonly [Type in Note['type']]?: Severity } = {
  ready_on_ipv6: 'WARNING',
  awaited: 'WARNING',
  killed: 'WARNING',
  starts_again: 'WARNING',
  unwell: 'WARNING',
  pre_stop_failed: 'WARNING',
  skipped: 'WARNING',
  swept: 'WARNING',
  anomaly: 'ERROR',
};

/** `stopping`: ends are what is wanted. */
export function severity(note: Note, stopping: boolean): Severity {
  if (note.type === 'over') return note.code === 0 && note.cause === null ? 'INFO' : 'ERROR';
  if (note.type === 'ended') return stopping ? 'INFO' : 'WARNING';
  return severe[note.type] ?? 'INFO';
}
