/** The section for what needs a file; it carries the parser. */
import { decode } from '../config/decode.ts';
import { type Issue, nextStart, type Source } from '../config/issue.ts';
import { mergeTrees } from '../config/merge.ts';
import type { Parsed } from '../config/parse.ts';
import { decodeProcfile } from '../config/procfile.ts';
import { render, renderJson } from '../config/render.ts';
import { moveTree, type Tree } from '../config/tree.ts';
import { parseSubset } from '../config/yaml-subset.ts';
import { absolute, environment } from '../plan/bind.ts';
import { whyNot } from '../plan/bind-attributes.ts';
import type { Facts } from '../plan/facts.ts';
import { isSaved, savePlan } from '../plan/saved.ts';
import { type Flags, type Request, readArgv } from './argv.ts';
import type { Outcome } from './outcome.ts';
import {
  type BindMode,
  exit,
  type Found,
  findAll,
  folderOf,
  misconfigured,
  report,
  startFound,
  usage,
  type Written,
  wantsColour,
  writtenOf,
} from './start.ts';

const names = ['tandem.yaml', 'tandem.json', 'Procfile'] as const;

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

type Read = { readonly sources: Source[]; readonly issues: Issue[] };

/** One more file behind the others; null: it can't be read. */
function readSource(facts: Facts, read: Read, path: string): Source | null {
  const name = path === '-' ? 'standard input' : path;
  const file = facts.read(path);
  if (file.error !== null) {
    const text = `cannot read ${name}: ${whyNot(file.error)}`;
    read.issues.push({ severity: 'error', span: null, text, hint: null, related: null });
    return null;
  }
  const text = file.value.replace(/^\uFEFF/, '');
  const source = { name, text, start: nextStart(read.sources), isArguments: false };
  read.sources.push(source);
  return source;
}

function isProcfile(path: string): boolean {
  return /^Procfile/.test(nameOf(path));
}

function move(issue: Issue, by: number): Issue {
  const span = issue.span && { start: issue.span.start + by, end: issue.span.end + by };
  return { ...issue, span };
}

/**
 * All files as one; their relative paths are relative to the first. `exact`:
 * by the library, with the place of each value; else fast where that can be.
 */
function readWritten(facts: Facts, paths: readonly string[], exact: boolean): Written {
  const read: Read = { sources: [], issues: [] };
  const [first = ''] = paths;
  const base = folderOf(facts, first);
  const { sources, issues } = read;
  if (isProcfile(first) && paths.length === 1) {
    const source = readSource(facts, read, first);
    const decoded = decodeProcfile(source?.text ?? '');
    return { sources, base, ...decoded, issues: source === null ? issues : decoded.issues };
  }
  let tree: Tree | null = null;
  for (const path of paths) {
    const source = readSource(facts, read, path);
    if (source === null) continue;
    if (isProcfile(path)) {
      const span = { start: source.start, end: source.start };
      const text = 'cannot merge a Procfile with other files';
      issues.push({ severity: 'error', span, text, hint: 'write it as YAML', related: null });
      continue;
    }
    if (isSaved(source.text)) {
      if (paths.length === 1) return writtenOf(facts, source, base);
      const span = { start: source.start, end: source.start };
      const text = 'cannot merge a saved plan with other files';
      issues.push({ severity: 'error', span, text, hint: null, related: null });
      continue;
    }
    const fast = exact ? null : parseSubset(source.text);
    const parsed: Parsed =
      fast === null ? facts.library('yaml').parseYaml(source.text) : { tree: fast, issues: [] };
    issues.push(...parsed.issues.map((issue) => move(issue, source.start)));
    const moved = parsed.tree && (exact ? moveTree(parsed.tree, source.start) : parsed.tree);
    tree = tree !== null && moved !== null ? mergeTrees(tree, moved) : (moved ?? tree);
  }
  const decoded = decode(tree);
  // Without a tree the file can't be read; that it then names no processes is no news.
  const both = tree === null && issues.length > 0 ? issues : [...issues, ...decoded.issues];
  return { sources, base, ...decoded, issues: both };
}

/** `-f`, else TANDEM_CONFIG (several with `:` between), else what is there. */
function pathsFor(facts: Facts, flags: Flags): readonly string[] {
  if (flags.files.length > 0) return flags.files;
  const said = environment(facts.env()).get('TANDEM_CONFIG') ?? '';
  if (said !== '') return said.split(':').filter((path) => path !== '');
  const found = names.find((name) => facts.stat(name).error === null);
  return found === undefined ? [] : [found];
}

function notFound(facts: Facts): Outcome {
  const hint =
    facts.stat(`${facts.cwd()}/tandem.yml`).error === null
      ? 'there is a tandem.yml: rename it, or tandem -f tandem.yml'
      : 'write one, or give commands: tandem run "nginx -g \'daemon off;\'" "PORT=8081 /srv/app"';
  return usage(
    `cannot run: no ${names.slice(0, -1).join(', no ')} and no Procfile in ${facts.cwd()}`,
    `${hint}\n  see \`tandem help\``,
  );
}

function same(a: string, b: string): boolean {
  return absolute(a, '.') === absolute(b, '.');
}

function plan(facts: Facts, written: Written, found: Found, request: Of<'plan'>): Outcome {
  const { output, bound } = request;
  const { sources, issues } = found;
  if (issues.some((one) => one.severity === 'error')) return report(facts, found, 'text', false);
  const err = issues.length === 0 ? '' : render(sources, issues, wantsColour(facts));
  if (bound && found.bound !== null)
    return exit(0, facts.library('desk').showBound(found.bound, facts.env()), err);
  if (output === null) return exit(0, savePlan(written.plan, '.', facts, 2), err);
  const folder = folderOf(facts, output);
  const base = same(folder, written.base) ? '.' : absolute(written.base, '.');
  const { error } = facts.write(output, savePlan(written.plan, base, facts), 0o644, null);
  if (error === null) return exit(0, '', err);
  return misconfigured(`tandem: cannot write ${output}: ${whyNot(error)}\n`);
}

type Of<Type extends Request['type']> = Extract<Request, { readonly type: Type }>;

export function main(facts: Facts, argv: readonly string[]): Outcome {
  const request = readArgv(argv);
  const { type } = request;
  if (type !== 'file' && type !== 'check' && type !== 'plan' && type !== 'graph')
    throw new Error(`this section has no ${type}`);
  const { flags } = request;
  const paths = pathsFor(facts, flags);
  if (paths.length === 0) return notFound(facts);
  // Standard input can be read once only.
  const read = new Map<string, ReturnType<Facts['read']>>();
  const once: Facts = {
    ...facts,
    read: (path) => {
      const known = read.get(path) ?? facts.read(path);
      read.set(path, known);
      return known;
    },
  };
  const fast = act(once, request, paths, false);
  // What has a problem is read again with its places.
  return fast ?? act(once, request, paths, true) ?? misconfigured('');
}

/** null: there is something to say that needs a place. */
function act(
  facts: Facts,
  request: Of<'file' | 'check' | 'plan' | 'graph'>,
  paths: readonly string[],
  exact: boolean,
): Outcome | null {
  const { type, flags } = request;
  const written = readWritten(facts, paths, exact);
  if (written.sources.length === 0) {
    const said = written.issues.map((issue) => `tandem: ${issue.text}\n`).join('');
    const json = type === 'check' && request.format === 'json';
    return json ? misconfigured('', renderJson([], written.issues, false)) : misconfigured(said);
  }
  const mode: BindMode =
    type === 'check'
      ? { check: (plan, bound) => facts.library('desk').lint(facts, plan, bound) }
      : type === 'plan'
        ? { check: () => [], free: !request.bound }
        : { free: type === 'graph' };
  const found = findAll(facts, written, flags, mode);
  if (!exact && found.issues.length > 0) return null;
  if (type === 'file') return startFound(facts, found, flags);
  if (type === 'check') return report(facts, found, request.format, request.strict);
  if (type === 'plan') return plan(facts, written, found, request);
  if (found.issues.some((one) => one.severity === 'error'))
    return report(facts, found, 'text', false);
  return exit(0, facts.library('desk').drawGraph(written.plan, request.format));
}
