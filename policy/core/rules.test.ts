/**
 * Goal: each cell of the table is the decision that docs/STATES.md shows.
 * Method: every state meets every input; the page is compared as a whole.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { rules } from './rules.ts';
import type { StateName } from './state.ts';
import { cell, inputs, page, states } from './table.fake.ts';
import type { Input, InputName } from './turn.ts';

/** Cells whose decision hangs on more than the state. */
const variants: readonly (readonly [StateName, InputName, Partial<Input>, string])[] = [
  ['up', 'exited', { groupAlive: true }, 'lingering exited by 9500, 15→group'],
  ['ready', 'exited', { groupAlive: true }, 'lingering exited by 9500, 15→group'],
  ['stopping', 'exited', { groupAlive: true }, 'lingering exited, 15→group'],
  ['killing', 'exited', { groupAlive: true }, 'exited, 9→group'],
  ['ready', 'stop', { graceMs: null }, 'stopping told, 15→main'],
  ['spawning', 'stop', { graceMs: 0 }, 'told by 1000'],
  ['up', 'signal', { signal: 1 }, '1→main'],
];

describe('the table', () => {
  test('has a row for every state and a cell for every input', () => {
    expect(states).toHaveLength(12);
    for (const state of states) expect(Object.keys(rules[state]).sort()).toEqual(inputs);
  });

  test('is what docs/STATES.md says: npm run states writes it', () => {
    const file = 'docs/STATES.md';
    if (process.env['TANDEM_WRITE_STATES']) writeFileSync(file, page());
    expect(readFileSync(file, 'utf8')).toBe(page());
  });

  test.each(variants)('%s meets %s with %o: %s', (state, input, given, wanted) => {
    expect(cell(state, input, given)).toBe(wanted);
  });
});
