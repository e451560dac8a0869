/** What a file says, before it is known what that means: scalars are their source text. */
import type { Span } from './issue.ts';

export type Scalar = {
  readonly type: 'scalar';
  readonly text: string;
  readonly quoted: boolean;
  readonly span: Span;
  /** Where the text stands character for character; null where escapes or folding came between. */
  readonly literal: Span | null;
};

export type Tree =
  | Scalar
  | { readonly type: 'list'; readonly items: readonly Tree[]; readonly span: Span }
  | { readonly type: 'map'; readonly entries: readonly Entry[]; readonly span: Span };

export type Entry = { readonly key: Scalar; readonly value: Tree };

export function isEmpty(tree: Tree): boolean {
  return tree.type === 'scalar' && tree.text === '' && !tree.quoted;
}

function move(span: Span, by: number): Span {
  return { start: span.start + by, end: span.end + by };
}

function moveScalar(scalar: Scalar, by: number): Scalar {
  const { span, literal } = scalar;
  return { ...scalar, span: move(span, by), literal: literal && move(literal, by) };
}

/** The tree as it stands behind other sources. */
export function moveTree(tree: Tree, by: number): Tree {
  if (by === 0) return tree;
  if (tree.type === 'scalar') return moveScalar(tree, by);
  const span = move(tree.span, by);
  if (tree.type === 'list')
    return { ...tree, span, items: tree.items.map((item) => moveTree(item, by)) };
  const entries = tree.entries.map(({ key, value }) => ({
    key: moveScalar(key, by),
    value: moveTree(value, by),
  }));
  return { ...tree, span, entries };
}
