// Draws docs/images/bench-*.svg from docs/bench.json: node tools/bench/plots.mjs
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

process.chdir(resolve(import.meta.dirname, '../..'));
const found = JSON.parse(readFileSync('docs/bench.json', 'utf8'));

const style = `
  svg { background: #fff }
  text { font: 13px ui-sans-serif, system-ui, sans-serif; fill: #1f2328 }
  .small { font-size: 11px; fill: #59636e }
  .title { font-weight: 600; font-size: 15px }
  .grid { stroke: #d1d9e0; stroke-width: 1 }
  .own { fill: #0f766e } .other { fill: #94a3b8 } .bad { fill: #b45309 } .cut { fill: #be123c }
  @media (prefers-color-scheme: dark) {
    svg { background: #0d1117 }
    text { fill: #e6edf3 } .small { fill: #9198a1 } .grid { stroke: #30363d }
    .own { fill: #2dd4bf } .other { fill: #64748b } .bad { fill: #f59e0b } .cut { fill: #fb7185 }
  }`;

const safe = (text) =>
  `${text}`.replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c]);

function svg(width, height, title, body) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${safe(title)}"><style>${style}</style>${body}</svg>\n`;
}

const text = (x, y, what, more = '') => `<text x="${x}" y="${y}" ${more}>${safe(what)}</text>`;

/** Bars beside names, on a logarithmic scale where `log`: what is measured spans four powers of ten. */
function bars({ x, y, width, title, rows, unit, log, ticks }) {
  const most = Math.max(...rows.map((row) => row.value), ...ticks);
  const least = log ? Math.min(...ticks) : 0;
  const at = (value) =>
    log
      ? (Math.log10(Math.max(value, least) / least) / Math.log10(most / least)) * width
      : (value / most) * width;
  const height = rows.length * 24;
  const grid = ticks
    .map((tick) => {
      const tx = x + at(tick);
      return `<line class="grid" x1="${tx}" x2="${tx}" y1="${y + 8}" y2="${y + 16 + height}"/>${text(tx, y + 32 + height, tick, 'class="small" text-anchor="middle"')}`;
    })
    .join('');
  const lines = rows
    .map((row, i) => {
      const top = y + 16 + i * 24;
      return `<rect class="${row.own ? 'own' : 'other'}" x="${x}" y="${top}" width="${Math.max(1, at(row.value))}" height="16" rx="2"/>${text(x + at(row.value) + 6, top + 13, row.shown, 'class="small"')}`;
    })
    .join('');
  return `${text(x, y, title, 'class="title"')}${grid}${lines}${text(x + width, y + 32 + height, unit, 'class="small" text-anchor="end" dx="34"')}`;
}

function startPlot() {
  const left = ['bare C loop', 'tini-static + bash', 'Tandem, saved plan'];
  const all = Object.entries(found.start)
    .filter(([name]) => !left.includes(name))
    .sort((a, b) => a[1].startMs.median - b[1].startMs.median);
  const rows = (value, shown) =>
    all.map(([name, one]) => ({
      value: value(one),
      shown: shown(value(one)),
      own: name.startsWith('Tandem'),
    }));
  const names = all
    .map(([name], i) => text(150, 48 + 16 + i * 24 + 13, name, 'text-anchor="end"'))
    .join('');
  const start = bars({
    x: 162,
    y: 48,
    width: 270,
    title: 'exec until both children run',
    rows: rows(
      (o) => o.startMs.median,
      (v) => (v < 10 ? v.toFixed(1) : Math.round(v)),
    ),
    unit: 'ms',
    log: true,
    ticks: [1, 10, 100, 1000],
  });
  const memory = bars({
    x: 520,
    y: 48,
    width: 200,
    title: 'resident memory',
    rows: rows(
      (o) => o.memoryKb.rss / 1024,
      (v) => v.toFixed(1),
    ),
    unit: 'MB',
    log: false,
    ticks: [0, 20, 40, 60],
  });
  const note = text(
    150,
    48 + 16 + all.length * 24 + 48,
    'medians of one interleaved run; the left scale is logarithmic',
    'class="small"',
  );
  return svg(
    800,
    all.length * 24 + 130,
    'Start latency and memory of Tandem and its peers',
    names + start + memory + note,
  );
}

function failurePlot() {
  const ways = Object.entries(found.containers.ways);
  const most = Math.max(20, ...ways.map(([, one]) => Math.max(one.bad.median, one.cut.median)));
  const width = 460;
  const lines = ways
    .map(([name, one], i) => {
      const top = 56 + i * 60;
      const bar = (value, kind, dy, what) =>
        `<rect class="${kind}" x="150" y="${top + dy}" width="${Math.max(value > 0 ? 2 : 0, (value / most) * width)}" height="16" rx="2"/>${text(150 + (value / most) * width + 6, top + dy + 13, `${value} ${what}`, 'class="small"')}`;
      return `${text(138, top + 22, name, 'text-anchor="end"')}${bar(one.bad.median, 'bad', 0, 'bad answers while starting')}${bar(one.cut.median, 'cut', 20, `of ${found.containers.inFlight} in flight cut by the stop`)}`;
    })
    .join('');
  return svg(
    800,
    56 + ways.length * 60 + 10,
    'Requests that fail at start and at stop',
    `${text(150, 32, 'requests that fail', 'class="title"')}${lines}`,
  );
}

mkdirSync('docs/images', { recursive: true });
if (found.start) writeFileSync('docs/images/bench-start.svg', startPlot());
if (found.containers) writeFileSync('docs/images/bench-failures.svg', failurePlot());
