/** What every engine's compiler gives, and how it writes its files. */
import type { Facts } from '../plan/facts.ts';
import type { FrontProcess } from '../plan/planned-front.ts';

export type FrontIssue = {
  readonly severity: 'error' | 'warning';
  readonly text: string;
  readonly hint: string | null;
  /** Keys below `front`, joined by dots; empty: the front as a whole. */
  readonly at: string;
};

export type FrontMade = {
  /** null: there is an error among the issues. */
  readonly process: FrontProcess | null;
  /** What the engine needs beside it, ready before it and stopped after it. */
  readonly translator?: FrontProcess;
  readonly issues: readonly FrontIssue[];
};

export type FrontSettings = {
  /** Where its engine is looked for. */
  readonly path: string;
  /** Nothing will be started: there is time for a thorough test. */
  readonly dry: boolean;
};

export function frontError(text: string, hint: string | null, at = ''): FrontIssue {
  return { severity: 'error', text, hint, at };
}

/** A folder that nobody else writes to, with these files in it; null and an issue: there is none. */
export function writeFiles(
  facts: Facts,
  issues: FrontIssue[],
  make: (dir: string) => Readonly<Record<string, string>>,
): string | null {
  const dir = facts.makeTempDir();
  if (dir.error !== null) {
    const text = `cannot write the front's configuration: no temporary directory (${dir.error})`;
    const hint = 'mount a writable /tmp (docker run --tmpfs /tmp), or set TMPDIR';
    issues.push(frontError(text, hint));
    return null;
  }
  for (const [name, text] of Object.entries(make(dir.value))) {
    const path = `${dir.value}/${name}`;
    const { error: errno } = facts.write(path, text, 0o644, null);
    if (errno === null) continue;
    issues.push(frontError(`cannot write \`${path}\`: ${errno}`, null));
    return null;
  }
  return dir.value;
}
