/**
 * Goal: output goes out in whole lines, with nothing changed, lost or mixed.
 * Method: processes that write as much and as oddly as they can.
 */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { cleanUp, folder, run, start, tandem, until } from './binary.ts';

afterEach(cleanUp);

/** The long run takes a million of each. */
const count = process.env['TANDEM_RUNS'] === undefined ? 100_000 : 1_000_000;
const numbered = (tag: string): string =>
  `awk -v tag=${tag} 'BEGIN { for (i = 1; i <= ${count}; i++) print tag, i, "and some more text" }'`;

test.each(['prefix', 'json'])(
  '%s: lines of two writers are never mixed and none is lost',
  async (mode) => {
    const dir = folder();
    const file = join(dir, 'out');
    const writers = ['aa', 'bb'].map(
      (tag) => `sh -c ${JSON.stringify(`${numbered(tag)}; exec sleep 100`)}`,
    );
    const last = `sh -c 'until [ $(grep -c "${count} and" ${file}) = 2 ]; do sleep 0.1; done'`;
    const end = await run(['--logs', mode, 'run', ...writers, last], {
      as: ['sh', '-c', `exec "$0" "$@" >${file}`],
    });
    expect(end.code).toBe(0);
    const around: readonly [string, string] =
      mode === 'json'
        ? [
            '{"severity":"INFO","message":"',
            '","logging.googleapis.com/labels":{"process":"NAME"}}',
          ]
        : ['NAME | ', ''];
    const seen = { aa: 0, bb: 0 };
    let wrong = '';
    for (const line of readFileSync(file, 'latin1').split('\n').slice(0, -1)) {
      const tag = line.includes('aa ') ? 'aa' : 'bb';
      seen[tag] += 1;
      const name = tag === 'aa' ? 'sh' : 'sh-2';
      const shown = mode === 'json' ? name : name.padEnd(4);
      const [before, behind] = around.map((text) => text.replace('NAME', shown));
      if (line !== `${before}${tag} ${seen[tag]} and some more text${behind}`) wrong ||= line;
    }
    expect(wrong).toBe('');
    expect(seen).toEqual({ aa: count, bb: count });
  },
  120_000,
);

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

describe('json', () => {
  type Entry = { readonly [key: string]: unknown };
  const labels = 'logging.googleapis.com/labels';
  const entries = (text: string): readonly Entry[] =>
    text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(Buffer.from(line, 'latin1').toString()));
  const of = (entry: Entry): unknown => [entry['severity'], entry['message'], entry[labels]];

  test('each line is an entry with its severity, and an object goes through with the label', async () => {
    const script = [
      'echo plain',
      'echo "[warn] careful"',
      'echo oops >&2',
      'echo "INFO: fine" >&2',
      "printf 'a\\377\\000b\\n'",
      `echo '{"severity":"NOTICE","message":"own","x":1}'`,
      `echo '{"message":"own","${labels}":{"a":"b"}}'`,
      'sleep 0.3',
    ];
    const dir = folder();
    writeFileSync(join(dir, 'app'), `${script.join('\n')}\n`);
    const end = await run(['--logs', 'json', 'run', 'sh ./app', 'sleep 9'], { cwd: dir });
    const label = { process: 'sh' };
    const out = entries(end.out);
    expect(out.map(of)).toEqual([
      ['INFO', 'plain', label],
      ['WARNING', '[warn] careful', label],
      ['INFO', 'a\\xff\u0000b', label],
      ['NOTICE', 'own', label],
      [undefined, 'own', { process: 'sh', a: 'b' }],
    ]);
    expect(out[3]?.['x']).toBe(1);
    const err = entries(end.err);
    expect(
      err.filter((entry) => JSON.stringify(entry[labels]) === JSON.stringify(label)).map(of),
    ).toEqual([
      ['ERROR', 'oops', label],
      ['INFO', 'INFO: fine', label],
    ]);
    const own = err.filter((entry) => JSON.stringify(entry[labels]) === '{"process":"tandem"}');
    expect(own[0]).toMatchObject({ severity: 'INFO', message: expect.stringMatching(/^tandem: /) });
    expect(own.at(-1)).toMatchObject({
      severity: 'ERROR',
      message: expect.stringContaining('tandem: sh exited with code 0'),
      reason: { process: 'sh', exitCode: 0, stderr: ['oops', 'INFO: fine'] },
    });
  });

  test('it is what Cloud Run gets, and a time is a setting', async () => {
    const dir = folder();
    writeFileSync(
      join(dir, 'tandem.yaml'),
      'logs: {timestamps: true}\nprocesses:\n  a: {command: echo a}\n  b: {command: sleep 9}\n',
    );
    const end = await run([], { cwd: dir, env: { K_SERVICE: 'x' } });
    const [entry] = entries(end.out);
    expect(entry).toMatchObject({ message: 'a', [labels]: { process: 'a' } });
    expect(Math.abs(Date.now() - Date.parse(`${entry?.['time']}`))).toBeLessThan(3_600_000);
    for (const own of entries(end.err)) expect(own['severity']).toMatch(/INFO|ERROR/);
  });

  test('a line that is too long is several entries, and no byte of it is lost', async () => {
    const bytes = 600_000;
    const long = `sh -c 'head -c ${bytes} /dev/zero | tr "\\0" x; echo; echo next; sleep 0.3'`;
    const end = await run(['--logs', 'json', 'run', long, 'sleep 9']);
    const out = entries(end.out);
    expect(out.at(-1)?.['message']).toBe('next');
    expect(
      out
        .slice(0, -1)
        .map((entry) => `${entry['message']}`.length)
        .reduce((a, b) => a + b),
    ).toBe(bytes);
    expect(Math.max(...end.out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(
      250_000,
    );
    const parts = out.slice(0, -1).map((entry) => (entry[labels] as Entry)['partial']);
    expect(parts).toEqual(['start', ...parts.slice(2).map(() => 'middle'), 'end']);
  });
});

test('timestamps stand before a line', async () => {
  const dir = folder();
  writeFileSync(
    join(dir, 'tandem.yaml'),
    'logs: {timestamps: true}\nprocesses:\n  a: {command: echo a}\n  b: {command: sleep 9}\n',
  );
  const end = await run([], { cwd: dir });
  expect(end.out).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z a \| a\n$/);
});

test('colours are asked for or refused, and one name has one colour', async () => {
  const of = async (env: Readonly<Record<string, string>>): Promise<string> =>
    (await run(['run', 'echo a', 'sleep 9'], { env })).out;
  const colours = await of({ FORCE_COLOR: '1' });
  expect(colours).toMatch(/^\x1b\[0;\d\dmecho {2}\|\x1b\[0m a\n$/);
  expect(await of({ FORCE_COLOR: '1' })).toBe(colours);
  expect(await of({ FORCE_COLOR: '1', NO_COLOR: '1' })).toBe('echo  | a\n');
  expect(await of({})).toBe('echo  | a\n');
});

test('a flag comes before the process, the process before a variable', async () => {
  const dir = folder();
  writeFileSync(
    join(dir, 'tandem.yaml'),
    'processes:\n  a: {command: echo a, logs: inherit}\n  b: {command: sleep 9}\n',
  );
  const env = { TANDEM_LOGS: 'json' };
  expect((await run([], { cwd: dir, env })).out).toBe('a\n');
  expect((await run(['--logs', 'prefix'], { cwd: dir, env })).out).toBe('a | a\n');
});

describe.skipIf(process.getuid?.() !== 0)('as another user', () => {
  test.each(['inherit', 'prefix', 'json'])('%s: it may open its own outputs anew', async (mode) => {
    const dir = folder();
    const opens = 'echo one > /dev/stdout; echo two > /proc/self/fd/1; echo three > /dev/stderr';
    writeFileSync(
      join(dir, 'tandem.yaml'),
      `logs: ${mode}\nprocesses:\n  a:\n    user: nobody\n    command: sh -c '${opens}'\n    working_dir: /\n  b: {command: sleep 9}\n`,
    );
    const end = await run(['-f', join(dir, 'tandem.yaml')]);
    expect(end.out).toMatch(/one[^\n]*\n[^\n]*two/);
    expect(end.err).toContain('three');
  });
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
