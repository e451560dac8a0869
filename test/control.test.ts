/**
 * Goal: a running Tandem can be asked and told by its user, its processes one by one, and by
 * nobody else.
 * Method: the real binary as PID 1 and as a child; its own commands, and a client of this test.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { controlled, exchange, type Fields, hangUp } from './asking.ts';
import { cleanUp, folder, places, run, start, until } from './binary.ts';
import { freePort } from './http.ts';

afterEach(() => {
  hangUp();
  cleanUp();
});

const stays = 'sh -c "trap \'exit 0\' TERM; while :; do sleep 0.05; done"';
const root = process.getuid?.() === 0;

describe.each(places)('as %s', (place) => {
  test('status tells how each process stands, as a table and as JSON', async () => {
    const tandem = await controlled(['run', stays, 'sleep 1000'], { place });
    await tandem.reaches('sleep', 'ready');
    const json = await tandem.command('status', '--json');
    expect(json.code).toBe(0);
    const { processes, ready, pid } = JSON.parse(json.out);
    expect([ready, processes.length]).toEqual([true, 2]);
    if (place === 'pid1') expect(pid).toBe(1);
    const [sh] = processes;
    expect(sh).toMatchObject({ name: 'sh', state: 'ready', run: 1, restarts: 0, last: null });
    expect(sh.pid).toBeGreaterThan(1);
    expect(sh.memoryBytes).toBeGreaterThan(50_000);
    expect(sh.fds).toBeGreaterThan(2);
    const table = await tandem.command('status');
    expect(table.out).toMatch(/^tandem: ready; up /);
    expect(table.out).toMatch(/^NAME +STATE +PID +UP +RESTARTS +MEMORY +CPU +FDS +LAST END$/m);
    expect(table.out).toMatch(/^sleep +ready +\d+ .* -$/m);
    tandem.signal('SIGTERM');
    expect((await tandem.ended).code).toBe(0);
  });

  test('a stop by hand is no end, and a start takes it back', async () => {
    const tandem = await controlled(['run', stays], { place });
    await tandem.reaches('sh', 'ready');
    expect(await tandem.command('stop', 'sh')).toMatchObject({ code: 0, out: 'sh is stopped\n' });
    expect(await tandem.process('sh')).toMatchObject({ state: 'held', pid: null, run: 1 });
    expect((await tandem.command('probe', 'ready')).code).toBe(1);
    const back = await tandem.command('start', 'sh');
    expect(back).toMatchObject({ code: 0 });
    expect(back.out).toMatch(/^sh is ready after /);
    expect(await tandem.process('sh')).toMatchObject({ state: 'ready', run: 2, restarts: 1 });
    expect((await tandem.command('probe', 'ready')).code).toBe(0);
    expect(tandem.err()).toContain('tandem: sh is stopped by hand\n');
    tandem.signal('SIGTERM');
    expect((await tandem.ended).code).toBe(0);
    expect(existsSync(tandem.path)).toBe(false);
  });
});

describe('by hand', () => {
  const file = (dir: string): void =>
    writeFileSync(
      join(dir, 'tandem.yaml'),
      `processes:
  db: {command: [sh, -c, "trap 'exit 0' TERM; while :; do sleep 0.05; done"]}
  app:
    command: [sh, -c, "trap 'echo got usr1' USR1; while :; do sleep 0.05; done"]
    depends_on: [db]
  rest: {command: [sh, -c, "exit 3"], essential: false}
`,
    );

  test('a process is stopped and restarted, and what depends on it stays as it is', async () => {
    const cwd = folder();
    file(cwd);
    const tandem = await controlled([], { cwd });
    const app = await tandem.reaches('app', 'ready');
    expect((await tandem.command('restart', 'db')).out).toMatch(/^db is ready after /);
    expect(await tandem.process('db')).toMatchObject({ run: 2, last: 'exited with code 0' });
    expect((await tandem.command('stop', 'db')).code).toBe(0);
    expect(await tandem.process('app')).toMatchObject({ state: 'ready', run: 1, pid: app['pid'] });
    tandem.signal('SIGTERM');
    const { code } = await tandem.ended;
    expect(tandem.err()).toMatch(/stopped on SIGTERM/);
    expect(code).toBe(0);
  });

  test('a signal reaches the main process', async () => {
    const cwd = folder();
    file(cwd);
    const tandem = await controlled([], { cwd });
    await tandem.reaches('app', 'ready');
    expect(await tandem.command('signal', 'app', 'usr1')).toMatchObject({ code: 0, err: '' });
    await until('the answer to the signal', () => tandem.out().includes('got usr1'), tandem.out);
  });

  test('one that has ended is started again, and is told of when it fails again', async () => {
    const cwd = folder();
    file(cwd);
    const tandem = await controlled([], { cwd });
    await tandem.reaches('rest', 'done');
    const again = await tandem.command('start', 'rest');
    expect([again.code, again.out]).toEqual([1, '']);
    expect(again.err).toBe('tandem: rest did not become ready: it exited with code 3\n');
    expect(await tandem.process('rest')).toMatchObject({ run: 2 });
    const signal = await tandem.command('signal', 'rest', 'HUP');
    expect(signal).toMatchObject({ code: 1 });
    expect(signal.err).toBe('tandem: cannot signal `rest`: it does not run (done)\n');
  });

  test.each([
    [['stop', 'ap'], 1, 'cannot find a process named `ap`', 'did you mean `app`?'],
    [['logs', 'zzzz'], 1, 'cannot find a process named `zzzz`', 'the processes are: db, app, rest'],
    [['stop'], 64, 'cannot stop: a process has to be named', 'tandem stop NAME'],
    [['signal', 'app', 'NOPE'], 64, 'cannot send `NOPE`', 'tandem signal NAME HUP'],
    [['status', '-x'], 64, 'cannot read `-x`: no such option', 'tandem help status'],
  ] as const)('%j ends with %i and says what helps', async (words, code, said, hint) => {
    const cwd = folder();
    file(cwd);
    const tandem = await controlled([], { cwd });
    const end = await tandem.command(...words);
    expect(end.code).toBe(code);
    expect(end.err).toContain(said);
    expect(end.err).toContain(hint);
  });

  test('where no Tandem answers it is said where was looked, and what to set', async () => {
    const env = { TANDEM_CONTROL: '/nowhere/control' };
    const end = await run(['status'], { env });
    expect(end.code).toBe(1);
    expect(end.err).toBe(
      'tandem: cannot ask a running Tandem: none answers at /nowhere/control\n' +
        '  hint: where it is elsewhere (`control:` in its file), set TANDEM_CONTROL to that path\n',
    );
    expect((await run(['probe', 'ready'], { env })).code).toBe(1);
  });
});

describe('logs', () => {
  test('what was said is kept, for one process and for all', async () => {
    const tandem = await controlled([
      'run',
      "sh -c 'echo one; echo two >&2; sleep 1000'",
      "env sh -c 'printf begun; sleep 1000'",
    ]);
    const all = (): boolean => /two/.test(tandem.err()) && /begun/.test(tandem.out());
    await until('all output', all);
    const one = await tandem.command('logs', 'sh');
    expect(one).toMatchObject({ code: 0, out: 'one\n', err: 'two\n' });
    const both = await tandem.command('logs');
    expect(both.out.split(/ *\n/).sort()).toEqual([
      '',
      'env | begun',
      expect.stringMatching(/^sh {1,2}\| one$/),
    ]);
  });

  test('-f goes on with what comes, until Tandem ends', async () => {
    const script = 'trap "echo bye; exit 0" TERM; echo first; while :; do sleep 0.05; done';
    const tandem = await controlled(['run', `sh -c '${script}'`, 'sleep 1000']);
    await until('output', () => tandem.out().includes('first'));
    const env = { TANDEM_CONTROL: tandem.path };
    const logs = start(['logs', '-f', 'sh'], { env });
    await until('what was kept', () => logs.out() === 'first\n', logs.out);
    await tandem.ask({ ask: 'stop', process: 'sh' });
    await until('what came', () => logs.out() === 'first\nbye\n', logs.out);
    tandem.signal('SIGTERM');
    expect((await logs.ended).code).toBe(0);
  });

  test('bytes that are no UTF-8 come out as they went in', async () => {
    const script = join(folder(), 'bytes');
    const text = "#!/bin/sh\nprintf 'a\\377\\200\\tb\\001\\n'; exec sleep 1000\n";
    writeFileSync(script, text, { mode: 0o755 });
    const tandem = await controlled(['run', script, 'sleep 1000']);
    await until('the bytes', () => tandem.out().includes('\u00ff'), tandem.out);
    const end = await tandem.command('logs', 'bytes');
    expect(end.out).toBe('a\u00ff\u0080\tb\u0001\n');
  });

  test('inherited output is not there, and that is said with a hint', async () => {
    const tandem = await controlled(['run', '--logs', 'inherit', 'sleep 1000', 'sleep 1000']);
    const end = await tandem.command('logs', 'sleep');
    expect([end.code, end.out]).toEqual([1, '']);
    expect(end.err).toContain('cannot show the output of sleep: it is inherited');
    expect(end.err).toContain('hint: start it with --logs prefix');
  });
});

describe('who may ask', () => {
  test('the socket is its owner’s alone, in a folder of its own, and goes with it', async () => {
    const tandem = await controlled(['run', stays]);
    expect(statSync(tandem.path).mode & 0o777).toBe(0o600);
    expect(statSync(join(tandem.path, '..')).mode & 0o777).toBe(0o700);
    tandem.signal('SIGTERM');
    await tandem.ended;
    expect(existsSync(join(tandem.path, '..'))).toBe(false);
  });

  test.skipIf(!root)('another user is refused, whatever the permissions say', async () => {
    const tandem = await controlled(['run', stays]);
    chmodSync(join(tandem.path, '../..'), 0o755);
    chmodSync(join(tandem.path, '..'), 0o755);
    chmodSync(tandem.path, 0o666);
    const script = `import socket
s = socket.socket(socket.AF_UNIX)
s.connect(${JSON.stringify(tandem.path)})
s.sendall(b'{"ask":"stop","process":"sh"}\\n')
print(s.makefile().read())`;
    const asNobody = ['--reuid', '65534', '--clear-groups', '/usr/bin/python3', '-c', script];
    const end = spawnSync('setpriv', asNobody, { encoding: 'utf8', timeout: 15_000 });
    expect(end.stdout).toContain('{"error":"cannot answer: only the user that Tandem runs as');
    expect(await tandem.process('sh')).toMatchObject({ state: 'ready' });
  });

  test('one that is answered already is left alone by a second Tandem, which goes on', async () => {
    const tandem = await controlled(['run', stays]);
    const env = { TANDEM_CONTROL: tandem.path };
    const second = await run(['run', 'true'], { env });
    expect(second.err).toMatch(/cannot open the control socket \S+: Address (already )?in use/);
    expect(second.code).toBe(0);
    expect(await tandem.process('sh')).toMatchObject({ state: 'ready' });
  });

  test('one that was left behind is replaced, and a file is not', async () => {
    const dir = folder();
    const left = join(dir, 'left');
    const leave = `import socket; socket.socket(socket.AF_UNIX).bind(${JSON.stringify(left)})`;
    spawnSync('python3', ['-c', leave]);
    expect(existsSync(left)).toBe(true);
    const tandem = start(['run', stays], { env: { TANDEM_CONTROL: left } });
    let answered = '';
    const look = async (): Promise<void> => {
      answered = await exchange(left, '{"ask":"ready"}\n');
    };
    const giveUp = performance.now() + 10_000;
    while (!answered.includes('"answer"') && performance.now() < giveUp) await look();
    expect(answered).toContain('"answer":"ready"');
    tandem.signal('SIGTERM');
    expect((await tandem.ended).code).toBe(0);
    const kept = join(dir, 'file');
    writeFileSync(kept, 'mine');
    const end = await run(['run', 'true'], { env: { TANDEM_CONTROL: kept } });
    expect(end.err).toContain('cannot open the control socket');
    expect(statSync(kept).size).toBe(4);
  });

  test('off means none, and that is no error', async () => {
    const dir = folder();
    writeFileSync(join(dir, 'tandem.yaml'), 'processes: {a: {command: "true"}}\ncontrol: off\n');
    expect(await run(['-v'], { cwd: dir })).toMatchObject({ code: 0 });
    const end = await run(['run', 'true'], { env: { TANDEM_CONTROL: 'off' } });
    expect([end.code, end.err.includes('control')]).toEqual([0, false]);
  });

  test.skipIf(!root)(
    'without a choice it is in the folder of its user below /tmp, if that is his alone',
    async () => {
      const hide = 'mount -t tmpfs none /tmp && mount -t tmpfs -o ro none /run';
      const asNobody = 'exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"';
      const as = (more: string): readonly string[] => [
        ...[
          'unshare',
          '-m',
          'sh',
          '-c',
          `${hide} && cp "$1" /tmp/tandem && shift && ${more}${asNobody}`,
        ],
        'sh',
      ];
      const good = 'ls -ld /tmp/tandem-65534 /tmp/tandem-65534/control; exec /tmp/tandem status';
      const end = await run(
        ['run', `sh -c 'until test -e /tmp/tandem-65534/control; do sleep 0.01; done; ${good}'`],
        {
          as: as('set -- /tmp/tandem "$@"; '),
        },
      );
      expect(end.out).toMatch(/^drwx------ .* \/tmp\/tandem-65534$/m);
      expect(end.out).toMatch(/^srw------- .* \/tmp\/tandem-65534\/control$/m);
      expect(end.out).toMatch(/^sh +ready/m);
      // Somebody was there before: his folder is not used, and nothing is said.
      const taken = await run(['run', "sh -c 'sleep 0.3; ls -A /tmp/tandem-65534'"], {
        as: as('mkdir -m 777 /tmp/tandem-65534 && set -- /tmp/tandem "$@"; '),
      });
      expect([taken.code, taken.out]).toEqual([0, '']);
      expect(taken.err).not.toContain('control');
    },
  );
});

describe('a terminal', () => {
  const terminal = `import fcntl, os, pty, select, struct, sys, termios, time
def size(fd, rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
pid, fd = pty.fork()
if pid == 0:
    time.sleep(0.2)
    os.execvp(sys.argv[1], sys.argv[1:])
size(fd, 24, 100)
before = termios.tcgetattr(fd)
text = b''
def until(what, count):
    global text
    end = time.time() + 15
    while text.count(what) < count and time.time() < end:
        if select.select([fd], [], [], 0.1)[0]:
            try:
                text += os.read(fd, 65536)
            except OSError:
                return
until(b'LAST END', 1)
size(fd, 24, 30)
until(b'\\x1b[J', 3)
narrow = text.split(b'\\x1b[H')[-1].split(b'\\x1b[J')[0].replace(b'\\x1b[K', b'')
os.write(fd, b'\\x03')
until(b'never', 1)
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(text)
sys.stdout.flush()
print()
print('widest', max(len(line) for line in narrow.split(b'\\r\\n')), 'status', status)
`;

  test('a watch redraws in place, by its size, and leaves the terminal as it was', async () => {
    const tandem = await controlled(['run', stays, 'sleep 1000']);
    await tandem.reaches('sleep', 'ready');
    const binary = process.env['TANDEM_BINARY'] ?? 'build/tandem';
    const watch = spawnSync('python3', ['-c', terminal, binary, 'status', '--watch'], {
      encoding: 'utf8',
      env: { ...process.env, TANDEM_CONTROL: tandem.path, NO_COLOR: '1' },
      timeout: 60_000,
    });
    const screen = watch.stdout.replace(/\nwidest[\s\S]*/, '').trimEnd();
    expect(screen.startsWith('\u001b[?1049h\u001b[?25l')).toBe(true);
    expect(screen).toContain('\u001b[Htandem: ready; up ');
    expect(screen.endsWith('\u001b[?25h\u001b[?1049l')).toBe(true);
    const [, widest, status] = /widest (\d+) status (\d+)/.exec(watch.stdout) ?? [];
    expect([Number(widest) <= 30, status]).toEqual([true, '0']);
  });
});

test('the port of the HTTP endpoint is not one that a process uses, and what is wrong is said', async () => {
  const dir = folder();
  const port = await freePort();
  const file = (control: string): void =>
    writeFileSync(
      join(dir, 'tandem.yaml'),
      `processes:\n  app: {command: sleep 1000, port: ${port}}\ncontrol: ${control}\n`,
    );
  file(`{http: 127.0.0.1:${port}}`);
  expect((await run(['check'], { cwd: dir })).err).toContain(`cannot use port ${port} twice`);
  file('{http: nowhere}');
  expect((await run(['check'], { cwd: dir })).err).toContain('cannot listen at `nowhere`');
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((next) => taken.on('listening', next));
  const used = (taken.address() as { port: number }).port;
  mkdirSync(join(dir, 'x'));
  writeFileSync(
    join(dir, 'x', 'tandem.yaml'),
    `processes: {app: {command: "true"}}\ncontrol: {http: 127.0.0.1:${used}}\n`,
  );
  const end = await run([], { cwd: join(dir, 'x') });
  taken.close();
  expect(end.err).toContain('cannot open the HTTP endpoint of `control` at 127.0.0.1');
  expect(end.code).toBe(0);
});

test('the journal is there to be asked for', async () => {
  const tandem = await controlled(['run', stays]);
  const answer: Fields = await tandem.ask({ ask: 'journal' });
  expect(answer['answer']).toBe('journal');
});
