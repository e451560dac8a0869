/** Records as lines for people. Quiet unless something must be known or `-v` asks for every step. */
import { endedBadly, unreachable } from '../core/end.ts';
import type { Record as Note } from '../core/record.ts';
import type { End, State } from '../core/state.ts';
import type { BoundPlan } from '../plan/plan.ts';
import { signalName } from './signal-name.ts';

export type Line = {
  readonly text: string;
  /** The process whose last lines of stderr belong under this one. */
  readonly tail: number | null;
};

export function seconds(ms: number): string {
  if (ms < 10) return `${ms} ms`;
  return ms < 10_000 ? `${(ms / 1000).toFixed(2)} s` : `${(ms / 1000).toFixed(1)} s`;
}

export function howItEnded(plan: BoundPlan, end: End): string {
  switch (end.type) {
    case 'exited':
      if (end.signal === 0) return `exited with code ${end.code}`;
      return `was ended by ${signalName(end.signal)}${end.coreDumped ? ' (core dumped)' : ''}`;
    case 'spawn_failed':
      if (end.stage === 'exec' && end.errno === 'ENOENT')
        return 'could not start: the program was not found';
      if (end.stage === 'exec' && end.errno === 'EACCES')
        return 'could not start: permission denied (EACCES)';
      if (end.stage === 'secret')
        return `could not start: a file of its \`secrets\` cannot be read (${end.errno})`;
      return `could not start: ${end.stage} failed with ${end.errno}`;
    case 'not_ready':
      return `was not ready in ${seconds(end.afterMs)}`;
    case 'timed_out':
      return `did not finish in ${seconds(end.afterMs)}`;
    case 'unhealthy':
      return end.by === 'watchdog'
        ? 'gave no sign of life to its watchdog'
        : 'failed its health checks';
    case 'address_in_use':
      return `was not started: port ${end.port} is in use by somebody else`;
    case 'cannot_start':
      return `cannot start: it needs ${plan.processes[end.because]?.name}, which is not there`;
    case 'never_started':
      return 'was never started';
    case 'left_behind':
      return 'did not end, not even by SIGKILL';
    default:
      return unreachable(end);
  }
}

function names(plan: BoundPlan, processes: readonly number[]): string {
  return processes.map((index) => plan.processes[index]?.name ?? '?').join(', ');
}

/** A stop that was asked for, or an end that was nobody's fault; of any other a report is made. */
function overLine(
  plan: BoundPlan,
  state: State,
  over: Extract<Note, { type: 'over' }>,
): readonly Line[] {
  const { code, signal, afterMs } = over;
  if (over.cause !== null || (signal === null && code !== 0)) return [];
  if (signal === null) return said(`everything has ended; exit code ${code}`);
  const wrong = new Set(endedBadly(plan, state.units, state.stop?.endedBefore ?? []));
  const bad = state.units.flatMap((unit, i) => (wrong.has(unit) ? [i] : []));
  const verdict =
    bad.length === 0
      ? 'all ended well'
      : bad
          .map((i) => {
            const how = state.units[i]?.end ?? null;
            return `${names(plan, [i])} ${how === null ? '' : howItEnded(plan, how)}`;
          })
          .join(', ');
  return said(
    `stopped on ${signalName(signal)} in ${seconds(afterMs)}: ${verdict}; exit code ${code}`,
  );
}

function said(text: string): readonly Line[] {
  return [{ text: `tandem: ${text}`, tail: null }];
}

/** The lines that a record is worth; none for most of them without `-v`. */
export function lines(
  plan: BoundPlan,
  state: State,
  note: Note,
  verbose: boolean,
): readonly Line[] {
  const name = 'process' in note ? (plan.processes[note.process]?.name ?? '?') : '';
  const init = plan.mode === 'init';
  const aside = (text: string): readonly Line[] => (verbose ? said(text) : []);
  switch (note.type) {
    case 'started':
      return aside(`${name} started (pid ${note.pid})`);
    case 'ready':
      return aside(`${name} ready after ${seconds(note.afterMs)}`);
    case 'ready_on_ipv6':
      return said(`${name} listens on ::1 and not on 127.0.0.1; others may not reach it there`);
    case 'all_ready': {
      if (init) return [];
      const all = state.units.flatMap((unit, i) => (unit.state === 'ready' ? [i] : []));
      return said(`ready in ${seconds(note.afterMs)}: ${names(plan, all)}`);
    }
    case 'awaited':
      if (init) return [];
      return said(`waiting for ${names(plan, note.processes)} since ${seconds(note.afterMs)}`);
    case 'stop_asked':
      if (note.level === 1) return aside(`${signalName(note.signal)}: stopping`);
      return said(`${signalName(note.signal)}: ${note.level === 2 ? 'all at once' : 'killing'}`);
    case 'told':
      return aside(`${name} told to end with ${signalName(note.signal)}`);
    case 'killed': {
      const why = { grace: 'its grace is over', asked: 'as asked', budget: 'the budget is over' };
      return said(`${name} killed: ${why[note.why]}`);
    }
    case 'ended': {
      const said1 = `${name} ${howItEnded(plan, note.end)} after ${seconds(note.afterMs)}`;
      const unit = state.units['process' in note ? note.process : 0];
      const process = plan.processes[note.process];
      const loud =
        !init &&
        process?.essential === false &&
        !unit?.told &&
        !process.oneshot &&
        unit?.state !== 'held';
      return loud ? said(said1) : aside(said1);
    }
    case 'starts_again': {
      const how = `${name} ${howItEnded(plan, note.end)}`;
      const which = note.failures > 1 ? `, failure ${note.failures} in a row` : '';
      return said(`${how}${which}; starting again in ${seconds(note.inMs)}`);
    }
    case 'unwell':
      return said(`${name} failed health check ${note.count} in a row (${note.detail})`);
    case 'pre_stop_failed':
      return said(`${name}: pre_stop failed (${note.detail}); stopping it all the same`);
    case 'group_left':
      return aside(`${name} left processes of its group behind; they were told to end`);
    case 'skipped':
      return said(`${name} skipped: it needs ${names(plan, [note.because])}, which is not there`);
    case 'by_hand': {
      const word = { stop: 'stopped', start: 'started', restart: 'restarted' }[note.what];
      return said(`${name} is ${word} by hand`);
    }
    case 'signal_by_hand':
      return aside(`${name} was sent ${signalName(note.signal)} by hand`);
    case 'held':
      return aside(`${name} is held down`);
    case 'ignored':
      return aside(`${signalName(note.signal)} ignored`);
    case 'swept':
      if (note.blind)
        return said('there is no /proc: only process groups could be ended, others may be left');
      if (note.left > 0) return said('some processes could not be ended');
      return note.killed > 0 ? aside('processes that were left over had to be killed') : [];
    case 'anomaly':
      return said(`internal: ${note.input} for ${name} while ${note.state}; please report this`);
    case 'over':
      return init ? [] : overLine(plan, state, note);
    default:
      return unreachable(note);
  }
}
