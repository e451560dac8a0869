/**
 * What a journal tells of one container's life: when each process waited, was started, became
 * ready, was told to end and ended. Anything may stand in a journal that was cut or changed: what
 * can't be understood is passed over, and never a reason to fail.
 */
export type Run = {
  readonly run: number;
  /** Spawned; null: it never got so far. */
  readonly startedMs: number | null;
  /** Ready, or for a oneshot: finished. */
  readonly readyMs: number | null;
  readonly toldMs: number | null;
  readonly killed: boolean;
  readonly endedMs: number | null;
  /** A code, a signal, or a word such as not_ready; null: it has not ended. */
  readonly end: string | null;
};

export type Need = { readonly process: number; readonly condition: string };

export type Lane = {
  readonly name: string;
  readonly oneshot: boolean;
  readonly needs: readonly Need[];
  readonly runs: readonly Run[];
};

/** All times are milliseconds since Tandem began. */
export type History = {
  readonly lanes: readonly Lane[];
  /** All were ready; null: not yet, or never. */
  readonly readyMs: number | null;
  /** `signal` null: a process ended and nobody had asked. */
  readonly stop: { readonly atMs: number; readonly signal: number | null } | null;
  /** The process whose end began the stop. */
  readonly cause: number | null;
  readonly over: { readonly atMs: number; readonly code: number } | null;
  /** Of the last line. */
  readonly lastMs: number;
  /** Lines that are missing, or that could not be understood. */
  readonly lost: number;
};

export type Read =
  | { readonly history: History; readonly problem: null }
  | { readonly history: null; readonly problem: string };

import { signalName } from '../report/signal-name.ts';

type Fields = { readonly [key: string]: unknown };

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function number(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function parse(line: string): Fields | null {
  try {
    return fields(JSON.parse(line));
  } catch {
    return null;
  }
}

/** A thousand processes are what Tandem is made for; more lanes than this nobody draws. */
const lanesMost = 5000;

/** Control characters would be obeyed by a terminal. */
function clean(text: string): string {
  return [...text].map((char) => (char < ' ' || char === '\x7f' ? '?' : char)).join('');
}

function laneOf(value: unknown, index: number): Lane {
  const { name, oneshot, needs } = fields(value);
  const known = list(needs).flatMap((one): readonly Need[] => {
    const { process, condition } = fields(one);
    const on = number(process);
    if (on === null || !Number.isInteger(on) || on < 0 || on === index) return [];
    return [{ process: on, condition: typeof condition === 'string' ? condition : 'ready' }];
  });
  return {
    name: typeof name === 'string' ? clean(name).slice(0, 200) : `process ${index}`,
    oneshot: oneshot === true,
    needs: known,
    runs: [],
  };
}

function endOf(value: unknown): string {
  const end = fields(value);
  if (end['type'] !== 'exited') return typeof end['type'] === 'string' ? clean(end['type']) : '?';
  const signal = number(end['signal']) ?? 0;
  return signal === 0 ? `code ${number(end['code']) ?? '?'}` : signalName(signal);
}

type Work = {
  readonly lanes: { -readonly [K in keyof Lane]: Lane[K] }[];
  readyMs: number | null;
  stop: History['stop'];
  cause: number | null;
  over: History['over'];
  lastMs: number;
  lost: number;
};

function change(work: Work, process: number, by: (run: Run) => Run): void {
  const lane = work.lanes[process];
  const run = lane?.runs[lane.runs.length - 1];
  if (lane === undefined || run === undefined) return;
  lane.runs = [...lane.runs.slice(0, -1), by(run)];
}

const nothing: Omit<Run, 'run'> = {
  startedMs: null,
  readyMs: null,
  toldMs: null,
  killed: false,
  endedMs: null,
  end: null,
};

function begin(work: Work, process: number, atMs: number | null): void {
  const lane = work.lanes[process];
  if (lane === undefined) return;
  lane.runs = [...lane.runs, { ...nothing, run: lane.runs.length + 1, startedMs: atMs }];
}

function ended(work: Work, process: number, atMs: number, note: Fields): void {
  const lane = work.lanes[process];
  if (lane === undefined) return;
  const last = lane.runs[lane.runs.length - 1];
  // One that could not be spawned, or whose beginning is lost.
  const open = last !== undefined && (last.endedMs === null || last.end === 'not_ready');
  if (!open && last?.endedMs !== atMs) begin(work, process, null);
  const end = endOf(note['end']);
  change(work, process, (run) => ({
    ...run,
    endedMs: atMs,
    end: run.end ?? end,
    readyMs: lane.oneshot && end === 'code 0' ? atMs : run.readyMs,
  }));
}

function take(work: Work, atMs: number, note: Fields): void {
  const process = number(note['process']) ?? -1;
  switch (note['type']) {
    case 'started':
      begin(work, process, atMs);
      return;
    case 'ready':
      change(work, process, (run) => ({ ...run, readyMs: run.readyMs ?? atMs }));
      return;
    case 'all_ready':
      work.readyMs ??= atMs;
      return;
    case 'told':
      change(work, process, (run) => ({ ...run, toldMs: run.toldMs ?? atMs }));
      return;
    case 'killed':
      change(work, process, (run) => ({ ...run, killed: true, toldMs: run.toldMs ?? atMs }));
      return;
    case 'ended':
      ended(work, process, atMs, note);
      return;
    case 'stop_asked':
      work.stop ??= { atMs, signal: number(note['signal']) };
      return;
    case 'over': {
      const forMs = number(note['afterMs']);
      const code = number(note['code']) ?? 0;
      work.cause = number(note['cause']);
      work.over = { atMs, code };
      if (work.cause !== null && forMs !== null)
        work.stop ??= { atMs: Math.max(0, atMs - forMs), signal: null };
      return;
    }
    default:
      return;
  }
}

/** `name` is said where it is no journal. */
export function readHistory(text: string, name: string): Read {
  const lines = text.split('\n').filter((line) => line !== '');
  const head = parse(lines[0] ?? '');
  const processes = list(fields(head?.['plan'])['processes']).slice(0, lanesMost);
  if (head?.['journal'] !== 1 || processes.length === 0) {
    const newer = number(head?.['journal']);
    const why =
      newer !== null && newer !== 1
        ? 'it was written by another version of Tandem'
        : 'it does not begin as a journal does';
    return { history: null, problem: `cannot read the journal \`${name}\`: ${why}` };
  }
  const options = fields(head['options']);
  const work: Work = {
    lanes: processes.map(laneOf),
    readyMs: null,
    stop: null,
    cause: null,
    over: null,
    lastMs: 0,
    lost: 0,
  };
  let from = number(options['nowMs']);
  lines.forEach((line, i) => {
    const one = parse(line);
    const lost = number(one?.['lost']);
    if (one === null || lost !== null) {
      work.lost += Math.max(1, Math.min(lost ?? 1, 1e9));
      return;
    }
    const nowMs = i === 0 ? from : number(fields(one['batch'])['nowMs']);
    if (nowMs === null) return;
    from ??= nowMs;
    const atMs = Math.max(work.lastMs, nowMs - from);
    work.lastMs = atMs;
    for (const note of list(fields(one['answer'])['notes'])) take(work, atMs, fields(note));
  });
  return { history: { ...work }, problem: null };
}
