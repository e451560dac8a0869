/** `tandem status` as a table: as wide as what stands in it, or as the terminal. */
import { seconds } from '../report/line.ts';

/** What a line of the answer to `status` holds (docs/control.md). */
export type ProcessStatus = {
  readonly name: string;
  readonly state: string;
  readonly run: number;
  readonly upMs: number | null;
  readonly readyAfterMs: number | null;
  readonly restarts: number;
  readonly last: string | null;
  readonly pid: number | null;
  readonly memoryBytes: number | null;
  readonly cpuMs: number | null;
  readonly fds: number | null;
};

export type Status = {
  readonly upMs: number;
  readonly ready: boolean;
  readonly why: string | null;
  readonly stop: { readonly signal: number | null } | null;
  readonly pid: number | null;
  readonly memoryBytes: number | null;
  readonly processes: readonly ProcessStatus[];
};

export function duration(ms: number): string {
  const s = Math.floor(ms / 1000);
  if (s < 60) return seconds(ms);
  const [d, h, m] = [Math.floor(s / 86_400), Math.floor(s / 3600) % 24, Math.floor(s / 60) % 60];
  if (d > 0) return `${d}d ${h}h`;
  return h > 0 ? `${h}h ${m}m` : `${m}m ${s % 60}s`;
}

export function bytes(count: number): string {
  const units = ['KB', 'MB', 'GB', 'TB'];
  let value = count / 1024;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** Of one processor, since the time before; on the first look the time that was used. */
function cpu(now: ProcessStatus, before: ProcessStatus | undefined, passedMs: number): string {
  if (now.cpuMs === null) return '-';
  if (before?.cpuMs == null || before.run !== now.run || passedMs <= 0) return seconds(now.cpuMs);
  return `${Math.max(0, ((now.cpuMs - before.cpuMs) / passedMs) * 100).toFixed(1)} %`;
}

const colours: Readonly<Record<string, number>> = {
  ready: 32,
  held: 33,
  killing: 31,
  backoff: 31,
  done: 2,
};

const heads = ['NAME', 'STATE', 'PID', 'UP', 'RESTARTS', 'MEMORY', 'CPU', 'FDS', 'LAST END'];
/** Numbers stand at the right of their column. */
const right = new Set([2, 3, 4, 5, 6, 7]);

function head(status: Status): string {
  const what =
    status.stop !== null ? 'stopping' : status.ready ? 'ready' : `not ready: ${status.why}`;
  const memory = status.memoryBytes === null ? '' : `, ${bytes(status.memoryBytes)}`;
  return `tandem: ${what}; up ${duration(status.upMs)}${memory}`;
}

/** Whole lines. `columns` 0: no terminal, nothing is cut. */
export function table(
  status: Status,
  before: Status | null,
  columns: number,
  colour: boolean,
): readonly string[] {
  const passedMs = before === null ? 0 : status.upMs - before.upMs;
  const rows = status.processes.map((one, i) => [
    one.name,
    one.state,
    one.pid === null ? '-' : `${one.pid}`,
    one.upMs === null ? '-' : duration(one.upMs),
    `${one.restarts}`,
    one.memoryBytes === null ? '-' : bytes(one.memoryBytes),
    cpu(one, before?.processes[i], passedMs),
    one.fds === null ? '-' : `${one.fds}`,
    one.last ?? '-',
  ]);
  const all = [heads, ...rows];
  const widths = heads.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0)));
  const lines = all.map((row) => {
    const cells = row.map((cell, i) => {
      const width = widths[i] ?? 0;
      return right.has(i) ? cell.padStart(width) : cell.padEnd(width);
    });
    const text = cells.join('  ').trimEnd();
    const cut = columns > 0 ? text.slice(0, columns) : text;
    const number = colour && row !== heads ? colours[row[1] ?? ''] : undefined;
    const at = (widths[0] ?? 0) + 2;
    const end = at + (row[1]?.length ?? 0);
    if (number === undefined || cut.length < end) return cut;
    return `${cut.slice(0, at)}\u001b[${number}m${cut.slice(at, end)}\u001b[0m${cut.slice(end)}`;
  });
  const first = head(status);
  return [columns > 0 ? first.slice(0, columns) : first, ...lines];
}
