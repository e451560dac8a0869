/**
 * Goal: the journal holds every batch and its answer, and a replay of it is the same run.
 * Method: journals of real runs; each test of the binary writes one, which `ended` replays.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { cleanUp, folder, replay, replays, run } from './binary.ts';

afterEach(cleanUp);

test('a run that supervises is replayed', async () => {
  const before = replays();
  await run(['run', 'true', 'sleep 9']);
  expect(replays()).toBe(before + 1);
});

test('lines are JSON: a head with the plan, then batches with their answers, the last one an exit', async () => {
  const file = join(folder(), 'j');
  await run(['--journal', file, 'run', `sh -c 'exit 3'`, 'sleep 9'], { binary: 'build/tandem' });
  const lines = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines[0]).toMatchObject({ journal: 1, plan: { mode: 'processes' } });
  expect(lines[0].plan.processes).toHaveLength(2);
  expect(JSON.stringify(lines[0])).not.toContain('PATH=');
  expect(lines.at(-1).answer.actions.at(-1)).toEqual({ type: 'exit', code: 3 });
  replay(file);
});

test('it goes to a descriptor too', async () => {
  const dir = folder();
  const script = `exec 7>${dir}/j; "$0" --journal 7 run true "sleep 9"`;
  await run([], { as: ['sh', '-c', script] });
  expect(readFileSync(join(dir, 'j'), 'utf8')).toContain('"journal":1');
});

test('a journal that was changed is noticed', async () => {
  const file = join(folder(), 'j');
  await run(['--journal', file, 'run', `sh -c 'exit 3'`, 'sleep 9'], { binary: 'build/tandem' });
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace('"code":3,"signal":0', '"code":4,"signal":0'));
  expect(() => replay(file)).toThrow('replayed differently');
});

test('a journal that cannot be written is said before anything starts', async () => {
  const end = await run(['--journal', '/no/such/j', 'run', 'echo started', 'sleep 9'], {
    binary: 'build/tandem',
  });
  expect(end).toMatchObject({ code: 70, out: '' });
  expect(end.err).toContain('cannot open the journal');
});
