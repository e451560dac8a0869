/**
 * Several files as one: the later wins, as in Compose. Maps are merged key by
 * key; texts and most lists are replaced; lists that only collect are joined.
 * What a key means depends on where it stands, so the path goes along.
 */
import { type Entry, isEmpty, type Scalar, type Tree } from './tree.ts';

type Map_ = Extract<Tree, { type: 'map' }>;

/** Lists that collect: the later file adds to them. */
const joined = /^processes\.[^.]+\.(env_file|files|forward|success_codes)$/;
/** Lists that are another way to write a map. */
const named = /^processes\.[^.]+\.(environment|depends_on)$/;
/** Maps that say one thing; half of one and half of another would say neither. */
const whole = /^processes\.[^.]+\.(ready|pre_stop|forward)$/;

/** `[A=1, B=2]` as `{A: 1, B: 2}`; `[db]` as `{db: {}}`. */
function asMap(tree: Tree): Map_ | null {
  if (tree.type === 'map') return tree;
  if (tree.type !== 'list') return null;
  const entries: Entry[] = [];
  for (const item of tree.items) {
    if (item.type !== 'scalar') return null;
    const at = item.text.indexOf('=');
    if (at < 0) {
      entries.push({ key: item, value: { type: 'map', entries: [], span: item.span } });
      continue;
    }
    const { literal, span } = item;
    const part = (from: number, to: number): Scalar => {
      const place = literal && { start: literal.start + from, end: literal.start + to };
      const text = item.text.slice(from, to);
      return { type: 'scalar', text, quoted: true, span: place ?? span, literal: place };
    };
    entries.push({ key: part(0, at), value: part(at + 1, item.text.length) });
  }
  return { type: 'map', entries, span: tree.span };
}

function same(a: Tree, b: Tree): boolean {
  return a.type === 'scalar' && b.type === 'scalar' && a.text === b.text;
}

function mergeMaps(base: Map_, over: Map_, path: string): Tree {
  const entries = base.entries.map((entry) => {
    const other = over.entries.find((one) => one.key.text === entry.key.text);
    if (other === undefined) return entry;
    const at = path === '' ? entry.key.text : `${path}.${entry.key.text}`;
    return { key: other.key, value: mergeTrees(entry.value, other.value, at) };
  });
  const fresh = over.entries.filter(
    (one) => !base.entries.some((entry) => entry.key.text === one.key.text),
  );
  return { type: 'map', entries: [...entries, ...fresh], span: over.span };
}

export function mergeTrees(base: Tree, over: Tree, path = ''): Tree {
  // An empty value says nothing: `processes:` alone removes nobody.
  if (isEmpty(over)) return base;
  if (isEmpty(base)) return over;
  if (joined.test(path) && base.type === 'list' && over.type === 'list') {
    const fresh = over.items.filter((item) => !base.items.some((one) => same(one, item)));
    return { ...over, items: [...base.items, ...fresh] };
  }
  const maps = named.test(path) ? [asMap(base), asMap(over)] : [base, over];
  const [a, b] = maps;
  if (a?.type === 'map' && b?.type === 'map' && !whole.test(path)) return mergeMaps(a, b, path);
  return over;
}
