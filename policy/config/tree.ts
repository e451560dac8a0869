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
