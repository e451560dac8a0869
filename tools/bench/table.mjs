/** The results as a table, and beside the budgets. */
import { statSync } from 'node:fs';
import { tandem } from './lib.mjs';

const ms = (one) =>
  one === null || one === undefined
    ? 'does not end'
    : `${one.median.toFixed(one.median < 10 ? 2 : 0)}`;
const kb = (n) => `${(n / 1024).toFixed(1)}`;

function rows(head, lines) {
  return [
    `| ${head.join(' | ')} |`,
    `|${head.map(() => '---').join('|')}|`,
    ...lines.map((line) => `| ${line.join(' | ')} |`),
    '',
  ].join('\n');
}

function startTable(found) {
  const lines = Object.entries(found.start).map(([name, one]) => [
    name,
    `${ms(one.startMs)} (${one.startMs.low.toFixed(1)} to ${one.startMs.high.toFixed(1)})`,
    ms(one.endMs),
    one.code ?? '-',
    one.endMs === null ? '-' : one.siblingsTold ? 'yes' : 'no',
    ms(one.stopMs),
    one.stopCode ?? '-',
    kb(one.memoryKb.rss),
    kb(one.memoryKb.private),
  ]);
  return rows(
    [
      'two tiny children',
      'start, ms',
      'death → end, ms',
      'its code (7)',
      'siblings told',
      'TERM → end, ms',
      'its code',
      'resident, MB',
      'private, MB',
    ],
    lines,
  );
}

function manyTable(found) {
  const lines = Object.entries(found.many).flatMap(([name, counts]) =>
    Object.entries(counts).map(([count, one]) => [
      name,
      count,
      ms(one.startMs),
      ms(one.stopMs),
      kb(one.privateKb),
      one.wakeups,
    ]),
  );
  return rows(
    ['many', 'processes', 'start, ms', 'stop, ms', 'private, MB', 'wake-ups while idle'],
    lines,
  );
}

function containerTable(found) {
  const lines = Object.entries(found.containers.ways).map(([name, one]) => [
    name,
    ms(one.firstMs),
    one.beyondMs.median.toFixed(1),
    one.bad.median,
    `${one.cut.median} of ${found.containers.inFlight}`,
    one.code,
  ]);
  return rows(
    [
      'nginx before an app',
      'first 200, ms',
      'of it beyond the app’s own',
      'bad answers at start',
      'requests cut at stop',
      'exit code of a clean stop',
    ],
    lines,
  );
}

export function tableOf(found) {
  const parts = [];
  if (found.start) parts.push(startTable(found));
  if (found.many) parts.push(manyTable(found));
  if (found.orphans)
    parts.push(
      rows(
        [`${found.orphans.count} orphans`, 'zombies left', 'CPU, ms'],
        Object.entries(found.orphans)
          .filter(([name]) => name !== 'count')
          .map(([name, one]) => [name, one.zombies, Math.min(...one.cpuMs)]),
      ),
    );
  if (found.containers) parts.push(containerTable(found));
  if (found.output)
    parts.push(
      rows(
        ['output', 'MB/s', 'lines lost or broken'],
        Object.entries(found.output.ways).map(([name, one]) => [
          name,
          Math.round(one.mbps.median),
          one.broken,
        ]),
      ),
    );
  if (found.image)
    parts.push(
      rows(
        ['added to an image', 'MB'],
        Object.entries(found.image)
          .filter(([, n]) => n)
          .map(([name, n]) => [name, (n / 1e6).toFixed(2)]),
      ),
    );
  if (found.instructions)
    parts.push(
      rows(
        ['instructions of a start', 'millions'],
        Object.entries(found.instructions).map(([name, n]) => [name, (n / 1e6).toFixed(2)]),
      ),
    );
  return parts.join('\n');
}

function budget(text, value, limit, shown = value.toFixed(2)) {
  return { text, value: shown, limit, met: value <= limit };
}

function startBudgets(found) {
  const { ratios, start } = found;
  const of = (name) => ratios[name];
  return [
    ...['Tandem, commands', 'Tandem, saved plan'].flatMap((name) => [
      budget(`start beside bash, ${name} (≤ 0.7 ×)`, of(name).bash.median, 0.7),
      budget(`start beside a bare C loop, ${name} (≤ 2 ×)`, of(name).loop.median, 2),
    ]),
    budget('start beside bash, from YAML (≤ 1.5 ×)', of('Tandem, YAML').bash.median, 1.5),
    budget('a child’s death → end beside bash under tini (≤ 1 ×)', found.endRatio.median, 1),
    ...['Tandem, commands', 'Tandem, saved plan', 'Tandem, YAML'].map((name) =>
      budget(`resident memory, ${name} (≤ 1.3 MB)`, start[name].memoryKb.rss / 1024, 1.3),
    ),
  ];
}

function manyBudgets(found) {
  const one = found.many['Tandem, commands'];
  const each = (one[1000].privateKb - one[100].privateKb) / 900;
  return [
    budget(
      'start of 1,000 beside 100 (≤ 12 ×: linear)',
      one[1000].startMs.median / one[100].startMs.median,
      12,
    ),
    budget(
      'stop of 1,000 beside 100 (≤ 12 ×: linear)',
      one[1000].stopMs.median / one[100].stopMs.median,
      12,
    ),
    budget('memory of each of 1,000 (≤ 4 KB)', each, 4),
    budget('wake-ups while idle (0)', one[100].wakeups, 0, `${one[100].wakeups}`),
  ];
}

export function budgetsOf(found) {
  const out = [
    budget(
      'binary (≤ 1,000,000 bytes)',
      statSync(tandem).size,
      1_000_000,
      `${statSync(tandem).size}`,
    ),
  ];
  if (found.start) out.push(...startBudgets(found));
  if (found.many) out.push(...manyBudgets(found));
  if (found.orphans) {
    const cpu = (name) => Math.min(...found.orphans[name].cpuMs);
    out.push(
      budget(
        'zombies left (0)',
        found.orphans.Tandem.zombies,
        0,
        `${found.orphans.Tandem.zombies}`,
      ),
    );
    out.push(
      budget(
        'CPU for orphans beside tini (≤ 1.5 ×)',
        cpu('Tandem') / Math.max(10, cpu('tini')),
        1.5,
      ),
    );
  }
  if (found.containers) {
    const own = found.containers.ways.Tandem;
    out.push(
      budget('cold start through nginx beyond the app’s own (≤ 25 ms)', own.beyondMs.median, 25),
    );
    out.push(budget('bad answers at cold start (0)', own.bad.high, 0, `${own.bad.high}`));
    out.push(budget('requests cut at stop (0)', own.cut.high, 0, `${own.cut.high}`));
    out.push(
      budget(
        'failed with stop_delay and a client that heeds /ready (0)',
        found.containers.delayed.failed,
        0,
        `${found.containers.delayed.failed} of ${found.containers.delayed.count}`,
      ),
    );
  }
  if (found.output) out.push(...found.output.budgets);
  return out;
}
