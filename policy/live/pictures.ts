/** A history as SVG and as HTML: self-contained, readable in light and in dark. Under Node only. */
import { seconds } from '../report/line.ts';
import { signalName } from '../report/signal-name.ts';
import type { History, Lane, Run } from './history.ts';
import { blame, criticalPath } from './path.ts';
import { headline, startSpanMs } from './timeline.ts';

const width = 960;
const laneHeight = 30;
const barHeight = 14;
const top = 92;
const gap = 44;

/** What XML forbids becomes a question mark; so does half of a surrogate pair. */
function escaped(text: string): string {
  return text
    .replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '?')
    .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '?')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

const style = `
  .tandem { --ink: #1f2328; --soft: #59636e; --grid: #d1d9e0; --paper: #ffffff; --wait: #c8d1da;
    --busy: #e3a008; --good: #2da44e; --told: #8b7bd8; --bad: #cf222e; }
  @media (prefers-color-scheme: dark) {
    .tandem { --ink: #f0f6fc; --soft: #9198a1; --grid: #3d444d; --paper: #0d1117; --wait: #444c56;
      --busy: #d29922; --good: #3fb950; --told: #a395f0; --bad: #f85149; } }
  .tandem text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: var(--ink); }
  .tandem .paper { fill: var(--paper); } .tandem .soft { fill: var(--soft); font-size: 12px; }
  .tandem .title { font-size: 16px; font-weight: 600; } .tandem .grid { stroke: var(--grid); }
  .tandem .wait { fill: var(--wait); } .tandem .busy { fill: var(--busy); }
  .tandem .good { fill: var(--good); } .tandem .told { fill: var(--told); }
  .tandem .bad { fill: var(--bad); }
  .tandem .path { stroke: var(--ink); stroke-width: 1.5; fill: none; }
  .tandem .chain { stroke: var(--ink); stroke-width: 1.2; stroke-dasharray: 3 3; fill: none; }
  .tandem .strong { font-weight: 600; }`;

/** A round step: 1, 2 or 5 times a power of ten, so that there are at most six. */
function stepMs(spanMs: number): number {
  const power = 10 ** Math.floor(Math.log10(spanMs / 5));
  return [1, 2, 5, 10].map((n) => n * power).find((step) => spanMs / step <= 6) ?? spanMs;
}

type Axis = {
  readonly x: number;
  readonly width: number;
  readonly fromMs: number;
  readonly spanMs: number;
};

function at(axis: Axis, ms: number): number {
  const part = Math.max(0, Math.min(1, (ms - axis.fromMs) / axis.spanMs));
  return Math.round((axis.x + part * axis.width) * 10) / 10;
}

function grid(axis: Axis, lanes: number, title: string): string {
  const step = stepMs(axis.spanMs);
  const bottom = top + lanes * laneHeight;
  const lines: string[] = [];
  for (let n = 0; n <= 6 && n * step <= axis.spanMs; n += 1) {
    const x = at(axis, axis.fromMs + n * step);
    const label = n === 0 ? '0' : seconds(Math.round(n * step * 100) / 100);
    lines.push(
      `<line class="grid" x1="${x}" x2="${x}" y1="${top - 8}" y2="${bottom}"/>`,
      `<text class="soft" x="${x}" y="${top - 14}" text-anchor="middle">${label}</text>`,
    );
  }
  return `<text class="strong" x="${axis.x}" y="${top - 36}">${escaped(title)}</text>\n${lines.join('\n')}`;
}

function rect(kind: string, axis: Axis, fromMs: number, toMs: number, y: number, say: string) {
  if (toMs <= fromMs) return '';
  const x = at(axis, fromMs);
  const w = Math.max(1.5, Math.round((at(axis, toMs) - x) * 10) / 10);
  return `<rect class="${kind}" x="${x}" y="${y}" width="${w}" height="${barHeight}" rx="2"><title>${escaped(say)}</title></rect>`;
}

function startBars(lane: Lane, axis: Axis, y: number): string {
  const run = lane.runs[0];
  const untilMs = axis.spanMs;
  if (run === undefined) return rect('wait', axis, 0, untilMs, y, `${lane.name} waits`);
  const started = Math.min(run.startedMs ?? run.endedMs ?? untilMs, untilMs);
  const ready = Math.min(run.readyMs ?? run.endedMs ?? untilMs, untilMs);
  const served = lane.oneshot ? ready : Math.min(run.endedMs ?? untilMs, untilMs);
  const well = run.readyMs !== null;
  const kind = well || run.endedMs === null ? 'busy' : 'bad';
  const took = `${lane.name} ${lane.oneshot ? 'runs' : 'starts'}: ${seconds(ready - started)}`;
  return [
    rect('wait', axis, 0, started, y, `${lane.name} waits: ${seconds(started)}`),
    rect(kind, axis, started, ready, y, well ? took : `${took}, ${run.end ?? 'not ready'}`),
    well ? rect('good', axis, ready, served, y, `${lane.name} is ready`) : '',
  ].join('');
}

function stopBars(lane: Lane, run: Run, axis: Axis, y: number): string {
  const toMs = axis.fromMs + axis.spanMs;
  const ended = run.endedMs ?? toMs;
  const told = Math.max(axis.fromMs, Math.min(run.toldMs ?? ended, ended));
  const words = `${lane.name}: ${run.end ?? 'not ended'}${run.killed ? ', killed' : ''}, ${seconds(ended - told)}`;
  return [
    rect('good', axis, axis.fromMs, told, y, `${lane.name} serves until its turn`),
    rect(run.killed ? 'bad' : 'told', axis, told, ended, y, words),
  ].join('');
}

/** From what became ready to what had waited for it. */
function chain(history: History, path: readonly number[], axis: Axis): string {
  return path
    .slice(1)
    .map((process, i) => {
      const before = history.lanes[path[i] ?? 0]?.runs[0];
      const run = history.lanes[process]?.runs[0];
      if (before === undefined || run?.startedMs == null) return '';
      const x = at(axis, run.startedMs);
      const from = top + (path[i] ?? 0) * laneHeight + laneHeight / 2;
      const to = top + process * laneHeight + laneHeight / 2;
      return `<line class="chain" x1="${x}" x2="${x}" y1="${from}" y2="${to}"/>`;
    })
    .join('\n');
}

function legend(y: number, stops: boolean): string {
  const all: readonly (readonly [string, string])[] = [
    ['wait', 'waits'],
    ['busy', 'starts'],
    ['good', 'ready'],
    ...(stops ? ([['told', 'told to end']] as const) : []),
    ['bad', stops ? 'failed, or killed' : 'failed'],
  ];
  let x = 16;
  const items = all.map(([kind, words]) => {
    const item = `<rect class="${kind}" x="${x}" y="${y - 10}" width="12" height="12" rx="2"/><text class="soft" x="${x + 18}" y="${y}">${words}</text>`;
    x += 18 + words.length * 7 + 22;
    return item;
  });
  const mark = `<rect class="path" x="${x}" y="${y - 10}" width="12" height="12" rx="2"/><text class="soft" x="${x + 18}" y="${y}">what the start waited for</text>`;
  return [...items, mark].join('\n');
}

/** More would be a picture that nobody can look at. */
const lanesMost = 80;

function drawSvg(whole: History, name: string): string {
  const history: History = { ...whole, lanes: whole.lanes.slice(0, lanesMost) };
  const { lanes, stop, over, lastMs } = history;
  const path = criticalPath(history);
  const longest = Math.max(4, ...lanes.map((lane) => lane.name.length));
  const names = Math.min(220, 34 + longest * 7.5);
  const room = width - names - 16;
  const stops = stop !== null;
  const startWidth = stops ? Math.round((room - gap) * 0.66) : room;
  const start: Axis = { x: names, width: startWidth, fromMs: 0, spanMs: startSpanMs(history) };
  const bottom = top + lanes.length * laneHeight;
  const height = bottom + 44;
  const rows = lanes.map((lane, i) => {
    const y = top + i * laneHeight + (laneHeight - barHeight) / 2;
    const on = path.includes(i);
    const run = lane.runs[0];
    const readyMs = run?.readyMs ?? null;
    const shownMs = run?.startedMs ?? null;
    const frame =
      on && shownMs !== null && readyMs !== null
        ? `<rect class="path" x="${at(start, shownMs)}" y="${y - 2}" width="${Math.max(3, at(start, readyMs) - at(start, shownMs))}" height="${barHeight + 4}" rx="3"/>`
        : '';
    const label = `<text class="${on ? 'strong' : ''}" x="16" y="${y + 12}">${escaped(cut(lane.name, 26))}</text>`;
    return `${label}${startBars(lane, start, y)}${frame}`;
  });
  let ending = '';
  if (stop !== null) {
    const toMs = Math.max(stop.atMs + 1, over?.atMs ?? lastMs);
    const x = names + startWidth + gap;
    const axis: Axis = {
      x,
      width: room - startWidth - gap,
      fromMs: stop.atMs,
      spanMs: toMs - stop.atMs,
    };
    const title =
      stop.signal === null
        ? `stop: ${cut(lanes[history.cause ?? -1]?.name ?? 'a process', 20)} ended`
        : `stop on ${signalName(stop.signal)}`;
    const bars = lanes.map((lane, i) => {
      const run = lane.runs[lane.runs.length - 1];
      if (run === undefined || (run.endedMs !== null && run.endedMs < stop.atMs)) return '';
      return stopBars(lane, run, axis, top + i * laneHeight + (laneHeight - barHeight) / 2);
    });
    ending = `${grid(axis, lanes.length, title)}\n${bars.join('\n')}`;
  }
  const more = whole.lanes.length - lanes.length;
  const words = `${headline(history, name)}${more > 0 ? ` (${more} more processes)` : ''}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" class="tandem" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(words)}">
<style>${style}</style>
<rect class="paper" width="${width}" height="${height}" rx="6"/>
<text class="title" x="16" y="30">${escaped(cut(words, 110))}</text>
${grid(start, lanes.length, 'start')}
${rows.join('\n')}
${chain(history, path, start)}
${ending}
${legend(bottom + 28, stops)}
</svg>
`;
}

function blameTable(history: History): string {
  const rows = blame(history).map(({ process, tookMs, savesMs, onPath }) => {
    const own = escaped(history.lanes[process]?.name ?? '');
    const saves = savesMs > 0 ? `up to ${seconds(savesMs)}` : 'nothing now';
    return `<tr><td>${onPath ? '<strong>' : ''}${own}${onPath ? '</strong>' : ''}</td><td>${seconds(tookMs)}</td><td>${saves}</td></tr>`;
  });
  return `<table><thead><tr><th>process</th><th>took</th><th>saves, if it took no time</th></tr></thead><tbody>
${rows.join('\n')}
</tbody></table>`;
}

export function drawPicture(format: 'svg' | 'html', history: History, name: string): string {
  const svg = drawSvg(history, name);
  if (format === 'svg') return svg;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(name)}</title>
<style>
  body { font: 14px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; max-width: 980px;
    margin: 24px auto; padding: 0 12px; background: #ffffff; color: #1f2328; }
  svg { width: 100%; height: auto; }
  table { border-collapse: collapse; } td, th { padding: 4px 16px 4px 0; text-align: left; }
  td { font-variant-numeric: tabular-nums; border-top: 1px solid #8884; }
  @media (prefers-color-scheme: dark) { body { background: #0d1117; color: #f0f6fc; } }
</style>
</head>
<body>
${svg}<h2>What to speed up first</h2>
${blameTable(history)}
</body>
</html>
`;
}
