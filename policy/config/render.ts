/**
 * Issues as people and programs read them. Text: `file:line:column`, the line
 * itself, a caret under the exact span, a hint. JSON for editors, and the lines
 * that GitHub turns into annotations.
 */
import type { Issue, Source, Span } from './issue.ts';
import { type At, inOrder, locate, sourceOf } from './place.ts';

export type Format = 'text' | 'json' | 'github';

type Paint = (code: string, text: string) => string;

const bold = '1';
const colours = { error: '1;31', warning: '1;33', hint: '36', gutter: '34' } as const;

function label({ source, line, column }: At): string {
  return source.isArguments ? `argument ${line}:${column}` : `${source.name}:${line}:${column}`;
}

/** Escape sequences in a file are shown, not obeyed: a terminal is no place for them. */
function visible(text: string): string {
  return [...text]
    .map((char) =>
      (char < ' ' && char !== '\t' && char !== '\n') || char === '\u007f' ? '\ufffd' : char,
    )
    .join('');
}

/** Tabs stay tabs, so that the caret stands under its character in any terminal. */
function excerpt({ source, line, column, text }: At, span: Span, mark: string, paint: Paint) {
  const whole = [...text];
  // A line of a thousand characters would bury the caret.
  const from = column > 120 ? column - 60 : 0;
  const shown = whole.slice(from, from + 160);
  const cut = from > 0 ? '…' : '';
  const rest = from + 160 < whole.length ? '…' : '';
  const before = shown.slice(0, column - 1 - from);
  const pad = cut.replace('…', ' ') + before.map((char) => (char === '\t' ? char : ' ')).join('');
  const meant = source.text.slice(span.start - source.start, span.end - source.start);
  const length = [...(meant.split('\n')[0] ?? '')].length;
  const width = Math.max(1, Math.min(length, shown.length - before.length));
  const bar = (number: string): string => paint(colours.gutter, `  ${number} |`);
  const carets = paint(mark, '^'.repeat(width));
  const line1 = `${bar(`${line}`)} ${cut}${visible(shown.join(''))}${rest}\n`;
  return `${line1}${bar(' '.repeat(`${line}`.length))} ${pad}${carets}\n`;
}

function renderOne(sources: readonly Source[], issue: Issue, paint: Paint): string {
  const { span, severity, related } = issue;
  const text = visible(issue.text);
  const hint = issue.hint === null ? null : visible(issue.hint);
  const at = span === null ? null : locate(sourceOf(sources, span.start), span.start);
  const place = at === null ? (sources[0]?.name ?? 'tandem') : label(at);
  let out = `${paint(bold, place)}: ${paint(colours[severity], severity)}: ${paint(bold, text)}\n`;
  if (span !== null && at !== null && at.source.text !== '')
    out += excerpt(at, span, colours[severity], paint);
  if (hint !== null) out += `  ${paint(colours.hint, 'hint')}: ${hint}\n`;
  if (related !== null) {
    const other = locate(sourceOf(sources, related.span.start), related.span.start);
    out += `  ${label(other)}: ${related.text}\n`;
    out += excerpt(other, related.span, colours.gutter, paint);
  }
  return out;
}

export function render(
  sources: readonly Source[],
  issues: readonly Issue[],
  colour = false,
): string {
  const paint: Paint = colour
    ? (code, text) => `\u001b[${code}m${text}\u001b[0m`
    : (_, text) => text;
  return inOrder(issues)
    .map((issue) => renderOne(sources, issue, paint))
    .join('');
}

function position(sources: readonly Source[], span: Span) {
  const source = sourceOf(sources, span.start);
  const from = locate(source, span.start);
  const to = locate(source, Math.max(span.start, span.end));
  return {
    file: source.name,
    line: from.line,
    column: from.column,
    endLine: to.line,
    endColumn: to.column,
  };
}

/** `{version, ok, problems: [{severity, message, hint, file, line, column, endLine, endColumn, related}]}` */
export function renderJson(
  sources: readonly Source[],
  issues: readonly Issue[],
  ok: boolean,
): string {
  const problems = inOrder(issues).map(({ severity, text, hint, span, related }) => ({
    severity,
    message: text,
    hint,
    ...(span === null ? { file: sources[0]?.name ?? null } : position(sources, span)),
    related:
      related === null ? [] : [{ message: related.text, ...position(sources, related.span) }],
  }));
  return `${JSON.stringify({ version: 1, ok, problems }, null, 2)}\n`;
}

function escaped(text: string, property: boolean): string {
  const all = text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  return property ? all.replaceAll(':', '%3A').replaceAll(',', '%2C') : all;
}

/** Workflow commands: `::error file=…,line=…,col=…::message`. */
export function renderGithub(sources: readonly Source[], issues: readonly Issue[]): string {
  return inOrder(issues)
    .map(({ severity, text, hint, span }) => {
      const message = escaped(hint === null ? text : `${text}\nhint: ${hint}`, false);
      if (span === null) return `::${severity}::${message}\n`;
      const { file, line, column, endLine, endColumn } = position(sources, span);
      const end = endLine === line ? `,endColumn=${Math.max(column, endColumn - 1)}` : '';
      const at = `file=${escaped(file, true)},line=${line},endLine=${endLine},col=${column}${end}`;
      return `::${severity} ${at}::${message}\n`;
    })
    .join('');
}
