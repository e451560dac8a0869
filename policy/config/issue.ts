/** A problem in what a person wrote. User errors are values, and all of them are reported at once. */

/** Offsets into `Source.text`, in UTF-16 units, half open. */
export type Span = { readonly start: number; readonly end: number };

/** A text that somebody wrote: a file, or the words of a command line. */
export type Source = { readonly name: string; readonly text: string };

export type Issue = {
  readonly severity: 'error' | 'warning';
  readonly source: Source | null;
  readonly span: Span | null;
  /** `cannot <verb> <thing>: <reason>`, in the user's own words. */
  readonly text: string;
  readonly hint: string | null;
  /** Another place that explains this one: "first used here". */
  readonly related: { readonly span: Span; readonly text: string } | null;
};
