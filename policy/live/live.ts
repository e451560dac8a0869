/** What talks to a running Tandem; a container that starts loads none of it. */
import { absolute, environment } from '../plan/bind.ts';
import { usualPlaces } from '../plan/bind-control.ts';
import type { Facts } from '../plan/facts.ts';
import { type LiveCommand, readLive } from './argv.ts';
import { hand, ready, signal } from './hand.ts';
import { journal } from './journal.ts';
import { logs } from './logs.ts';
import { status } from './status.ts';
import type { Talk } from './talk.ts';

export type Opening =
  | {
      readonly type: 'exit';
      readonly code: number;
      readonly out: string;
      readonly err: string;
    }
  | { readonly type: 'talk'; readonly talk: Talk };

const exitUsage = 64;

/** Where a running Tandem may be. Root looks at those of every user. */
export function placesOf(facts: Facts): readonly string[] {
  const said = environment(facts.env()).get('TANDEM_CONTROL') ?? '';
  if (said !== '' && said !== 'off') return [absolute(facts.cwd(), said)];
  const uid = facts.uid();
  const others = uid === 0 ? (facts.list('/tmp').value ?? []) : [];
  const all = others
    .filter((name) => /^tandem-\d+$/.test(name))
    .map((name) => `/tmp/${name}/control`)
    .sort();
  return [...new Set([...usualPlaces(uid), ...all])];
}

/** `tandem status`, `logs`, `stop`, `start`, `restart` and `signal`, with the words after them. */
export function askLive(facts: Facts, command: LiveCommand, words: readonly string[]): Opening {
  const request = readLive(command, words);
  const paths = placesOf(facts);
  const talk = (one: Talk): Opening => ({ type: 'talk', talk: one });
  switch (request.what) {
    case 'wrong': {
      const err = `tandem: ${request.text}\n  hint: ${request.hint}\n`;
      return { type: 'exit', code: exitUsage, out: '', err };
    }
    case 'status': {
      const plain = (environment(facts.env()).get('NO_COLOR') ?? '') !== '';
      return talk(status(paths, { ...request, colour: facts.isTerminal(1) && !plain }));
    }
    case 'logs':
      return talk(logs(paths, request));
    case 'signal':
      return talk(signal(paths, request.name, request.signal));
    default:
      return talk(hand(paths, request));
  }
}

/** `tandem timeline` without a file */
export function askJournal(facts: Facts, draw: Parameters<typeof journal>[1]): Opening {
  return { type: 'talk', talk: journal(placesOf(facts), draw) };
}

/** `tandem probe ready` */
export function askReady(facts: Facts, timeoutMs: number): Opening {
  return { type: 'talk', talk: ready(placesOf(facts), timeoutMs) };
}
