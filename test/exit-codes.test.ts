/**
 * Goal: Tandem's exit code is the one of the process that caused the end.
 * Method: real shells in a real PID namespace and outside of one.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { cleanUp, places, run } from './binary.ts';

afterEach(cleanUp);

const sleeper = 'sleep 30';

for (const place of places) {
  describe(`as ${place}`, () => {
    test('every exit code from 0 to 255 of the first process that ends is passed on', async () => {
      for (let first = 0; first < 256; first += 8) {
        const codes = Array.from({ length: 8 }, (_, i) => first + i);
        const ends = await Promise.all(
          codes.map((code) => run(['run', `sh -c 'exit ${code}'`, sleeper], { place })),
        );
        expect(ends.map((end) => end.code)).toEqual(codes);
      }
    }, 600_000);

    test('in init mode every exit code from 0 to 255 is passed on unchanged', async () => {
      for (let first = 0; first < 256; first += 8) {
        const codes = Array.from({ length: 8 }, (_, i) => first + i);
        const ends = await Promise.all(
          codes.map((code) => run(['--', 'sh', '-c', `exit ${code}`], { place })),
        );
        expect(ends.map((end) => end.code)).toEqual(codes);
      }
    }, 600_000);

    test.each([
      ['HUP', 1],
      ['INT', 2],
      ['QUIT', 3],
      ['ABRT', 6],
      ['KILL', 9],
      ['SEGV', 11],
      ['TERM', 15],
    ])('a process that dies of SIG%s gives 128 and the number', async (name, number) => {
      const end = await run(['run', `sh -c 'kill -${name} $$; sleep 5'`, sleeper], { place });
      expect(end.code).toBe(128 + number);
      expect(end.err).toContain(`SIG${name}`);
    });

    test('a program that is not there gives 127, one that may not be run 126', async () => {
      const missing = await run(['--', 'no-such-program-here'], { place });
      expect(missing.code).toBe(127);
      const forbidden = await run(['--', '/etc/passwd'], { place });
      expect(forbidden.code).toBe(126);
    });

    test('when every process has ended well, Tandem ends with 0', async () => {
      const end = await run(['run', 'true', 'true'], { place });
      expect(end.code).toBe(0);
    });
  });
}
