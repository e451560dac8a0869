/** The library behind `tandem timeline`. */
import type { Facts } from '../plan/facts.ts';
import { type History, readHistory } from './history.ts';
import { compare, drawBlame, drawTimeline, timelineJson } from './timeline.ts';

export type Shown = { readonly code: number; readonly out: string; readonly err: string };

/** Pictures are drawn under Node only: see pictures.ts. */
export type DrawPicture = (format: 'svg' | 'html', history: History, name: string) => string;

/** No journal is named: that of a running Tandem is asked for, and then drawn. */
export type Running = { readonly draw: (journal: string) => Shown };

const formats = ['--json', '--blame', '--svg', '--html'];
const exitUsage = 64;
const exitInput = 66;

function wrong(text: string, hint: string, code = exitUsage): Shown {
  return { code, out: '', err: `tandem: ${text}\n  hint: ${hint}\n` };
}

const written = 'tandem --journal FILE ... writes one';
const usage = 'tandem timeline [--blame | --json | --svg | --html] [JOURNAL [JOURNAL]]';

export type Asked =
  | { readonly format: string; readonly files: readonly string[]; readonly problem: null }
  | { readonly problem: Shown };

export function readWords(words: readonly string[]): Asked {
  const flags = words.filter((word) => word.startsWith('-') && word !== '-');
  const files = words.filter((word) => !flags.includes(word));
  const unknown = flags.find((flag) => !formats.includes(flag));
  if (unknown !== undefined)
    return { problem: wrong(`cannot read \`${unknown}\`: no such option`, usage) };
  if (flags.length > 1)
    return { problem: wrong(`cannot draw both ${flags[0]} and ${flags[1]}`, 'use one of them') };
  if (files.length > 2) return { problem: wrong('cannot compare more than two journals', usage) };
  if (files.length === 2 && flags.length > 0)
    return { problem: wrong(`cannot compare with ${flags[0]}`, 'name one journal') };
  return { format: flags[0] ?? '--text', files, problem: null };
}

function columnsOf(facts: Facts): number {
  const line = facts.env().find((one) => one.startsWith('COLUMNS=')) ?? '';
  const columns = Number(line.slice('COLUMNS='.length));
  return Number.isInteger(columns) && columns >= 40 ? columns : 100;
}

/** One history, in the format that was asked for. */
export function show(
  facts: Facts,
  history: History,
  name: string,
  format: string,
  picture: DrawPicture | null,
): Shown {
  const out = (text: string): Shown => ({ code: 0, out: text, err: '' });
  if (format === '--json') return out(timelineJson(history));
  if (format === '--blame') return out(drawBlame(history, name));
  if (format === '--svg' || format === '--html') {
    if (picture === null)
      return wrong(
        `cannot draw with ${format}: pictures are part of the npm package, not of this binary`,
        `npx tandem-init timeline ${format} ${name}`,
      );
    return out(picture(format === '--svg' ? 'svg' : 'html', history, name));
  }
  const noColour = facts.env().some((line) => /^NO_COLOR=./.test(line));
  const colour = facts.isTerminal(1) && !noColour;
  return out(drawTimeline(history, name, { columns: columnsOf(facts), colour }));
}

type Got = { readonly history: History } | { readonly problem: Shown };

function get(facts: Facts, file: string): Got {
  const read = facts.read(file);
  if (read.error !== null) {
    const why = read.error === 'EFBIG' ? 'it is longer than 1 MiB' : read.error;
    return { problem: wrong(`cannot read the journal \`${file}\`: ${why}`, written, exitInput) };
  }
  const { history, problem } = readHistory(read.value, file === '-' ? 'standard input' : file);
  if (history !== null) return { history };
  return { problem: wrong(problem, written, exitInput) };
}

/** What a running Tandem keeps of its journal. */
function drawText(facts: Facts, text: string, format: string, picture: DrawPicture | null): Shown {
  const { history, problem } = readHistory(text, 'of the running Tandem');
  if (history === null) return wrong(problem, 'is that Tandem of this version?', exitInput);
  return show(facts, history, 'running', format, picture);
}

/** A history, or what a running Tandem's journal becomes when it has been asked for. */
export function runTimeline(
  facts: Facts,
  words: readonly string[],
  picture: DrawPicture | null = null,
): Shown | Running {
  const asked = readWords(words);
  if (asked.problem !== null) return asked.problem;
  const { files, format } = asked;
  const [first, second] = files;
  if (first === undefined) {
    if (format === '--svg' || format === '--html')
      return wrong(`cannot draw with ${format}: a journal is needed`, written);
    return { draw: (journal) => drawText(facts, journal, format, picture) };
  }
  const a = get(facts, first);
  if ('problem' in a) return a.problem;
  if (second === undefined) return show(facts, a.history, first, format, picture);
  const b = get(facts, second);
  if ('problem' in b) return b.problem;
  return { code: 0, out: compare(a.history, b.history, [first, second]), err: '' };
}
