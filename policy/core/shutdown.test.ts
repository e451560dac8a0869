/**
 * Goal: the time of a process when it is its turn to stop, as the plan page promises.
 * Method: the formula by cases and by property.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shareMs } from '../plan/share.ts';
import { asksForStop } from './shutdown.ts';

test.each([
  // left, behind, grace → time
  [8500, 0, null, 8500],
  [8500, 1, null, 7500],
  [8500, 2, null, 6500],
  [1000, 1, null, 500],
  [8500, 1, 300, 300],
  [8500, 1, 20_000, 7500],
  [900, 2, null, 300],
  [0, 3, null, 0],
])('of %i ms with %i behind and a grace of %s it gets %i', (left, behind, grace, ms) => {
  expect(shareMs(left, behind, grace)).toBe(ms);
});

test('a share is never less than an even split, never more than what is left or its grace', () => {
  fc.assert(
    fc.property(
      fc.nat(60_000),
      fc.nat(20),
      fc.option(fc.nat(60_000), { nil: null }),
      (left, behind, grace) => {
        const share = shareMs(left, behind, grace);
        expect(share).toBeLessThanOrEqual(left);
        if (grace !== null) expect(share).toBeLessThanOrEqual(grace);
        else expect(share).toBeGreaterThanOrEqual(Math.floor(left / (behind + 1)));
      },
    ),
  );
});

test('a chain that uses up every share still fits what was left', () => {
  fc.assert(
    fc.property(fc.nat(60_000), fc.integer({ min: 1, max: 20 }), (left, chain) => {
      let rest = left;
      for (let behind = chain - 1; behind >= 0; behind -= 1) rest -= shareMs(rest, behind, null);
      expect(rest).toBeGreaterThanOrEqual(0);
    }),
  );
});

test('INT, QUIT, TERM, PWR and RTMIN+3 ask for a stop, and no other signal does', () => {
  const asking = Array.from({ length: 64 }, (_, i) => i + 1).filter(asksForStop);
  expect(asking).toEqual([2, 3, 15, 30, 37]);
});
