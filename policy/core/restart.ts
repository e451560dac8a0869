/** Whether a run that failed is followed by another, and when. */
import type { BoundProcess } from '../plan/plan.ts';
import { endedWell } from './end.ts';
import type { End, Unit } from './state.ts';

const firstMs = 200;
const mostMs = 30_000;
/** A run that was ready this long was well: what fails after it is a new failure. */
const healthyMs = 10_000;

/** Calls that fail for want of room, on a machine that may have some again soon. */
const crowding: readonly string[] = ['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE'];
const crowdedFirstMs = 50;
const crowdedMost = 6;

/** 0 ≤ … < 1; the same for the same run, so that no history reshuffles another's (mulberry32). */
function noise(seed: number, process: number, run: number): number {
  let a = (seed + Math.imul(process + 1, 0x9e3779b9) + Math.imul(run, 0x85ebca6b)) | 0;
  a = (a + 0x6d2b79f5) | 0;
  let t = Math.imul(a ^ (a >>> 15), 1 | a);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
}

/** Doubled with each failure in a row, give or take a fifth. */
export function backoffMs(failures: number, seed: number, process: number, run: number): number {
  const base = Math.min(mostMs, firstMs * 2 ** Math.min(20, failures - 1));
  return Math.round(base * (0.8 + 0.4 * noise(seed, process, run)));
}

export function failuresAfter(unit: Unit, nowMs: number): number {
  const healthy = unit.readyAtMs !== null && nowMs - unit.readyAtMs >= healthyMs;
  return healthy ? 1 : unit.failures + 1;
}

export function isCrowded(end: End, unit: Unit): boolean {
  return end.type === 'spawn_failed' && crowding.includes(end.errno) && unit.crowded < crowdedMost;
}

export function crowdedMs(unit: Unit): number {
  return crowdedFirstMs * 2 ** unit.crowded;
}

/** `failures` counts this one. A program that is not there won't be there next time. */
export function isFollowed(process: BoundProcess, end: End, failures: number): boolean {
  const { policy, max } = process.restart;
  if (policy === 'no' || end.type === 'spawn_failed') return false;
  const well = end.type === 'exited' && endedWell(process, { end, told: false });
  if (well && (policy === 'on-failure' || process.oneshot)) return false;
  return max === null || failures <= max;
}
