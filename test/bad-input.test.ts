/**
 * Goal: bad input starts nothing, ends with 78, and says everything at its place.
 * Method: a file with one of each mistake, whose processes would leave a trace if they ran.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { cleanUp, folder, run } from './binary.ts';

afterEach(cleanUp);

const trace = 'command: touch started\n    working_dir: .';

test.each([
  ['a YAML syntax error', `processes:\n  a:\n    ${trace}\n   b: [\n`, 5],
  ['an unknown key', `processes:\n  a:\n    ${trace}\n    prot: 1\n`, 5],
  ['a wrong type', `processes:\n  a:\n    ${trace}\n    port: high\n`, 5],
  ['a route to nobody', `processes:\n  a:\n    ${trace}\nfront:\n  routes:\n    /*: b\n`, 7],
  ['a cycle', `processes:\n  a:\n    ${trace}\n    depends_on: [a]\n`, 5],
  [
    'a port used twice',
    `processes:\n  a:\n    ${trace}\n    port: 9\n  b:\n    command: cat\n    port: 9\n`,
    8,
  ],
  ['a missing program', `processes:\n  a:\n    ${trace}\n  b:\n    command: nowhere\n`, 6],
  [
    'a missing folder',
    `processes:\n  a:\n    ${trace}\n  b:\n    working_dir: x\n    command: cat\n`,
    6,
  ],
])(
  '%s: 78, file:line:column, the line, a caret, and nothing is started',
  async (_what, text, line) => {
    const dir = folder();
    writeFileSync(join(dir, 'tandem.yaml'), text);
    for (const args of [['check'], [], ['-f', 'tandem.yaml']]) {
      const end = await run(args, { cwd: dir });
      expect(end.code).toBe(78);
      expect(end.err).toMatch(new RegExp(`^tandem\\.yaml:${line}:\\d+: error: cannot `, 'm'));
      expect(end.err).toMatch(new RegExp(`^  ${line} \\| `, 'm'));
      expect(end.err).toMatch(/^ +\| +\^/m);
      expect(end.err).toMatch(/problems?; nothing was started\n$/);
      expect(existsSync(join(dir, 'started'))).toBe(false);
    }
  },
);

test('all of them at once, in the order of the file', async () => {
  const dir = folder();
  writeFileSync(
    join(dir, 't.yaml'),
    'processes:\n  a:\n    comand: x\n    command: nowhere\n    port: 0\n  b:\n    command: cat ${NOPE}\n',
  );
  const end = await run(['check', '-f', join(dir, 't.yaml')]);
  const lines = [...end.err.matchAll(/t\.yaml:(\d+):/g)].map((match) => Number(match[1]));
  expect(lines).toEqual([3, 4, 5, 7]);
  expect(end.err).toContain('4 problems');
});

test('mistakes in commands are shown by the number of the argument', async () => {
  const end = await run(['run', 'cat', 'sleep $X | y']);
  expect(end.code).toBe(78);
  expect(end.err).toContain('argument 2:7: error: cannot run the command: `$X` needs a shell');
});

test('a file that is not there is said by its name', async () => {
  const end = await run(['-f', '/no/such.yaml']);
  expect(end).toMatchObject({ code: 78 });
  expect(end.err).toBe('tandem: cannot read /no/such.yaml: there is no such file\n');
});

test('check of a good file says what it would run', async () => {
  const dir = folder();
  writeFileSync(join(dir, 'tandem.yaml'), 'processes:\n  a:\n    command: cat\n    port: 8081\n');
  const end = await run(['check'], { cwd: dir });
  expect(end).toMatchObject({ code: 0, out: 'tandem.yaml: ok: a on port 8081\n', err: '' });
});
