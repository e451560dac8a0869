/**
 * Goal: durations, signals, near names and interpolation mean what their pages say.
 * Method: tables.
 */
import { expect, test } from 'vitest';
import { parseDuration } from './duration.ts';
import { interpolate, interpolateReferences, type Lookup } from './interpolate.ts';
import { nearest } from './nearest.ts';
import { parseSignal } from './signal.ts';

test.each([
  ['5s', 5000],
  ['500ms', 500],
  ['1m30s', 90_000],
  ['1.5s', 1500],
  ['1h', 3_600_000],
  ['0s', 0],
  ['5', null],
  ['s', null],
  ['', null],
  ['5s1m', null],
  ['1s1s', null],
  ['-1s', null],
  ['5 s', null],
])('the duration %j is %s ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each([
  ['TERM', 15],
  ['SIGTERM', 15],
  ['term', 15],
  ['9', 9],
  ['RTMIN', 34],
  ['SIGRTMIN+3', 37],
  ['RTMIN+31', null],
  ['0', null],
  ['65', null],
  ['TERN', null],
])('the signal %j is %s', (text, number) => {
  expect(parseSignal(text)).toBe(number);
});

test.each([
  ['comand', 'command'],
  ['Port', 'port'],
  ['enviroment', 'environment'],
  ['xyz', null],
  ['prot', 'port'],
  ['comamnd', 'command'],
  ['eviroment', 'environment'],
])('nearest to %j is %s', (word, near) => {
  expect(nearest(word, ['command', 'port', 'environment'])).toBe(near);
});

const lookup: Lookup = {
  variable: (name) => ({ A: 'one', EMPTY: '', D: '$A ${A}' })[name] ?? null,
  reference: (process, key) => (process === 'app' && key === 'port' ? '8081' : null),
};

test.each([
  ['plain', 'plain'],
  ['${A}', 'one'],
  ['x${A}y${A}', 'xoneyone'],
  ['${NOPE:-d}', 'd'],
  ['${EMPTY:-d}', 'd'],
  ['${EMPTY-d}', ''],
  ['${EMPTY}', ''],
  ['${app.port}', '8081'],
  ['$$', '$'],
  ['$${A}', '${A}'],
  ['$A', '$A'],
  // What a value brings in is never read again.
  ['${D}', '$A ${A}'],
])('%j becomes %j', (text, value) => {
  expect(interpolate(text, lookup)).toEqual({ text: value, problems: [] });
});

test.each([
  ['${NOPE}', 'it is not set', 0, 7],
  ['ab${NOPE:?say it}', 'say it', 2, 17],
  ['${EMPTY:?}', 'it must be set', 0, 10],
  ['${app.host}', 'there is no process `app` with a `host`', 0, 11],
  ['${A', 'it is not closed', 0, 2],
  ['${a b}', 'it is neither a name nor a reference', 0, 6],
])('%j is a problem: %s', (text, why, start, end) => {
  const { problems } = interpolate(text, lookup);
  expect(problems).toHaveLength(1);
  expect(problems[0]?.text).toContain(why);
  expect(problems[0]?.part).toEqual({ start, end });
});

test('in a script only references are replaced, the rest is the shell’s', () => {
  const { text, problems } = interpolateReferences('echo $$ $A ${A} ${app.port}', lookup);
  expect(text).toBe('echo $$ $A ${A} 8081');
  expect(problems).toEqual([]);
  expect(interpolateReferences('${app.x}', lookup).problems).toHaveLength(1);
});
