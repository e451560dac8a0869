/**
 * The plain part of YAML, read fast: block maps and lists, one-line scalars and
 * flow collections, `|` texts, and JSON. It answers only where it understands
 * everything, and null for all else, mistakes included: then the library reads
 * the file, which knows all of YAML and where each thing stands. So a tree from
 * here has no places, and whoever finds a problem in one reads again.
 *
 * Law, held by tests: an answer has the structure and the texts that the
 * library finds, without a problem.
 */
import type { Entry, Scalar, Tree } from './tree.ts';

type Reader = {
  readonly text: string;
  /** Of each line its indentation, -1 for nothing or a comment, and where its text begins and ends. */
  readonly lines: readonly Line[];
  /** The line that is next. */
  at: number;
  values: number;
};

type Line = { readonly indent: number; readonly start: number; readonly end: number };

/** Thrown away at once: what isn't understood ends the reading wherever it is. */
const give = { up: true };

const nowhere = { start: 0, end: 0 };
const deepest = 40;
const valuesMax = 5000;

const odd = /[^\n -~\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]/;
const block = /([\w./~][^\n:#]*[^\n:# ]|[\w/.~]|"[^"\\\n]*"|'[^'\n]*'):(?=[ \n]|$)/y;
const quoted = /"([^"\\\n]*)"|'([^'\n]*)'/y;
const behind = / *(?: #[^\n]*)?$/my;
const plainStart = /[^-?:,[\]{}#&*!|>'"%@` ]|[-?:][^ \n,[\]{}]/y;
const flowPlain = /(?:[\w./~]|-[\w-])[^\n,[\]{}:#"'&*!|>%@`?\\]*/y;

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function scalar(reader: Reader, text: string, isQuoted: boolean): Scalar {
  reader.values += 1;
  if (reader.values > valuesMax) throw give;
  return { type: 'scalar', text, quoted: isQuoted, span: nowhere, literal: null };
}

function linesOf(text: string): readonly Line[] {
  const lines: Line[] = [];
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    let at = start;
    while (text[at] === ' ') at += 1;
    lines.push({ indent: at >= end || text[at] === '#' ? -1 : at - start, start: at, end });
    start = end + 1;
  }
  return lines;
}

/** The next line that says something; undefined at the end. */
function next(reader: Reader): Line | undefined {
  while (reader.lines[reader.at]?.indent === -1) reader.at += 1;
  return reader.lines[reader.at];
}

function unquote(all: string): string {
  return all.slice(1, -1);
}

/** In `[…]` and `{…}`: `at` begins the value; the answer is where it ends. */
function flow(reader: Reader, at: number, end: number, depth: number): readonly [Tree, number] {
  const { text } = reader;
  const skip = (from: number): number => {
    let to = from;
    while (to < end && (text[to] === ' ' || text[to] === '\n')) to += 1;
    return to;
  };
  if (depth > deepest) throw give;
  const open = text[at];
  if (open === '"' || open === "'") {
    const found = match(quoted, text, at);
    if (found === null || text[quoted.lastIndex] === "'") throw give;
    return [scalar(reader, unquote(found[0]), true), quoted.lastIndex];
  }
  if (open !== '[' && open !== '{') {
    const found = match(flowPlain, text, at);
    if (found === null) throw give;
    return [scalar(reader, found[0].trimEnd(), false), flowPlain.lastIndex];
  }
  const close = open === '[' ? ']' : '}';
  const items: Tree[] = [];
  const entries: Entry[] = [];
  const names = new Set<string>();
  let to = skip(at + 1);
  while (to < end && text[to] !== close) {
    const [item, after] = flow(reader, to, end, depth + 1);
    to = skip(after);
    if (open === '{') {
      if (item.type !== 'scalar' || text[to] !== ':' || after !== to) throw give;
      if (item.text === '<<' || names.has(item.text)) throw give;
      const value = skip(to + 1);
      // Without a blank only a quoted key may be followed by its value.
      if (value === to + 1 && !item.quoted) throw give;
      names.add(item.text);
      const [tree, past] = flow(reader, value, end, depth + 1);
      entries.push({ key: item, value: tree });
      to = skip(past);
    } else items.push(item);
    if (text[to] === ',') to = skip(to + 1);
    else if (text[to] !== close) throw give;
    else break;
    // A comma before the end is rare, and not worth knowing.
    if (text[to] === close) throw give;
  }
  if (to >= end) throw give;
  reader.values += 1;
  const tree: Tree =
    open === '[' ? { type: 'list', items, span: nowhere } : { type: 'map', entries, span: nowhere };
  return [tree, to + 1];
}

/** `|` and `|-`: the lines below that stand deeper, as they are. */
function literal(reader: Reader, keep: boolean, parent: number): Scalar {
  const { text, lines } = reader;
  const first = lines[reader.at];
  // A comment is a line of the text here, so indentation is counted anew.
  const from = first === undefined ? 0 : text.lastIndexOf('\n', first.start - 1) + 1;
  const deep = first === undefined ? 0 : first.start - from;
  if (first === undefined || first.start >= first.end || deep <= parent) throw give;
  let out = '';
  let blank = '';
  for (; reader.at < lines.length; reader.at += 1) {
    const line = lines[reader.at] as Line;
    const begin = text.lastIndexOf('\n', line.start - 1) + 1;
    if (line.start >= line.end) {
      if (line.start - begin > deep) throw give;
      blank += '\n';
      continue;
    }
    const own = line.start - begin;
    if (own < deep) {
      // Between the text and its parent nothing may stand, and a comment is not worth knowing.
      if (own > parent || line.indent === -1) throw give;
      break;
    }
    out += `${blank}${text.slice(begin + deep, line.end)}\n`;
    blank = '';
  }
  return scalar(reader, keep ? out : out.slice(0, -1), true);
}

/** What stands behind a key or a dash, up to the end of its line, or in the lines below. */
function value(reader: Reader, at: number, line: Line, parent: number, depth: number): Tree {
  const { text } = reader;
  const { end } = line;
  let from = at;
  while (from < end && text[from] === ' ') from += 1;
  reader.at += 1;
  const char = from < end ? (text[from] as string) : '';
  if (char === '' || (char === '#' && text[from - 1] === ' ')) {
    const below = next(reader);
    if (below === undefined || below.indent < parent) return scalar(reader, '', false);
    const dash = text[below.start] === '-';
    if (below.indent > parent) return blockOf(reader, below.indent, depth + 1);
    const inMap = text[line.start] !== '-' || line.indent !== parent;
    if (dash && inMap) return blockOf(reader, parent, depth + 1);
    return scalar(reader, '', false);
  }
  if (char === '|') {
    const header = text.slice(from, end);
    if (header !== '|' && header !== '|-') throw give;
    return literal(reader, header === '|', parent);
  }
  let tree: Tree;
  let after: number;
  if (char === '"' || char === "'" || char === '[' || char === '{') {
    [tree, after] = flow(reader, from, end, depth);
    if (match(behind, text, after) === null) throw give;
  } else {
    if (match(plainStart, text, from) === null) throw give;
    const comment = text.indexOf(' #', from);
    after = comment >= 0 && comment < end ? comment : end;
    const words = text.slice(from, after).trimEnd();
    if (words.includes(': ') || words.endsWith(':')) throw give;
    tree = scalar(reader, words, false);
  }
  const below = next(reader);
  // A text may go on in deeper lines, which is for the library.
  if (below !== undefined && below.indent > parent) throw give;
  return tree;
}

function entry(reader: Reader, line: Line, from: number, indent: number, depth: number): Entry {
  const found = match(block, reader.text, from);
  if (found === null || block.lastIndex > line.end) throw give;
  const name = found[1] ?? '';
  const isQuoted = name[0] === '"' || name[0] === "'";
  if (!isQuoted && / #|^(?:---|\.\.\.)/.test(name)) throw give;
  const key = scalar(reader, isQuoted ? unquote(name) : name, isQuoted);
  return { key, value: value(reader, block.lastIndex, line, indent, depth) };
}

/** Further entries of a map at `indent`, behind the first. */
function mapOf(reader: Reader, first: Entry, indent: number, depth: number): Tree {
  const entries = [first];
  const names = new Set([first.key.text]);
  for (let line = next(reader); line !== undefined; line = next(reader)) {
    if (line.indent < indent) break;
    if (line.indent > indent || reader.text[line.start] === '-') throw give;
    const one = entry(reader, line, line.start, indent, depth);
    if (names.has(one.key.text)) throw give;
    names.add(one.key.text);
    entries.push(one);
  }
  return { type: 'map', entries, span: nowhere };
}

function listOf(reader: Reader, indent: number, depth: number): Tree {
  const { text } = reader;
  const items: Tree[] = [];
  for (let line = next(reader); line !== undefined; line = next(reader)) {
    if (line.indent < indent) break;
    const { start, end } = line;
    const dash = text[start] === '-' && (start + 1 === end || text[start + 1] === ' ');
    // At its key's own indentation a list ends where the next key begins.
    if (line.indent === indent && !dash && text[start] !== '-') break;
    if (line.indent > indent || !dash) throw give;
    let from = start + 1;
    while (from < end && text[from] === ' ') from += 1;
    const compact = from < end && match(block, text, from) !== null && block.lastIndex <= end;
    if (text[from] === '-' && (from + 1 === end || text[from + 1] === ' ')) throw give;
    if (compact) {
      const deeper = indent + from - start;
      const one = entry(reader, line, from, deeper, depth);
      items.push(mapOf(reader, one, deeper, depth));
    } else items.push(value(reader, start + 1, line, indent, depth));
  }
  return { type: 'list', items, span: nowhere };
}

function blockOf(reader: Reader, indent: number, depth: number): Tree {
  const line = next(reader);
  if (line === undefined || line.indent !== indent || depth > deepest) throw give;
  if (reader.text[line.start] === '-') return listOf(reader, indent, depth);
  return mapOf(reader, entry(reader, line, line.start, indent, depth), indent, depth);
}

function document(reader: Reader): Tree {
  const first = next(reader);
  if (first === undefined) throw give;
  const { text } = reader;
  if (text[first.start] !== '{' || first.indent !== 0) {
    const tree = blockOf(reader, first.indent, 0);
    if (next(reader) !== undefined) throw give;
    return tree;
  }
  // JSON: one collection that may go over lines, and nothing behind it.
  const [tree, after] = flow(reader, first.start, text.length, 0);
  if (text.slice(after).trim() !== '' || text.includes('\n#')) throw give;
  return tree;
}

export function parseSubset(text: string): Tree | null {
  if (odd.test(text)) return null;
  const reader: Reader = { text, lines: linesOf(text), at: 0, values: 0 };
  try {
    return document(reader);
  } catch (error) {
    if (error === give) return null;
    throw error;
  }
}
