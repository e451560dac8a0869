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
import type { LogMode } from '../plan/plan.ts';

export type Flags = {
  readonly file: string | null;
  readonly verbose: boolean;
  readonly logs: LogMode | null;
};

export type Request =
  | { readonly type: 'commands'; readonly commands: readonly string[]; readonly flags: Flags }
  | { readonly type: 'init'; readonly argv: readonly string[] }
  /** `file` null: the one that is found in the working directory. */
  | { readonly type: 'file'; readonly flags: Flags }
  | { readonly type: 'check'; readonly flags: Flags }
  | { readonly type: 'help' }
  | { readonly type: 'version' }
  | { readonly type: 'usage'; readonly text: string; readonly hint: string };

/** Commands that Tandem will have: their names are taken already, so that no meaning changes. */
export const reserved: readonly string[] = (
  'plan graph status logs restart start stop signal timeline probe init import export schema ' +
  'completion'
).split(' ');

function usage(text: string, hint = 'see `tandem help`'): Request {
  return { type: 'usage', text, hint };
}

type Parsed = { readonly flags: Flags; readonly rest: readonly string[] } | Request;

/** Flags before the first other word; `--` ends them. */
function readFlags(words: readonly string[]): Parsed {
  let flags: Flags = { file: null, verbose: false, logs: null };
  let at = 0;
  for (; at < words.length; at += 1) {
    const word = words[at] as string;
    const next = words[at + 1];
    if (word === '-v' || word === '--verbose') flags = { ...flags, verbose: true };
    else if (word === '-f' || word === '--file' || word === '--logs') {
      if (next === undefined) return usage(`cannot read \`${word}\`: it needs a value`);
      at += 1;
      if (word !== '--logs') flags = { ...flags, file: next };
      else if (next === 'inherit' || next === 'prefix') flags = { ...flags, logs: next };
      else return usage(`cannot read \`--logs ${next}\`: it is inherit or prefix`);
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
  if (flags.file !== null)
    return usage(`cannot run both \`-f ${flags.file}\` and commands`, 'use one of them');
  return { type: 'commands', commands: rest, flags };
}

function readCheck(words: readonly string[]): Request {
  const parsed = readFlags(words);
  if ('type' in parsed) return parsed;
  const extra = parsed.rest[0];
  if (extra !== undefined)
    return usage(`cannot check \`${extra}\``, 'name the file with -f: tandem check -f FILE');
  return { type: 'check', flags: parsed.flags };
}

function readAlias(name: string, words: readonly string[]): Request {
  const rest = words[0] === '--' ? words.slice(1) : words;
  const first = words[0];
  if (first === '--version' || first === '-V') return { type: 'version' };
  if (first === '-h' || first === '--help') return { type: 'help' };
  if (first?.startsWith('-') && first !== '--')
    return usage(
      `cannot act as ${name} with \`${first}\`: its options are not in this version yet`,
      `${name} -- COMMAND works`,
    );
  if (rest.length === 0) return usage(`cannot act as ${name}: no command was given`);
  return { type: 'init', argv: rest };
}

/** `argv` with the name Tandem was called by in front. */
export function readArgv(argv: readonly string[]): Request {
  const [name = 'tandem', ...words] = argv;
  const called = name.slice(name.lastIndexOf('/') + 1);
  if (called === 'tini' || called === 'dumb-init') return readAlias(called, words);
  const parsed = readFlags(words);
  if ('type' in parsed) return parsed;
  const { flags, rest } = parsed;
  const [first, ...others] = rest;
  if (first === undefined) return { type: 'file', flags };
  if (first === '-h' || first === '--help' || (first === 'help' && others.length === 0))
    return { type: 'help' };
  if (first === '--version' || (first === 'version' && others.length === 0))
    return { type: 'version' };
  if (first === 'run' || first === 'check') {
    const flagged = words.slice(0, words.length - rest.length);
    return first === 'check'
      ? readCheck([...flagged, ...others])
      : readRun([...flagged, ...others]);
  }
  if (reserved.includes(first))
    return usage(
      `cannot run \`${first}\`: that is a Tandem command which this version does not have yet`,
      `to run a program of that name: tandem -- ${first}`,
    );
  if (first === '--') {
    if (others.length === 0) return usage('cannot run: nothing stands after `--`');
    if (flags.file !== null)
      return usage(`cannot run both \`-f ${flags.file}\` and a command`, 'use one of them');
    return { type: 'init', argv: others };
  }
  if (first.startsWith('-')) return usage(`cannot read \`${first}\`: no such option`);
  if (flags.file !== null)
    return usage(`cannot run both \`-f ${flags.file}\` and a command`, 'use one of them');
  if (asProcess(first)) return { type: 'commands', commands: rest, flags };
  return { type: 'init', argv: rest };
}
