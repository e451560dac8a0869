/** Where an issue stands: from the plan's keys to a span, from a span to file, line and column. */
import type { Issue, Places, PlanIssue, Source, Span } from './issue.ts';

export type At = {
  readonly source: Source;
  /** From 1. */
  readonly line: number;
  /** From 1; in characters as people see them, not UTF-16 units. */
  readonly column: number;
  /** The whole line. */
  readonly text: string;
};

export function sourceOf(sources: readonly Source[], offset: number): Source {
  let found = sources[0] as Source;
  for (const source of sources) if (source.start <= offset) found = source;
  return found;
}

export function locate(source: Source, offset: number): At {
  const at = Math.max(0, Math.min(offset - source.start, source.text.length));
  const before = source.text.slice(0, at);
  const start = before.lastIndexOf('\n') + 1;
  const end = source.text.indexOf('\n', start);
  const text = source.text.slice(start, end < 0 ? undefined : end).replace(/\r$/, '');
  const column = [...source.text.slice(start, at)].length + 1;
  return { source, line: before.split('\n').length, column, text };
}

/** The nearest place above that is known: `processes.app.command.2`, `processes.app.command`, … */
function placeOf(places: Places, path: string): (Span & { literal: boolean }) | null {
  for (let at = path; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
    const place = places.get(at);
    if (place !== undefined) return { ...place, literal: place.literal && at === path };
  }
  return null;
}

export function locateIssue(places: Places, issue: PlanIssue): Issue {
  const { path, part, related, severity, text, hint } = issue;
  const place = placeOf(places, path);
  const other = related === null ? null : placeOf(places, related.path);
  const shown = other === null || related === null ? null : { span: other, text: related.text };
  if (issue.span !== null || place === null)
    return { severity, span: issue.span, text, hint, related: shown };
  const span =
    part !== null && place.literal
      ? { start: place.start + part.start, end: place.start + part.end }
      : { start: place.start, end: place.end };
  return { severity, span, text, hint, related: shown };
}

/** Each problem once, in the order of the text; what has no place comes last. */
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
