/**
 * Goal: 500 drawn histories break nothing; more on demand with `npm run sim`.
 */
import { expect, test } from 'vitest';
import { drawHistory, play, shrink } from './sim.fake.ts';

test('500 seeds: what must not happen does not, and every stop ends in its time', () => {
  for (let seed = 1; seed <= 500; seed += 1) {
    const drawn = drawHistory(seed);
    const { broken } = play(drawn);
    if (broken === null) continue;
    const small = play(shrink(drawn, broken)).broken;
    throw new Error(`npm run sim -- --seed ${seed}\n${small}`);
  }
});

test('a seed is a history: played twice it is the same', () => {
  expect(drawHistory(77)).toEqual(drawHistory(77));
});
