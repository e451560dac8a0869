/**
 * How a command line is read; one rule, for `docker run image …` too.
 *
 * 1. An exact subcommand as the first word wins; `--` before a command always
 *    means init mode; `run` always means "each argument is a process".
 * 2. Otherwise, with arguments: if the first one contains a blank or starts
 *    with `NAME=`, each argument is a process; if not, they are one command in
 *    init mode.
 * 3. Called by the name `tini` or `dumb-init`, Tandem is that tool.
 * 4. Without arguments it runs the file that it finds.
 */

import type { Format } from '../config/render.ts';
import type { Shell } from '../desk/commands.ts';
import type { GraphFormat } from '../desk/graph.ts';
import type { LiveCommand } from '../live/argv.ts';
import { type LogMode, logModes } from '../plan/plan.ts';
import { type InitFlags, noInit, readDumbInit, readTini } from './argv-init.ts';

export type Flags = {
  /** Several are merged, the later wins; none: the one that is found. */
  readonly files: readonly string[];
  readonly verbose: boolean;
  readonly logs: LogMode | null;
  /** A file, or the number of a descriptor, for what was reported and asked. */
  readonly journal: string | null;
};

export type Request =
  | { readonly type: 'commands'; readonly commands: readonly string[]; readonly flags: Flags }
  | {
      readonly type: 'init';
      readonly argv: readonly string[];
      readonly flags: Flags;
      readonly init: InitFlags;
    }
  | { readonly type: 'file'; readonly flags: Flags }
  | {
      readonly type: 'check';
      readonly flags: Flags;
      readonly format: Format;
      /** Warnings count as errors. */
      readonly strict: boolean;
    }
  | {
      readonly type: 'plan';
      readonly flags: Flags;
      /** null: standard output. */
      readonly output: string | null;
      readonly bound: boolean;
    }
  | { readonly type: 'graph'; readonly flags: Flags; readonly format: GraphFormat }
  | { readonly type: 'schema' }
  | { readonly type: 'completion'; readonly shell: Shell }
  /** `topic` null: the whole, on one screen. */
  | { readonly type: 'help'; readonly topic: string | null }
  | { readonly type: 'version' }
  /** Of one that runs; `words` are the library's to read. */
  | { readonly type: 'live'; readonly command: LiveCommand; readonly words: readonly string[] }
  | { readonly type: 'probe'; readonly url: string; readonly timeout: string | null }
  /** Of the npm package alone; `words` are its own to read. */
  | {
      readonly type: 'desk';
      readonly command: DeskCommand;
      readonly words: readonly string[];
    }
  | { readonly type: 'timeline'; readonly words: readonly string[] }
  | { readonly type: 'usage'; readonly text: string; readonly hint: string };

/** Commands that run under Node, from the npm package; the binary only knows their names. */
const deskCommands = ['init', 'import', 'export'] as const;
export type DeskCommand = (typeof deskCommands)[number];

const liveCommands = ['status', 'logs', 'restart', 'start', 'stop', 'signal'] as const;

export const noFlags: Flags = { files: [], verbose: false, logs: null, journal: null };

function usage(text: string, hint = 'see `tandem help`'): Request {
  return { type: 'usage', text, hint };
}

type Parsed = { readonly flags: Flags; readonly rest: readonly string[] } | Request;

/** Flags before the first other word; `--` ends them. */
function readFlags(words: readonly string[]): Parsed {
  let flags: Flags = noFlags;
  let at = 0;
  for (; at < words.length; at += 1) {
    const word = words[at] as string;
    const next = words[at + 1];
    if (word === '-v' || word === '--verbose') flags = { ...flags, verbose: true };
    else if (word === '-f' || word === '--file' || word === '--logs' || word === '--journal') {
      if (next === undefined) return usage(`cannot read \`${word}\`: it needs a value`);
      at += 1;
      if (word === '--journal') flags = { ...flags, journal: next };
      else if (word !== '--logs') flags = { ...flags, files: [...flags.files, next] };
      else {
        const logs = logModes.find((mode) => mode === next);
        if (logs === undefined)
          return usage(`cannot read \`--logs ${next}\`: it is inherit, prefix or json`);
        flags = { ...flags, logs };
      }
    } else break;
  }
  return { flags, rest: words.slice(at) };
}

function asProcess(word: string): boolean {
  return /\s/.test(word) || /^[A-Za-z_]\w*=/.test(word);
}

function readRun(words: readonly string[]): Request {
  const parsed = readFlags(words);
  if ('type' in parsed) return parsed;
  const { flags } = parsed;
  const dashes = parsed.rest[0] === '--';
  const rest = dashes ? parsed.rest.slice(1) : parsed.rest;
  const first = rest[0];
  if (first === undefined) return { type: 'file', flags };
  if (first.startsWith('-') && !dashes) return usage(`cannot read \`${first}\`: no such option`);
  if (flags.files.length > 0)
    return usage(
      `cannot run both \`-f ${flags.files.join(' -f ')}\` and commands`,
      'use one of them',
    );
  return { type: 'commands', commands: rest, flags };
}

type Options = {
  readonly values: ReadonlyMap<string, string>;
  readonly set: ReadonlySet<string>;
  readonly flags: Flags;
};

/** A command's own options beside the common ones; nothing else may stand there. */
function readOptions(
  command: string,
  words: readonly string[],
  valued: Readonly<Record<string, readonly string[] | null>>,
  plain: readonly string[],
): Options | Request {
  const values = new Map<string, string>();
  const set = new Set<string>();
  const others: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] as string;
    const known = valued[word];
    if (plain.includes(word)) set.add(word);
    else if (known === undefined) others.push(word);
    else {
      at += 1;
      const value = words[at];
      if (value === undefined) return usage(`cannot read \`${word}\`: it needs a value`);
      if (known !== null && !known.includes(value))
        return usage(`cannot read \`${word} ${value}\`: it is ${known.join(', ')}`);
      values.set(word, value);
    }
  }
  const parsed = readFlags(others);
  if ('type' in parsed) return parsed;
  const extra = parsed.rest[0];
  if (extra?.startsWith('-')) return usage(`cannot read \`${extra}\`: no such option`);
  if (extra !== undefined)
    return usage(
      `cannot ${command} \`${extra}\``,
      `name the file with -f: tandem ${command} -f FILE`,
    );
  return { values, set, flags: parsed.flags };
}

const formats = ['text', 'json', 'github'] as const;
const drawings = ['text', 'mermaid', 'dot'] as const;

function oneOf<T extends string>(known: readonly T[], text: string | undefined): T | undefined {
  return known.find((one) => one === text);
}

function readCheck(words: readonly string[]): Request {
  const read = readOptions('check', words, { '--format': formats }, ['--json', '--strict']);
  if ('type' in read) return read;
  const asked = oneOf(formats, read.values.get('--format')) ?? 'text';
  const format = read.set.has('--json') ? 'json' : asked;
  return { type: 'check', flags: read.flags, format, strict: read.set.has('--strict') };
}

function readPlan(words: readonly string[]): Request {
  const read = readOptions('plan', words, { '-o': null, '--output': null }, ['--bound']);
  if ('type' in read) return read;
  const output = read.values.get('-o') ?? read.values.get('--output') ?? null;
  const bound = read.set.has('--bound');
  if (bound && output !== null)
    return usage('cannot save a bound plan: it holds for this machine only', 'leave out --bound');
  return { type: 'plan', flags: read.flags, output, bound };
}

function readGraph(words: readonly string[]): Request {
  const read = readOptions('graph', words, { '--format': drawings }, []);
  if ('type' in read) return read;
  const format = oneOf(drawings, read.values.get('--format')) ?? 'text';
  return { type: 'graph', flags: read.flags, format };
}

/** `tandem probe [--timeout 2s] URL` */
function readProbe(words: readonly string[]): Request {
  const timed = words[0] === '--timeout';
  const rest = timed ? words.slice(2) : words;
  const [url, extra] = rest;
  if (url === undefined || extra !== undefined)
    return usage('cannot probe: one URL is needed', 'tandem probe [--timeout 2s] tcp:8080');
  return { type: 'probe', url, timeout: timed ? (words[1] ?? null) : null };
}

/** Words after which --help explains them; anything else is a program with a --help of its own. */
const own: readonly string[] = [
  ...['run', 'check', 'plan', 'graph', 'timeline', 'probe', 'schema', 'completion'],
  ...liveCommands,
  ...deskCommands,
];

function readCompletion([name, extra]: readonly string[]): Request {
  const shell = oneOf(['bash', 'zsh', 'fish'] as const, name);
  if (shell !== undefined && extra === undefined) return { type: 'completion', shell };
  return usage(`cannot complete for \`${name ?? ''}\``, 'tandem completion bash, zsh or fish');
}

/** `argv` with the name Tandem was called by in front. */
export function readArgv(
  argv: readonly string[],
  env: ReadonlyMap<string, string> = new Map(),
): Request {
  const [name = 'tandem', ...words] = argv;
  const called = name.slice(name.lastIndexOf('/') + 1);
  if (called === 'tini') return readTini(words, env);
  if (called === 'dumb-init') return readDumbInit(words, env);
  const parsed = readFlags(words);
  if ('type' in parsed) return parsed;
  const { flags, rest } = parsed;
  const [first, ...others] = rest;
  if (first === undefined) return { type: 'file', flags };
  if (first === '-h' || first === '--help') return { type: 'help', topic: null };
  if (first === 'help' && others.length < 2) return { type: 'help', topic: others[0] ?? null };
  if (others.includes('--help') && own.includes(first)) return { type: 'help', topic: first };
  if (first === 'schema' && others.length === 0) return { type: 'schema' };
  if (first === 'completion') return readCompletion(others);
  if (first === '--version' || (first === 'version' && others.length === 0))
    return { type: 'version' };
  if (first === 'probe' && others.length > 0) return readProbe(others);
  const flagged = [...words.slice(0, words.length - rest.length), ...others];
  if (first === 'run') return readRun(flagged);
  if (first === 'check') return readCheck(flagged);
  if (first === 'plan') return readPlan(flagged);
  if (first === 'graph') return readGraph(flagged);
  const live = oneOf(liveCommands, first);
  if (live !== undefined) return { type: 'live', command: live, words: others };
  const desk = oneOf(deskCommands, first);
  if (desk !== undefined) return { type: 'desk', command: desk, words: others };
  if (first === 'timeline') return { type: 'timeline', words: others };
  if (first === '--') {
    if (others.length === 0) return usage('cannot run: nothing stands after `--`');
    if (flags.files.length > 0)
      return usage(
        `cannot run both \`-f ${flags.files.join(' -f ')}\` and a command`,
        'use one of them',
      );
    return { type: 'init', argv: others, flags, init: noInit };
  }
  if (first.startsWith('-')) return usage(`cannot read \`${first}\`: no such option`);
  if (flags.files.length > 0)
    return usage(
      `cannot run both \`-f ${flags.files.join(' -f ')}\` and a command`,
      'use one of them',
    );
  if (asProcess(first)) return { type: 'commands', commands: rest, flags };
  return { type: 'init', argv: rest, flags, init: noInit };
}
