/**
 * Goal: what is shown of a running Tandem is what it said, at any width and in any pieces.
 * Method: conversations with answers made here.
 */
import { describe, expect, test } from 'vitest';
import { readLive } from './argv.ts';
import { hand, ready } from './hand.ts';
import { logs } from './logs.ts';
import { status } from './status.ts';
import { bytes, duration, type ProcessStatus, type Status, table } from './table.ts';
import type { Heard, Said, Talk } from './talk.ts';

const none = { columns: 0, rows: 0 };
const paths = ['/run/tandem/control', '/tmp/tandem-1000/control'];

function app(more: Partial<ProcessStatus> = {}): ProcessStatus {
  return {
    name: 'app',
    state: 'ready',
    run: 1,
    upMs: 61_000,
    readyAfterMs: 40,
    restarts: 0,
    last: null,
    pid: 7,
    memoryBytes: 5 << 20,
    cpuMs: 1500,
    fds: 9,
    ...more,
  };
}

function answer(...processes: readonly ProcessStatus[]): Status & { readonly answer: string } {
  const rest = { ready: true, why: null, stop: null, pid: 1, memoryBytes: 1_200_000 };
  return { answer: 'status', upMs: 62_000, ...rest, processes };
}

const line = (value: object): Heard => ({ type: 'line', text: JSON.stringify(value) });

function last(talk: Talk, ...heard: readonly Heard[]): Said {
  return heard.map((one) => talk.hear(one, none)).at(-1) as Said;
}

describe('the table', () => {
  test('has a row for each process, and numbers to the right', () => {
    const held = app({ name: 'a', state: 'held', upMs: null, pid: null, memoryBytes: null });
    const shown = table(
      answer(app(), { ...held, cpuMs: null, fds: null, last: 'x' }),
      null,
      0,
      false,
    );
    expect(shown).toEqual([
      'tandem: ready; up 1m 2s, 1.1 MB',
      'NAME  STATE  PID     UP  RESTARTS  MEMORY     CPU  FDS  LAST END',
      'app   ready    7  1m 1s         0  5.0 MB  1.50 s    9  -',
      'a     held     -      -         0       -       -    -  x',
    ]);
  });

  test('CPU is what was used since the look before, of the same run', () => {
    const before = { ...answer(app()), upMs: 61_000 };
    const at = (now: ProcessStatus): string => table(answer(now), before, 0, false)[2] as string;
    expect(at(app({ cpuMs: 2000 }))).toContain('  50.0 %  ');
    expect(at(app({ cpuMs: 10, run: 2 }))).toContain('  0.01 s  ');
  });

  test.each([1, 10, 30, 80])('is never wider than %i columns, coloured or not', (columns) => {
    for (const colour of [false, true]) {
      const shown = table(answer(app()), null, columns, colour);
      const widths = shown.map((one) => one.replace(/\u001b\[\d+m/g, '').length);
      expect(Math.max(...widths)).toBeLessThanOrEqual(columns);
    }
  });

  test.each([
    [5, '5 ms'],
    [59_900, '59.9 s'],
    [3_700_000, '1h 1m'],
    [90_000_000, '1d 1h'],
  ])('%i ms is %s', (ms, text) => expect(duration(ms)).toBe(text));

  test.each([
    [0, '0.0 KB'],
    [999_000, '976 KB'],
    [1 << 20, '1.0 MB'],
    [5 * 2 ** 40, '5.0 TB'],
  ])('%i bytes are %s', (count, text) => expect(bytes(count)).toBe(text));
});

describe('status', () => {
  test('once: the answer is shown, and that is all', () => {
    const talk = status(paths, { json: false, watch: false, colour: false });
    expect([JSON.parse(talk.ask), talk.enter]).toEqual([{ ask: 'status' }, '']);
    expect(last(talk, line(answer(app())))).toMatchObject({ code: 0, ask: null });
  });

  test('a watch asks again when its time has come, and leaves at Ctrl-C with 0', () => {
    const talk = status(paths, { json: false, watch: true, colour: false });
    expect(last(talk, line(answer(app())))).toMatchObject({ code: null, wakeInMs: 1000 });
    expect(last(talk, { type: 'due' }).ask).toBe('{"ask":"status"}');
    expect(last(talk, { type: 'signal', signal: 2 })).toMatchObject({ code: 0 });
    expect(last(talk, { type: 'end' })).toMatchObject({ code: 0 });
  });

  test('what does not fit on the screen is counted', () => {
    const talk = status(paths, { json: false, watch: true, colour: false });
    const many = Array.from({ length: 50 }, (_, i) => app({ name: `p${i}` }));
    const { out } = talk.hear(line(answer(...many)), { columns: 80, rows: 10 });
    expect(out.split('\n')).toHaveLength(10);
    expect(out).toContain('and 43 more');
  });
});

describe('logs', () => {
  const piece = (text: string, stream = 'stdout', process = 'app'): Heard =>
    line({ process, stream, text });

  test('pieces are put together to lines, by process and stream', () => {
    const talk = logs(paths, { name: null, follow: false });
    expect(last(talk, piece('on')).out).toBe('');
    expect(last(talk, piece('x\n', 'stderr')).err).toBe('app | x\n');
    expect(last(talk, piece('e\ntw')).out).toBe('app | one\n');
    expect(last(talk, line({ answer: 'logs', inherited: [] }))).toMatchObject({
      out: 'app | tw\n',
      code: 0,
    });
  });

  test('what was lost is said', () => {
    const talk = logs(paths, { name: 'app', follow: true });
    expect(last(talk, line({ lost: 12 })).err).toContain('12 bytes');
    expect(last(talk, line({ answer: 'logs', inherited: [] })).code).toBeNull();
  });
});

describe('by hand', () => {
  const told = (state: string, run = 1): Heard => line({ answer: 'x', process: 'app', state, run });
  const now = (more: Partial<ProcessStatus>): Heard => line(answer(app(more)));

  test('a stop is waited for until it is down', () => {
    const talk = hand(paths, { what: 'stop', name: 'app' });
    expect(last(talk, told('stopping'))).toMatchObject({ code: null, wakeInMs: 0 });
    expect(last(talk, { type: 'due' }).ask).toBe('{"ask":"status"}');
    expect(last(talk, now({ state: 'stopping' })).code).toBeNull();
    expect(last(talk, now({ state: 'held' }))).toMatchObject({ code: 0, out: 'app is stopped\n' });
  });

  test('a restart is waited for until the next run is ready', () => {
    const talk = hand(paths, { what: 'restart', name: 'app' });
    last(talk, told('stopping', 3));
    expect(last(talk, now({ state: 'ready', run: 3 })).code).toBeNull();
    expect(last(talk, now({ state: 'up', run: 4 })).code).toBeNull();
    expect(last(talk, now({ state: 'ready', run: 4 })).code).toBe(0);
  });

  test('a start that fails is told, with how it ended', () => {
    const talk = hand(paths, { what: 'start', name: 'app' });
    last(talk, told('checking', 2));
    const end = last(talk, now({ state: 'backoff', run: 2, last: 'exited with code 3' }));
    expect([end.code, end.err]).toEqual([
      1,
      'tandem: app did not become ready: it exited with code 3\n',
    ]);
  });

  test('probe ready: 0, 1, and 1 when its time is over', () => {
    const talk = ready(paths, 500);
    expect(talk.wakeInMs).toBe(500);
    expect(last(talk, line({ answer: 'ready', ready: true, why: null })).code).toBe(0);
    expect(last(talk, line({ answer: 'ready', ready: false, why: 'db' })).code).toBe(1);
    expect(last(talk, { type: 'due' }).err).toContain('ETIMEDOUT');
  });

  test('an answer that makes no sense is survived', () => {
    const talk = status(paths, { json: true, watch: false, colour: false });
    expect(last(talk, { type: 'line', text: 'nonsense' })).toMatchObject({ out: 'nonsense\n' });
  });
});

test('where nobody answers, it is said where was looked, and whose it is where it is another’s', () => {
  const talk = logs(paths, { name: null, follow: false });
  expect(last(talk, { type: 'nobody', errors: ['ENOENT', 'ECONNREFUSED'] })).toMatchObject({
    code: 1,
    err: expect.stringContaining(`none answers at ${paths[0]} or ${paths[1]}\n  hint: `),
  });
  const theirs = last(talk, { type: 'nobody', errors: ['EACCES', 'ENOENT'] });
  expect(theirs.err).toContain(`${paths[0]}: it belongs to another user`);
});

test.each([
  ['status', ['-w', '--json'], { what: 'status', json: true, watch: true }],
  ['logs', ['-f', 'app'], { what: 'logs', name: 'app', follow: true }],
  ['signal', ['app', 'hup'], { what: 'signal', name: 'app', signal: 1 }],
  ['status', ['app'], { what: 'wrong', text: 'cannot read `app`: a word too many' }],
  ['stop', ['a', 'b'], { what: 'wrong', text: 'cannot read `b`: a word too many' }],
] as const)('%s %j', (command, words, wanted) => {
  expect(readLive(command, words)).toMatchObject(wanted);
});
