/** Issues as text: `file:line:column`, the line itself, a caret, a hint; in the order of the file. */
import type { Issue, Places, PlanIssue, Source, Span } from './issue.ts';

type At = { readonly line: number; readonly column: number; readonly text: string };

function locate(source: Source, offset: number): At {
  const at = Math.min(offset, source.text.length);
  const before = source.text.slice(0, at);
  const start = before.lastIndexOf('\n') + 1;
  const end = source.text.indexOf('\n', start);
  const text = source.text.slice(start, end < 0 ? undefined : end).replace(/\r$/, '');
  // Columns count characters as people see them, not UTF-16 units.
  const column = [...source.text.slice(start, at)].length + 1;
  return { line: before.split('\n').length, column, text };
}

function label(source: Source, { line, column }: At): string {
  return source.isArguments ? `argument ${line}:${column}` : `${source.name}:${line}:${column}`;
}

function excerpt(source: Source, span: Span): string {
  const { line, column, text } = locate(source, span.start);
  const number = `${line}`;
  const before = [...text].slice(0, column - 1);
  // Tabs stay tabs, so that the caret stands under its character in any terminal.
  const pad = before.map((char) => (char === '\t' ? char : ' ')).join('');
  const shown = source.text.slice(span.start, span.end).split('\n')[0] ?? '';
  const width = Math.max(1, Math.min([...shown].length, [...text].length - column + 1));
  return `  ${number} | ${text}\n  ${' '.repeat(number.length)} | ${pad}${'^'.repeat(width)}\n`;
}

function renderIssue(source: Source, issue: Issue): string {
  const { span, severity, text, hint, related } = issue;
  const place = span === null ? source.name : label(source, locate(source, span.start));
  let out = `${place}: ${severity}: ${text}\n`;
  if (span !== null && source.text !== '') out += excerpt(source, span);
  if (hint !== null) out += `  hint: ${hint}\n`;
  if (related !== null) {
    out += `  ${label(source, locate(source, related.span.start))}: ${related.text}\n`;
    out += excerpt(source, related.span);
  }
  return out;
}

/** The nearest place above that is known: `processes.app.command.2`, `processes.app.command`, … */
function placeOf(places: Places, path: string): Span & { literal: boolean } {
  for (let at = path; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
    const place = places.get(at);
    if (place !== undefined) return { ...place, literal: place.literal && at === path };
  }
  return { start: 0, end: 0, literal: false };
}

export function locateIssue(places: Places, issue: PlanIssue): Issue {
  const { path, part, related, severity, text, hint } = issue;
  const place = placeOf(places, path);
  const span =
    part !== null && place.literal
      ? { start: place.start + part.start, end: place.start + part.end }
      : { start: place.start, end: place.end };
  const other =
    related === null ? null : { span: placeOf(places, related.path), text: related.text };
  return { severity, span, text, hint, related: other };
}

/** Each problem once, in the order of the text. */
export function inOrder(issues: readonly Issue[]): readonly Issue[] {
  const seen = new Set<string>();
  return issues
    .filter((issue) => {
      const key = `${issue.span?.start} ${issue.text}`;
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    })
    .sort((a, b) => (a.span?.start ?? Infinity) - (b.span?.start ?? Infinity));
}

export function render(source: Source, issues: readonly Issue[]): string {
  return inOrder(issues)
    .map((issue) => renderIssue(source, issue))
    .join('');
}
