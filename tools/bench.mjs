// Tandem beside its peers, in one run, interleaved: npm run bench
//
//     node tools/bench.mjs [--quick] [--save] [--rows start,many,orphans,containers,output,size]
//
// Ends with a table, and with 1 when a budget is missed. `--save` writes docs/bench.json and draws
// the pictures of the README from it.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { cleanUp, ratio, root, work } from './bench/lib.mjs';
import { missing, peers } from './bench/peers.mjs';
import { containerRows } from './bench/rows-container.mjs';
import { orphanRows } from './bench/rows-orphans.mjs';
import { imageRows, instructionRows } from './bench/rows-size.mjs';
import { manyRows, startRows } from './bench/rows-start.mjs';
import { budgetsOf, tableOf } from './bench/table.mjs';

process.chdir(root);
const quick = process.argv.includes('--quick');
const save = process.argv.includes('--save');
const wanted = process.argv.includes('--rows')
  ? process.argv[process.argv.indexOf('--rows') + 1].split(',')
  : null;
const has = (row) => wanted === null || wanted.includes(row);
const say = (text) => process.stderr.write(`${text}\n`);

function compile(name, compiler = 'musl-gcc', flags = ['-static']) {
  execFileSync(compiler, [
    '-O2',
    ...flags,
    '-Wall',
    '-Wextra',
    '-Wno-clobbered',
    '-Werror',
    '-o',
    join(work, name),
    `tools/bench/${name}.c`,
  ]);
}

/** Peers from npm stay out of the project's own modules. */
function installPeers() {
  const dir = '.cache/bench';
  const stamp = join(dir, 'package.json');
  const text = readFileSync('tools/bench/package.json', 'utf8');
  if (
    existsSync(join(dir, 'node_modules/pm2')) &&
    existsSync(stamp) &&
    readFileSync(stamp, 'utf8') === text
  )
    return;
  say('installing peers from npm');
  mkdirSync(dir, { recursive: true });
  copyFileSync('tools/bench/package.json', stamp);
  const r = spawnSync(
    'npm',
    ['install', '--no-audit', '--no-fund', '--loglevel=error', '--no-package-lock'],
    { cwd: dir, encoding: 'utf8' },
  );
  if (r.status !== 0) say(`cannot install peers from npm: ${r.stderr.trim()}`);
}

async function measure() {
  for (const name of ['child', 'loop']) compile(name);
  installPeers();
  const absent = Object.fromEntries(
    Object.keys(peers)
      .map((name) => [name, missing(name)])
      .filter(([, why]) => why !== null),
  );
  for (const [name, why] of Object.entries(absent)) say(`not measured: ${name}: ${why}`);
  const names = Object.keys(peers).filter((name) => !(name in absent));
  const found = {
    machine: {
      cores: cpus().length,
      model: cpus()[0]?.model ?? '',
      memoryGb: Math.round(totalmem() / 2 ** 30),
      load: loadavg()[0],
      node: process.version,
      kernel: spawnSync('uname', ['-r'], { encoding: 'utf8' }).stdout.trim(),
    },
    quick,
    versions: Object.fromEntries(names.map((name) => [name, peers[name].version()])),
    absent,
  };
  if (has('start')) found.start = await startRows(names, quick, say);
  if (has('start')) {
    const raw = (name) => found.start[name].raw.start;
    found.ratios = Object.fromEntries(
      ['Tandem, commands', 'Tandem, saved plan', 'Tandem, YAML'].map((name) => [
        name,
        { bash: ratio(raw(name), raw('bash')), loop: ratio(raw(name), raw('bare C loop')) },
      ]),
    );
    found.endRatio = ratio(
      found.start['Tandem, commands'].raw.end,
      found.start['tini + bash'].raw.end,
    );
  }
  if (has('many')) found.many = await manyRows(quick, say);
  if (has('orphans')) found.orphans = await orphanRows(quick, say);
  if (has('containers')) found.containers = await containerRows(quick, say);
  if (has('output') && existsSync('tools/bench/output.mjs')) {
    const { outputRows } = await import('./bench/output.mjs');
    found.output = await outputRows(quick, say);
  }
  if (has('size')) {
    found.image = imageRows();
    found.instructions = instructionRows();
  }
  return found;
}

try {
  const found = await measure();
  console.log(tableOf(found));
  const budgets = budgetsOf(found);
  for (const { text, value, met } of budgets)
    console.log(`${met ? 'met   ' : 'MISSED'}  ${text}: ${value}`);
  found.budgets = budgets;
  if (save) {
    writeFileSync('docs/bench.json', `${JSON.stringify(found, null, 1)}\n`);
    execFileSync(process.execPath, ['tools/bench/plots.mjs'], { stdio: 'inherit' });
  }
  mkdirSync('build', { recursive: true });
  writeFileSync('build/bench.json', `${JSON.stringify(found, null, 1)}\n`);
  const missed = budgets.filter((one) => !one.met).length;
  console.log(`${budgets.length - missed} budgets met, ${missed} missed`);
  process.exitCode = missed > 0 ? 1 : 0;
} finally {
  cleanUp();
}
