/**
 * Goal: whatever happens, in whatever order, the supervisor keeps its promises.
 * Method: fast-check draws a plan and a stream of choices; a fake host that is
 * true to causality turns them into a history; invariants are checked at every step.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type {
  BoundPlan,
  BoundPreStop,
  BoundProcess,
  Condition,
  ReadyBy,
  Restart,
} from '../plan/plan.ts';
import { deliver, drain, newWorld, planOf, process, turn, type World } from './world.fake.ts';

const ready: fc.Arbitrary<ReadyBy> = fc.oneof(
  fc.constant<ReadyBy>({ type: 'start' }),
  fc.constant<ReadyBy>({ type: 'probe', port: 8000 }),
  fc.constant<ReadyBy>({ type: 'probe', port: null }),
  fc.constant<ReadyBy>({ type: 'word' }),
  fc.constant<ReadyBy>({ type: 'delay', delayMs: 600 }),
);

const restart: fc.Arbitrary<Restart> = fc.oneof(
  fc.constant<Restart>({ policy: 'no', max: null }),
  fc.constant<Restart>({ policy: 'no', max: null }),
  fc.constant<Restart>({ policy: 'on-failure', max: 2 }),
  fc.constant<Restart>({ policy: 'always', max: null }),
);

const preStop: fc.Arbitrary<BoundPreStop | null> = fc.oneof(
  fc.constant(null),
  fc.constant<BoundPreStop>({ type: 'delay', delayMs: 300 }),
  fc.constant<BoundPreStop>({ type: 'act' }),
);

/** Dependencies go to earlier processes only, so that there is no cycle. */
const aPlan: fc.Arbitrary<BoundPlan> = fc
  .record({
    stopDelayMs: fc.constantFrom(0, 0, 700),
    drawn: fc.array(
      fc.record({
        essential: fc.boolean(),
        oneshot: fc.nat(4),
        ready,
        restart,
        preStop,
        health: fc.boolean(),
        needs: fc.array(fc.nat(3), { maxLength: 2 }),
        started: fc.boolean(),
        graceMs: fc.option(fc.integer({ min: 0, max: 12_000 }), { nil: null }),
        group: fc.boolean(),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  })
  .map(({ stopDelayMs, drawn }) => {
    const oneshot = drawn.map((one) => one.oneshot === 0);
    const processes = drawn.map((one, index): BoundProcess => {
      const needs = [...new Set(one.needs.filter((need) => need < index))];
      const condition = (need: number): Condition => {
        if (oneshot[need]) return 'completed';
        return one.started ? 'started' : 'ready';
      };
      const checked = { intervalMs: 1000, timeoutMs: 500, retries: 2, startPeriodMs: 0 };
      const isOneshot = oneshot[index] === true;
      const always = isOneshot && one.restart.policy === 'always';
      return process({
        name: `p${index}`,
        essential: one.essential,
        oneshot: isOneshot,
        restart: always ? { policy: 'on-failure', max: 1 } : one.restart,
        ready: isOneshot ? { type: 'start' } : one.ready,
        readyTimeoutMs: 20_000,
        timeoutMs: isOneshot && one.group ? 3000 : null,
        health: one.health && !isOneshot ? checked : null,
        preStop: isOneshot ? null : one.preStop,
        needs: needs.map((need) => ({ process: need, condition: condition(need) })),
        stopGraceMs: one.graceMs,
        stopTarget: one.group ? 'group' : 'main',
      });
    });
    return { ...planOf(...processes), stopDelayMs };
  });

const choices = fc.array(fc.nat(1 << 18), { maxLength: 60 });
const runs = Number(globalThis.process.env['TANDEM_RUNS'] ?? 2000);

/** The test runner's own messages pass between two cases: a minute of silence would be a failure. */
const breathe = (): Promise<void> => new Promise((next) => setImmediate(next));

function play(plan: BoundPlan, drawn: readonly number[], pid1: boolean): World {
  const world = newWorld(plan, pid1, true);
  for (const choice of drawn) turn(world, choice);
  return world;
}

describe('whatever happens', { timeout: 120_000 }, () => {
  test('no invariant breaks, and no cell is reached that never should be', async () => {
    await fc.assert(
      fc.asyncProperty(aPlan, choices, fc.boolean(), async (plan, drawn, pid1) => {
        await breathe();
        play(plan, drawn, pid1);
      }),
      { numRuns: runs },
    );
  });

  test('a stop that was asked for ends within its budget, even when nobody obeys', async () => {
    await fc.assert(
      fc.asyncProperty(aPlan, choices, async (plan, drawn) => {
        await breathe();
        const world = play(plan, drawn, true);
        if (world.exitCode !== null) return;
        world.stopAskedAtMs ??= world.nowMs;
        deliver(world, [{ type: 'signal_received', signal: 15, sender: 0 }]);
        const since = world.state.stop?.sinceMs ?? 0;
        const from = Math.max(since, world.nowMs);
        drain(world);
        expect(world.exitCode).not.toBeNull();
        expect(world.nowMs - Math.min(since, from)).toBeLessThanOrEqual(
          Math.max(plan.stopTimeoutMs, from - since) + 10,
        );
      }),
      { numRuns: runs },
    );
  });

  test('the exit code is the one of the cause, whatever follows it', async () => {
    await fc.assert(
      fc.asyncProperty(aPlan, choices, async (plan, drawn) => {
        await breathe();
        const world = newWorld(plan, true, true);
        let code: number | null = null;
        for (const choice of drawn) {
          turn(world, choice);
          const { cause, units } = world.state;
          const end = cause === null ? null : units[cause]?.end;
          if (end?.type === 'exited') code ??= end.signal === 0 ? end.code : 128 + end.signal;
          if (end?.type === 'spawn_failed') code ??= 127;
        }
        // Where nothing has ended it all, what starts again could do so for as long as we watch.
        if (code === null) return;
        drain(world);
        expect(world.exitCode).toBe(code);
      }),
      { numRuns: runs },
    );
  });

  test('the same history gives the same end', async () => {
    await fc.assert(
      fc.asyncProperty(aPlan, choices, async (plan, drawn) => {
        await breathe();
        expect(play(plan, drawn, true).history).toEqual(play(plan, drawn, true).history);
      }),
      { numRuns: Math.min(runs, 200) },
    );
  });
});
