/**
 * The library of reasons: the report at an end that nobody asked for. It is read when that end has
 * come; where it can't be, the sentence alone is printed.
 *
 * The last lines of the process's stderr never come in here: the host puts them between `before`
 * and `after`, indented, or as strings of a JSON list.
 */
import { unreachable } from '../core/end.ts';
import type { End } from '../core/state.ts';
import type { About, Stopped } from './about.ts';
import { hint } from './hints.ts';
import { seconds } from './line.ts';
import { signalName } from './signal-name.ts';

export type Report = {
  /** Only written when there are last lines; else left out. JSON: everything before the list. */
  readonly before: string;
  /** Ends with the sentence. JSON: everything behind the list. */
  readonly after: string;
};

const linesMost = 6;

function stoppedLine({ process, how, signal, killed, afterMs }: Stopped): string | null {
  const told = signal === 0 ? 'its turn' : signalName(signal);
  if (killed) return `${process} had to be killed: it did not end on ${told}`;
  const well = how === 'exited with code 0' || how === `was ended by ${told}`;
  return well ? null : `${process} ${how} on ${told}, ${seconds(afterMs)} into the stop`;
}

function text(about: About): Report {
  const { cause, sentence } = about;
  const all = about.stopped.map(stoppedLine).filter((line) => line !== null);
  const shown = all.slice(0, linesMost);
  const more = all.length - shown.length;
  const help = hint(about);
  const lines = [
    ...shown,
    ...(more > 0 ? [`and ${more} others did not end well`] : []),
    ...(help === null ? [] : [`hint: ${help}`]),
    sentence,
  ];
  return {
    before: `tandem: the last lines of ${cause.process} on stderr:\n`,
    after: lines.map((line) => `tandem: ${line}\n`).join(''),
  };
}

/** The end as fields that stay. */
function endFields(end: End): Readonly<Record<string, unknown>> {
  switch (end.type) {
    case 'exited': {
      const signal = end.signal === 0 ? null : signalName(end.signal);
      return { code: end.signal === 0 ? end.code : null, signal, coreDumped: end.coreDumped };
    }
    case 'spawn_failed':
      return { stage: end.stage, errno: end.errno };
    case 'address_in_use':
      return { port: end.port };
    case 'unhealthy':
      return { by: end.by };
    case 'not_ready':
    case 'timed_out':
      return { afterMs: end.afterMs };
    case 'cannot_start':
    case 'never_started':
    case 'left_behind':
      return {};
    default:
      return unreachable(end);
  }
}

function json(about: About): Report {
  const { cause, code, sentence, found, stopped } = about;
  const help = hint(about);
  const { end } = cause;
  const fields = {
    severity: 'ERROR',
    message: help === null ? `tandem: ${sentence}` : `tandem: ${sentence}\nhint: ${help}`,
    'logging.googleapis.com/labels': { process: 'tandem' },
    reason: {
      process: cause.process,
      run: cause.run,
      end: { type: end.type, ...endFields(end) },
      because: cause.because,
      ranMs: cause.ranMs,
      wasReady: cause.wasReady,
      exitCode: code,
      hint: help,
      oomKilled: found?.oomKilled ?? null,
      stopped: stopped.map((one) => ({
        ...one,
        signal: one.signal === 0 ? null : signalName(one.signal),
      })),
    },
  };
  const whole = JSON.stringify(fields);
  // The list is the last field of `reason`.
  return { before: `${whole.slice(0, -2)},"stderr":[`, after: ']}}\n' };
}

export function reason(about: About, format: 'text' | 'json'): Report {
  return format === 'json' ? json(about) : text(about);
}
