/** `tandem timeline`: a history as text for a terminal, as JSON, and beside another one. */
import { seconds } from '../report/line.ts';
import { signalName } from '../report/signal-name.ts';
import type { History, Lane, Run } from './history.ts';
import { blame, criticalPath } from './path.ts';

export type Look = { readonly columns: number; readonly colour: boolean };

/** The end of what is drawn of the start: a bit more than until all were ready. */
export function startSpanMs(history: History): number {
  const { lanes, readyMs, stop, lastMs } = history;
  const known = lanes.flatMap(({ runs }) => {
    const run = runs[0];
    return run === undefined ? [] : [run.readyMs ?? run.startedMs ?? 0];
  });
  const until = readyMs ?? Math.max(0, ...known, ...(stop === null ? [lastMs] : [stop.atMs]));
  return Math.max(1, until * 1.05);
}

export function headline(history: History, name: string): string {
  const { readyMs, stop, over, cause, lanes, lost } = history;
  const parts = [readyMs === null ? 'was never ready as a whole' : `ready in ${seconds(readyMs)}`];
  if (stop !== null) {
    const by =
      stop.signal === null
        ? `stopped by the end of ${lanes[cause ?? -1]?.name ?? 'a process'}`
        : `stopped on ${signalName(stop.signal)}`;
    const at = ` at ${seconds(stop.atMs)}`;
    parts.push(`${by}${at}${over === null ? '' : `, in ${seconds(over.atMs - stop.atMs)}`}`);
  }
  parts.push(over === null ? 'not ended' : `exit code ${over.code}`);
  const gone = lost === 0 ? '' : ` (${lost} lines of it are missing)`;
  return `${name}: ${parts.join('; ')}${gone}`;
}

const paint = { dim: '2', busy: '33', good: '32', bad: '31', bold: '1' } as const;

function painted(text: string, how: keyof typeof paint, { colour }: Look): string {
  return colour && text !== '' ? `\x1b[${paint[how]}m${text}\x1b[0m` : text;
}

/** Cells of a bar, each as long as the span allows; a part that took any time has one at least. */
function bar(
  parts: readonly (readonly [char: string, fromMs: number, toMs: number])[],
  fromMs: number,
  spanMs: number,
  width: number,
): string {
  const cells: string[] = Array.from({ length: width }, () => ' ');
  const cell = (ms: number): number =>
    Math.max(0, Math.min(width, Math.round(((ms - fromMs) / spanMs) * width)));
  for (const [char, from, to] of parts) {
    const a = Math.min(cell(from), width - 1);
    const b = Math.max(cell(to), a + 1);
    for (let i = a; i < b && to > from; i += 1) cells[i] = char;
  }
  return cells.join('');
}

function coloured(text: string, look: Look): string {
  if (!look.colour) return text;
  return text
    .replace(/·+/g, (cells) => painted(cells, 'dim', look))
    .replace(/█+/g, (cells) => painted(cells, 'busy', look))
    .replace(/━+/g, (cells) => painted(cells, 'good', look))
    .replace(/[▒×]+/g, (cells) => painted(cells, 'bad', look));
}

function startParts(run: Run, untilMs: number, oneshot: boolean) {
  const started = run.startedMs ?? run.endedMs ?? untilMs;
  const ready = run.readyMs ?? Math.min(run.endedMs ?? untilMs, untilMs);
  const served =
    oneshot || run.readyMs === null ? ready : Math.min(run.endedMs ?? untilMs, untilMs);
  return [
    ['·', 0, Math.min(started, untilMs)],
    ['█', Math.min(started, untilMs), Math.min(ready, untilMs)],
    ['━', Math.min(ready, untilMs), served],
  ] as const;
}

function startWords(lane: Lane): string {
  const run = lane.runs[0];
  const first = run?.startedMs ?? null;
  if (run === undefined) return 'never started';
  if (first === null) return run.end ?? 'never started';
  const waited = first >= 10 ? `, after waiting ${seconds(first)}` : '';
  const verb = lane.oneshot ? 'done' : 'ready';
  if (run.readyMs === null) return `not ${verb}${run.end === null ? '' : ` (${run.end})`}${waited}`;
  const again = lane.runs.length > 1 ? `, ${lane.runs.length} runs` : '';
  return `${verb} in ${seconds(run.readyMs - first)}${waited}${again}`;
}

function scale(spanMs: number, fromMs: number, width: number): string {
  const right = seconds(fromMs + spanMs);
  const left = seconds(fromMs);
  return left + ' '.repeat(Math.max(1, width - left.length - right.length)) + right;
}

/** With many processes only the slowest are drawn. */
const lanesMost = 60;

function chosen(history: History, path: readonly number[]): readonly number[] {
  const all = history.lanes.map((_, i) => i);
  if (all.length <= lanesMost) return all;
  const end = (i: number): number => history.lanes[i]?.runs[0]?.readyMs ?? 0;
  const rest = all.filter((i) => !path.includes(i)).sort((a, b) => end(b) - end(a));
  return [...path.slice(-lanesMost), ...rest].slice(0, lanesMost).sort((a, b) => a - b);
}

function nameWidth(lanes: readonly Lane[]): number {
  return Math.min(24, Math.max(4, ...lanes.map(({ name }) => name.length)));
}

function row(name: string, mark: string, cells: string, words: string, look: Look, width: number) {
  const shown = name.length > width ? `${name.slice(0, width - 1)}…` : name.padEnd(width);
  return `${mark} ${shown} ${coloured(cells, look)} ${words}`.trimEnd();
}

function drawStart(history: History, path: readonly number[], look: Look, width: number) {
  const spanMs = startSpanMs(history);
  const names = nameWidth(history.lanes);
  const lines = chosen(history, path).map((i) => {
    const lane = history.lanes[i] as Lane;
    const run = lane.runs[0];
    const parts = run === undefined ? [] : startParts(run, spanMs, lane.oneshot);
    const cells = bar(parts, 0, spanMs, width);
    return row(lane.name, path.includes(i) ? '*' : ' ', cells, startWords(lane), look, names);
  });
  const left = history.lanes.length - lines.length;
  if (left > 0) lines.push(`  and ${left} more`);
  return [`  ${' '.repeat(names)} ${painted(scale(spanMs, 0, width), 'dim', look)}`, ...lines];
}

function stopWords(run: Run, stopMs: number): string {
  if (run.endedMs === null) return 'not ended';
  const told =
    run.toldMs === null ? '' : `, told after ${seconds(Math.max(0, run.toldMs - stopMs))}`;
  const took = seconds(Math.max(0, run.endedMs - (run.toldMs ?? stopMs)));
  return `${run.end ?? 'ended'}${run.killed ? ', killed' : ''} in ${took}${told}`;
}

function drawStop(history: History, look: Look, width: number): readonly string[] {
  const { stop, over, lastMs } = history;
  if (stop === null) return [];
  const toMs = over?.atMs ?? lastMs;
  const spanMs = Math.max(1, toMs - stop.atMs);
  const names = nameWidth(history.lanes);
  const lines = history.lanes.flatMap((lane, i) => {
    const run = lane.runs[lane.runs.length - 1];
    if (run === undefined || (run.endedMs !== null && run.endedMs < stop.atMs)) return [];
    const told = Math.max(stop.atMs, run.toldMs ?? run.endedMs ?? toMs);
    const ended = run.endedMs ?? toMs;
    const parts = [
      ['━', stop.atMs, told],
      [run.killed ? '×' : '▒', told, ended],
    ] as const;
    const cells = bar(parts, stop.atMs, spanMs, width);
    return [
      row(
        lane.name,
        i === history.cause ? '!' : ' ',
        cells,
        stopWords(run, stop.atMs),
        look,
        names,
      ),
    ];
  });
  const title = stop.signal === null ? 'stop' : `stop on ${signalName(stop.signal)}`;
  return [
    '',
    painted(title, 'bold', look),
    `  ${' '.repeat(names)} ${painted(scale(spanMs, 0, width), 'dim', look)}`,
    ...lines.slice(0, lanesMost),
    ...(lines.length > lanesMost ? [`  and ${lines.length - lanesMost} more`] : []),
  ];
}

/** Room for the words behind the bars. */
const wordsWidth = 36;

export function drawTimeline(history: History, name: string, look: Look): string {
  const path = criticalPath(history);
  const room = Math.max(40, Math.min(look.columns, 400));
  const width = Math.max(10, room - nameWidth(history.lanes) - 4 - wordsWidth);
  const lines = [
    painted(headline(history, name), 'bold', look),
    ...drawStart(history, path, look, width),
    ...drawStop(history, look, width),
    '',
    '· waits   █ starts   ━ ready   ▒ told to end   × killed   * what the start waited for',
  ];
  return lines.map((line) => `${line}\n`).join('');
}

export function drawBlame(history: History, name: string): string {
  const { lanes, readyMs } = history;
  const rows = blame(history).filter(({ tookMs }) => tookMs > 0);
  if (rows.length === 0) return `${name}: nothing took any time\n`;
  const width = nameWidth(lanes);
  const lines = rows.map(({ process, tookMs, savesMs, onPath }) => {
    const own = (lanes[process]?.name ?? '').padEnd(width);
    const saves = savesMs > 0 ? `saves up to ${seconds(savesMs)}` : 'saves nothing now';
    return `${onPath ? '*' : ' '} ${own}  took ${seconds(tookMs).padStart(7)}  ${saves}\n`;
  });
  const all = readyMs === null ? '' : `, ready in ${seconds(readyMs)}`;
  return `${name}: what to speed up first${all}\n${lines.join('')}`;
}

function readyOf(lane: Lane | undefined): number | null {
  return lane?.runs[0]?.readyMs ?? null;
}

function signed(ms: number): string {
  return ms === 0 ? 'the same' : ms > 0 ? `+${seconds(ms)}` : `-${seconds(-ms)}`;
}

/** Two journals, by the names of the processes. */
export function compare(a: History, b: History, names: readonly [string, string]): string {
  const all = [...new Set([...a.lanes, ...b.lanes].map(({ name }) => name))];
  const find = (history: History, name: string): number | null =>
    readyOf(history.lanes.find((lane) => lane.name === name));
  const show = (ms: number | null): string => (ms === null ? '-' : seconds(ms)).padStart(9);
  const line = (name: string, from: number | null, to: number | null): string => {
    const change = from === null || to === null ? '' : `  ${signed(to - from)}`;
    return `${name.padEnd(width)} ${show(from)} ${show(to)}${change}`.trimEnd();
  };
  const width = Math.max(8, ...all.map((name) => name.length));
  const rows = all.map((name) => line(name, find(a, name), find(b, name)));
  const stopOf = ({ stop, over }: History): number | null =>
    stop === null || over === null ? null : over.atMs - stop.atMs;
  return [
    `ready after, in ${names[0]} and in ${names[1]}`,
    ...rows,
    line('all', a.readyMs, b.readyMs),
    line('the stop', stopOf(a), stopOf(b)),
  ]
    .map((text) => `${text}\n`)
    .join('');
}

export function timelineJson(history: History): string {
  const path = criticalPath(history).map((i) => history.lanes[i]?.name);
  const blamed = blame(history).map(({ process, ...rest }) => ({
    process: history.lanes[process]?.name,
    ...rest,
  }));
  return `${JSON.stringify({ timeline: 1, ...history, path, blame: blamed }, null, 2)}\n`;
}
