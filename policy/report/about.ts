/** The facts of an end that nobody asked for, of which the library of reasons makes a report. */

import { exitCode, firstBad } from '../core/end.ts';
import type { Found } from '../core/found.ts';
import type { Record as Note } from '../core/record.ts';
import type { End, State, Unit } from '../core/state.ts';
import type { BoundPlan } from '../plan/plan.ts';
import { howItEnded, seconds } from './line.ts';

/** Of the process whose end it is about. */
export type Cause = {
  readonly process: string;
  readonly run: number;
  readonly end: End;
  /** As a shell would report it. */
  readonly code: number;
  /** From its start to its end; null: it never ran. */
  readonly ranMs: number | null;
  /** It has been ready in this run. */
  readonly wasReady: boolean;
  /** Where it is meant to listen. */
  readonly port: number | null;
  readonly oneshot: boolean;
  /** The process that it needed and that was not there. */
  readonly because: string | null;
};

/** Another one, which the stop has ended. */
export type Stopped = {
  readonly process: string;
  /** In words: `exited with code 0`. */
  readonly how: string;
  /** Signals that it was sent: its stop signal's number; 0: it was not told. */
  readonly signal: number;
  readonly killed: boolean;
  /** From the beginning of the stop to its end. */
  readonly afterMs: number;
};

export type About = {
  /** The sentence for people, without a name before it. */
  readonly sentence: string;
  readonly cause: Cause;
  /** Tandem's own. */
  readonly code: number;
  readonly stopped: readonly Stopped[];
  /** The process of ours that holds the port in question. */
  readonly holder: string | null;
  readonly found: Found | null;
};

type Over = Extract<Note, { type: 'over' }>;

/** So many are listed; with a thousand processes the rest is a number. */
const listedMost = 50;
const namedMost = 4;

/** `app`, or `app#2` for its second run. */
function runName(name: string, run: number): string {
  return run > 1 ? `${name}#${run}` : name;
}

function stoppedOnes(plan: BoundPlan, state: State, cause: number): readonly Stopped[] {
  const { stop } = state;
  return state.units.flatMap((unit, i): readonly Stopped[] => {
    const process = plan.processes[i];
    const before = stop === null || stop.endedBefore.includes(i);
    if (process === undefined || i === cause || before || unit.run === 0) return [];
    if (unit.end === null) return [];
    const how = howItEnded(plan, unit.end);
    const signal = unit.told ? process.stopSignal : 0;
    const afterMs = Math.max(0, unit.endedAtMs - stop.sinceMs);
    return [{ process: process.name, how, signal, killed: unit.killed, afterMs }];
  });
}

function listOf(stopped: readonly Stopped[]): string {
  if (stopped.length === 0) return '';
  const first = stopped.slice(0, namedMost).map((one) => one.process);
  const more = stopped.length - first.length;
  return `; stopped ${first.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function causeOf(plan: BoundPlan, state: State, index: number, unit: Unit, end: End): Cause {
  const process = plan.processes[index];
  const ran = unit.run > 0 && end.type !== 'spawn_failed' && end.type !== 'address_in_use';
  const because = end.type === 'cannot_start' ? plan.processes[end.because]?.name : undefined;
  return {
    process: process?.name ?? '?',
    run: unit.run,
    end,
    code: exitCode(state.units, end),
    ranMs: ran ? unit.endedAtMs - unit.startedAtMs : null,
    wasReady: unit.readyAtMs !== null,
    port: process?.port ?? null,
    oneshot: process?.oneshot ?? false,
    because: because ?? null,
  };
}

/** null: the end was asked for, or well, or it is a command's own business. */
export function aboutOf(
  plan: BoundPlan,
  state: State,
  over: Over,
): { readonly process: number; readonly about: About } | null {
  const { code, signal } = over;
  const init = plan.mode === 'init';
  const unit = over.cause === null ? firstBad(plan, state.units) : state.units[over.cause];
  const end = unit?.end ?? null;
  if (unit === undefined || end === null || (over.cause === null && code === 0)) return null;
  if (init ? end.type !== 'spawn_failed' : over.cause === null && signal !== null) return null;
  const index = state.units.indexOf(unit);
  const cause = causeOf(plan, state, index, unit, end);
  const stopped = stoppedOnes(plan, state, index);
  const ran = cause.ranMs === null ? '' : ` after ${seconds(cause.ranMs)}`;
  const all = over.cause === null && !init ? ', and everything else has ended' : '';
  const what = `${runName(cause.process, cause.run)} ${howItEnded(plan, end)}${ran}`;
  const sentence = `${what}${all}${listOf(stopped)}; exit code ${code}`;
  const { found } = state;
  const listed = stopped.slice(0, listedMost);
  const holder = plan.processes[found?.holder?.process ?? -1]?.name ?? null;
  return { process: index, about: { sentence, cause, code, stopped: listed, holder, found } };
}
