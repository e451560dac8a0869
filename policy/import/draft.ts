/** What every reader makes: processes in Tandem's keys, and what is said about each key. */
import { takenNames } from '../plan/defaults.ts';

export type Value =
  | string
  | number
  | boolean
  | readonly Value[]
  | { readonly [key: string]: Value };

/**
 * `carried`: means the same here. `better`: Tandem does it another way, and the text says how.
 * `lost`: it can't be, and the text says what to do. `unknown`: the tool's reference has no such key.
 */
export type Verdict = 'carried' | 'better' | 'lost' | 'unknown';

/** `place` is `file:line` where lines are known, else the path of the key. */
export type Said = {
  readonly place: string;
  readonly key: string;
  readonly verdict: Verdict;
  readonly text: string;
};

export type DraftProcess = {
  readonly name: string;
  /** Tandem's keys, in the order in which they are written. */
  readonly keys: Record<string, Value>;
};

export type Draft = {
  readonly top: Record<string, Value>;
  readonly processes: DraftProcess[];
  readonly said: Said[];
  /** What makes the whole unreadable: `place: cannot …`. */
  readonly problems: string[];
};

export function newDraft(): Draft {
  return { top: {}, processes: [], said: [], problems: [] };
}

export function say(draft: Draft, place: string, key: string, verdict: Verdict, text = ''): void {
  draft.said.push({ place, key, verdict, text });
}

/** A name that Tandem takes, unlike all others: `web.1` becomes `web-1`. */
export function freeName(draft: Draft, wanted: string): string {
  const clean =
    wanted.replace(/[^A-Za-z0-9_-]+/g, '-').replace(/^[^A-Za-z]+|-+$/g, '') || 'process';
  const base = takenNames.includes(clean) ? `${clean}-process` : clean;
  const taken = (name: string): boolean => draft.processes.some((one) => one.name === name);
  let name = base;
  for (let n = 2; taken(name); n += 1) name = `${base}-${n}`;
  return name;
}

export function addProcess(draft: Draft, wanted: string): DraftProcess {
  const process: DraftProcess = { name: freeName(draft, wanted), keys: {} };
  draft.processes.push(process);
  return process;
}

/** A text that Tandem reads as itself: `$` means something there. */
export function literal(text: string): string {
  return text.replaceAll('$', '$$$$');
}

const plainText = String.raw`[\w./:=@%+,~^-]*`;
const reference = String.raw`\$\{[A-Za-z_]\w*(?::-[\w./:-]*)?\}`;
const plainWord = new RegExp(`^(?=.)${plainText}(?:${reference}${plainText})*$`);

/** Words (`$` already doubled where it is itself) as one line where that reads the same, else as a list. */
export function commandOf(words: readonly string[]): Value {
  return words.every((word) => plainWord.test(word)) ? words.join(' ') : words;
}

/** Words as Python's shlex and a shell split them, with no expansion; null: a quote is open. */
export function shellSplit(text: string): readonly string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] as string;
    if (/\s/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
      continue;
    }
    word ??= '';
    if (char === '\\') {
      at += 1;
      word += text[at] ?? '';
    } else if (char === "'" || char === '"') {
      const end = quoteEnd(text, at + 1, char);
      if (end < 0) return null;
      const inner = text.slice(at + 1, end);
      word += char === '"' ? inner.replace(/\\(["\\$`])/g, '$1') : inner;
      at = end;
    } else word += char;
  }
  if (word !== null) words.push(word);
  return words;
}

function quoteEnd(text: string, from: number, quote: string): number {
  for (let at = from; at < text.length; at += 1) {
    if (quote === '"' && text[at] === '\\') at += 1;
    else if (text[at] === quote) return at;
  }
  return -1;
}

/** Seconds, also fractions, as Tandem writes a time. */
export function seconds(count: number): string {
  const ms = Math.round(count * 1000);
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}

const signals =
  'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM CHLD CONT STOP TSTP TTIN ' +
  'TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS';

/** `SIGTERM`, `term` and `15` as Tandem writes them; null: no signal. */
export function signalOf(text: string): string | null {
  const name = text.trim().toUpperCase().replace(/^SIG/, '');
  return signals.split(' ').includes(name) || /^\d{1,2}$/.test(name) ? name : null;
}
