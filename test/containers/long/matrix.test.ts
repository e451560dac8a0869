/**
 * Goal: the example runs wherever a platform may put it: any user, a root that is read-only, an
 * init of the engine's in front, and it always ends with 0.
 * Method: every combination under both runtimes, on a port of its own.
 */
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { runToEnd, runtimes } from '../../../tools/containers.mjs';
import { firstAnswer, get, image, longMs, said, says, under, up, word } from '../support.ts';

const made = await image(resolve('examples/nginx-flask'), 'nginx-flask');
const users = [undefined, '0', '123456:0', '123456:654321'] as const;

for (const runtime of runtimes)
  await under(runtime, made, (tag) => {
    for (const user of users)
      for (const readOnly of [false, true])
        for (const init of [false, true]) {
          const title = `user ${user ?? 'of the image'}, root ${readOnly ? 'read-only' : 'writable'}`;
          test(`${title}, ${init ? 'behind an init' : 'as PID 1'}`, async () => {
            const container = await up(tag, {
              runtime,
              ...(user === undefined ? {} : { user }),
              ...(readOnly ? { readOnly, tmpfs: ['/tmp'] } : {}),
              init,
            });
            expect(new Set(await firstAnswer(container, '/health'))).toEqual(new Set(['refused']));
            expect(word(await get(container, '/static/style.css'))).toBe('200');
            await container.stop();
            expect((await container.ended).code).toBe(0);
            expect(said(container)).toContain('all ended well; exit code 0');
          }, 200_000);
        }

    test('with no folder to write to, its configuration goes to memory', async () => {
      const container = await up(tag, { runtime, readOnly: true });
      await firstAnswer(container, '/health');
      // gVisor brings a /tmp of its own; `ls` asks in a way that it doesn't know.
      const { out } = await container.exec('sh', '-c', 'echo /dev/shm/* /tmp/*');
      expect(out).toMatch(/(shm|tmp)\/tandem/);
      await container.stop();
      expect((await container.ended).code).toBe(0);
    }, 200_000);

    test('one process dies: the container ends with its code, and says which', async () => {
      const container = await up(tag, { runtime });
      await firstAnswer(container, '/health');
      const find =
        'for p in /proc/[0-9]*; do grep -q "[f]lask" $p/cmdline && kill -KILL ${p#/proc/}; done';
      await container.exec('sh', '-c', find);
      expect((await container.ended).code).toBe(137);
      expect(said(container)).toMatch(/tandem: app was ended by SIGKILL .*exit code 137/);
    }, 200_000);

    test('the stop signal of an image made on nginx’s, SIGQUIT, stops it too', async () => {
      const container = await up(tag, { runtime });
      await firstAnswer(container, '/health');
      await container.kill('QUIT');
      expect((await container.ended).code).toBe(0);
      expect(said(container)).toContain('stopped on SIGQUIT');
    }, 200_000);

    test('what ignores TERM is killed inside the ten seconds of docker stop', async () => {
      const deaf = 'sh -c "trap \'\' TERM; echo deaf; while :; do sleep 1; done"';
      const container = await up(tag, { runtime, args: ['run', deaf, 'sleep 1000'] });
      await says(container, 'deaf');
      const from = performance.now();
      const stopped = await container.stop(30);
      expect(stopped.err).not.toContain('resorting to SIGKILL');
      expect(performance.now() - from).toBeLessThan(29_000);
      expect((await container.ended).code).toBe(137);
      expect(said(container)).toMatch(/tandem: stopped on SIGTERM in .*exit code 137/);
    }, 200_000);

    test('an engine with less patience kills all of it', async () => {
      const container = await up(tag, {
        runtime,
        args: ['run', 'sh -c "trap \'\' TERM; echo deaf; sleep 1000"', 'sleep 1000'],
      });
      await says(container, 'deaf');
      await container.stop(1);
      expect((await container.ended).code).toBe(137);
    }, 200_000);

    test('init mode: signals go to the command, and its end is passed on', async () => {
      const script = 'trap "echo heard; exit 9" TERM; echo up; while :; do sleep 0.1; done';
      const container = await up(tag, { runtime, args: ['bash', '-c', script] });
      await says(container, 'up');
      await container.kill('TERM');
      expect((await container.ended).code).toBe(9);
      expect(said(container)).toContain('heard');
      const lost = await runToEnd(tag, { runtime, args: ['no-such-program'] });
      expect(lost.code).toBe(127);
    }, 200_000);

    test(
      '-it: a shell has the terminal, and what is typed',
      async () => {
        const container = await up(tag, { runtime, tty: true, args: ['bash', '--norc'] });
        await says(container, '$ ');
        container.write('test -t 0 && test -t 1 && echo $((6 * 7)); exit 3\n');
        expect((await container.ended).code).toBe(3);
        expect(container.out()).toMatch(/^[^\n]*42\r$/m);
      },
      longMs,
    );

    test('-it: Ctrl-C stops all, and it ends with 0', async () => {
      const container = await up(tag, { runtime, tty: true });
      await says(container, 'ready in');
      container.write('\x03');
      expect((await container.ended).code).toBe(0);
      expect(container.out()).toContain('stopped on SIGINT');
    }, 200_000);
  });

await under('runc', made, (tag) => {
  test(
    'a process that takes more memory than there is: 137, and the reason says so',
    async () => {
      const eats = 'python3 -c "b = []\nwhile 1: b.append(bytearray(1 << 20))"';
      const ran = await runToEnd(tag, {
        runtime: 'runc',
        memory: '64m',
        args: ['run', eats, 'sleep 1000'],
      });
      expect(ran.code).toBe(137);
      expect(ran.err).toMatch(/tandem: python3 was ended by SIGKILL/);
      expect(ran.err).toMatch(/hint: .*memory/);
    },
    longMs,
  );
});
