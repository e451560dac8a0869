/**
 * Goal: whatever happens, in whatever order, the supervisor keeps its promises.
 * Method: fast-check draws a plan and a stream of choices; a fake host that is
 * true to causality turns them into a history; invariants are checked at every step.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BoundPlan, BoundProcess } from '../plan/plan.ts';
import { deliver, drain, newWorld, planOf, process, turn, type World } from './world.fake.ts';

/** Dependencies go to earlier processes only, so that there is no cycle. */
const aPlan: fc.Arbitrary<BoundPlan> = fc
  .array(
    fc.record({
      essential: fc.boolean(),
      port: fc.boolean(),
      needs: fc.array(fc.nat(3), { maxLength: 2 }),
      started: fc.boolean(),
      graceMs: fc.option(fc.integer({ min: 0, max: 12_000 }), { nil: null }),
      group: fc.boolean(),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((drawn) =>
    planOf(
      ...drawn.map((one, index): BoundProcess => {
        const needs = [...new Set(one.needs.filter((need) => need < index))];
        return process({
          name: `p${index}`,
          essential: one.essential,
          readyPort: one.port ? 8000 + index : null,
          readyTimeoutMs: 20_000,
          needs: needs.map((need) => ({
            process: need,
            condition: one.started ? 'started' : 'ready',
          })),
          stopGraceMs: one.graceMs,
          stopTarget: one.group ? 'group' : 'main',
        });
      }),
    ),
  );

const choices = fc.array(fc.nat(1 << 18), { maxLength: 60 });
const runs = Number(globalThis.process.env['TANDEM_RUNS'] ?? 2000);

function play(plan: BoundPlan, drawn: readonly number[], pid1: boolean): World {
  const world = newWorld(plan, pid1);
  for (const choice of drawn) turn(world, choice);
  return world;
}

describe('whatever happens', () => {
  test('no invariant breaks, and no cell is reached that never should be', () => {
    fc.assert(
      fc.property(aPlan, choices, fc.boolean(), (plan, drawn, pid1) => {
        play(plan, drawn, pid1);
      }),
      { numRuns: runs },
    );
  });

  test('a stop that was asked for ends within its budget, even when nobody obeys', () => {
    fc.assert(
      fc.property(aPlan, choices, (plan, drawn) => {
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

  test('the exit code is the one of the cause, whatever follows it', () => {
    fc.assert(
      fc.property(aPlan, choices, (plan, drawn) => {
        const world = newWorld(plan);
        let code: number | null = null;
        for (const choice of drawn) {
          turn(world, choice);
          const { cause, units } = world.state;
          const end = cause === null ? null : units[cause]?.end;
          if (end?.type === 'exited') code ??= end.signal === 0 ? end.code : 128 + end.signal;
          if (end?.type === 'spawn_failed') code ??= 127;
        }
        drain(world);
        if (code !== null) expect(world.exitCode).toBe(code);
      }),
      { numRuns: runs },
    );
  });

  test('the same history gives the same end', () => {
    fc.assert(
      fc.property(aPlan, choices, (plan, drawn) => {
        expect(play(plan, drawn, true).history).toEqual(play(plan, drawn, true).history);
      }),
      { numRuns: Math.min(runs, 200) },
    );
  });
});
