/**
 * Goal: oneshots, restarts, health, pre_stop, stop_delay and forwarding do on the real thing what
 * the table says.
 * Method: small shells whose files tell what happened to them.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import {
  cleanUp,
  folder,
  type Options,
  places,
  type Running,
  run,
  start,
  until,
} from './binary.ts';
import { ask, freePort } from './http.ts';

afterEach(cleanUp);

type Given = { readonly dir: string; readonly file: string };

function given(text: string): Given {
  const dir = folder();
  const file = join(dir, 'tandem.yaml');
  writeFileSync(file, text);
  return { dir, file };
}

function started(text: string, options: Options = {}): Running & Given {
  const { dir, file } = given(text);
  return { ...start(['-f', file], { cwd: dir, ...options }), dir, file };
}

async function ran(text: string, options: Options = {}) {
  const { dir, file } = given(text);
  return { ...(await run(['-f', file], { cwd: dir, ...options })), dir };
}

/** A shell script as a YAML scalar. */
const sh = (script: string): string => `["sh", "-c", ${JSON.stringify(script)}]`;
const polite = (name: string): string =>
  sh(`trap 'echo ${name} stops; exit 0' TERM; echo ${name} runs; while :; do sleep 0.02; done`);

for (const place of places)
  describe(`as ${place}`, () => {
    test('a oneshot finishes before what waits for it starts', async () => {
      const end = await ran(
        `processes:
  migrate: {oneshot: true, command: ${sh('sleep 0.2; echo migrated')}}
  web: {command: ${sh('echo web; exit 5')}, depends_on: [migrate]}
`,
        { place },
      );
      expect(end.code).toBe(5);
      expect(end.out).toMatch(/migrated[\s\S]*web +\| web/);
    });

    test('a oneshot that fails stops the container with its code, and nobody starts after it', async () => {
      const end = await ran(
        `processes:
  migrate: {oneshot: true, command: ${sh('exit 9')}}
  web: {command: ${sh('echo too early')}, depends_on: [migrate]}
  other: {command: ${polite('other')}}
`,
        { place },
      );
      expect(end.code).toBe(9);
      expect(end.out).not.toContain('too early');
      expect(end.err).toMatch(/migrate exited with code 9/);
    });

    test('a oneshot that takes too long gives 124', async () => {
      const end = await ran(
        `processes:\n  slow: {oneshot: true, timeout: 200ms, command: sleep 30}\n`,
        { place },
      );
      expect(end.code).toBe(124);
      expect(end.err).toContain('did not finish in');
    });

    test('on-failure:2 starts it again twice, then its code is the end', async () => {
      const end = await ran(
        `processes:
  app: {restart: "on-failure:2", command: ${sh('echo run >> runs; exit 7')}}
  other: {command: ${polite('other')}}
`,
        { place },
      );
      expect(end.code).toBe(7);
      expect(readFileSync(join(end.dir, 'runs'), 'utf8')).toBe('run\n'.repeat(3));
      expect(end.err).toMatch(/exited with code 7; starting again in 0\.\d+ s/);
      expect(end.err).toMatch(/failure 2 in a row; starting again/);
      expect(end.out).toContain('other stops');
    });

    test('a killed run is started again, and its group is gone before', async () => {
      const running = started(
        `processes:
  app: {restart: always, command: ${sh('echo $$$$ >> pids; sleep 77 & echo $! >> orphans; wait')}}
  other: {command: ${polite('other')}}
`,
        { place },
      );
      const lines = (name: string): readonly string[] => {
        const file = join(running.dir, name);
        return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
      };
      await until('the first run', () => lines('orphans').length === 1, running.err);
      const inside = place === 'pid1';
      // Pids of the namespace are of no use here; there the shell is found by its parent.
      const pid = inside ? innerPid(running, 'orphans') : Number(lines('pids')[0]);
      process.kill(pid, 'SIGKILL');
      await until('the second run', () => lines('orphans').length === 2, running.err);
      if (!inside) expect(existsSync(`/proc/${lines('orphans')[0]}`)).toBe(false);
      running.signal('SIGTERM');
      expect((await running.ended).code).toBe(0);
      expect(running.err()).toMatch(/app was ended by SIGKILL; starting again/);
    });

    test('daemonised descendants of a run are ended before the next one starts', async () => {
      const running = started(
        `processes:
  app:
    restart: always
    working_dir: .
    command: ${sh(`echo run >> runs; (setsid sh -c 'trap "echo told >> orphan; exit" TERM; touch up; while :; do sleep 0.02; done' &); while [ ! -e up ]; do sleep 0.01; done; rm up; [ $(wc -l < runs) -lt 2 ] && exit 3; echo settled; exec sleep 30`)}
  other: {command: ${polite('other')}}
`,
        { place },
      );
      const text = (name: string): string => {
        const file = join(running.dir, name);
        return existsSync(file) ? readFileSync(file, 'utf8') : '';
      };
      await until('the second run', () => running.out().includes('settled'), running.err);
      // Nobody else may end it: it was told before the second run began.
      expect(text('orphan')).toBe('told\n');
      running.signal('SIGTERM');
      expect((await running.ended).code).toBe(0);
      expect(text('orphan')).toBe('told\ntold\n');
    });

    test('unhealthy is an end of its own, with 124', async () => {
      const end = await ran(
        `processes:
  app:
    command: ${polite('app')}
    healthcheck: {test: ["CMD", "test", "-e", "nowhere"], interval: 50ms, retries: 3}
  other: {command: ${polite('other')}}
`,
        { place },
      );
      expect(end.code).toBe(124);
      expect(end.err).toMatch(/app failed health check 3 in a row/);
      expect(end.err).toMatch(/tandem: app failed its health checks after .*exit code 124/);
      expect(end.out).toMatch(/app stops[\s\S]*other stops|other stops[\s\S]*app stops/);
    });

    test('an unhealthy process with a restart policy is started again', async () => {
      const end = await ran(
        `processes:
  app:
    restart: on-failure:1
    command: ${sh('echo run >> runs; trap "exit 0" TERM; while :; do sleep 0.02; done')}
    healthcheck: {file: nowhere, interval: 50ms, retries: 1}
`,
        { place },
      );
      expect(end.code).toBe(124);
      expect(readFileSync(join(end.dir, 'runs'), 'utf8')).toBe('run\nrun\n');
    });

    test('pre_stop runs before the signal, and its failure does not stop the stop', async () => {
      for (const [preStop, said] of [
        ['{exec: [sh, -c, "echo drain >> order"]}', ''],
        ['{exec: [sh, -c, "echo drain >> order; exit 1"]}', 'pre_stop failed'],
      ] as const) {
        const running = started(
          `processes:
  app:
    working_dir: .
    command: ${sh("trap 'echo term >> order; exit 0' TERM; echo runs; while :; do sleep 0.02; done")}
    pre_stop: ${preStop}
  other: {command: ${polite('other')}}
`,
          { place },
        );
        await until('the start', () => running.out().includes('app   | runs'), running.err);
        running.signal('SIGTERM');
        expect((await running.ended).code).toBe(0);
        expect(readFileSync(join(running.dir, 'order'), 'utf8')).toBe('drain\nterm\n');
        expect(running.err()).toContain(said);
      }
    });

    test('pre_stop: delay waits that long', async () => {
      const running = started(
        `processes:\n  app: {command: ${polite('app')}, pre_stop: {delay: 400ms}, logs: prefix}\n`,
        { place },
      );
      await until('the start', () => running.out().includes('runs'), running.err);
      const from = performance.now();
      running.signal('SIGTERM');
      expect((await running.ended).code).toBe(0);
      expect(performance.now() - from).toBeGreaterThan(390);
    });

    test('stop_delay keeps everything serving, a second INT ends the delay', async () => {
      const port = await freePort();
      const text = (delay: string): string => `stop_delay: ${delay}
processes:
  app: {command: [python3, -m, http.server, "${port}", --bind, 127.0.0.1], port: ${port}}
`;
      const running = started(text('600ms'), { place });
      await until('the start', () => running.err().includes('ready in'), running.err);
      running.signal('SIGTERM');
      await new Promise((next) => setTimeout(next, 200));
      expect(await ask(port, '/')).toMatchObject({ status: 200 });
      expect((await running.ended).code).toBe(0);
      const hurried = started(text('8s'), { place });
      await until('the start', () => hurried.err().includes('ready in'), hurried.err);
      const from = performance.now();
      for (let i = 0; i < 20 && hurried.child.exitCode === null; i += 1) {
        hurried.signal('SIGINT');
        await Promise.race([hurried.ended, new Promise((next) => setTimeout(next, 350))]);
      }
      await hurried.ended;
      expect(performance.now() - from).toBeLessThan(4000);
    });

    test('signals are passed on to those that name them, as they name them', async () => {
      const hears = (name: string): string =>
        sh(
          `for s in HUP USR1 USR2; do trap "echo ${name} got $s" $s; done; echo ${name} runs; while :; do sleep 0.02; done`,
        );
      const running = started(
        `processes:
  a: {command: ${hears('a')}, forward: [USR1]}
  b: {command: ${hears('b')}, forward: {HUP: USR2}}
  c: {command: ${hears('c')}}
`,
        { place },
      );
      await until('all', () => ['a', 'b', 'c'].every((n) => running.out().includes(`${n} runs`)));
      running.signal('SIGUSR1');
      running.signal('SIGHUP');
      await until(
        'both',
        () => /a got USR1/.test(running.out()) && /b got USR2/.test(running.out()),
      );
      running.signal('SIGTERM');
      await running.ended;
      expect(running.out().match(/got/g)).toHaveLength(2);
    });

    test('one that is not essential ends, and the rest goes on', async () => {
      const end = await ran(
        `processes:
  helper: {essential: false, command: ${sh('exit 3')}}
  main: {command: ${sh('sleep 0.4; exit 0')}}
`,
        { place },
      );
      expect(end.code).toBe(0);
      expect(end.err).toContain('helper exited with code 3');
    });

    test('a process that was stopped by SIGSTOP hears its stop signal all the same', async () => {
      const running = started(
        `processes:
  app: {command: ${sh("trap 'echo heard; exit 0' TERM; echo runs; kill -STOP $$$$; sleep 30")}}
  other: {command: ${polite('other')}}
`,
        { place },
      );
      await until('the start', () => running.out().includes('app   | runs'), running.err);
      await until('its stop', () => stoppedShells(running.child.pid as number) > 0);
      running.signal('SIGTERM');
      expect((await running.ended).code).toBe(0);
      expect(running.out()).toContain('heard');
    });
  });

/** The parent of a sleep whose duration is unlike any other's. */
function innerPid(running: Running, _name: string): number {
  const children = (pid: number): readonly number[] =>
    readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
  const tandem = children(running.child.pid as number)[0] as number;
  for (const pid of children(tandem))
    if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('orphans')) return pid;
  throw new Error('no such child');
}

/** Processes below this one that are stopped. */
function stoppedShells(pid: number): number {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  const children = text === '' ? [] : text.split(' ').map(Number);
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const own = stat.includes(') T ') ? 1 : 0;
  return children.reduce((sum, child) => sum + stoppedShells(child), own);
}
