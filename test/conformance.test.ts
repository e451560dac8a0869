/**
 * Goal: what an end means, in every combination that matters, on the real binary.
 * Method: a matrix of how a process ends, when, and with which restart policy; the expected codes
 * are written down, not computed.
 */
import { writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { cleanUp, folder, places, run, start, until } from './binary.ts';

afterEach(cleanUp);

function file(text: string): string {
  const path = join(folder(), 'tandem.yaml');
  writeFileSync(path, text);
  return path;
}

const sh = (script: string): string => `["sh", "-c", ${JSON.stringify(script)}]`;

for (const place of places) {
  describe(`as ${place}`, () => {
    test('every exit code from 0 to 255 of a oneshot: 0 goes on, all others stop', async () => {
      for (let first = 0; first < 256; first += 8) {
        const codes = Array.from({ length: 8 }, (_, i) => first + i);
        const ends = await Promise.all(
          codes.map((code) =>
            run(
              [
                '-f',
                file(
                  `processes:\n  once: {oneshot: true, command: ${sh(`exit ${code}`)}}\n  next: {command: ${sh('exit 250')}, depends_on: [once]}\n`,
                ),
              ],
              { place },
            ),
          ),
        );
        expect(ends.map((end) => end.code)).toEqual(codes.map((code) => code || 250));
      }
    }, 600_000);

    const deadly = (
      'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT XCPU XFSZ ' +
      'VTALRM PROF IO PWR SYS'
    ).split(' ');

    test.each(['no', 'on-failure:1', 'always'])(
      'a death by each signal, running, with restart: %s',
      async (restart) => {
        await Promise.all(
          deadly.map(async (name) => {
            // With `always` the end is made by its neighbour, once it has been started again.
            const dies = sh(
              `echo run >> runs; kill -${constants.signals[`SIG${name}` as NodeJS.Signals]} $$$$; sleep 5`,
            );
            const other =
              restart === 'always'
                ? sh('while [ $(wc -l < runs) -lt 2 ]; do sleep 0.02; done; exit 77')
                : 'sleep 30';
            const text = `processes:\n  app: {command: ${dies}, working_dir: ., restart: "${restart}"}\n  other: {command: ${other}, working_dir: .}\n`;
            const path = file(text);
            writeFileSync(join(path, '../runs'), '');
            const end = await run(['-f', path], { place });
            const number = constants.signals[`SIG${name}` as NodeJS.Signals];
            expect(end.code, name).toBe(restart === 'always' ? 77 : 128 + number);
          }),
        );
      },
      300_000,
    );

    test.each([
      ['exit 0', 0],
      ['exit 3', 3],
      ['kill -SEGV $$$$', 139],
    ])('before it is ready: %s gives %i', async (script, code) => {
      const end = await run(
        [
          '-f',
          file(
            `processes:\n  app: {command: ${sh(`sleep 0.1; ${script}`)}, ready: {file: never}}\n  other: {command: sleep 30}\n`,
          ),
        ],
        { place },
      );
      expect(end.code).toBe(code);
    });

    test.each([
      ['exit 0', 0],
      ['exit 143', 0],
      ['exit 3', 3],
      ['exit 42', 0],
      ['kill -SEGV $$$$', 139],
      ['trap - TERM; kill -TERM $$$$', 0],
    ])('while stopping: %s gives %i', async (script, code) => {
      for (const restart of ['no', 'always']) {
        const app = sh(`trap '${script}' TERM; echo runs; while :; do sleep 0.02; done`);
        const path = file(
          `processes:\n  app: {command: ${app}, restart: "${restart}", success_codes: [42]}\n  other: {command: ${sh('trap "exit 0" TERM; echo there; while :; do sleep 0.02; done')}}\n`,
        );
        const running = start(['-f', path], { place });
        await until('both', () => /runs/.test(running.out()) && /there/.test(running.out()));
        running.signal('SIGTERM');
        expect((await running.ended).code, restart).toBe(code);
      }
    });
  });
}

test.skipIf(process.getuid?.() !== 0)('every eighth exit code, as a plain user', async () => {
  const codes = Array.from({ length: 32 }, (_, i) => i * 8 + 1);
  for (let first = 0; first < 32; first += 8) {
    const some = codes.slice(first, first + 8);
    const as = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
    const ends = await Promise.all(
      some.map((code) => run(['run', `sh -c 'exit ${code}'`, 'sleep 9'], { as, cwd: '/' })),
    );
    expect(ends.map((end) => end.code)).toEqual(some);
  }
});
