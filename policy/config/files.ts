/** From files to a plan: each is read, all are merged, and the whole is decoded. */
import type { Facts } from '../plan/facts.ts';
import { isSaved } from '../plan/saved.ts';
import { whyNot } from '../plan/why.ts';
import { type Decoded, decode } from './decode.ts';
import { type Issue, nextStart, type Source } from './issue.ts';
import { mergeTrees } from './merge.ts';
import type { Parsed } from './parse.ts';
import { decodeProcfile } from './procfile.ts';
import { moveTree, type Tree } from './tree.ts';
import { parseSubset } from './yaml-subset.ts';

export type FilesRead = Decoded & { readonly sources: readonly Source[] };

type Read = { readonly sources: Source[]; readonly issues: Issue[] };

/** One more file behind the others; null: it can't be read. */
function readSource(facts: Facts, read: Read, path: string): Source | null {
  const name = path === '-' ? 'standard input' : path;
  if (/\.[cm]?[jt]s$/.test(path)) {
    const text = `cannot read ${name}: it is a program, and this binary runs none`;
    const hint = `compile it where Node is: npx tandem plan ${name} -o tandem.plan`;
    read.issues.push({ severity: 'error', span: null, text, hint, related: null });
    return null;
  }
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
  return /^Procfile/.test(path.slice(path.lastIndexOf('/') + 1));
}

function move(issue: Issue, by: number): Issue {
  const span = issue.span && { start: issue.span.start + by, end: issue.span.end + by };
  return { ...issue, span };
}

/**
 * All files as one. `exact`:
 * by the library, with the place of each value; else fast where that can be.
 */
export function readFiles(facts: Facts, paths: readonly string[], exact: boolean): FilesRead {
  const read: Read = { sources: [], issues: [] };
  const [first = ''] = paths;
  const { sources, issues } = read;
  if (isProcfile(first) && paths.length === 1) {
    const source = readSource(facts, read, first);
    const decoded = decodeProcfile(source?.text ?? '');
    return { sources, ...decoded, issues: source === null ? issues : decoded.issues };
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
  return { sources, ...decoded, issues: both };
}
