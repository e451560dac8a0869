/** Reading single values: each reader gives the value, or null and an issue that shows the place. */
import { parseDuration } from './duration.ts';
import type { Issue, Place, Span } from './issue.ts';
import { didYouMean } from './nearest.ts';
import { type Entry, isEmpty, type Scalar, type Tree } from './tree.ts';

export type Decoder = { readonly issues: Issue[]; readonly places: Map<string, Place> };

export type LateValue = number | { readonly text: string };

export function wrong(d: Decoder, span: Span, text: string, hint: string | null = null): null {
  d.issues.push({ severity: 'error', span, text, hint, related: null });
  return null;
}

export function note(d: Decoder, path: string, tree: Tree): void {
  const literal = tree.type === 'scalar' ? tree.literal : null;
  d.places.set(path, { ...(literal ?? tree.span), literal: literal !== null });
}

/** A word inside a scalar that says more than one thing. */
export function notePart(d: Decoder, path: string, tree: Scalar, part: Place): void {
  const { literal, span } = tree;
  if (literal === null) d.places.set(path, { ...span, literal: false });
  else {
    const start = literal.start + part.start;
    d.places.set(path, { start, end: literal.start + part.end, literal: part.literal });
  }
}

/** The span of a part of a scalar's text, or all of it where the text isn't written as it is. */
export function partOf(tree: Scalar, part: Span): Span {
  const { literal, span } = tree;
  if (literal === null) return span;
  return { start: literal.start + part.start, end: literal.start + part.end };
}

export function describe(tree: Tree): string {
  if (tree.type === 'list') return 'this is a list';
  if (tree.type === 'map') return 'this is a map';
  return isEmpty(tree) ? 'nothing is here' : `this is \`${tree.text}\``;
}

function misfit(d: Decoder, key: string, tree: Tree, needed: string, hint?: string): null {
  return wrong(
    d,
    tree.span,
    `cannot read \`${key}\`: ${needed} is needed, and ${describe(tree)}`,
    hint,
  );
}

export function readText(d: Decoder, key: string, tree: Tree): Scalar | null {
  if (tree.type === 'scalar' && !isEmpty(tree)) return tree;
  return misfit(d, key, tree, 'a text');
}

export function readFlag(d: Decoder, key: string, tree: Tree): boolean | null {
  if (tree.type === 'scalar' && (tree.text === 'true' || tree.text === 'false'))
    return tree.text === 'true';
  return misfit(d, key, tree, '`true` or `false`');
}

export function readOneOf<T extends string>(
  d: Decoder,
  key: string,
  tree: Tree,
  known: readonly T[],
): T | null {
  const found = tree.type === 'scalar' ? known.find((one) => one === tree.text) : undefined;
  if (found !== undefined) return found;
  const near = tree.type === 'scalar' ? didYouMean(tree.text, known) : null;
  return misfit(d, key, tree, known.map((one) => `\`${one}\``).join(' or '), near ?? undefined);
}

export function readWhole(d: Decoder, key: string, tree: Tree, most: number): number | null {
  if (tree.type === 'scalar' && /^\d{1,9}$/.test(tree.text) && Number(tree.text) <= most)
    return Number(tree.text);
  return misfit(d, key, tree, `a whole number from 0 to ${most}`);
}

/** A port, or a text that names one when it is bound. */
export function readPort(d: Decoder, key: string, tree: Tree): LateValue | null {
  if (tree.type === 'scalar' && tree.text.includes('$')) return { text: tree.text };
  const port = tree.type === 'scalar' && /^\d{1,5}$/.test(tree.text) ? Number(tree.text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  const mapped = tree.type === 'scalar' && /^[\d.]+:\d+$/.test(tree.text);
  const hint = mapped ? 'one port, that the process listens on; nothing is mapped' : undefined;
  return misfit(d, key, tree, 'a port from 1 to 65535', hint);
}

export function readDuration(d: Decoder, key: string, tree: Tree): LateValue | null {
  if (tree.type === 'scalar' && tree.text.includes('$')) return { text: tree.text };
  const ms = tree.type === 'scalar' ? parseDuration(tree.text) : null;
  if (ms !== null) return ms;
  const bare = tree.type === 'scalar' && /^\d+(\.\d+)?$/.test(tree.text);
  const hint = bare && tree.type === 'scalar' ? `did you mean \`${tree.text}s\`?` : undefined;
  return misfit(d, key, tree, 'a duration such as `5s`, `500ms` or `1m30s`', hint);
}

export function readMap(d: Decoder, key: string, tree: Tree): readonly Entry[] | null {
  return tree.type === 'map' ? tree.entries : misfit(d, key, tree, 'a map');
}

export function readList(d: Decoder, key: string, tree: Tree): readonly Tree[] | null {
  return tree.type === 'list' ? tree.items : misfit(d, key, tree, 'a list');
}

export type Keys = {
  /** Whose keys they are, for messages: `a process`. */
  readonly owner: string;
  readonly known: readonly string[];
  readonly planned: readonly string[];
  /** Other tools' words for keys of ours. */
  readonly foreign: Readonly<Record<string, string>>;
};

/** False, and an issue, when the key isn't one that is read. */
export function isKnown(d: Decoder, key: Scalar, keys: Keys): boolean {
  const { owner, known, planned, foreign } = keys;
  const name = key.text;
  if (known.includes(name)) return true;
  if (planned.includes(name)) {
    wrong(d, key.span, `cannot use \`${name}\`: this version of Tandem does not have it yet`);
    return false;
  }
  const instead = foreign[name];
  const hint =
    instead === undefined
      ? (didYouMean(name, [...known, ...planned]) ?? `its keys are: ${known.join(', ')}`)
      : `in Tandem that is \`${instead}\``;
  wrong(d, key.span, `cannot use \`${name}\`: ${owner} has no such key`, hint);
  return false;
}
