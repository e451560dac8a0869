/**
 * Goal: the reason of an end that nobody asked for is true, helps, and comes last.
 * Method: real programs that fail in the ways that people meet, and what the kernel knows of them.
 */
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { cleanUp, exists, folder, run, start, tandem, until } from './binary.ts';
import { freePort } from './http.ts';

afterEach(cleanUp);

const isRoot = process.getuid?.() === 0;

function lastLine(err: string): string {
  return err.trimEnd().split('\n').at(-1) ?? '';
}

function listen(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer();
  return new Promise((done) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      done({ server, port: typeof address === 'object' ? (address?.port ?? 0) : 0 });
    });
  });
}

test('the last lines of its stderr come first, then the hint, and the sentence stands last', async () => {
  const end = await run([
    'run',
    `sh -c 'echo no disk: No space left on device >&2; exit 3'`,
    'sleep 9',
  ]);
  const lines = end.err.trimEnd().split('\n').slice(-4);
  expect(lines[0]).toBe('tandem: the last lines of sh on stderr:');
  expect(lines[1]).toBe('    no disk: No space left on device');
  expect(lines[2]).toBe('tandem: hint: the disk is full, or a tmpfs is');
  expect(lines[3]).toMatch(/^tandem: sh exited with code 3 after .*; stopped sleep; exit code 3$/);
});

test('a long line is cut, so that the report fits a screen', async () => {
  const end = await run([
    'run',
    `sh -c 'head -c 1500 /dev/zero | tr "\\0" x >&2; exit 3'`,
    'sleep 9',
  ]);
  const line = end.err.split('\n').find((one) => one.startsWith('    x')) ?? '';
  expect(line).toMatch(/^ {4}x{400} \.\.\.$/);
});

test.each([
  ['a crash', `sh -c 'kill -SEGV $$; sleep 5'`, /hint: it crashed: .*\n.*was ended by SIGSEGV/],
  ['SIGTERM from outside', `sh -c 'kill $$; sleep 5'`, /hint: somebody else sent SIGTERM/],
  ['143', `sh -c 'exit 143'`, /hint: 143 is 128 and SIGTERM/],
  ['a daemon', 'true', /hint: did it put itself in the background\?/],
  ['a command that is not there', `sh -c 'no-such-command-here'`, /hint: a command of its script/],
  [
    'a missing library',
    `sh -c 'echo "x: error while loading shared libraries: libx.so.1: cannot open" >&2; exit 127'`,
    /hint: a shared library is missing/,
  ],
])('%s has its hint', async (_what, command, hint) => {
  const end = await run(['run', command, 'sleep 9']);
  expect(end.err).toMatch(hint);
  expect(lastLine(end.err)).toMatch(/^tandem: .*; exit code \d+$/);
});

describe('a program that cannot be executed', () => {
  const make = (text: string | Buffer, mode = 0o755): string => {
    const path = join(folder(), 'program');
    writeFileSync(path, text, { mode });
    return path;
  };
  const foreign = (): Buffer => {
    const elf = Buffer.alloc(64);
    elf.write('\x7fELF\x02\x01\x01', 'latin1');
    elf.writeUInt16LE(2, 16);
    elf.writeUInt16LE(process.arch === 'arm64' ? 62 : 183, 18);
    return elf;
  };
  test.each<readonly [string, () => string, number, RegExp]>([
    ['a name that is nearly right', () => 'slep', 127, /hint: did you mean `sleep`\?/],
    ['a path where nothing is', () => '/no/such/program', 127, /hint: there is no file/],
    [
      'an interpreter that is not there',
      () => make('#!/no/sh\n'),
      127,
      /hint: .* asks for \/no\/sh/,
    ],
    ['line ends of Windows', () => make('#!/bin/sh\r\n'), 127, /hint: .*as Windows writes it/],
    ['no first line', () => make('hello\n'), 126, /hint: a script needs a first line/],
    ['another machine', () => make(foreign()), 126, /hint: .* was built for a/],
    ['no right to execute', () => make('#!/bin/sh\n', 0o644), 126, /hint: chmod \+x/],
    ['a folder', () => folder(), 126, /hint: .* is a folder/],
  ])('%s', async (_what, program, code, hint) => {
    const end = await run(['--', program()]);
    expect(end.code).toBe(code);
    expect(end.err).toMatch(hint);
    expect(lastLine(end.err)).toContain(`exit code ${code}`);
  });
});

describe('an address in use', () => {
  const serve = (port: number): string =>
    `node -e 'require("net").createServer().listen(${port}, "127.0.0.1")'`;

  test('the process of ours that has it is named', async () => {
    const port = await freePort();
    const dir = folder();
    writeFileSync(
      join(dir, 'tandem.yaml'),
      `processes:\n  first:\n    command: ${serve(port)}\n    ready: {tcp: ${port}}\n  second:\n    command: ${serve(port)}\n    depends_on: [first]\n`,
    );
    const end = await run([], { cwd: dir });
    expect(end.code).toBe(1);
    expect(end.err).toContain('EADDRINUSE');
    expect(end.err).toContain(
      `hint: \`first\`, another process of this container, listens on port ${port}: give one of them another`,
    );
    expect(lastLine(end.err)).toMatch(/second exited with code 1 .*; stopped first; exit code 1$/);
  }, 40_000);

  test('a stranger that has it is named', async () => {
    const { server, port } = await listen();
    const end = await run(['run', `PORT=${port} sleep 9`, 'sleep 9']);
    server.close();
    expect(end.err).toContain(`(pid ${process.pid}) listens on port ${port}`);
    expect(lastLine(end.err)).toContain(`port ${port} is in use by somebody else`);
  });
});

test('one that listens on another port than it was told is found out', async () => {
  const [port, other] = [await freePort(), await freePort()];
  const dir = folder();
  const command = `node -e 'require("net").createServer().listen(${other}, "127.0.0.1")'`;
  writeFileSync(
    join(dir, 'tandem.yaml'),
    `processes:\n  app:\n    command: ${command}\n    port: ${port}\n    ready_timeout: 5s\n`,
  );
  const end = await run([], { cwd: dir });
  expect(end.code).toBe(124);
  expect(end.err).toContain(`hint: it listens on ${other}, and was asked on ${port}`);
}, 40_000);

/** A memory control group of our own, or why there is none. */
function memoryGroup(): { readonly path: string } | { readonly missing: string } {
  const own = exists('/proc/self/cgroup') ? readFileSync('/proc/self/cgroup', 'utf8') : '';
  const below = /^\d+:memory:(\/.*)$/m.exec(own)?.[1];
  const second = below === undefined;
  const path2 = /^0::(\/.*)$/m.exec(own)?.[1] ?? '/';
  const roots = second
    ? [join('/sys/fs/cgroup', path2), '/sys/fs/cgroup']
    : [join('/sys/fs/cgroup/memory', below), '/sys/fs/cgroup/memory'];
  const limit = second ? 'memory.max' : 'memory.limit_in_bytes';
  for (const root of roots) {
    const path = join(root, `tandem-test-${process.pid}`);
    try {
      mkdirSync(path);
      if (exists(join(path, limit))) {
        writeFileSync(join(path, limit), `${48 << 20}`);
        const swap = join(path, second ? 'memory.swap.max' : 'memory.memsw.limit_in_bytes');
        if (exists(swap)) writeFileSync(swap, second ? '0' : `${48 << 20}`);
        return { path };
      }
      rmdirSync(path);
    } catch {
      try {
        rmdirSync(path);
      } catch {}
    }
  }
  return { missing: 'no memory control group can be made here' };
}

test('a process that the kernel killed for lack of memory is told from any other SIGKILL', async (context) => {
  if (process.env['TANDEM_BINARY']) return context.skip('a sanitizer needs more memory than that');
  const group = memoryGroup();
  if ('missing' in group) return context.skip(group.missing);
  const script = `echo $$ > ${group.path}/cgroup.procs && exec "$0" "$@"`;
  try {
    const end = await run(['run', 'tail /dev/zero', 'sleep 99'], {
      as: ['sh', '-c', script],
    });
    expect(end.code, end.err).toBe(137);
    expect(end.err).toContain(
      'hint: out of memory: the kernel killed it; this container may use 48 MiB',
    );
    const other = await run(['run', `sh -c 'kill -KILL $$; sleep 5'`, 'sleep 99'], {
      as: ['sh', '-c', script],
    });
    expect(other.err).toContain('the kernel counted no kill for lack of memory');
  } finally {
    rmdirSync(group.path);
  }
}, 60_000);

/** A /dev of its own with a termination log in it, of which a copy is kept when Tandem has ended. */
function withTerminationLog(dir: string): readonly string[] {
  const script = [
    `mount -t tmpfs none ${dir}/dev`,
    `touch ${dir}/dev/null ${dir}/dev/termination-log`,
    `mount --bind /dev/null ${dir}/dev/null`,
    `mount --move ${dir}/dev /dev`,
    `"$0" "$@"; code=$?`,
    `cat /dev/termination-log > ${dir}/kept`,
    'exit $code',
  ].join('\n');
  mkdirSync(join(dir, 'dev'));
  return [
    'unshare',
    '--mount',
    '--propagation',
    'private',
    'sh',
    '-ec',
    script.replace('"$0" "$@"; code=$?', 'code=0; "$0" "$@" || code=$?'),
  ];
}

describe.skipIf(!isRoot)('the termination log of Kubernetes', () => {
  test('has the report', async () => {
    const dir = folder();
    const end = await run(['run', `sh -c 'echo why >&2; exit 3'`, 'sleep 9'], {
      as: withTerminationLog(dir),
    });
    const kept = readFileSync(join(dir, 'kept'), 'utf8');
    expect(end.code, end.err).toBe(3);
    expect(end.err).toContain(kept);
    expect(kept).toMatch(
      /^tandem: the last lines of sh on stderr:\n {4}why\n(.*\n)*tandem: sh exited/,
    );
  });

  test('has it as text where the logs are JSON', async () => {
    const dir = folder();
    const end = await run(['--logs', 'json', 'run', `sh -c 'echo why >&2; exit 3'`, 'sleep 9'], {
      as: withTerminationLog(dir),
    });
    expect(end.code, end.err).toBe(3);
    expect(readFileSync(join(dir, 'kept'), 'utf8')).toMatch(
      /^tandem: the last lines of sh on stderr:\n {4}why\n(.*\n)*tandem: sh exited with code 3 .*\n$/,
    );
  });

  test('is at most 4096 bytes, and the sentence is in them', async () => {
    const dir = folder();
    const line = 'y'.repeat(900);
    await run(
      ['run', `sh -c 'for i in 1 2 3 4 5 6 7 8 9; do echo ${line} >&2; done; exit 3'`, 'sleep 9'],
      { as: withTerminationLog(dir) },
    );
    const kept = readFileSync(join(dir, 'kept'));
    expect(kept.length).toBeLessThanOrEqual(4096);
    expect(kept.toString()).toMatch(/tandem: sh exited with code 3 .*\n$/);
  });

  test('is left alone by a stop that was asked for', async () => {
    const dir = folder();
    const script = `sh -c 'kill -TERM $PPID; sleep 99'`;
    const end = await run(['run', script, 'sleep 99'], { as: withTerminationLog(dir) });
    expect(end.code, end.err).toBe(0);
    expect(readFileSync(join(dir, 'kept'), 'utf8')).toBe('');
  });

  test('has our own failure', async () => {
    const dir = folder();
    const script = `sh -c 'kill -USR1 $PPID; sleep 99'`;
    const end = await run(['run', script, 'sleep 99'], {
      as: withTerminationLog(dir),
      binary: resolve('build/tandem-faulty'),
    });
    expect(end.code, end.err).toBe(70);
    expect(readFileSync(join(dir, 'kept'), 'utf8')).toBe(
      'tandem: internal error: Error: as asked\ntandem: stopping everything; exit code 70\n',
    );
  });
});

describe('where the logs are JSON', () => {
  const script = `sh -c 'printf "quote \\" and \\\\ and \\377\\nNo space left on device\\n" >&2; exit 3'`;

  test('the reason is one entry of severity ERROR, with every field, and the last of all', async () => {
    const end = await run(['--logs', 'json', 'run', script, 'sleep 9']);
    const entry = JSON.parse(lastLine(end.err));
    expect(entry.severity).toBe('ERROR');
    expect(entry.message).toMatch(
      /^tandem: sh exited with code 3 after .*; stopped sleep; exit code 3\nhint: the disk is full/,
    );
    expect(entry.reason).toMatchObject({
      process: 'sh',
      run: 1,
      end: { type: 'exited', code: 3, signal: null, coreDumped: false },
      exitCode: 3,
      stopped: [{ process: 'sleep', signal: 'SIGTERM', killed: false }],
    });
    expect(entry.reason.stderr).toHaveLength(2);
    expect(entry.reason.stderr[0]).toMatch(/^quote " and \\ and /);
  });

  test('our own failure is an entry too', async () => {
    const running = start(
      ['--logs', 'json', 'run', `sh -c 'kill -USR1 $PPID; sleep 9'`, 'sleep 9'],
      {
        binary: resolve('build/tandem-faulty'),
      },
    );
    expect((await running.ended).code).toBe(70);
    const entries = running
      .err()
      .trim()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
    const last = entries.at(-1);
    expect(last.message).toContain('internal error: Error: as asked');
    expect(['ERROR', 'CRITICAL', 'ALERT', 'EMERGENCY']).toContain(last.severity);
  });
});

test('is never made where it is not', async () => {
  if (exists('/dev/termination-log')) return;
  await run(['run', 'true', 'sleep 9']);
  expect(exists('/dev/termination-log')).toBe(false);
});

test('when the library of reasons cannot be had, the sentence is said all the same', async () => {
  const end = await run(['run', `sh -c 'exit 3'`, 'sleep 9'], {
    binary: resolve('build/tandem-faulty'),
  });
  expect(end.code).toBe(3);
  expect(lastLine(end.err)).toMatch(
    /^tandem: sh exited with code 3 after .*; stopped sleep; exit code 3$/,
  );
});

test('an init says nothing of how its command ended', async () => {
  const end = await run(['--', 'sh', '-c', 'exit 3']);
  expect(end).toMatchObject({ code: 3, err: '' });
});

test('when all that was not essential has failed, the first of them is the reason', async () => {
  const dir = folder();
  writeFileSync(
    join(dir, 'tandem.yaml'),
    `processes:\n  a:\n    command: sh -c 'exit 4'\n    essential: false\n  b:\n    command: sh -c 'sleep 0.3; exit 5'\n    essential: false\n`,
  );
  const end = await run([], { cwd: dir });
  expect(end.code).toBe(4);
  expect(lastLine(end.err)).toMatch(
    /^tandem: a exited with code 4 .*, and everything else has ended; exit code 4$/,
  );
});

test('what a process that had to be killed did to the stop is said', async () => {
  const running = start(
    [
      'run',
      `sh -c 'trap "" TERM; echo up; while :; do sleep 0.05; done'`,
      `sh -c 'read x < ${folder()}/x 2>/dev/null; sleep 0.5; exit 6'`,
    ],
    { env: { TANDEM_STOP_TIMEOUT: '2s' }, binary: tandem },
  );
  await until('the end', () => running.child.exitCode !== null, running.err, 20_000);
  const end = await running.ended;
  expect(end.code).toBe(6);
  expect(running.err()).toContain('tandem: sh had to be killed: it did not end on SIGTERM');
});
