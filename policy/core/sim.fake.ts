/**
 * The simulator: a plan and a history drawn from one seed, played in two
 * phases. In the first anything may happen, and nothing that must not may. In
 * the second a stop is asked for and nobody obeys; it has to end in its time.
 */
import type { BoundPlan, BoundPreStop, BoundProcess, ReadyBy, Restart } from '../plan/plan.ts';
import { calm, deliver, drain, newWorld, planOf, process, turn, type World } from './world.fake.ts';

/** 0 ≤ … < below; the same for the same seed (mulberry32). */
export type Draw = (below: number) => number;

export function drawFrom(seed: number): Draw {
  let a = seed | 0;
  return (below) => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

function pick<T>(draw: Draw, of: readonly [T, ...T[]]): T {
  return of[draw(of.length)] ?? of[0];
}

const readies: readonly [ReadyBy, ...ReadyBy[]] = [
  { type: 'start' },
  { type: 'probe', port: 8000 },
  { type: 'probe', port: null },
  { type: 'word' },
  { type: 'delay', delayMs: 600 },
];
const restarts: readonly [Restart, ...Restart[]] = [
  { policy: 'no', max: null },
  { policy: 'no', max: null },
  { policy: 'on-failure', max: 2 },
  { policy: 'always', max: null },
];
const preStops: readonly [BoundPreStop | null, ...(BoundPreStop | null)[]] = [
  null,
  null,
  { type: 'delay', delayMs: 300 },
  { type: 'act' },
];

export function drawPlan(draw: Draw): BoundPlan {
  const count = 1 + draw(5);
  const oneshots = Array.from({ length: count }, () => draw(6) === 0);
  const processes = oneshots.map((oneshot, index): BoundProcess => {
    const needs = new Set(
      Array.from({ length: draw(3) }, () => draw(count)).filter((n) => n < index),
    );
    const restart = pick(draw, restarts);
    const health = { intervalMs: 1000, timeoutMs: 500, retries: 2, startPeriodMs: 0 };
    return process({
      name: `p${index}`,
      oneshot,
      essential: draw(3) > 0,
      restart: oneshot && restart.policy === 'always' ? { policy: 'no', max: null } : restart,
      ready: oneshot ? { type: 'start' } : pick(draw, readies),
      readyTimeoutMs: 20_000,
      timeoutMs: oneshot && draw(2) === 0 ? 3000 : null,
      health: !oneshot && draw(3) === 0 ? health : null,
      preStop: oneshot ? null : pick(draw, preStops),
      needs: [...needs].map((need) => ({
        process: need,
        condition: oneshots[need] ? 'completed' : pick(draw, ['ready', 'ready', 'started']),
      })),
      stopGraceMs: pick(draw, [null, null, 0, 400, 12_000]),
      stopTarget: pick(draw, ['main', 'group']),
    });
  });
  return { ...planOf(...processes), stopDelayMs: pick(draw, [0, 0, 700]) };
}

export type Drawn = { readonly plan: BoundPlan; readonly choices: readonly number[] };

export function drawHistory(seed: number): Drawn {
  const draw = drawFrom(seed);
  const plan = drawPlan(draw);
  const choices = Array.from({ length: 10 + draw(80) }, () => draw(1 << 18));
  return { plan, choices };
}

export type Played = { readonly steps: number; readonly broken: string | null };

/** Both phases; `broken` says what was, with the history that led there. */
export function play({ plan, choices }: Drawn): Played {
  let world: World | null = null;
  try {
    world = newWorld(plan, true, true);
    // Half of the histories begin well: then everybody has to have been started.
    if (choices.length % 2 === 0) {
      calm(world);
      const idle = world.sims.findIndex((sim) => !sim.everSpawned);
      if (idle >= 0) throw new Error(`startsAll: process ${idle} was never started`);
    }
    for (const choice of choices) turn(world, choice);
    if (world.exitCode === null) {
      world.stopAskedAtMs ??= world.nowMs;
      deliver(world, [{ type: 'signal_received', signal: 15, sender: 0 }]);
      drain(world, 400);
      if (world.exitCode === null)
        throw new Error(`endsAtAll: no exit after the stop\n${world.history.join('\n')}`);
    }
    return { steps: world.history.length, broken: null };
  } catch (error) {
    const broken = error instanceof Error ? error.message : String(error);
    return { steps: world?.history.length ?? 0, broken };
  }
}

/** The check that speaks, without its history. */
export function nameOf(broken: string): string {
  return broken.split('\n')[0] ?? '';
}

/** Leaves out choices as long as the same check still speaks. */
export function shrink(drawn: Drawn, broken: string): Drawn {
  const kind = nameOf(broken).split(':')[0];
  let best = drawn;
  for (let size = Math.ceil(best.choices.length / 2); size >= 1; size = size >> 1)
    for (let at = 0; at < best.choices.length; ) {
      const choices = [...best.choices.slice(0, at), ...best.choices.slice(at + size)];
      const again = play({ plan: best.plan, choices }).broken;
      if (again !== null && nameOf(again).split(':')[0] === kind)
        best = { plan: best.plan, choices };
      else at += size;
    }
  return best;
}
