/**
 * Goal: output goes out in whole lines, with nothing changed, lost or mixed.
 * Method: processes that write as much and as oddly as they can.
 */
import { spawn } from 'node:child_process';
import { afterEach, expect, test } from 'vitest';
import { cleanUp, folder, run, start, tandem, until } from './binary.ts';

afterEach(cleanUp);

test('lines of two processes are never mixed and none is lost', async () => {
  const count = 20_000;
  const writes = (tag: string): string =>
    `sh -c 'i=0; while [ $i -lt ${count} ]; do echo "${tag} $i and some more text to make it longer"; i=$((i+1)); done; sleep 1'`;
  const end = await run(['run', writes('aa'), writes('bb')]);
  const lines = end.out.split('\n').slice(0, -1);
  expect(lines).toHaveLength(2 * count);
  for (const [tag, name] of [
    ['aa', 'sh  '],
    ['bb', 'sh-2'],
  ]) {
    const own = lines.filter((line) => line.startsWith(`${name} | `));
    const wanted = Array.from(
      { length: count },
      (_, i) => `${name} | ${tag} ${i} and some more text to make it longer`,
    );
    expect(own).toEqual(wanted);
  }
});

test('stdout and stderr stay apart', async () => {
  const end = await run(['run', `sh -c 'echo out; echo err >&2; sleep 0.2'`, 'sleep 9']);
  expect(end.out).toBe('sh    | out\n');
  expect(end.err).toContain('sh    | err\n');
  expect(end.err).not.toContain('| out');
});

test('bytes are untouched, invalid UTF-8 and NUL included', async () => {
  const end = await run(['run', `sh -c 'printf "a\\377\\000\\033[1mb\\n"; sleep 0.2'`, 'sleep 9']);
  expect(end.out).toBe('sh    | a\xff\x00\x1b[1mb\n');
});

test('a partial line goes out after a short time, and its end as the next line', async () => {
  const running = start(['run', `sh -c 'printf wait; sleep 1; echo done; sleep 9'`, 'sleep 9']);
  await until('the partial line', () => running.out() === 'sh    | wait\n', running.out);
  await until('the rest', () => running.out() === 'sh    | wait\nsh    + done\n', running.out);
  running.signal('SIGTERM');
  await running.ended;
});

test('a line without an end is written when its process ends', async () => {
  const end = await run(['run', 'printf last', 'sleep 9']);
  expect(end.out).toBe('printf | last\n');
});

test('a very long line is passed on in parts, and no byte of it is lost', async () => {
  const bytes = 1_000_000;
  const end = await run([
    'run',
    `sh -c 'head -c ${bytes} /dev/zero | tr "\\0" x; echo'`,
    'sleep 9',
  ]);
  const lines = end.out.split('\n').slice(0, -1);
  expect(lines.map((line) => line.slice(0, 8))).toEqual([
    'sh    | ',
    ...lines.slice(1).map(() => 'sh    + '),
  ]);
  expect(lines.map((line) => line.length - 'sh    | '.length).reduce((a, b) => a + b)).toBe(bytes);
});

test('inherit hands the descriptors over: the process writes by itself', async () => {
  const end = await run(
    ['--logs', 'inherit', 'run', `sh -c 'readlink /proc/$$/fd/1'`, 'sleep 9'],
    {},
  );
  expect(end.out).toMatch(/^(pipe|socket):/);
  expect(end.out).not.toContain('|');
});

test('TANDEM_LOGS says the same, and a wrong value is refused', async () => {
  const env = { TANDEM_LOGS: 'inherit' };
  expect((await run(['run', 'echo a', 'sleep 9'], { env })).out).toBe('a\n');
  const bad = await run(['run', 'echo a', 'sleep 9'], { env: { TANDEM_LOGS: 'x' } });
  expect(bad).toMatchObject({ code: 78, out: '' });
});

test('a process may open its own /dev/stdout', async () => {
  const end = await run(['run', `sh -c 'echo through > /dev/stdout'`, 'sleep 9']);
  expect(end.out).toBe('sh    | through\n');
});

test('the last lines of stderr stand with the reason', async () => {
  const fails = `sh -c 'for i in 1 2 3 4 5 6 7; do echo line $i >&2; done; exit 4'`;
  const end = await run(['run', fails, 'sleep 9']);
  const lines = [1, 2, 3, 4, 5, 6, 7].map((n) => `    line ${n}\n`).join('');
  expect(end.err).toContain(lines);
  expect(end.err).toContain('tandem: sh exited with code 4');
});

test('a reader that goes away does not end Tandem or its processes', async () => {
  const dir = folder();
  const child = spawn(
    tandem,
    [
      'run',
      `sh -c 'while :; do echo spam; done'`,
      `sh -c 'sleep 1; echo x > ${dir}/alive; exit 6'`,
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  child.stdout?.once('data', () => child.stdout?.destroy());
  const code = await new Promise((done) => child.on('exit', done));
  expect(code).toBe(6);
});

test('a reader that is stuck does not stop the supervisor, and what was dropped is said', async () => {
  const script =
    'mkfifo p; exec 9<>p; "$0" run "yes spam" "sleep 7" >p 2>err; code=$?; cat err; exit $code';
  const end = await run([], { as: ['sh', '-c', script], cwd: folder(), binary: tandem });
  expect(end.code).toBe(0);
  expect(end.out).toMatch(/tandem: yes: \d+ lines of stdout were dropped: their reader was stuck/);
}, 30_000);
