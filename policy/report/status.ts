/** How things stand: for `status`, for `ready`, and as metrics in the OpenMetrics format. */
import { unreachable } from '../core/end.ts';
import type { State, Unit } from '../core/state.ts';
import type { BoundPlan } from '../plan/plan.ts';
import { howItEnded } from './line.ts';

function runs({ state }: Unit): boolean {
  switch (state) {
    case 'up':
    case 'ready':
    case 'draining':
    case 'stopping':
    case 'lingering':
    case 'killing':
      return true;
    case 'waiting':
    case 'checking':
    case 'spawning':
    case 'backoff':
    case 'held':
    case 'done':
      return false;
    default:
      return unreachable(state);
  }
}

/** What keeps it from serving, in words; null: it serves. */
export function notReady(plan: BoundPlan, state: State): string | null {
  if (state.stop !== null || state.phase !== 'running') return 'stopping';
  const open = plan.processes.flatMap(({ name, essential }, index) => {
    const unit = state.units[index];
    // One that nothing hangs on has to have been ready once, like all; later it may come and go.
    const counts = essential || !state.saidReady;
    return counts && unit?.state !== 'ready' && unit?.state !== 'done' ? [name] : [];
  });
  return open.length === 0 ? null : open.join(', ');
}

/** Filled in by the host: see `answer` in core/action.ts. */
function figure(letter: string, process: number | null): string {
  return `\u0001${letter}${process ?? ''};`;
}

function figures(process: number | null): string {
  const f = (letter: string): string => figure(letter, process);
  return `"pid":${f('p')},"memoryBytes":${f('m')},"cpuMs":${f('c')},"fds":${f('f')}`;
}

/** An object without its last brace, for more to follow. */
function begin(object: { readonly [key: string]: unknown }): string {
  return JSON.stringify(object).slice(0, -1);
}

/** One line of JSON: docs/control.md says what stands in it. */
export function status(plan: BoundPlan, state: State, nowMs: number): string {
  const why = notReady(plan, state);
  const processes = plan.processes.map((process, index) => {
    const unit = state.units[index];
    if (unit === undefined) return '{}';
    const { run, startedAtMs, readyAtMs } = unit;
    const last = unit.failed ?? unit.end ?? unit.last;
    const shown = begin({
      name: process.name,
      state: unit.state,
      run,
      upMs: runs(unit) ? nowMs - startedAtMs : null,
      readyAfterMs: readyAtMs === null ? null : readyAtMs - startedAtMs,
      restarts: Math.max(0, run - 1),
      last: last === null ? null : howItEnded(plan, last),
    });
    return `${shown},${figures(index)}}`;
  });
  const stop = state.stop === null ? null : { signal: state.stop.signal };
  const head = { answer: 'status', upMs: nowMs - state.openedAtMs, ready: why === null, why, stop };
  return `${begin(head)},${figures(null)},"processes":[${processes.join(',')}]}`;
}

type Family = readonly [
  name: string,
  type: 'gauge' | 'counter',
  unit: string,
  help: string,
  /** null: this process has none at the moment. */
  value: (unit: Unit, index: number, nowMs: number) => string | number | null,
];

const families: readonly Family[] = [
  ['ready', 'gauge', '', 'Whether the process is ready.', (u) => (u.state === 'ready' ? 1 : 0)],
  ['running', 'gauge', '', 'Whether the process runs.', (u) => (runs(u) ? 1 : 0)],
  ['held', 'gauge', '', 'Whether it was stopped by hand.', (u) => (u.state === 'held' ? 1 : 0)],
  ['restarts', 'counter', '', 'Runs after the first.', (u) => Math.max(0, u.run - 1)],
  [
    'uptime_seconds',
    'gauge',
    'seconds',
    'How long this run has lasted.',
    (u, _, nowMs) => (runs(u) ? (nowMs - u.startedAtMs) / 1000 : null),
  ],
  [
    'resident_memory_bytes',
    'gauge',
    'bytes',
    'Resident memory of its process group.',
    (u, index) => (runs(u) ? figure('m', index) : null),
  ],
  [
    'cpu_seconds',
    'counter',
    'seconds',
    'CPU time of its process group in this run.',
    (u, index) => (runs(u) ? figure('s', index) : null),
  ],
  [
    'open_fds',
    'gauge',
    '',
    'Open descriptors of its process group.',
    (u, index) => (runs(u) ? figure('f', index) : null),
  ],
];

function described(name: string, type: string, unit: string, help: string): string {
  const line = unit === '' ? '' : `# UNIT ${name} ${unit}\n`;
  return `# TYPE ${name} ${type}\n${line}# HELP ${name} ${help}\n`;
}

export function metrics(plan: BoundPlan, state: State, nowMs: number): string {
  const own = (name: string, unit: string, help: string, value: string | number): string =>
    `${described(name, 'gauge', unit, help)}${name} ${value}\n`;
  let text = own(
    'tandem_ready',
    '',
    'Whether all that counts is ready.',
    notReady(plan, state) === null ? 1 : 0,
  );
  text += own('tandem_stopping', '', 'Whether the stop has begun.', state.stop === null ? 0 : 1);
  text += own(
    'tandem_uptime_seconds',
    'seconds',
    'Since the start.',
    (nowMs - state.openedAtMs) / 1000,
  );
  text += own('tandem_resident_memory_bytes', 'bytes', 'Of Tandem itself.', figure('m', null));
  for (const [name, type, unit, help, value] of families) {
    const family = `tandem_process_${name}`;
    text += described(family, type, unit, help);
    state.units.forEach((one, index) => {
      const shown = value(one, index, nowMs);
      const sample = type === 'counter' ? `${family}_total` : family;
      if (shown !== null) text += `${sample}{process="${plan.processes[index]?.name}"} ${shown}\n`;
    });
  }
  return `${text}# EOF\n`;
}
