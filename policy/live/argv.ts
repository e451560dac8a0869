/** How the commands that ask a running Tandem are read. */
import { parseSignal } from '../config/signal.ts';

export type LiveRequest =
  | { readonly what: 'status'; readonly json: boolean; readonly watch: boolean }
  /** `name` null: of all. */
  | { readonly what: 'logs'; readonly name: string | null; readonly follow: boolean }
  | { readonly what: 'stop' | 'start' | 'restart'; readonly name: string }
  | { readonly what: 'signal'; readonly name: string; readonly signal: number };

/** Words that can't be read, and what helps. */
export type Wrong = { readonly what: 'wrong'; readonly text: string; readonly hint: string };

export type LiveCommand = LiveRequest['what'];

function wrong(text: string, hint: string): Wrong {
  return { what: 'wrong', text, hint };
}

const flagsOf: Readonly<Record<LiveCommand, readonly string[]>> = {
  status: ['--json', '--watch', '-w'],
  logs: ['-f', '--follow'],
  stop: [],
  start: [],
  restart: [],
  signal: [],
};

const namesMost: Readonly<Record<LiveCommand, number>> = {
  status: 0,
  logs: 1,
  stop: 1,
  start: 1,
  restart: 1,
  signal: 2,
};

export function readLive(command: LiveCommand, words: readonly string[]): LiveRequest | Wrong {
  const see = `see \`tandem help ${command}\``;
  const flags = words.filter((word) => word.startsWith('-'));
  const unknown = flags.find((flag) => !flagsOf[command].includes(flag));
  if (unknown !== undefined) return wrong(`cannot read \`${unknown}\`: no such option`, see);
  const names = words.filter((word) => !word.startsWith('-'));
  const [name, more] = names;
  const extra = names[namesMost[command]];
  if (extra !== undefined) return wrong(`cannot read \`${extra}\`: a word too many`, see);
  const has = (...spellings: readonly string[]): boolean =>
    spellings.some((flag) => flags.includes(flag));
  if (command === 'status')
    return { what: command, json: has('--json'), watch: has('--watch', '-w') };
  if (command === 'logs') return { what: command, name: name ?? null, follow: flags.length > 0 };
  const usage = command === 'signal' ? 'tandem signal NAME HUP' : `tandem ${command} NAME`;
  if (name === undefined) return wrong(`cannot ${command}: a process has to be named`, usage);
  if (command !== 'signal') return { what: command, name };
  if (more === undefined) return wrong('cannot signal: a signal has to be named', usage);
  const signal = parseSignal(more);
  if (signal === null) return wrong(`cannot send \`${more}\`: there is no such signal`, usage);
  return { what: command, name, signal };
}
