/**
 * Goal: a command is split as a shell would split it, and what needs a shell is refused with a fix.
 * Method: cases, and a real shell beside it for what both understand.
 */
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { splitWords } from './words.ts';

function split(text: string): readonly string[] | string {
  const { words, problem } = splitWords(text);
  return words === null ? problem.text : words.map((word) => word.text);
}

test.each([
  ['', []],
  ['a b', ['a', 'b']],
  ['  a\t b \n', ['a', 'b']],
  [`nginx -g 'daemon off;'`, ['nginx', '-g', 'daemon off;']],
  [`a "b c"'d e'f`, ['a', 'b cd ef']],
  [`a '' ""`, ['a', '', '']],
  ['a\\ b', ['a b']],
  [`"a\\"b\\\\c\\d"`, ['a"b\\c\\d']],
  [`'$HOME' \\$HOME "\\$HOME"`, ['$$HOME', '$$HOME', '$$HOME']],
  [`--p \${app.port} "\${A:-x y}"`, ['--p', '${app.port}', '${A:-x y}']],
  ['a $$b', ['a', '$$b']],
  ['costs 5$', ['costs', '5$$']],
])('%j becomes %j', (text, words) => {
  expect(split(text)).toEqual(words);
});

test.each([
  ['a $HOME', '`$HOME` needs a shell'],
  ['a "$HOME"', '`$HOME` needs a shell'],
  ['a | b', '`|` needs a shell'],
  ['a && b', '`&` needs a shell'],
  ['a > f', '`>` needs a shell'],
  ['a `b`', '` needs a shell'],
  ['$(a)', '`(` needs a shell'],
  ["a 'b", "quote ' is not closed"],
  ['a "b', 'quote " is not closed'],
  ['a ${B', '`${` is not closed'],
])('%j is refused: %s', (text, why) => {
  expect(split(text)).toContain(why);
});

describe('beside a shell', () => {
  test('words without expansions are the words that sh makes', () => {
    const piece = fc.constantFrom('a', 'b-c', ' ', "'x y'", '"p q"', '\\ ', '""', 'é', '/', '=');
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 8 }), (pieces) => {
        const text = pieces.join('');
        const script = `for w in ${text}; do printf '%s\\n' "$w"; done`;
        const shell = spawnSync('sh', ['-c', script], { encoding: 'utf8' });
        expect(split(text)).toEqual(shell.stdout.split('\n').slice(0, -1));
      }),
      { numRuns: 150 },
    );
  });
});
