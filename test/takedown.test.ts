/**
 * Goal: when Tandem itself fails, everything is ended in order and the code is 70.
 * Method: a build whose policy fails on demand, and real crashes of the real one.
 */

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { cleanUp, folder, places, start, until } from './binary.ts';

afterEach(cleanUp);

const faulty = resolve('build/tandem-faulty');

/** Says into a file what happens to it: our own pipes are not read any more by then. */
const witness = (file: string): string =>
  `sh -c 'trap "echo told > ${file}; exit 0" TERM; echo runs; while :; do sleep 0.05; done'`;

for (const place of places)
  describe(`as ${place}`, () => {
    test.each<[string, NodeJS.Signals, RegExp]>([
      ['throws', 'SIGUSR1', /internal error: Error: as asked/],
      ['loops', 'SIGUSR2', /internal error: InternalError: interrupted/],
      ['runs out of memory', 'SIGHUP', /internal error: .*(out of memory|memory)/],
      ['answers nonsense', 'SIGWINCH', /internal error: /],
    ])('policy that %s', async (_what, signal, said) => {
      const dir = folder();
      const file = join(dir, 'told');
      const running = start(['run', witness(file), 'sleep 99'], { place, binary: faulty });
      await until('the start', () => running.out().includes('runs'), running.err);
      running.signal(signal);
      const end = await running.ended;
      expect(end.code).toBe(70);
      expect(running.err()).toMatch(said);
      expect(running.err()).toContain('stopping everything; exit code 70');
      expect(readFileSync(file, 'utf8')).toBe('told\n');
    });

    test.each<NodeJS.Signals>(['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGABRT'])(
      'a crash by %s',
      async (signal) => {
        const dir = folder();
        const file = join(dir, 'told');
        const running = start(['run', witness(file), 'sleep 99'], {
          place,
          binary: resolve('build/tandem'),
        });
        await until('the start', () => running.out().includes('runs'), running.err);
        running.signal(signal);
        const end = await running.ended;
        expect(end.code).toBe(70);
        expect(running.err()).toMatch(/internal error: /);
        expect(readFileSync(file, 'utf8')).toBe('told\n');
      },
    );
  });
