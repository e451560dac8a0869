/**
 * Goal: what a process is given besides its command is what it has, on the real kernel.
 * Method: processes that print /proc/self and their environment; as PID 1 and as a plain child.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import {
  cleanUp,
  exists,
  folder,
  type Place,
  places,
  run,
  start,
  tandem,
  until,
} from './binary.ts';

afterEach(cleanUp);

const root = process.getuid?.() === 0;

/** One process with these lines, whose command is a script. */
async function of(place: Place, script: string, lines: readonly string[], dir = folder()) {
  chmodSync(dir, 0o755);
  writeFileSync(join(dir, 'run.sh'), script);
  const keys = lines.map((line) => `    ${line}\n`).join('');
  writeFileSync(
    join(dir, 'tandem.yaml'),
    `processes:\n  a:\n    command: /bin/sh ${dir}/run.sh\n${keys}`,
  );
  return run(['-f', join(dir, 'tandem.yaml')], { place });
}

describe.each(places)('as %s', (place) => {
  describe.skipIf(!root)('with the rights of root', () => {
    test('a user by name has its group and its supplementary groups', async () => {
      const end = await of(place, 'id -u; id -g; id -G', ['user: nobody']);
      const want = execFileSync('sh', [
        '-c',
        'id -u nobody; id -g nobody; id -G nobody',
      ]).toString();
      expect(end.out).toContain(want);
      expect(end.code).toBe(0);
    });

    test('a user by number needs no passwd entry', async () => {
      const end = await of(place, 'grep -E "^(Uid|Gid|Groups)" /proc/self/status', [
        'user: "12345:23456"',
      ]);
      expect(end.out).toMatch(/Uid:\t12345\t12345\t12345\t12345/);
      expect(end.out).toMatch(/Gid:\t23456\t23456\t23456\t23456/);
      expect(end.out).toMatch(/Groups:\t23456 *\n/);
    });

    test('another user may open its own output anew, with logs inherited too', async () => {
      for (const logs of ['prefix', 'inherit']) {
        const script = 'echo one > /dev/stdout; echo two > /proc/self/fd/2';
        const end = await of(place, script, ['user: nobody', `logs: ${logs}`]);
        expect(`${end.code} ${end.out}`).toMatch(/^0 [\s\S]*one\n/);
        expect(end.err).toContain('two\n');
      }
    });

    test('the death of Tandem takes a process of another user along', async () => {
      const dir = folder();
      chmodSync(dir, 0o777);
      writeFileSync(
        join(dir, 't.yaml'),
        `processes:\n  a:\n    command: /bin/sh -c 'echo $$ > ${dir}/pid; exec sleep 60'\n    user: nobody\n`,
      );
      const running = start(['-f', join(dir, 't.yaml')], { place: 'child' });
      await until(
        'its pid',
        () => exists(join(dir, 'pid')) && readFileSync(join(dir, 'pid'), 'utf8').endsWith('\n'),
        running.err,
      );
      const pid = readFileSync(join(dir, 'pid'), 'utf8').trim();
      running.signal('SIGKILL');
      await until(
        'its end',
        () =>
          !existsSync(`/proc/${pid}`) ||
          /State:\sZ/.test(readFileSync(`/proc/${pid}/status`, 'utf8')),
      );
    });

    test('limits, priority, oom score and mask', async () => {
      const script =
        'cat /proc/self/limits; cat /proc/self/oom_score_adj; umask; cut -d" " -f19 /proc/self/stat';
      const end = await of(place, script, [
        'ulimits: {nofile: {soft: 100, hard: 200}, core: 0, nproc: 400}',
        'nice: 5',
        'oom_score_adj: 500',
        'umask: 027',
        'user: nobody',
      ]);
      expect(end.out).toMatch(/Max open files +100 +200/);
      expect(end.out).toMatch(/Max core file size +0 +0/);
      expect(end.out).toMatch(/Max processes +400 +400/);
      expect(end.out).toMatch(/\n500\n0027\n5\n/);
    });

    test('a rendered file belongs to the user of its process', async () => {
      const dir = folder();
      writeFileSync(join(dir, 'in'), 'listen ${PORT}; $host\n');
      const end = await of(
        place,
        `cat ${dir}/out`,
        [
          'port: 8089',
          'ready: none',
          'user: nobody',
          'files: [{from: ./in, to: ./out, mode: "0600"}]',
        ],
        dir,
      );
      expect(end.out).toContain('listen 8089; $host\n');
      const { mode, uid } = statSync(join(dir, 'out'));
      expect([mode & 0o777, uid]).toEqual([0o600, 65534]);
    });
  });

  test('secrets come from files, one newline less, and win over `environment`', async () => {
    const dir = folder();
    writeFileSync(join(dir, 'pw'), 'pass word\n\n');
    const end = await of(
      place,
      'printf "[%s]" "$DB"',
      ['secrets: {DB: ./pw}', 'environment: {DB: x}'],
      dir,
    );
    expect(end.out).toContain('[pass word\n]');
  });

  test('env files: the container, then the files, then environment', async () => {
    const dir = folder();
    writeFileSync(join(dir, 'one.env'), 'A=1\nB=1\nC=1\n# no\nexport D="x y"\n');
    writeFileSync(join(dir, 'two.env'), 'B=2\nC=2\n');
    const end = await of(
      place,
      'echo $A $B $C $D',
      ['env_file: [one.env, two.env, {path: no.env, required: false}]', 'environment: {C: "3"}'],
      dir,
    );
    expect(end.out).toContain('1 2 3 x y\n');
  });
});

test('a secret that went away fails the start, by its name and not its value', async () => {
  const dir = folder();
  writeFileSync(join(dir, 'pw'), 'geheim');
  writeFileSync(
    join(dir, 'tandem.yaml'),
    `processes:\n  first:\n    command: rm ${dir}/pw\n    oneshot: true\n  a:\n    command: env\n    depends_on: [first]\n    secrets: {DB: pw}\n`,
  );
  const end = await run([], { cwd: dir });
  expect(end.code).toBe(126);
  expect(end.err).toContain('a file of its `secrets` cannot be read (ENOENT)');
  expect(end.err + end.out).not.toContain('geheim');
});

test('no output holds a secret: not the plan, not a journal, not an error', async () => {
  const dir = folder();
  writeFileSync(join(dir, 'pw'), 'geheim\n');
  writeFileSync(join(dir, 'in'), 'x ${DB}\n');
  writeFileSync(
    join(dir, 'tandem.yaml'),
    'processes:\n  a:\n    command: /bin/true\n    secrets: {DB: pw}\n    files: [{from: in, to: out}]\n',
  );
  const end = await run(['check'], { cwd: dir });
  expect(end.code).toBe(78);
  expect(end.err).toContain(`${dir}/in:1:3: error: cannot render \`\${DB}\`: it is a secret`);
  expect(end.err + end.out).not.toContain('geheim');
});

test.skipIf(!root)('without root another user is refused before the start', async () => {
  const dir = folder();
  chmodSync(dir, 0o755);
  writeFileSync(join(dir, 'tandem.yaml'), 'processes:\n  a:\n    command: id\n    user: nobody\n');
  const as = ['setpriv', '--reuid', '1234', '--regid', '1234', '--clear-groups', '--'];
  const own = join(dir, 'tandem');
  writeFileSync(own, readFileSync(tandem), { mode: 0o755 });
  const end = await run([], { cwd: dir, as, binary: own });
  expect(end.code).toBe(78);
  expect(end.err).toContain(
    'tandem.yaml:4:11: error: cannot run as `nobody`: Tandem runs as user 1234',
  );
});

test.each([
  [
    'user: nobdy',
    'cannot run as `nobdy`: there is no user `nobdy` in /etc/passwd',
    'did you mean `nobody`?',
  ],
  [
    'umask: 9',
    'cannot read `umask`: permission bits in octal such as `022` are needed, and this is `9`',
    '',
  ],
  ['nice: 20', 'cannot read `nice`: a whole number from -20 to 19 is needed, and this is `20`', ''],
  ['oom_score_adj: x', 'cannot read `oom_score_adj`: a whole number from -1000 to 1000', ''],
  ['ulimits: {nofil: 1}', 'cannot limit `nofil`: there is no such limit', 'did you mean `nofile`?'],
  ['ulimits: {nofile: {soft: 2, hard: 1}}', 'the soft limit is above the hard one', ''],
  ['ulimits: {nofile: {soft: 2}}', '`soft` and `hard` are needed', ''],
  ['secrets: {DB: no}', 'cannot read the secret `', 'there is no such file'],
  ['env_file: no.env', 'cannot read the env file `', 'there is no such file'],
  ['files: [{from: x}]', 'cannot render a file: `from` and `to` are needed', 'hint: `{from'],
  [
    'files: [{from: tandem.yaml, to: /no/such/x}]',
    'cannot write `/no/such/x`: there is no folder /no/such',
    '',
  ],
  ['stdin: tty', 'cannot read `stdin`: `null` or `inherit` is needed', ''],
])('%s is refused at its place', async (line, text, more) => {
  const dir = folder();
  mkdirSync(join(dir, 'x'));
  writeFileSync(join(dir, 'tandem.yaml'), `processes:\n  a:\n    command: cat\n    ${line}\n`);
  const end = await run(['check'], { cwd: dir });
  expect(end.code).toBe(78);
  expect(end.err).toContain('tandem.yaml:4:');
  expect(end.err).toContain(text);
  expect(end.err).toContain(more);
});

test('a mistake in an env file is shown in the env file', async () => {
  const dir = folder();
  writeFileSync(join(dir, '.env'), 'A=1\nB="x\n');
  writeFileSync(
    join(dir, 'tandem.yaml'),
    'processes:\n  a:\n    command: cat\n    env_file: .env\n',
  );
  const end = await run(['check'], { cwd: dir });
  expect(end.err).toContain(`${dir}/.env:2:3: error: cannot read \`B\`: the quote " is not closed`);
});

test('stdin: inherit reads what Tandem is given; by default there is nothing', () => {
  const yaml = (stdin: string): string =>
    `processes:\n  a:\n    command: cat\n    stdin: ${stdin}\n`;
  const dir = folder();
  for (const [stdin, seen] of [
    ['inherit', 'typed'],
    ['"null"', ''],
  ] as const) {
    writeFileSync(join(dir, 't.yaml'), yaml(stdin));
    const end = spawnSync(tandem, ['-f', join(dir, 't.yaml'), '--logs', 'inherit'], {
      input: 'typed',
    });
    expect(end.stdout.toString().replace(/tandem: .*\n/, '')).toBe(seen);
  }
});

test('a process with the terminal is in its foreground, and others are not', async () => {
  const dir = folder();
  writeFileSync(
    join(dir, 't.yaml'),
    `processes:\n  a:\n    command: /bin/sh -c 'sleep 0.2; ps -o stat= -p $$; tty'\n    tty: true\n  b:\n    command: sleep 60\n`,
  );
  const end = spawnSync('script', ['-qec', `${tandem} -f ${dir}/t.yaml`, '/dev/null'], {
    encoding: 'utf8',
    timeout: 15_000,
  });
  expect(end.stdout).toMatch(/S\w*\+/);
  expect(end.stdout).toMatch(/\/dev\/(pts|tty)/);
});

test('one process at most has the terminal', async () => {
  const dir = folder();
  writeFileSync(
    join(dir, 'tandem.yaml'),
    'processes:\n  a:\n    command: cat\n    tty: true\n  b:\n    command: cat\n    tty: true\n',
  );
  const end = await run(['check'], { cwd: dir });
  expect(end.err).toContain('cannot give `tty` to `b`: `a` has it');
  expect(end.err).toContain('tandem.yaml:4:10: first used here');
});
