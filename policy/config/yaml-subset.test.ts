/**
 * Goal: what the fast reader answers is what the library finds, and it answers for what people write.
 * Method: real files and texts of a table; generated files; random damage to all of them.
 */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { groups } from '../desk/reference.ts';
import { parseYaml } from './parse.ts';
import type { Tree } from './tree.ts';
import { parseSubset } from './yaml-subset.ts';

/** Structure and texts, without places. */
function bare(tree: Tree | null): unknown {
  if (tree === null) return null;
  if (tree.type === 'scalar')
    return tree.quoted || tree.text !== '' ? [tree.text, tree.quoted] : '';
  if (tree.type === 'list') return { list: tree.items.map(bare) };
  return { map: tree.entries.map(({ key, value }) => [bare(key), bare(value)]) };
}

function agrees(text: string): boolean {
  const fast = parseSubset(text);
  if (fast === null) return false;
  const { tree, issues } = parseYaml(text);
  expect(issues, text).toEqual([]);
  expect(bare(fast), text).toEqual(bare(tree));
  return true;
}

const blocks = (file: string): readonly string[] =>
  [...readFileSync(file, 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)].map(
    (match) => match[1] ?? '',
  );

const good: readonly string[] = [
  readFileSync('examples/nginx-flask/tandem.yaml', 'utf8'),
  ...blocks('README.md'),
  ...groups.flatMap(({ keys }) => keys.map((key) => `${key.example}\n`)),
  'a:\n  b: c # d\n\n# x\n  e: "f"\n',
  'a:\n- b\n- c: d\n  e: f\n- "g"\nh: i\n',
  'a:\n  - b: c\n    d:\n      - e\n  -   f: g\n      h: i\n',
  'a: |\n  x\n   y\n\n  z # no\nb: |-\n  q\n',
  'a:\nb:\n  c:\n',
  'a: http://x:80/y#z\nb: -1\nc: a - b\nd: ${X:-y}\n"e f": g\n/x/*: h\n',
  '{"a": {"b": ["c", "d"], "e": "f"},\n "g": 1}\n',
  'a: [b, "c d", {e: f, "g":"h"}]\nb: {}\nc: []\n',
  '  a: b\n  c: d\n',
  'a: é ü 漢\n',
  'a: b',
];

test.each(good.map((text) => [text]))('reads %j', (text) => {
  expect(agrees(text)).toBe(true);
});

test.each([
  ['a: b: c\n'],
  ['a: "b\n'],
  ['a: &x b\nc: *x\n'],
  ['a: !t b\n'],
  ['a:\n  b: c\n d: e\n'],
  ['a: b\na: c\n'],
  ['a:\tb\n'],
  ['a: b\r\n'],
  ['\ufeffa: b\n'],
  ['---\na: b\n'],
  ['a: b\n...\n'],
  ['? a\n: b\n'],
  ['a: >\n  b\n'],
  ['a: b\n  c\n'],
  ['a: [b,\n  c]\n'],
  ["a: 'b''c'\n"],
  ['a: "b\\n"\n'],
  ['%YAML 1.2\n'],
  ['a: @b\n'],
  ['- - a\n'],
  [''],
  ['# x\n'],
  ['a\n'],
  ['a: ${B}\nc: [${B}]\n'],
  ['<<: x\na: {<<: b}\n'],
  ['{a: b}}\n'],
  [`${'['.repeat(99)}\n`],
])('leaves %j to the library', (text) => {
  const fast = parseSubset(text);
  if (fast !== null) agrees(text);
});

const word = fc.constantFrom(
  'a',
  'b c',
  '"q r"',
  "'s'",
  '1.10',
  '022',
  'x: y',
  '- z',
  '${V:-w}',
  '#n',
  'k #c',
  '',
  '|',
  '[p, q]',
  '{m: n}',
  '[a, {b: "c"}]',
  '*',
  '&a',
  'http://h:1/p',
  '~',
  'null',
  'e:',
  '-',
  '--- ',
  '"a\\tb"',
);
const key = fc.constantFrom('a', 'b', 'c', 'd-e', 'F_1', '/x/*', '"k"', 'x-y', 'a b', '<<', '1');
const gap = fc.constantFrom('', '\n', '# c\n', '   # d\n');

/** Files as people write them, and now and then as they do not. */
const lines: fc.Arbitrary<string> = fc
  .array(
    fc.tuple(
      fc.integer({ min: 0, max: 3 }),
      fc.constantFrom('', '', '- ', '-   '),
      key,
      fc.constantFrom(': ', ':', ':  ', ' : '),
      word,
      gap,
    ),
    { maxLength: 12 },
  )
  .map((all) =>
    all
      .map(
        ([depth, dash, name, colon, text, between]) =>
          `${'  '.repeat(depth)}${dash}${name}${colon}${text}\n${between}`,
      )
      .join(''),
  );

const runs = Number(process.env['TANDEM_RUNS'] ?? 4000);

test('generated files: nothing, or what the library finds', () => {
  fc.assert(
    fc.property(lines, (text) => void agrees(text)),
    { numRuns: runs },
  );
});

const damage = fc.array(
  fc.tuple(
    fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    fc.constantFrom(
      '',
      ':',
      '-',
      '#',
      '"',
      "'",
      '[',
      ']',
      '{',
      '}',
      ',',
      ' ',
      '\n',
      '  ',
      '\n  ',
      '&',
      '*',
      '!',
      '|',
      '>',
      '%',
      '@',
      '?',
      '\\',
      'x',
      '- ',
      ': ',
      ' #',
      '|\n',
    ),
    fc.integer({ min: 0, max: 3 }),
  ),
  { minLength: 1, maxLength: 4 },
);

test('random damage to good files: nothing, or what the library finds', () => {
  fc.assert(
    fc.property(fc.constantFrom(...good), damage, (text, all) => {
      let damaged = text;
      for (const [where, put, away] of all) {
        const at = Math.floor(where * damaged.length);
        damaged = damaged.slice(0, at) + put + damaged.slice(at + away);
      }
      agrees(damaged);
    }),
    { numRuns: runs },
  );
});
