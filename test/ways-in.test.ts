/**
 * Goal: every way to give a configuration leads to the same plan, and problems are said for people and programs.
 * Method: the real binary on files, standard input and variables; its words and its JSON are read.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { cleanUp, folder, run, tandem } from './binary.ts';

afterEach(cleanUp);

const hello = 'processes:\n  a:\n    command: /bin/echo hello\n';

function files(given: Readonly<Record<string, string>>): string {
  const dir = folder();
  for (const [name, text] of Object.entries(given)) writeFileSync(join(dir, name), text);
  return dir;
}

test('a file on standard input is read with -f -', () => {
  const end = spawnSync(tandem, ['-f', '-'], { input: hello, encoding: 'utf8' });
  expect(end.stdout).toContain('hello\n');
  expect(end.status).toBe(0);
});

test('TANDEM_CONFIG names the file, or several', async () => {
  const dir = files({
    'one.yaml': hello,
    'two.yaml': 'processes:\n  a:\n    command: /bin/echo bye\n',
  });
  const once = await run([], { cwd: dir, env: { TANDEM_CONFIG: 'one.yaml' } });
  expect(once).toMatchObject({ code: 0, out: expect.stringContaining('hello') });
  const both = await run([], { cwd: dir, env: { TANDEM_CONFIG: 'one.yaml:two.yaml' } });
  expect(both).toMatchObject({ code: 0, out: expect.stringContaining('bye') });
  const flag = await run(['-f', 'one.yaml'], { cwd: dir, env: { TANDEM_CONFIG: 'two.yaml' } });
  expect(flag.out).toContain('hello');
});

test('JSON is read as a configuration, with places in it', async () => {
  const dir = files({
    'tandem.json': '{\n  "processes": {"a": {"command": "/bin/echo hello"}}\n}\n',
    'bad.json': '{\n  "processes": {"a": {"comand": "/bin/echo hello"}}\n}\n',
  });
  expect((await run([], { cwd: dir })).out).toContain('hello');
  const bad = await run(['check', '-f', 'bad.json'], { cwd: dir });
  expect(bad.err).toContain('bad.json:2:23: error: cannot use `comand`');
});

test('several files are merged, the later wins, and each mistake is shown in its own file', async () => {
  const dir = files({
    'base.yaml':
      'processes:\n  a:\n    command: /bin/sh -c "echo $$A $$B"\n    environment: [A=1, B=2]\n',
    'over.yaml': 'processes:\n  a:\n    environment: {B: "3"}\n  b:\n    comand: x\n',
    'good.yaml': 'processes:\n  a:\n    environment: {B: "3"}\n',
  });
  const good = await run(['-f', 'base.yaml', '-f', 'good.yaml'], { cwd: dir });
  expect(good).toMatchObject({ code: 0, out: expect.stringContaining('1 3\n') });
  const bad = await run(['check', '-f', 'base.yaml', '-f', 'over.yaml'], { cwd: dir });
  expect(bad.code).toBe(78);
  expect(bad.err).toContain('over.yaml:5:5: error: cannot use `comand`');
  expect(bad.err).toContain('  5 |     comand: x\n');
});

test('relative paths of merged files begin at the first', async () => {
  const dir = folder();
  mkdirSync(join(dir, 'x'));
  writeFileSync(join(dir, 'x/base.yaml'), 'processes:\n  a:\n    command: /bin/pwd\n');
  writeFileSync(join(dir, 'over.yaml'), 'processes:\n  a:\n    working_dir: .\n');
  const end = await run(['-f', 'x/base.yaml', '-f', 'over.yaml'], { cwd: dir });
  expect(end.out).toContain(`${dir}/x\n`);
});

test('a platform may set the budget without touching a file; nonsense is refused', async () => {
  const dir = files({
    'tandem.yaml': 'stop_timeout: 9s\nprocesses:\n  a:\n    command: cat\n',
  });
  const bad = await run([], { cwd: dir, env: { TANDEM_STOP_TIMEOUT: '5' } });
  expect(bad.code).toBe(78);
  expect(bad.err).toContain('error: cannot use TANDEM_STOP_TIMEOUT=5: a duration');
  const good = await run(['check'], { cwd: dir, env: { TANDEM_STOP_TIMEOUT: '5s' } });
  expect(good.code).toBe(0);
});

test('check --json is for programs: every problem with its file, line, column and end', async () => {
  const dir = files({ 'tandem.yaml': 'processes:\n  a:\n    comand: x\n    port: 0\n' });
  const end = await run(['check', '--json'], { cwd: dir });
  expect(end.code).toBe(78);
  expect(end.err).toBe('');
  const said = JSON.parse(end.out);
  expect(said).toMatchObject({ version: 1, ok: false });
  expect(said.problems).toHaveLength(2);
  expect(said.problems[0]).toEqual({
    severity: 'error',
    message: 'cannot use `comand`: a process has no such key',
    hint: 'did you mean `command`?',
    file: 'tandem.yaml',
    line: 3,
    column: 5,
    endLine: 3,
    endColumn: 11,
    related: [],
  });
  const good = files({ 'tandem.yaml': hello });
  const ok = await run(['check', '--json'], { cwd: good });
  expect(JSON.parse(ok.out)).toEqual({ version: 1, ok: true, problems: [] });
});

test('check --format github writes annotations', async () => {
  const dir = files({ 'tandem.yaml': 'processes:\n  a:\n    comand: x\n' });
  const end = await run(['check', '--format', 'github'], { cwd: dir });
  expect(end.out).toBe(
    '::error file=tandem.yaml,line=3,endLine=3,col=5,endColumn=10::' +
      'cannot use `comand`: a process has no such key%0Ahint: did you mean `command`?\n',
  );
});

test('colour where it is asked for, none in a pipe, none with NO_COLOR', async () => {
  const dir = files({ 'tandem.yaml': 'processes:\n  a:\n    comand: x\n' });
  const plain = await run(['check'], { cwd: dir });
  expect(plain.err).not.toContain('\u001b');
  const forced = await run(['check'], { cwd: dir, env: { FORCE_COLOR: '1' } });
  expect(forced.err).toContain('\u001b[1;31merror\u001b[0m');
  expect(forced.err.replaceAll(/\u001b\[[\d;]*m/g, '')).toBe(plain.err);
  const never = await run(['check'], { cwd: dir, env: { FORCE_COLOR: '1', NO_COLOR: '1' } });
  expect(never.err).toBe(plain.err);
});

test('escape sequences in a file are shown, not obeyed', async () => {
  const dir = files({ 'tandem.yaml': 'processes:\n  a:\n    comand: "\\e[2J"\n    b\u0007: x\n' });
  const end = await run(['check'], { cwd: dir });
  expect(end.err).not.toContain('\u0007');
});
