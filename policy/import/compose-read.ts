/** Reading one Compose file: its tree, its variables, its hosts. */
import type { Entry, Tree } from '../config/tree.ts';
import { type Draft, type DraftProcess, say, shellSplit, type Verdict } from './draft.ts';

export type Reader = {
  readonly draft: Draft;
  readonly lineOf: (tree: Tree) => string;
  /** Names of services, which are hosts there and 127.0.0.1 here. */
  readonly hosts: readonly string[];
  readonly names: ReadonlyMap<string, string>;
};

export type Service = {
  readonly reader: Reader;
  readonly process: DraftProcess;
  readonly entries: readonly Entry[];
};

const nothing: readonly Entry[] = [];

export function entriesOf(tree: Tree | undefined): readonly Entry[] {
  return tree?.type === 'map' ? tree.entries : nothing;
}

export function find(entries: readonly Entry[], key: string): Tree | undefined {
  return entries.find((one) => one.key.text === key)?.value;
}

export function textOf(tree: Tree | undefined): string | null {
  return tree?.type === 'scalar' ? tree.text : null;
}

export function textsOf(tree: Tree | undefined): readonly string[] {
  if (tree?.type === 'scalar') return [tree.text];
  if (tree?.type !== 'list') return [];
  return tree.items.flatMap((item) => (item.type === 'scalar' ? [item.text] : []));
}

const variable = /\$(?:\$|([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?:(:?[-?+])((?:[^{}]|\{[^{}]*\})*))?\})/g;

/**
 * Compose's variables in Tandem's spelling: unset is empty there. `-` and `?` without a colon
 * differ only for a variable that is set and empty; `+` has no counterpart.
 */
export function translate(text: string, lost: (what: string) => void): string {
  return text.replace(variable, (all, bare?: string, name?: string, how?: string, rest = '') => {
    if (bare !== undefined) return `\${${bare}:-}`;
    if (name === undefined) return '$$';
    if (how === undefined) return `\${${name}:-}`;
    if (how.endsWith('+')) {
      lost(`\`${all}\` has no counterpart: it is empty now`);
      return '';
    }
    return `\${${name}:${how.slice(-1)}${rest}}`;
  });
}

export function tell(service: Service, tree: Tree, key: string, verdict: Verdict, text = ''): void {
  const { draft, lineOf } = service.reader;
  say(draft, lineOf(tree), `${service.process.name}.${key}`, verdict, text);
}

export function valueIn(service: Service, tree: Tree, key: string, text: string): string {
  return translate(text, (what) => tell(service, tree, key, 'lost', what));
}

/** `db:5432`, `//db/`, `@db`, and `db` alone, where `db` is a service. */
export function localHosts(service: Service, tree: Tree, key: string, text: string): string {
  let out = text;
  for (const host of service.reader.hosts) {
    const name = host.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    const pattern = new RegExp(`(^|[@/,=])${name}(?=:\\d|:\\$|/|,|$)`, 'g');
    const next = out.replace(pattern, '$1127.0.0.1');
    if (next !== out && !out.startsWith('/'))
      tell(service, tree, key, 'carried', `\`${host}\` is 127.0.0.1 in one container`);
    if (!out.startsWith('/')) out = next;
  }
  return out;
}

/** Options behind which a name alone is a host: elsewhere it may be a program, a task, a queue. */
const hostOption = /^-(h|H|-host(name)?)$/;

export function wordsOf(service: Service, key: string, tree: Tree): readonly string[] | null {
  // `$NAME` inside quotes is read as well, so the dollars are translated first.
  const text = textOf(tree);
  const words =
    tree.type === 'list'
      ? textsOf(tree).map((word) => valueIn(service, tree, key, word))
      : text === null
        ? null
        : shellSplit(valueIn(service, tree, key, text));
  return (
    words?.map((word, at) =>
      service.reader.hosts.includes(word) && !hostOption.test(words[at - 1] ?? '')
        ? word
        : localHosts(service, tree, key, word),
    ) ?? null
  );
}
