// Types, format, lint and house rules. The C warnings are errors of the build itself.
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

process.chdir(resolve(import.meta.dirname, '..'));
const bin = (name) => `node_modules/.bin/${name}`;
const steps = [
  ['types of the policy', [bin('tsc'), '-p', 'policy']],
  ['types of the tests', [bin('tsc'), '-p', '.']],
  ['format and lint', [bin('biome'), 'ci', '--error-on-warnings', '.']],
  ['house rules', [process.execPath, 'tools/tidy.mjs']],
];
let failed = false;
for (const [name, [command, ...args]] of steps) {
  const from = performance.now();
  const r = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  const verdict = r.status === 0 ? 'ok' : 'FAILED';
  console.log(`${verdict}: ${name} (${((performance.now() - from) / 1000).toFixed(1)} s)`);
  failed ||= r.status !== 0;
}
process.exit(failed ? 1 : 0);
