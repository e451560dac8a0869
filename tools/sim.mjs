// The simulator, for as long as wanted:
//
//     npm run sim                    100,000 seeds
//     npm run sim -- --seeds 1e7     as many as that, from --from on
//     npm run sim -- --seed 4711     one, with its history where it breaks something
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as esbuild from 'esbuild';

const root = resolve(import.meta.dirname, '..');

function option(name, otherwise) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
}

/** The simulator over a tree of policy, which may be a mutant of ours. */
export async function load(policy, name) {
  const outfile = resolve(root, 'build', 'sim', `${name}.mjs`);
  mkdirSync(resolve(root, 'build', 'sim'), { recursive: true });
  await esbuild.build({
    entryPoints: [resolve(policy, 'core/sim.fake.ts')],
    bundle: true,
    format: 'esm',
    platform: 'node',
    outfile,
    logLevel: 'error',
  });
  return import(pathToFileURL(outfile).href);
}

async function main() {
  const { drawHistory, play, shrink } = await load(resolve(root, 'policy'), 'ours');
  const one = option('seed', null);
  const first = one ?? option('from', 1);
  const count = one === null ? option('seeds', 100_000) : 1;
  const from = performance.now();
  let steps = 0;
  for (let seed = first; seed < first + count; seed += 1) {
    const drawn = drawHistory(seed);
    const played = play(drawn);
    steps += played.steps;
    if (played.broken === null) continue;
    const small = shrink(drawn, played.broken);
    console.log(`npm run sim -- --seed ${seed}`);
    console.log(JSON.stringify(small.plan));
    console.log(play(small).broken);
    process.exit(1);
  }
  const seconds = (performance.now() - from) / 1000;
  const rate = Math.round(count / seconds);
  console.log(`${count} schedules, ${steps} lines of history, ${rate} schedules/s: nothing broken`);
}

if (import.meta.filename === process.argv[1]) await main();
