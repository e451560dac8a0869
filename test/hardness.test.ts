/**
 * Goal: what goes wrong around Tandem costs a reason, not the container.
 * Method: the machine made hostile: no processes, no descriptors, no /proc, no streams, kills,
 * pauses, storms of orphans, a thousand processes.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { cleanUp, folder, places, run, start, tandem, until } from './binary.ts';
import { freePort } from './http.ts';

afterEach(cleanUp);

const isRoot = process.getuid?.() === 0;
let marks = 0;
function mark(): string {
  marks += 1;
  return `3${process.pid % 10_000}${marks}.5`;
}

function alive(text: string): readonly number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((entry) => {
      try {
        const stat = readFileSync(`/proc/${entry}/stat`, 'latin1');
        return (
          !stat.includes(') Z ') && readFileSync(`/proc/${entry}/cmdline`, 'latin1').includes(text)
        );
      } catch {
        return false;
      }
    })
    .map(Number);
}

const polite = `sh -c 'trap "exit 0" TERM; echo runs; while :; do sleep 0.05; done'`;

test('when Tandem is killed outright, its children die with it', async () => {
  const time = mark();
  const running = start(['run', `sleep ${time}`, polite]);
  await until('the start', () => alive(`sleep\0${time}`).length === 1, running.err);
  running.signal('SIGKILL');
  await running.ended;
  await until('their end', () => alive(`sleep\0${time}`).length === 0);
});

test('a pause of Tandem itself costs nobody anything', async () => {
  const port = await freePort();
  const dir = folder();
  writeFileSync(
    join(dir, 'tandem.yaml'),
    `processes:
  slow:
    command: [sh, -c, "sleep 1.2; exec python3 -m http.server ${port} --bind 127.0.0.1"]
    port: ${port}
    ready_timeout: 1500ms
`,
  );
  const running = start(['-f', join(dir, 'tandem.yaml')]);
  // The kernel's own account of it says when the child is there.
  await until(
    'the start',
    () => alive(`sleep\x001.2`).length > 0 || alive('http.server').length > 0,
  );
  running.signal('SIGSTOP');
  await new Promise((next) => setTimeout(next, 2000));
  running.signal('SIGCONT');
  await until('readiness', () => running.err().includes('ready in'), running.err);
  running.signal('SIGTERM');
  expect([0, 143]).toContain((await running.ended).code);
});

describe.skipIf(!isRoot)('for want of room', () => {
  test('a fork that fails is tried again, and then fails with its name', async () => {
    // A user of its own, so that the limit counts these processes alone.
    const uid = 41_000 + (process.pid % 10_000);
    const as = ['setpriv', `--reuid=${uid}`, '--clear-groups', 'bash', '-c'];
    const end = await run(['run', 'sleep 5', 'sleep 6', 'sleep 7', 'sleep 8'], {
      as: [...as, 'ulimit -u 3; exec "$0" "$@"'],
    });
    expect(end.code).toBe(126);
    expect(end.err).toMatch(/could not start: fork failed with EAGAIN; starting again in/);
    expect(end.err).toMatch(/tandem: sleep.* could not start: fork failed with EAGAIN/);
  });

  test('without descriptors a process fails with the reason', async () => {
    const end = await run(['run', 'sleep 5', 'sleep 6', 'sleep 7'], {
      as: ['sh', '-c', 'ulimit -n 12; exec "$0" "$@"'],
    });
    expect(end.code).toBe(126);
    expect(end.err).toContain('pipe failed with EMFILE');
  });
});

describe.skipIf(!isRoot)('without /proc', () => {
  test('it runs, fails fast and stops all the same', async () => {
    const script = 'umount -l /proc; exec "$0" "$@"';
    const end = await run(['run', `sh -c 'sleep 0.2; exit 5'`, polite], {
      as: ['unshare', '--mount', '--pid', '--fork', 'sh', '-c', script],
    });
    expect(end.code).toBe(5);
  });

  test('as a plain child it says that it could not look for what is left', async () => {
    const script = 'umount -l /proc; exec "$0" "$@"';
    const end = await run(['run', `sh -c 'setsid sleep 2 & sleep 0.2; exit 5'`, polite], {
      as: ['unshare', '--mount', 'sh', '-c', script],
    });
    expect(end.code).toBe(5);
    expect(end.err).toContain('there is no /proc: only process groups could be ended');
  });
});

test.each([
  ['stdin', '<&-'],
  ['stdout', '>&-'],
  ['stderr', '2>&-'],
  ['all three', '<&- >&- 2>&-'],
])('%s closed', async (_what, redirection) => {
  const dir = folder();
  const script = `"$0" run "sh -c 'echo out; echo err >&2; touch ran; sleep 0.1; exit 6'" "sleep 9" ${redirection}; exit $?`;
  const end = await run([], { as: ['sh', '-c', script], cwd: dir });
  expect(end.code).toBe(6);
  expect(readdirSync(dir)).toContain('ran');
});

test('a uid without a passwd entry', async () => {
  if (!isRoot) return;
  const end = await run(['run', `sh -c 'id -u; exit 7'`, 'sleep 9'], {
    as: ['setpriv', '--reuid=54321', '--regid=54321', '--clear-groups'],
    cwd: '/',
  });
  expect(end).toMatchObject({ code: 7 });
  expect(end.out).toContain('54321');
});

for (const place of places)
  describe(`as ${place}`, () => {
    test('a storm of orphans while stopping leaves nobody', async () => {
      const time = mark();
      const storm = `sh -c 'trap "" TERM; echo runs; while :; do (setsid sleep ${time} &) ; sleep 0.01; done'`;
      const dir = folder();
      writeFileSync(
        join(dir, 'tandem.yaml'),
        `stop_timeout: 3s\nprocesses:\n  storm:\n    command: ${JSON.stringify(storm)}\n    stop_grace_period: 300ms\n  other:\n    command: ${JSON.stringify(polite)}\n`,
      );
      const running = start(['-f', join(dir, 'tandem.yaml')], { place });
      await until('the storm', () => alive(`sleep\0${time}`).length > 20, running.err);
      running.signal('SIGTERM');
      expect((await running.ended).code).toBe(137);
      await until(
        'silence',
        () => alive(time).length === 0,
        () => `${alive(time).length}`,
      );
    });

    test('2,000 orphans are reaped, and no zombie is left', async () => {
      const breeds = `sh -c 'i=0; while [ $i -lt 2000 ]; do (true &) ; i=$((i+1)); done; echo bred; exec sleep 30'`;
      const running = start(['run', breeds, polite], { place });
      await until('the brood', () => running.out().includes('bred'), running.err, 30_000);
      const top = running.child.pid as number;
      const zombies = (pid: number): number => {
        const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
        const children = text === '' ? [] : text.split(' ').map(Number);
        return children.reduce((sum, child) => {
          try {
            const stat = readFileSync(`/proc/${child}/stat`, 'utf8');
            return sum + (stat.includes(') Z ') ? 1 : 0) + zombies(child);
          } catch {
            return sum;
          }
        }, 0);
      };
      await until(
        'no zombie',
        () => zombies(top) === 0,
        () => `${zombies(top)}`,
      );
      running.signal('SIGTERM');
      await running.ended;
    });

    test('1,000 processes start, and stop inside the budget', async () => {
      const commands = Array.from({ length: 1000 }, () => 'sleep 1000');
      const running = start(['--logs', 'inherit', 'run', ...commands], { place });
      await until('all', () => running.err().includes('ready in'), running.err, 20_000);
      running.signal('SIGTERM');
      const end = await running.ended;
      expect(end.code).toBe(0);
      const took = /stopped on SIGTERM in ([\d.]+) (ms|s)/.exec(running.err());
      expect(Number(took?.[1]) * (took?.[2] === 's' ? 1000 : 1)).toBeLessThan(8500);
    }, 40_000);
  });

/** Runs a small Python terminal around Tandem, since only a real one has job control. */
function inTerminal(body: string, args: readonly string[], dir: string, leads = false): string {
  const script = `
import os, pty, select, signal, sys, time
args = sys.argv[1:]
seen = b""
def start():
    pid, fd = pty.fork()
    if pid == 0 and ${leads ? 'True' : 'False'}:
        os.execv(args[0], args)
    if pid == 0:
        # A shell's job: a group of its own in the foreground of the terminal.
        child = os.fork()
        if child == 0:
            os.setpgid(0, 0)
            signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            os.tcsetpgrp(0, os.getpgrp())
            signal.signal(signal.SIGTTOU, signal.SIG_DFL)
            os.execv(args[0], args)
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        while True:
            _, status = os.waitpid(child, os.WUNTRACED)
            if os.WIFSTOPPED(status):
                os.tcsetpgrp(0, os.getpgrp())
                os.write(1, b"SUSPENDED\\n")
                if os.read(0, 1) == b"f":
                    os.tcsetpgrp(0, child)
                    os.killpg(child, signal.SIGCONT)
                continue
            code = os.waitstatus_to_exitcode(status)
            try: os.write(1, b"OVER %d\\n" % code)
            except OSError: pass
            # Its end hangs the terminal up, which forgets what nobody has read.
            time.sleep(0.3)
            os._exit(0)
    return pid, fd
def wait(text, limit=10):
    global seen
    end = time.time() + limit
    while text not in seen and time.time() < end:
        if select.select([fd], [], [], 0.05)[0]:
            try: seen += os.read(fd, 4096)
            except OSError: break
    return text in seen
pid, fd = start()
${body}
sys.stdout.write(seen.decode(errors="replace"))
`;
  const file = join(dir, 'terminal.py');
  writeFileSync(file, script);
  const ran = spawnSync('python3', [file, tandem, ...args], {
    encoding: 'utf8',
    cwd: dir,
    timeout: 30_000,
  });
  return ran.stdout + ran.stderr;
}

describe('at a terminal', () => {
  const counter = (name: string): string =>
    `sh -c 'trap "echo ${name} INT; exit 0" INT TERM; i=0; while :; do i=$((i+1)); echo ${name} $i; sleep 0.05; done'`;

  // Not a shell: one that is just in vfork(2) when Ctrl-Z comes can't be stopped before its child
  // has executed, which is stopped itself.
  const counting = `import itertools, signal, sys, time
signal.signal(signal.SIGINT, lambda *a: sys.exit(0))
for i in itertools.count(): print("a", i); time.sleep(0.05)`;

  test('Ctrl-C stops all of several processes in order', () => {
    const out = inTerminal(
      'wait(b"a 3"); wait(b"b 3"); os.write(fd, b"\\x03"); wait(b"OVER")',
      ['run', counter('a'), counter('b')],
      folder(),
    );
    expect(out).toContain('OVER 0');
  });

  test.each([
    ['several processes', ['run', counter('a'), counter('b')]],
    ['the one command of init mode', ['python3', '-uc', counting]],
  ])('Ctrl-Z suspends %s and us, fg resumes', (_what, args) => {
    const dir = folder();
    const out = inTerminal(
      `
assert wait(b"a 3"), seen
os.write(fd, b"\\x1a")
assert wait(b"SUSPENDED"), seen
time.sleep(0.3)
before = len(seen)
while select.select([fd], [], [], 0.2)[0]: seen += os.read(fd, 4096)
quiet = seen.count(b"\\n", before)
os.write(fd, b"f\\n")
mark = len(seen)
end = time.time() + 5
while b"a " not in seen[mark:] and time.time() < end:
    if select.select([fd], [], [], 0.05)[0]: seen += os.read(fd, 4096)
print("resumed", b"a " in seen[mark:], "quiet", quiet < 4)
os.write(fd, b"\\x03")
wait(b"OVER")
`,
      args,
      dir,
    );
    expect(out).toContain('resumed True quiet True');
    expect(out).toContain('OVER 0');
  });

  test('when the terminal goes away, nobody is left', async () => {
    const time = mark();
    const dir = folder();
    inTerminal(
      `wait(b"a 3")\nos.close(fd)\ntime.sleep(1.5)`,
      ['run', counter('a'), `sleep ${time}`],
      dir,
      true,
    );
    await until('silence', () => alive(`sleep\0${time}`).length === 0);
  });
});

test('a program that puts itself in the background is recognised', async () => {
  const end = await run(['run', `sh -c 'sleep 30 & exit 0'`, 'sleep 9']);
  expect(end.code).toBe(0);
  expect(end.err).toContain('did it put itself in the background?');
});

const valgrind = spawnSync('valgrind', ['--version']).status === 0;

test.skipIf(!valgrind)(
  'valgrind finds nothing lost, and nothing read that was not written',
  async () => {
    const end = await run(['run', `sh -c 'sleep 0.2; exit 5'`, 'sleep 9'], {
      as: [
        ...['valgrind', '-q', '--error-exitcode=99', '--child-silent-after-fork=yes'],
        ...['--leak-check=full', '--errors-for-leak-kinds=definite', '--show-leak-kinds=definite'],
      ],
      binary: 'build/tandem-debug',
    });
    expect(end.code, end.err).toBe(5);
  },
  60_000,
);
