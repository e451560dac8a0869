/** A problem in what a person wrote. User errors are values, and all of them are reported at once. */

/**
 * Offsets in UTF-16 units, half open. All sources of a run stand in one row of
 * numbers, one behind the other, so that a span also tells whose it is.
 */
export type Span = { readonly start: number; readonly end: number };

/** A text that somebody wrote; `name` is how they know it: a file, or the command line. */
export type Source = {
  readonly name: string;
  readonly text: string;
  /** Where its text begins in the row of all sources. */
  readonly start: number;
  /** Lines are the arguments of a command line. */
  readonly isArguments: boolean;
};

export type Issue = {
  readonly severity: 'error' | 'warning';
  readonly span: Span | null;
  /** `cannot <verb> <thing>: <reason>`, in the user's own words. */
  readonly text: string;
  readonly hint: string | null;
  /** Another place that explains this one: "first used here". */
  readonly related: { readonly span: Span; readonly text: string } | null;
};

/** A problem that is known by the place in the plan; the text's span is found by `Places`. */
export type PlanIssue = {
  readonly severity: 'error' | 'warning';
  /** Keys joined by dots, as in `processes.app.command.0`. */
  readonly path: string;
  /** The part of the value that is meant; null: all of it. */
  readonly part: Span | null;
  /** The place itself, where it stands in a file that the plan only names: an env file, a template. */
  readonly span: Span | null;
  readonly text: string;
  readonly hint: string | null;
  readonly related: { readonly path: string; readonly text: string } | null;
};

/** `literal`: the text there is the value, character for character, so that a part of it can be shown. */
export type Place = Span & { readonly literal: boolean };

/** Where each value of a plan stands in its text; no entry: nowhere (a default). */
export type Places = ReadonlyMap<string, Place>;

export function planError(
  path: string,
  text: string,
  hint: string | null = null,
  part: Span | null = null,
): PlanIssue {
  return { severity: 'error', path, part, span: null, text, hint, related: null };
}

export function planWarning(path: string, text: string, hint: string | null = null): PlanIssue {
  return { ...planError(path, text, hint), severity: 'warning' };
}

/** Where the next source begins: behind the last, with one place between for what points at its end. */
export function nextStart(sources: readonly Source[]): number {
  const last = sources[sources.length - 1];
  return last === undefined ? 0 : last.start + last.text.length + 1;
}
