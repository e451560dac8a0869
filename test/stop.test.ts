/**
 * Goal: a stop reaches everybody, in order, inside the budget, and leaves nobody.
 * Method: small shells that say what happens to them, signalled from outside.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { cleanUp, folder, places, start, until } from './binary.ts';

afterEach(cleanUp);

/** Processes of this machine whose command line holds the mark. */
function alive(mark: string): readonly number[] {
  const pids: number[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'latin1');
      if (stat.includes(') Z ')) continue;
      if (readFileSync(`/proc/${entry}/cmdline`, 'latin1').includes(mark)) pids.push(Number(entry));
    } catch {
      // It ended while we looked.
    }
  }
  return pids;
}

let counter = 0;
/** A duration for sleep(1) that no other test uses, so that its processes can be told apart. */
function mark(): string {
  counter += 1;
  return `1${process.pid % 100000}.${counter}`;
}

const polite = (name: string): string =>
  `sh -c 'trap "echo ${name} stops; exit 0" TERM; echo ${name} runs; while :; do sleep 0.05; done'`;

for (const place of places) {
  describe(`as ${place}`, () => {
    test('TERM stops well-behaved processes in milliseconds and gives 0', async () => {
      const running = start(['run', polite('one'), polite('two')], { place });
      await until('both', () =>
        /one runs[\s\S]*two runs|two runs[\s\S]*one runs/.test(running.out()),
      );
      const from = performance.now();
      running.signal('SIGTERM');
      const end = await running.ended;
      expect(end.code).toBe(0);
      expect(performance.now() - from).toBeLessThan(3000);
      expect(running.out()).toMatch(/one stops/);
      expect(running.out()).toMatch(/two stops/);
    });

    test('dependents stop before what they depend on', async () => {
      const dir = folder();
      const file = join(dir, 'tandem.yaml');
      writeFileSync(
        file,
        `processes:\n  db:\n    command: ["sh", "-c", ${JSON.stringify('trap "echo db stops; exit 0" TERM; echo db runs; while :; do sleep 0.05; done')}]\n  web:\n    command: ["sh", "-c", ${JSON.stringify('trap "sleep 0.2; echo web stops; exit 0" TERM; echo web runs; while :; do sleep 0.05; done')}]\n    depends_on: [db]\n`,
      );
      const running = start(['-f', file], { place });
      await until('web', () => running.out().includes('web runs'), running.err);
      running.signal('SIGTERM');
      const end = await running.ended;
      expect(end.code).toBe(0);
      expect(running.out().indexOf('web stops')).toBeGreaterThan(0);
      expect(running.out().indexOf('db stops')).toBeGreaterThan(running.out().indexOf('web stops'));
    });

    test('a process that ignores TERM is killed inside its grace, and the code is 137', async () => {
      const dir = folder();
      const file = join(dir, 'tandem.yaml');
      writeFileSync(
        file,
        `processes:\n  deaf:\n    command: ["sh", "-c", ${JSON.stringify('trap "" TERM; echo deaf runs; while :; do sleep 0.05; done')}]\n    stop_grace_period: 500ms\n`,
      );
      const running = start(['-f', file], { place });
      await until('deaf', () => running.out().includes('deaf runs'), running.err);
      running.signal('SIGTERM');
      const end = await running.ended;
      expect(end.code).toBe(137);
      expect(running.err()).toMatch(/deaf/);
    });

    test('a repeated TERM changes nothing', async () => {
      const slow = `sh -c 'trap "sleep 0.7; echo done; exit 0" TERM; echo runs; while :; do sleep 0.05; done'`;
      const running = start(['run', slow, polite('other')], { place });
      await until('it', () => / runs[\s\S]* runs/.test(running.out()), running.err);
      running.signal('SIGTERM');
      await until('the stop', () => running.out().includes('other stops'), running.err);
      running.signal('SIGTERM');
      const end = await running.ended;
      expect(end.code).toBe(0);
      expect(running.out()).toContain('done');
    });

    test('a third INT kills what two did not stop', async () => {
      const deaf = `sh -c 'trap "" TERM INT; echo runs; while :; do sleep 0.05; done'`;
      const running = start(['run', deaf, deaf], { place });
      await until('both', () => running.out().split('runs').length === 3, running.err);
      const from = performance.now();
      for (let i = 0; i < 40 && running.child.exitCode === null; i += 1) {
        running.signal('SIGINT');
        await Promise.race([running.ended, new Promise((next) => setTimeout(next, 200))]);
      }
      const end = await running.ended;
      expect(end.code).toBe(137);
      expect(performance.now() - from).toBeLessThan(5000);
    });

    test('TERM while starting starts nothing more and stops what runs', async () => {
      // The port is never opened, so what waits for it never starts.
      const waits = 'echo started too early';
      const running = start(['run', `PORT=1 ${polite('first')}`, waits], { place });
      await until('first', () => running.out().includes('first runs'), running.err);
      running.signal('SIGTERM');
      const end = await running.ended;
      expect(end.code).toBe(0);
      expect(running.out()).not.toContain('too early');
      expect(running.out()).toContain('first stops');
    });

    test('the death of one stops the others with TERM before Tandem ends', async () => {
      const dies = `sh -c 'sleep 0.3; exit 7'`;
      const running = start(['run', polite('other'), dies], { place });
      const end = await running.ended;
      expect(end.code).toBe(7);
      expect(running.out()).toContain('other stops');
    });

    test('orphans in sessions of their own are swept', async () => {
      const time = mark();
      const leaves = `sh -c 'setsid sleep ${time} & setsid sh -c "setsid sleep ${time} & exit" & sleep 0.3; exit 3'`;
      const running = start(['run', leaves, polite('other')], { place });
      const end = await running.ended;
      expect(end.code).toBe(3);
      expect(alive(`sleep\0${time}`)).toEqual([]);
    });

    test('members of a process group that outlive its main process are ended', async () => {
      const time = mark();
      const leaves = `sh -c 'sleep ${time} & sleep 0.2; exit 4'`;
      const running = start(['run', leaves, polite('other')], { place });
      const end = await running.ended;
      expect(end.code).toBe(4);
      expect(alive(`sleep\0${time}`)).toEqual([]);
    });

    test('orphans are reaped while Tandem runs', async () => {
      const breeds = `sh -c 'i=0; while [ $i -lt 50 ]; do (sleep 0.01 &) ; i=$((i+1)); done; sleep 0.3; echo bred; exec sleep 30'`;
      const running = start(['run', breeds], { place });
      await until('the brood', () => running.out().includes('bred'), running.err);
      await until('no zombie', () => {
        const mine = readdirSync('/proc').filter((entry) => {
          if (!/^\d+$/.test(entry)) return false;
          try {
            return / Z /.test(readFileSync(`/proc/${entry}/stat`, 'latin1'));
          } catch {
            return false;
          }
        });
        return mine.length === 0;
      });
      running.signal('SIGTERM');
      await running.ended;
    });
  });
}
