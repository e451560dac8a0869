/**
 * Goal: a journal becomes a true picture of where the start's time went, and whatever is fed in
 * becomes a picture or a sentence, never a crash.
 * Method: a journal made by the policy itself, and journals cut, changed and invented.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { initial } from '../core/state.ts';
import { step } from '../core/step.ts';
import { planOf, process } from '../core/world.fake.ts';
import { machine } from '../plan/machine.fake.ts';
import { readHistory } from './history.ts';
import { runTimeline, type Shown } from './library.ts';
import { blame, criticalPath } from './path.ts';
import { drawPicture } from './pictures.ts';

/** cache takes 100 ms, migrate 300; app needs both and takes 200; other 50 and is needed by nobody. */
function recorded(): string {
  const plan = planOf(
    process({ name: 'cache', ready: { type: 'word' } }),
    process({ name: 'migrate', oneshot: true }),
    process({
      name: 'app',
      ready: { type: 'word' },
      needs: [
        { process: 0, condition: 'ready' },
        { process: 1, condition: 'completed' },
      ],
    }),
    process({ name: 'other', ready: { type: 'word' } }),
  );
  const options = { pid1: true, terminal: false, seed: 1, nowMs: 5000, verbose: false };
  let state = initial(plan, 5000, options);
  const lines: string[] = [];
  const say = (nowMs: number, ...events: Parameters<typeof step>[2]['events']): void => {
    const batch = { nowMs, events };
    const { notes, actions, wakeAtMs, state: next } = step(plan, state, batch);
    const answer = { actions, wakeAtMs, notes };
    lines.push(
      JSON.stringify(
        lines.length === 0 ? { journal: 1, plan, options, answer } : { batch, answer },
      ),
    );
    state = next;
  };
  const of = (index: number) => ({ process: index, run: 1 });
  const exited = { code: 0, coreDumped: false, groupAlive: false };
  say(5000);
  say(5000, ...[0, 1, 3].map((i) => ({ type: 'spawned', pid: 7, ...of(i) }) as const));
  say(5050, { type: 'ready_told', ...of(3) });
  say(5100, { type: 'ready_told', ...of(0) });
  say(5300, { type: 'exited', signal: 0, ...exited, ...of(1) });
  say(5300, { type: 'spawned', pid: 8, ...of(2) });
  say(5500, { type: 'ready_told', ...of(2) });
  say(9000, { type: 'signal_received', signal: 15, sender: 0 });
  say(9040, { type: 'exited', signal: 15, ...exited, ...of(2) });
  say(9050, { type: 'exited', signal: 15, ...exited, ...of(0) });
  say(9060, { type: 'exited', signal: 15, ...exited, ...of(3) });
  say(9061, { type: 'swept', signalled: 0, killed: 0, left: 0, blind: false });
  return `${lines.join('\n')}\n`;
}

const journal = recorded();
const facts = machine({ files: { j: journal, k: journal.replaceAll('5500', '5400') } });
function run(...words: readonly string[]): Shown {
  const shown = runTimeline(facts, words);
  if ('draw' in shown) throw new Error('it asks a running Tandem');
  return shown;
}

function history() {
  const read = readHistory(journal, 'j');
  if (read.history === null) throw new Error(read.problem);
  return read.history;
}

describe('a history', () => {
  test('has when each process waited, started, was ready and ended', () => {
    const { lanes, readyMs, stop, over } = history();
    expect(lanes.map(({ runs }) => runs[0]?.startedMs)).toEqual([0, 0, 300, 0]);
    expect(lanes.map(({ runs }) => runs[0]?.readyMs)).toEqual([100, 300, 500, 50]);
    expect(readyMs).toBe(500);
    expect(stop).toEqual({ atMs: 4000, signal: 15 });
    expect(over).toEqual({ atMs: 4061, code: 0 });
  });

  test('its critical path goes through what was waited for last', () => {
    expect(criticalPath(history()).map((i) => history().lanes[i]?.name)).toEqual([
      'migrate',
      'app',
    ]);
  });

  test('the blame says what would be saved, and nothing where another would be waited for', () => {
    const all = blame(history()).map(({ process: i, savesMs }) => [
      history().lanes[i]?.name,
      savesMs,
    ]);
    expect(all).toEqual([
      ['migrate', 200],
      ['app', 200],
      ['cache', 0],
      ['other', 0],
    ]);
  });
});

describe('tandem timeline', () => {
  test('draws bars that fit the terminal, the critical path marked, and the stop', () => {
    const { code, out } = run('j');
    expect(code).toBe(0);
    expect(out).toMatch(
      /^j: ready in 0.50 s; stopped on SIGTERM at 4.00 s, in 0.06 s; exit code 0\n/,
    );
    expect(out).toMatch(/^\* app {4} ·+█+━+ +ready in 0.20 s, after waiting 0.30 s$/m);
    expect(out).toMatch(/^ {2}other +█+━+ +ready in 0.05 s$/m);
    expect(out).toContain('stop on SIGTERM');
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(110);
  });

  test('lists what to speed up first', () => {
    expect(run('--blame', 'j').out).toBe(
      [
        'j: what to speed up first, ready in 0.50 s',
        '* migrate  took  0.30 s  saves up to 0.20 s',
        '* app      took  0.20 s  saves up to 0.20 s',
        '  cache    took  0.10 s  saves nothing now',
        '  other    took  0.05 s  saves nothing now',
        '',
      ].join('\n'),
    );
  });

  test('compares two journals by the names of processes', () => {
    const { out } = run('j', 'k');
    expect(out).toMatch(/^app +0.50 s +0.40 s {2}-0.10 s$/m);
    expect(out).toMatch(/^cache +0.10 s +0.10 s {2}the same$/m);
  });

  test('without a file, what a running Tandem keeps is drawn in the same way', () => {
    const shown = runTimeline(facts, ['--blame']);
    if (!('draw' in shown)) throw new Error(shown.err);
    expect(shown.draw(journal).out).toBe(run('--blame', 'j').out.replace(/^j:/, 'running:'));
    expect(shown.draw('')).toMatchObject({ code: 66, out: '' });
  });

  test('gives all of it as JSON', () => {
    const json = JSON.parse(run('--json', 'j').out);
    expect(json).toMatchObject({ timeline: 1, readyMs: 500, path: ['migrate', 'app'] });
    expect(json.lanes).toHaveLength(4);
  });

  test.each([
    [['--svg'], 'cannot draw with --svg: a journal is needed'],
    [['--no'], 'cannot read `--no`'],
    [['nowhere'], 'cannot read the journal `nowhere`: ENOENT'],
    [['j', 'j', 'j'], 'cannot compare more than two'],
    [['--svg', 'j'], 'pictures are part of the npm package'],
  ])('%j is a sentence and a hint', (words, said) => {
    const { code, err } = run(...words);
    expect(code).toBeGreaterThan(0);
    expect(err).toContain(said);
    expect(err).toContain('hint: ');
  });
});

describe('a picture', () => {
  test('is one SVG that needs nothing else, with a bar and a title for each part', () => {
    const svg = drawPicture('svg', history(), 'j');
    expect(svg).toMatch(/^<svg xmlns=/);
    expect(svg).not.toMatch(/https?:\/\/(?!www\.w3\.org)|<script|NaN|Infinity|undefined/);
    expect(svg).toContain('<title>app waits: 0.30 s</title>');
    expect(svg).toContain('prefers-color-scheme: dark');
  });

  test('escapes what a name or a path holds', () => {
    const html = drawPicture('html', history(), '<script>"&\x07\ud800');
    expect(html).not.toContain('<script>');
    expect(html).toContain('&lt;script&gt;&quot;&amp;??');
  });
});

describe('whatever is fed in', () => {
  const all = (text: string): void => {
    const read = readHistory(text, 'x');
    if (read.history === null) {
      expect(read.problem).toMatch(/^cannot read the journal `x`: /);
      return;
    }
    const given = machine({ files: { x: text } });
    for (const words of [['x'], ['--blame', 'x'], ['--json', 'x'], ['x', 'x']])
      expect(runTimeline(given, words)).not.toMatchObject({ out: '' });
    for (const format of ['svg', 'html'] as const)
      expect(drawPicture(format, read.history, 'x')).not.toMatch(/NaN|Infinity/);
  };

  test('a journal that was cut anywhere', () => {
    for (let at = 0; at <= journal.length; at += 7) all(journal.slice(0, at));
  });

  test('a journal of which lines are gone, doubled or in another order', () => {
    const lines = journal.trimEnd().split('\n');
    fc.assert(
      fc.property(fc.array(fc.nat(lines.length - 1), { maxLength: 30 }), (order) => {
        all([lines[0], ...order.map((i) => lines[i])].join('\n'));
      }),
      { numRuns: 150 },
    );
  });

  test('a journal with any values in it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(1 << 20), { minLength: 1, maxLength: 6 }),
        fc.json(),
        (at, json) => {
          // In the place of any number, word or list stands something else.
          const places = [
            ...journal.matchAll(/(?<=[:[,])(\d+|"[^"]*"|true|false|null|\[\])(?=[,}\]])/g),
          ];
          let text = journal;
          for (const n of at) {
            const one = places[n % places.length];
            if (one?.[0] !== undefined)
              text = text.slice(0, one.index) + json + text.slice(one.index + one[0].length);
          }
          all(text);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('no journal at all', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), all), { numRuns: 200 });
    for (const text of [
      '',
      '\n',
      'null',
      '[]',
      '{"journal":2}',
      '{"journal":1,"plan":{"processes":[null]}}',
    ])
      all(text);
  });
}, 120_000);
