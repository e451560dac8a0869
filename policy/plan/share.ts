/** How the budget of a stop is divided; the supervisor and the front's configuration agree by it. */

/** The end of the budget belongs to KILL, the sweep and the reason. */
export const reserveMs = 500;
/** What a chain behind a process is promised, for each of its members, where it fits. */
const chainShareMs = 1000;

/**
 * The time of a process when it is told: its grace, within what the chain of
 * `behind` processes that it needs leaves over; never less than an even split.
 */
export function shareMs(leftMs: number, behind: number, graceMs: number | null): number {
  const share = Math.max(leftMs - chainShareMs * behind, leftMs / (behind + 1), 0);
  return Math.floor(graceMs === null ? share : Math.min(graceMs, share));
}
