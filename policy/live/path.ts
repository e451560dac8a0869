/** Which processes the start waited for: the critical path, and what each is worth on it. */
import type { History, Lane, Need } from './history.ts';

export type Part = {
  readonly process: number;
  /** What it waited for had come; the beginning where it waited for nothing. */
  readonly freeMs: number;
  readonly startedMs: number;
  readonly readyMs: number;
};

export type Blame = {
  readonly process: number;
  /** From when it was free to start until it was ready. */
  readonly tookMs: number;
  /** How much earlier all would be ready if it took no time. */
  readonly savesMs: number;
  readonly onPath: boolean;
};

function meets(lane: Lane | undefined, { condition }: Need): number | null {
  const run = lane?.runs[0];
  if (run === undefined) return null;
  return condition === 'started' ? run.startedMs : run.readyMs;
}

function partOf(lanes: readonly Lane[], process: number): Part | null {
  const lane = lanes[process];
  const run = lane?.runs[0];
  if (lane === undefined || run === undefined || run.startedMs === null) return null;
  const { startedMs, readyMs } = run;
  const met = lane.needs.map((need) => meets(lanes[need.process], need) ?? 0);
  const freeMs = Math.min(startedMs, Math.max(0, ...met));
  return { process, freeMs, startedMs, readyMs: Math.max(startedMs, readyMs ?? startedMs) };
}

/** From the first to the last; empty when nothing has become ready. */
export function criticalPath({ lanes }: History): readonly number[] {
  const parts = lanes.map((_, i) => partOf(lanes, i));
  let at: number | null = null;
  for (const part of parts)
    if (part !== null && part.readyMs > (at === null ? -1 : (parts[at]?.readyMs ?? -1)))
      at = part.process;
  const path: number[] = [];
  while (at !== null && !path.includes(at)) {
    path.unshift(at);
    let next: number | null = null;
    let latest = -1;
    for (const need of lanes[at]?.needs ?? []) {
      const metMs = meets(lanes[need.process], need);
      if (metMs === null || metMs <= latest || parts[need.process] == null) continue;
      latest = metMs;
      next = need.process;
    }
    at = next;
  }
  return path;
}

/** When the last would be ready if `quick` took no time (null: as it was). */
function totalMs(lanes: readonly Lane[], parts: readonly (Part | null)[], quick: number | null) {
  const done = new Map<number, { readonly startedMs: number; readonly readyMs: number }>();
  const visiting = new Set<number>();
  const visit = (process: number): { readonly startedMs: number; readonly readyMs: number } => {
    const known = done.get(process);
    const part = parts[process];
    if (known !== undefined) return known;
    if (part == null || visiting.has(process)) return { startedMs: 0, readyMs: 0 };
    visiting.add(process);
    const met = (lanes[process]?.needs ?? []).map((need) => {
      const one = visit(need.process);
      return need.condition === 'started' ? one.startedMs : one.readyMs;
    });
    const freeMs = Math.max(0, ...met);
    const own = process === quick ? 0 : 1;
    const startedMs = freeMs + own * (part.startedMs - part.freeMs);
    const made = { startedMs, readyMs: startedMs + own * (part.readyMs - part.startedMs) };
    done.set(process, made);
    return made;
  };
  return Math.max(0, ...parts.map((_, i) => visit(i).readyMs));
}

/** So many are worth reading; with a thousand processes each costs a walk through all. */
const blamedMost = 50;

/** What to speed up first; the first is worth most. */
export function blame(history: History): readonly Blame[] {
  const { lanes } = history;
  const parts = lanes.map((_, i) => partOf(lanes, i));
  const path = criticalPath(history);
  const all = totalMs(lanes, parts, null);
  return parts
    .filter((part) => part !== null)
    .sort((a, b) => b.readyMs - b.freeMs - (a.readyMs - a.freeMs))
    .slice(0, blamedMost)
    .map((part) => ({
      process: part.process,
      tookMs: part.readyMs - part.freeMs,
      savesMs: all - totalMs(lanes, parts, part.process),
      onPath: path.includes(part.process),
    }))
    .sort((a, b) => b.savesMs - a.savesMs || b.tookMs - a.tookMs);
}
