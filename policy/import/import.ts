/**
 * `tandem import`: another tool's configuration as a tandem.yaml, and line by
 * line what became of each key. Runs under Node, from the npm package.
 */
import type { Issue } from '../config/issue.ts';
import type { Tree } from '../config/tree.ts';
import { importBash, looksLikeEntrypoint } from './bash.ts';
import { importCompose } from './compose.ts';
import { type Draft, newDraft, type Said, type Verdict } from './draft.ts';
import { emit } from './emit.ts';
import { type Data, importHorust } from './horust.ts';
import { importPm2 } from './pm2.ts';
import { importProcfile } from './procfile.ts';
import { importS6 } from './s6.ts';
import { importSupervisord } from './supervisord.ts';

export const kinds = ['supervisord', 'compose', 's6', 'pm2', 'horust', 'procfile', 'bash'] as const;
export type Kind = (typeof kinds)[number];

/** Data, or a sentence that says why there is none. */
export type Read<T> =
  | { readonly value: T; readonly problem: null }
  | { readonly value: null; readonly problem: string };

/** What a reader may ask of the machine; the two parsers are libraries of whoever runs this. */
export type World = {
  readonly read: (path: string) => string | null;
  /** Names in a folder; null: it is none. */
  readonly list: (path: string) => readonly string[] | null;
  readonly yaml: (text: string) => {
    readonly tree: Tree | null;
    readonly issues: readonly Issue[];
  };
  readonly toml: (text: string) => Read<Data>;
  /** What a JavaScript module exports. It is run for that, as pm2 runs it. */
  readonly evaluate: (path: string) => Read<Data>;
};

function baseOf(path: string): string {
  return path.replace(/\/+$/, '').replace(/^.*\//, '');
}

export function kindOf(world: World, path: string): Kind | null {
  const name = baseOf(path);
  const names = world.list(path);
  if (names !== null) {
    const tomls = names.filter((one) => one.endsWith('.toml'));
    return tomls.length > 0 && tomls.length === names.length ? 'horust' : 's6';
  }
  if (/^(docker-)?compose[\w.-]*\.ya?ml$/.test(name)) return 'compose';
  if (/ecosystem|pm2/.test(name) && /\.(c?js|mjs|json|ya?ml)$/.test(name)) return 'pm2';
  if (/\.toml$/.test(name)) return 'horust';
  if (/^Procfile/.test(name)) return 'procfile';
  const text = world.read(path) ?? '';
  if (/\.(conf|ini)$/.test(name) || /^\[(supervisord|program:)/m.test(text)) return 'supervisord';
  if (/\.ya?ml$/.test(name)) return /^services:/m.test(text) ? 'compose' : 'pm2';
  if (looksLikeEntrypoint(text)) return 'bash';
  return null;
}

function failed(problem: string): Draft {
  return { ...newDraft(), problems: [problem] };
}

/** supervisord's `files = conf.d/*.conf`: a pattern in the last part. */
function matching(
  world: World,
  base: string,
  pattern: string,
): readonly { file: string; text: string }[] {
  const full = pattern.startsWith('/') ? pattern : `${base}${pattern.replace('%(here)s/', '')}`;
  const at = full.lastIndexOf('/');
  const folder = at < 0 ? '.' : full.slice(0, at);
  const shape = full
    .slice(at + 1)
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const names = (world.list(folder) ?? []).filter((name) => new RegExp(`^${shape}$`).test(name));
  return [...names].sort().flatMap((name) => {
    const file = at < 0 ? name : `${folder}/${name}`;
    const text = world.read(file);
    return text === null ? [] : [{ file, text }];
  });
}

/** A YAML tree as data, for pm2's YAML: what looks like a number or a flag is one. */
function dataOf(tree: Tree | null): Data {
  if (tree === null) return null;
  if (tree.type === 'list') return tree.items.map(dataOf);
  if (tree.type === 'map')
    return Object.fromEntries(tree.entries.map(({ key, value }) => [key.text, dataOf(value)]));
  if (tree.quoted) return tree.text;
  if (/^(true|false)$/.test(tree.text)) return tree.text === 'true';
  return /^-?\d+(\.\d+)?$/.test(tree.text) ? Number(tree.text) : tree.text;
}

function readPm2(world: World, path: string, text: string): Draft {
  const draft = newDraft();
  const data: Read<Data> = /\.ya?ml$/.test(path)
    ? { value: dataOf(world.yaml(text).tree), problem: null }
    : world.evaluate(path);
  if (data.problem !== null) return failed(`${path}: cannot read it: ${data.problem}`);
  importPm2(draft, data.value, path);
  return draft;
}

function readHorust(world: World, path: string): Draft {
  const draft = newDraft();
  const names = world
    .list(path)
    ?.filter((name) => name.endsWith('.toml'))
    .sort();
  const paths = names?.map((name) => `${path.replace(/\/+$/, '')}/${name}`) ?? [path];
  const files = paths.flatMap((file) => {
    const data = world.toml(world.read(file) ?? '');
    if (data.problem === null) {
      const own = (data.value as { readonly name?: Data } | null)?.name;
      const name = typeof own === 'string' ? own : baseOf(file).replace(/\.toml$/, '');
      return [{ file, name, data: data.value }];
    }
    draft.problems.push(`${file}: cannot read it: ${data.problem}`);
    return [];
  });
  importHorust(draft, files);
  return draft;
}

function readCompose(world: World, path: string, text: string): Draft {
  const { tree, issues } = world.yaml(text);
  const bad = issues.filter((one) => one.severity === 'error');
  if (tree !== null && bad.length === 0) return importCompose(tree, text, path);
  const said = bad.map(({ span, text: why }) => {
    const line = text.slice(0, span?.start ?? 0).split('\n').length;
    return `${path}:${line}: ${why}`;
  });
  return {
    ...newDraft(),
    problems: said.length > 0 ? said : [`${path}: cannot read it: it is empty`],
  };
}

export function importFrom(world: World, kind: Kind, path: string): Draft {
  if (kind === 's6') {
    const folder = { list: world.list, read: world.read };
    return world.list(path) === null
      ? failed(`${path}: cannot carry it: a folder of service directories is needed`)
      : importS6(folder, path.replace(/(.)\/+$/, '$1'));
  }
  if (kind === 'horust') return readHorust(world, path);
  const text = world.read(path);
  if (text === null)
    return failed(`${path}: cannot read it: there is no such file, or it is no text`);
  const slash = path.lastIndexOf('/');
  const base = path.slice(0, slash + 1);
  switch (kind) {
    case 'supervisord':
      return importSupervisord(text, path, (pattern) => matching(world, base, pattern));
    case 'compose':
      return readCompose(world, path, text);
    case 'pm2':
      return readPm2(world, path, text);
    case 'procfile':
      return importProcfile(text, path);
    case 'bash':
      return importBash(text, path);
  }
}

const verdicts: readonly Verdict[] = ['carried', 'better', 'lost', 'unknown'];

/** Line by line, in the file's order; the last line counts. */
export function reportOf(draft: Draft): string {
  const seen = new Set<string>();
  const unique = draft.said.filter((one) => {
    const id = JSON.stringify(one);
    if (seen.has(id)) return false;
    seen.add(id);
    return true;
  });
  const width = (of: (one: Said) => string, most: number): number =>
    Math.min(most, Math.max(0, ...unique.map((one) => of(one).length)));
  const [placeWidth, keyWidth] = [width((one) => one.place, 48), width((one) => one.key, 40)];
  const lines = unique.map(
    ({ place, key, verdict, text }) =>
      `${place.padEnd(placeWidth)}  ${key.padEnd(keyWidth)}  ${verdict}${text === '' ? '' : `: ${text}`}`,
  );
  const counts = verdicts.map(
    (verdict) => `${unique.filter((one) => one.verdict === verdict).length} ${verdict}`,
  );
  return `${[...lines, counts.join(', ')].join('\n')}\n`;
}

export function fileOf(draft: Draft, path: string): string {
  return emit(draft, [
    'yaml-language-server: $schema=tandem.schema.json',
    `Carried over from ${baseOf(path)} by \`tandem import\`; \`tandem check\` says what is still wrong.`,
  ]);
}
