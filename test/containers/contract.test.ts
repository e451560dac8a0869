/**
 * Goal: the contract's program tells what holds from what doesn't, and the example keeps it.
 * Method: the program itself, on the example's image; on a command that does everything wrong.
 */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { runtimes } from '../../tools/containers.mjs';
import { image, under } from './support.ts';

type Clause = { readonly name: string; readonly holds: boolean; readonly evidence: string };

type Found = { readonly clauses: readonly Clause[]; readonly failed: readonly string[] };

function contract(...words: string[]): Promise<Found> {
  const args = ['tools/contract.mjs', ...words, '--json'];
  return new Promise((done, fail) => {
    execFile(process.execPath, args, { timeout: 280_000 }, (error, out, err) => {
      if (out === '') return fail(new Error(err));
      const clauses = JSON.parse(out) as readonly Clause[];
      const failed = clauses
        .filter((one) => !one.holds)
        .map((one) => `${one.name}: ${one.evidence}`);
      expect(error?.code ?? 0).toBe(failed.length === 0 ? 0 : 1);
      return done({ clauses, failed });
    });
  });
}

const made = await image(resolve('examples/nginx-flask'), 'nginx-flask');

for (const runtime of runtimes)
  await under(runtime, made, (tag) => {
    test('the example keeps every clause of the platform’s contract', async () => {
      const { clauses, failed } = await contract(tag, '--runtime', runtime, '--app', 'flask');
      expect(failed).toEqual([]);
      expect(clauses.length).toBeGreaterThanOrEqual(9);
    }, 300_000);
  });

await under('runc', made, () => {
  test('a server that dies of TERM, and talks plain text, fails those clauses alone', async () => {
    const server = resolve('test/containers/bad-server.mjs');
    const { failed } = await contract('--command', `${process.execPath} ${server}`);
    expect(failed.map((one) => one.replace(/:.*/, ''))).toEqual([
      'TERM',
      'TERM',
      'logs one JSON object a line',
    ]);
  }, 300_000);
});
