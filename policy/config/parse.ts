/**
 * YAML to a tree. Failsafe schema: every scalar is its source text and the
 * decoder types it, so that `umask: 022` and a version `1.10` stay what was
 * written. The only place that knows the parser.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import type { Issue, Span } from './issue.ts';
import type { Entry, Scalar, Tree } from './tree.ts';

export type Parsed = { readonly tree: Tree | null; readonly issues: readonly Issue[] };
type Problem = { readonly code: string; readonly message: string; readonly pos: [number, number] };

/** Aliases make a small file big; nobody's configuration is this large. */
const nodesMax = 20_000;
/** Nor this deep; an alias of what it stands in would have no end. */
const depthMax = 100;
const tooDeep = 'cannot read the file: it is nested too deeply';

type Reader = {
  readonly text: string;
  readonly issues: Issue[];
  readonly resolve: (alias: Node) => Node | undefined;
  nodes: number;
  depth: number;
  tooDeep: boolean;
};

function issue(text: string, span: Span, hint: string | null): Issue {
  return { severity: 'error', span, text, hint, related: null };
}

const syntax: Readonly<Record<string, readonly [string, string | null]>> = {
  TAB_AS_INDENT: ['a tab cannot indent in YAML', 'use spaces'],
  BAD_INDENT: ['the indentation fits nothing above', 'align it with its siblings'],
  BAD_ALIAS: ['the alias names no anchor', 'define it above with `&name`'],
  BLOCK_AS_IMPLICIT_KEY: [
    'a second `: ` on one line',
    'quote the value, or put what follows on a line of its own',
  ],
  BLOCK_IN_FLOW: ['a line of its own inside `[…]` or `{…}`', 'close the bracket first'],
  DUPLICATE_KEY: ['the same key stands here twice', 'remove one of them'],
  MISSING_CHAR: ['something is missing', null],
  MULTIPLE_DOCS: ['a second document begins with `---`', 'keep one document in a file'],
  MULTILINE_IMPLICIT_KEY: ['a key must be on one line, with `: ` after it', 'is a `:` missing?'],
  BAD_SCALAR_START: ['this character cannot begin a value', 'quote the value'],
  KEY_OVER_1024_CHARS: ['a key is too long', null],
};

const notClosed = ['a `[` or `{` above is not closed', 'close it, or indent what belongs to it'];

/** In `[…]` and `{…}` a `{` begins a map, even after `$`. */
function dollarInFlow(text: string, at: number): Span | null {
  const from = text.lastIndexOf('\n', at - 1) + 1;
  const line = text.slice(from, Math.max(at + 2, text.indexOf('\n', at)));
  for (const match of line.matchAll(/\$\{[^}\n]*\}?/g)) {
    const start = from + match.index;
    const before = text.slice(from, start);
    const open = before.split(/[[{]/).length - before.split(/[\]}]/).length;
    const quotes = before.split('"').length + before.split("'").length;
    if (open > 0 && quotes % 2 === 0) return { start, end: start + match[0].length };
  }
  return null;
}

function toIssue(text: string, problem: Problem): Issue {
  const [start, to] = problem.pos;
  const flow = problem.code === 'DUPLICATE_KEY' ? null : dollarInFlow(text, start);
  if (flow !== null) {
    const quoted = `"${text.slice(flow.start, flow.end)}"`;
    const why = 'inside `[…]` and `{…}` YAML reads `{` as a map';
    return issue(`cannot read the file: ${why}`, flow, `quote it: ${quoted}`);
  }
  const newline = text.indexOf('\n', start);
  const end = Math.max(start + 1, Math.min(to, newline < 0 ? text.length : newline));
  // The parser answers so where its own recursion ended.
  if (/call stack/.test(problem.message)) return issue(tooDeep, { start, end }, null);
  const said = problem.message.split('\n')[0] ?? '';
  const unclosed = /must.* end with a [\]}]/.test(said);
  const [why, hint] = unclosed ? notClosed : (syntax[problem.code] ?? [null, null]);
  const reason = why === null || problem.code === 'MISSING_CHAR' ? said : why;
  return issue(`cannot read the file: ${reason}`, { start, end }, hint);
}

function readScalar(reader: Reader, node: Node): Scalar {
  const [start, end] = node.range ?? [0, 0];
  const value = isScalar(node) ? node.value : '';
  const text = typeof value === 'string' ? value : String(value ?? '');
  const kind = isScalar(node) ? node.type : undefined;
  const quoted = kind !== 'PLAIN' && kind !== undefined;
  const inner = kind === 'QUOTE_DOUBLE' || kind === 'QUOTE_SINGLE' ? start + 1 : start;
  const same = reader.text.startsWith(text, inner);
  const literal = same ? { start: inner, end: inner + text.length } : null;
  return { type: 'scalar', text, quoted, span: { start, end }, literal };
}

function add(entries: Entry[], entry: Entry): void {
  if (!entries.some((one) => one.key.text === entry.key.text)) entries.push(entry);
}

/** `<<: *base`: what stands in the map itself wins, then the earlier of several. */
function merge(reader: Reader, node: Node, entries: Entry[]): void {
  const tree = read(reader, node);
  const sources = tree.type === 'list' ? tree.items : [tree];
  for (const source of sources) {
    if (source.type === 'map') for (const entry of source.entries) add(entries, entry);
    else reader.issues.push(issue('cannot merge this: it is no map', source.span, null));
  }
}

function read(reader: Reader, given: Node): Tree {
  reader.depth += 1;
  const tree = readNode(reader, given);
  reader.depth -= 1;
  return tree;
}

function readNode(reader: Reader, given: Node): Tree {
  const node = isAlias(given) ? reader.resolve(given) : given;
  const [start, end] = given.range ?? [0, 0];
  const span = { start, end };
  reader.nodes += 1;
  if (node === undefined) {
    const text = reader.text.slice(start, end);
    reader.issues.push(issue(`cannot read \`${text}\`: the alias names no anchor`, span, null));
  }
  const deep = reader.depth > depthMax;
  if (deep && !reader.tooDeep) reader.issues.push(issue(tooDeep, span, null));
  reader.tooDeep ||= deep;
  if (node === undefined || deep || reader.nodes > nodesMax) {
    if (reader.nodes === nodesMax + 1)
      reader.issues.push(issue(`cannot read the file: more than ${nodesMax} values`, span, null));
    return { type: 'scalar', text: '', quoted: false, span, literal: null };
  }
  if (isSeq(node)) {
    const items = node.items.map((item) => read(reader, item as Node));
    return { type: 'list', items, span };
  }
  if (!isMap(node)) return readScalar(reader, node);
  const entries: Entry[] = [];
  const merges: Node[] = [];
  for (const pair of node.items) {
    const key = readScalar(reader, pair.key as Node);
    const value = pair.value as Node | null;
    if (!isScalar(pair.key as Node))
      reader.issues.push(issue('cannot read this key: it is no text', key.span, null));
    else if (key.text === '<<' && !key.quoted && value !== null) merges.push(value);
    else if (value === null) {
      const at = { start: key.span.end, end: key.span.end };
      const nothing = { type: 'scalar', text: '', quoted: false, span: at, literal: at } as const;
      entries.push({ key, value: nothing });
    } else entries.push({ key, value: read(reader, value) });
  }
  for (const one of merges) merge(reader, one, entries);
  return { type: 'map', entries, span };
}

/** null: its recursion ended before the file did. */
function parsed(text: string, lineCounter: LineCounter): ReturnType<typeof parseDocument> | null {
  try {
    return parseDocument(text, { schema: 'failsafe', prettyErrors: false, lineCounter });
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

export function parseYaml(text: string): Parsed {
  const lines = new LineCounter();
  const document = parsed(text, lines);
  if (document === null)
    return { tree: null, issues: [issue(tooDeep, { start: 0, end: 0 }, null)] };
  const seen = new Set<number>();
  const errors = document.errors
    .map((error) => toIssue(text, error))
    .filter((one) => {
      // What follows on the same line is the echo of the first.
      const { line } = lines.linePos(one.span?.start ?? 0);
      if (seen.has(line)) return false;
      seen.add(line);
      return true;
    });
  const fatal = document.errors.some((error) => error.code !== 'DUPLICATE_KEY');
  if (fatal || document.contents === null) return { tree: null, issues: errors };
  // The library looks through the whole document for each, and an alias bomb asks for few very often.
  const resolved = new Map<Node, Node | undefined>();
  const resolve = (alias: Node): Node | undefined => {
    if (!isAlias(alias)) return undefined;
    if (!resolved.has(alias)) resolved.set(alias, alias.resolve(document));
    return resolved.get(alias);
  };
  const reader: Reader = { text, issues: [...errors], resolve, nodes: 0, depth: 0, tooDeep: false };
  const tree = read(reader, document.contents as Node);
  return { tree, issues: reader.issues };
}
