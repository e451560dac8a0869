/**
 * Goal: when Tandem itself fails, everything is ended in order and the code is 70.
 * Method: a build whose policy fails on demand, and real crashes of the real one.
 */

import { readFileSync, writeFileSync } from 'node:fs';
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

test('where output is JSON, so is what is said of it', async () => {
  const dir = folder();
  const file = join(dir, 'told');
  const args = ['--logs', 'json', 'run', witness(file), 'sleep 99'];
  const running = start(args, { binary: resolve('build/tandem') });
  await until('the start', () => running.out().includes('runs'), running.err);
  running.signal('SIGSEGV');
  expect((await running.ended).code).toBe(70);
  const lines = running
    .err()
    .split('\n')
    .filter((line) => line !== '');
  expect(JSON.parse(lines.at(-1) ?? '')).toEqual({
    severity: 'CRITICAL',
    message:
      'tandem: internal error: segmentation fault\ntandem: stopping everything; exit code 70',
    'logging.googleapis.com/labels': { process: 'tandem' },
  });
});

describe('the door between C and JavaScript', () => {
  test('100 kinds of nonsense from the policy: a harmless one is passed over, any other is a take-down', async () => {
    const codes: (number | null)[] = [];
    const dir = folder();
    const play = async (seed: number): Promise<void> => {
      const program = join(dir, `fuzz${seed}`);
      const told = join(dir, `told${seed}`);
      writeFileSync(
        program,
        `#!/bin/sh\ntrap "echo told > ${told}; exit 0" TERM\necho runs\nwhile :; do sleep 0.02; done\n`,
        { mode: 0o755 },
      );
      const running = start(['run', program, 'sleep 99'], {
        binary: resolve('build/tandem-faulty-asan'),
        env: { ASAN_OPTIONS: 'detect_leaks=0:handle_segv=0:handle_abort=0' },
      });
      await until('the start', () => running.out().includes('runs'), running.err);
      for (let i = 0; i < 5 && running.child.exitCode === null; i += 1) {
        running.signal('SIGWINCH');
        await new Promise((next) => setTimeout(next, 10));
      }
      if (running.child.exitCode === null) running.signal('SIGTERM');
      const { code, signal } = await running.ended;
      // 137: the nonsense was a KILL for one of them, which is what it asked for.
      expect([0, 70, 137, 143, 9], `seed ${seed}: ${signal}\n${running.err()}`).toContain(code);
      if (code === 70) expect(running.err()).toContain('internal error: ');
      codes.push(code);
    };
    for (let seed = 1; seed <= 100; seed += 10)
      await Promise.all(Array.from({ length: 10 }, (_, i) => play(seed + i)));
    expect(codes.filter((code) => code === 70).length).toBeGreaterThan(60);
  }, 120_000);
});
