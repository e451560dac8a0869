/**
 * Goal: env files mean what Compose's users expect, and what is wrong in one is said at its place.
 * Method: a table of lines and the variables that they make; problems by their part.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseEnvFile } from './env-file.ts';

const container = (name: string): string | null => (name === 'HOME' ? '/home/me' : null);
const read = (text: string) => parseEnvFile(text, container);

test.each<[string, string, readonly (readonly [string, string])[]]>([
  [
    'plain',
    'A=1\nB=two words\n',
    [
      ['A', '1'],
      ['B', 'two words'],
    ],
  ],
  [
    'export and blanks',
    'export A=1\n  B = 2 \n',
    [
      ['A', '1'],
      ['B', '2'],
    ],
  ],
  [
    'comments',
    '# x\n\nA=1 # y\nB=a#b\nC=#c\n',
    [
      ['A', '1'],
      ['B', 'a#b'],
      ['C', ''],
    ],
  ],
  [
    'empty',
    'A=\nB=""\n',
    [
      ['A', ''],
      ['B', ''],
    ],
  ],
  ['single quotes mean themselves', "A='$HOME \\n # x'\n", [['A', '$HOME \\n # x']]],
  ['double quotes escape', 'A="a\\nb\\t\\"c\\" \\\\ \\$HOME"\n', [['A', 'a\nb\t"c" \\ $HOME']]],
  [
    'several lines',
    'A="one\ntwo"\nB=\'x\ny\' # z\nC=3\n',
    [
      ['A', 'one\ntwo'],
      ['B', 'x\ny'],
      ['C', '3'],
    ],
  ],
  [
    'variables',
    'A=$HOME/x\nB="${A}-${C:-c}"\nD=${NO}\n',
    [
      ['A', '/home/me/x'],
      ['B', '/home/me/x-c'],
      ['D', ''],
    ],
  ],
  ['the later wins', 'A=1\nA=2\n', [['A', '2']]],
  ['a name alone takes the container’s', 'HOME\nNO\n', [['HOME', '/home/me']]],
  [
    'CRLF',
    'A=1\r\nB="x\r\ny"\r\n',
    [
      ['A', '1'],
      ['B', 'x\ny'],
    ],
  ],
  ['a colon', 'A: 1\n', [['A', '1']]],
  [
    'a value is never read again',
    "A='${B}'\nC=$A\n",
    [
      ['A', '${B}'],
      ['C', '${B}'],
    ],
  ],
])('%s', (_what, text, entries) => {
  expect(read(text)).toEqual({ entries, problems: [] });
});

test.each<[string, string, string]>([
  ['A="x\n', '"', 'cannot read `A`: the quote " is not closed'],
  ['=x\n', '=x', 'cannot read this line: `NAME=value` is needed'],
  ['A-=1\nnot a line\n', 'not a line', 'cannot read `not`: a `=` is missing behind it'],
  ['A="x" y\n', ' y', 'cannot read what stands behind `A`'],
  ['A=1\0\n', '\0', 'cannot read the file: a NUL byte is in it'],
  ['A=${B:?say it}\n', '${B:?say it}', 'cannot resolve `${B}`: say it'],
])('%j: the problem is shown at %j', (text, part, why) => {
  const found = read(text).problems.map((one) => [
    text.slice(one.part.start, one.part.end),
    one.text,
  ]);
  if (part === 'not a line') expect(found[0]?.[1]).toBe(why);
  else expect(found).toContainEqual([part, why]);
});

test('any text is read to its end, and problems lie inside of it', () => {
  const piece = fc.constantFrom('A', '=', '"', "'", '\n', '$', '{', '}', '\\', '#', ' ', 'x', ':-');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const text = pieces.join('');
      for (const { part } of read(text).problems) {
        expect(part.start).toBeGreaterThanOrEqual(0);
        expect(part.end).toBeLessThanOrEqual(text.length);
      }
    }),
  );
});
