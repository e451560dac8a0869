/**
 * Goal: the timeline of a real run is drawn, from a file and from what a running Tandem keeps.
 * Method: the real binary, a journal that it has written, and its control socket asked by hand.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { readHistory } from '../policy/live/history.ts';
import { cleanUp, exists, folder, run, start, tandem, until } from './binary.ts';

afterEach(cleanUp);

const steps = `processes:
  first:
    command: sh -c 'sleep 0.2'
    oneshot: true
  second:
    command: sh -c 'echo up; sleep 99'
    ready: {log: up}
    depends_on: [first]
`;

test('the journal of a run is drawn, with what it waited for and how it ended', async () => {
  const dir = folder();
  const file = join(dir, 'journal');
  writeFileSync(join(dir, 'tandem.yaml'), steps);
  const running = start(['--journal', file], { cwd: dir, binary: tandem });
  await until('the start', () => running.err().includes('ready in'), running.err, 20_000);
  running.signal('SIGTERM');
  expect((await running.ended).code, running.err()).toBe(0);
  const drawn = await run(['timeline', file], { binary: tandem });
  expect(drawn.code, drawn.err).toBe(0);
  expect(Buffer.from(drawn.out, 'latin1').toString()).toMatch(
    /ready in .*; stopped on SIGTERM at .*; exit code 0\n(.*\n)+\* first .*done in .*\n\* second .*ready in .*, after waiting/,
  );
  const blamed = await run(['timeline', '--blame', file], { binary: tandem });
  expect(blamed.out).toMatch(/\* first +took .*saves up to/);
  const same = await run(['timeline', file, file], { binary: tandem });
  expect(same.out).toMatch(/^all .*the same$/m);
  const picture = await run(['timeline', '--svg', file], { binary: tandem });
  expect(picture.code).toBe(64);
  expect(picture.err).toContain('npx tandem-init timeline --svg');
}, 40_000);

test('without a file and without a Tandem that runs, it says where it looked', async () => {
  const env = { TANDEM_CONTROL: join(folder(), 'none') };
  const end = await run(['timeline'], { binary: tandem, env });
  expect([end.code, end.out]).toEqual([1, '']);
  expect(end.err).toContain(`none answers at ${env.TANDEM_CONTROL}`);
});

test('what is no journal is said to be none', async () => {
  const end = await run(['timeline', '/etc/passwd'], { binary: tandem });
  expect(end.code).toBe(66);
  expect(end.err).toContain('cannot read the journal `/etc/passwd`');
});

test('a running Tandem keeps its journal for who asks, the start included', async () => {
  const dir = folder();
  writeFileSync(join(dir, 'tandem.yaml'), `control: ${dir}/control\n${steps}`);
  const running = start([], { cwd: dir, binary: tandem });
  await until('the start', () => running.err().includes('ready in'), running.err, 20_000);
  expect(exists(join(dir, 'control'))).toBe(true);
  const asked = await new Promise<string>((done, fail) => {
    let text = '';
    const socket = connect(join(dir, 'control'));
    socket.on('error', fail);
    socket.on('data', (data) => {
      text += data.toString();
      if (text.includes('"answer":"journal"')) socket.end();
    });
    socket.on('close', () => done(text));
    socket.write('{"ask":"journal"}\n');
  });
  const read = readHistory(asked, 'socket');
  expect(read.problem).toBeNull();
  expect(read.history?.readyMs).toBeGreaterThanOrEqual(200);
  expect(read.history?.lanes.map(({ runs }) => runs.length)).toEqual([1, 1]);
  writeFileSync(join(dir, 'kept'), asked);
  const drawn = await run(['timeline', join(dir, 'kept')], { binary: tandem });
  expect(drawn.code, drawn.err).toBe(0);
  expect(drawn.out).toContain('not ended');
  // The command collects the same over the socket.
  const env = { TANDEM_CONTROL: join(dir, 'control') };
  const live = await run(['timeline'], { binary: tandem, env });
  expect(live.code, live.err).toBe(0);
  expect(Buffer.from(live.out, 'latin1').toString()).toMatch(
    /^running: ready in .*\n(.*\n)+\* first .*done in .*\n\* second .*ready in .*, after waiting/,
  );
  expect((await run(['timeline', '--blame'], { binary: tandem, env })).out).toMatch(
    /\* first +took .*saves up to/,
  );
  const json = await run(['timeline', '--json'], { binary: tandem, env });
  expect(JSON.parse(json.out)).toMatchObject({ timeline: 1, over: null });
  running.signal('SIGTERM');
  await running.ended;
}, 40_000);

test('the journal on disk says no secret of the environment', async () => {
  const file = join(folder(), 'journal');
  await run(['--journal', file, 'run', 'TOKEN=hush true', 'sleep 9'], { binary: tandem });
  expect(readFileSync(file, 'utf8')).not.toContain('hush');
});
