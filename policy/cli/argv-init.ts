/**
 * The flags of tini and dumb-init, for who calls Tandem by their names, with
 * their environment variables and defaults: nothing has to change in a
 * Dockerfile but the file behind the name.
 */
import { parseSignal } from '../config/signal.ts';
import type { Forward } from '../plan/plan.ts';
import { noFlags, type Request } from './argv.ts';

export type InitFlags = {
  readonly group: boolean;
  readonly asSuccess: readonly number[];
  readonly rewrite: readonly Forward[];
  /** The signal that Tandem gets when its own parent dies; 0: none. */
  readonly parentDeath: number;
  /** The command leads a session of its own, and what is left of it gets TERM at its end. */
  readonly session: boolean;
  /** Exit code when the command can't be started; null: 127 or 126. */
  readonly notStarted: number | null;
};

export const noInit: InitFlags = {
  group: false,
  asSuccess: [],
  rewrite: [],
  parentDeath: 0,
  session: false,
  notStarted: null,
};

type Env = ReadonlyMap<string, string>;

function usage(text: string, hint: string): Request {
  return { type: 'usage', text, hint };
}

function init(argv: readonly string[], flags: InitFlags, name: string): Request {
  if (argv.length === 0) return usage(`cannot act as ${name}: no command was given`, `${name} -h`);
  return { type: 'init', argv, flags: noFlags, init: flags };
}

/** `-gs`, `-e 143`, `-e143`: getopt's ways to write letters that come together. */
type Letters = {
  /** Letters that take a value. */
  readonly valued: string;
  readonly plain: string;
  readonly long: Readonly<Record<string, string>>;
};

type Option = { readonly letter: string; readonly value: string };
type Read =
  | { readonly options: readonly Option[]; readonly rest: readonly string[]; readonly bad: null }
  | { readonly bad: string };

function readLetters(words: readonly string[], letters: Letters): Read {
  const options: Option[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] as string;
    if (word === '--') return { options, rest: words.slice(at + 1), bad: null };
    if (!word.startsWith('-') || word === '-') return { options, rest: words.slice(at), bad: null };
    if (word.startsWith('--')) {
      const [name = '', glued] = word.split('=', 2);
      const letter = letters.long[name];
      if (letter === undefined) return { bad: `${name}: no such option` };
      const needs = letters.valued.includes(letter);
      const value = needs ? (glued ?? words[at + 1]) : '';
      if (value === undefined) return { bad: `${name}: it needs a value` };
      if (needs && glued === undefined) at += 1;
      options.push({ letter, value });
      continue;
    }
    for (let i = 1; i < word.length; i += 1) {
      const letter = word[i] as string;
      if (letters.plain.includes(letter)) {
        options.push({ letter, value: '' });
        continue;
      }
      if (!letters.valued.includes(letter)) return { bad: `-${letter}: no such option` };
      const glued = word.slice(i + 1);
      const value = glued === '' ? words[at + 1] : glued;
      if (value === undefined) return { bad: `-${letter}: it needs a value` };
      if (glued === '') at += 1;
      options.push({ letter, value });
      break;
    }
  }
  return { options, rest: [], bad: null };
}

/** tini: -s -p SIG -g -w -v -e CODE -l -h --version; TINI_SUBREAPER, TINI_KILL_PROCESS_GROUP. */
export function readTini(words: readonly string[], env: Env): Request {
  if (words[0] === '--version') return { type: 'version' };
  if (words[0] === '-h') return { type: 'help', topic: null };
  const read = readLetters(words, { valued: 'pe', plain: 'svgwlh', long: {} });
  const hint = 'tini [-svgwl] [-p SIGNAL] [-e CODE] -- COMMAND';
  if (read.bad !== null) return usage(`cannot act as tini with ${read.bad}`, hint);
  let flags: InitFlags = { ...noInit, group: env.has('TINI_KILL_PROCESS_GROUP') };
  for (const { letter, value } of read.options) {
    // We are a subreaper wherever we may be, so -s adds nothing; -v and -w change what tini says.
    if (letter === 'g') flags = { ...flags, group: true };
    if (letter === 'l' || letter === 'h') return { type: 'help', topic: null };
    if (letter === 'p') {
      const signal = parseSignal(value);
      if (signal === null || !/^SIG/.test(value))
        return usage(`cannot act as tini with -p ${value}: no such signal`, 'a name: SIGTERM');
      flags = { ...flags, parentDeath: signal };
    }
    if (letter === 'e') {
      const code = /^\d{1,3}$/.test(value) ? Number(value) : 256;
      if (code > 255) return usage(`cannot act as tini with -e ${value}: a code is 0 to 255`, hint);
      flags = { ...flags, asSuccess: [...flags.asSuccess, code] };
    }
  }
  return init(read.rest, flags, 'tini');
}

const longNames: Readonly<Record<string, string>> = {
  '--single-child': 'c',
  '--rewrite': 'r',
  '--verbose': 'v',
  '--version': 'V',
  '--help': 'h',
};

/** In a session of its own an orphaned group would ignore these three; dumb-init sends STOP. */
const stops = [20, 21, 22];
const sigstop = 19;

/** dumb-init: -c -r FROM:TO -v -V -h and their long names; DUMB_INIT_SETSID=0, DUMB_INIT_DEBUG. */
export function readDumbInit(words: readonly string[], env: Env): Request {
  const read = readLetters(words, { valued: 'r', plain: 'cvVh', long: longNames });
  const hint = 'dumb-init [-c] [-r FROM:TO] [-v] COMMAND';
  if (read.bad !== null) return usage(`cannot act as dumb-init with ${read.bad}`, hint);
  let session = env.get('DUMB_INIT_SETSID') !== '0';
  const rewrite: Forward[] = [];
  for (const { letter, value } of read.options) {
    if (letter === 'V') return { type: 'version' };
    if (letter === 'h') return { type: 'help', topic: null };
    if (letter === 'c') session = false;
    if (letter !== 'r') continue;
    const match = /^(\d{1,2}):(\d{1,2})$/.exec(value);
    const [from, to] = [Number(match?.[1] ?? 0), Number(match?.[2] ?? 99)];
    if (from < 1 || from > 31 || to > 31)
      return usage(`cannot act as dumb-init with -r ${value}: signals are 1 to 31`, '-r 15:3');
    rewrite.push({ from, to });
  }
  const given = new Set(rewrite.map((one) => one.from));
  if (session) for (const from of stops) if (!given.has(from)) rewrite.push({ from, to: sigstop });
  const flags: InitFlags = { ...noInit, group: session, session, rewrite, notStarted: 2 };
  return init(read.rest, flags, 'dumb-init');
}
