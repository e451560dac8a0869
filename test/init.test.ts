/**
 * Goal: as the init of one command Tandem is invisible: signals, codes, streams and terminal are its.
 * Method: small shells, and a real terminal made by script(1) where one is needed.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { cleanUp, places, run, start, tandem, until } from './binary.ts';

afterEach(cleanUp);

for (const place of places)
  describe(`as ${place}`, () => {
    test.each<NodeJS.Signals>([
      'SIGTERM',
      'SIGINT',
      'SIGQUIT',
      'SIGHUP',
      'SIGUSR1',
      'SIGUSR2',
      'SIGWINCH',
      'SIGALRM',
      'SIGPWR',
      'SIGCONT',
    ])('%s reaches the command, which decides', async (signal) => {
      const name = signal.slice(3);
      const script = `trap 'echo got ${name}; exit 21' ${name}; echo runs; while :; do sleep 0.02; done`;
      const running = start(['sh', '-c', script], { place });
      await until('the start', () => running.out().includes('runs'), running.err);
      running.signal(signal);
      expect((await running.ended).code).toBe(21);
      expect(running.out()).toContain(`got ${name}`);
    });

    test('a command that ignores TERM is left alone: nothing is killed in init mode', async () => {
      const script = `trap '' TERM; echo runs; sleep 1.2; exit 8`;
      const running = start(['sh', '-c', script], { place });
      await until('the start', () => running.out().includes('runs'), running.err);
      running.signal('SIGTERM');
      expect((await running.ended).code).toBe(8);
    });

    test('death by signal gives 128 and the number', async () => {
      const end = await run(['sh', '-c', 'kill -KILL $$'], { place });
      expect(end).toMatchObject({ code: 137, out: '', err: '' });
    });
  });

test('as PID 1 what the command leaves behind is swept', async () => {
  const time = `7${process.pid}.5`;
  const end = await run(['sh', '-c', `setsid sleep ${time} & exit 2`], { place: 'pid1' });
  expect(end.code).toBe(2);
  const left = readdirSync('/proc').filter((entry) => {
    try {
      return /^\d+$/.test(entry) && readFileSync(`/proc/${entry}/cmdline`, 'utf8').includes(time);
    } catch {
      return false;
    }
  });
  expect(left).toEqual([]);
});

test('standard input is the command’s, and nobody else’s', async () => {
  const init = spawnSync(tandem, ['cat'], { input: 'through', encoding: 'utf8' });
  expect(init.stdout).toBe('through');
  const processes = spawnSync(tandem, ['run', 'cat', 'sleep 9'], { input: 'x', encoding: 'utf8' });
  expect(processes.stdout).toBe('');
  expect(processes.status).toBe(0);
});

test('the command is in the foreground of the terminal, and Ctrl-C reaches it', () => {
  const inner = `python3 - "$0" <<'E'
import os, pty, select, signal, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], ["tandem", "sh", "-c", "trap 'echo INT; exit 4' INT; test $(ps -o tpgid= -p $$) = $(ps -o pgid= -p $$) && echo foreground; while :; do sleep 0.05; done"])
seen = b""
sent = False
end = time.time() + 10
while time.time() < end:
    if select.select([fd], [], [], 0.1)[0]:
        try:
            seen += os.read(fd, 1000)
        except OSError:
            break
    if b"foreground" in seen and not sent:
        os.write(fd, b"\\x03")
        sent = True
print(seen.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
E`;
  const ran = spawnSync('sh', ['-c', inner, tandem], { encoding: 'utf8', timeout: 15_000 });
  expect(ran.stdout).toContain('foreground');
  expect(ran.stdout).toMatch(/INT\s+4\s*$/);
});
