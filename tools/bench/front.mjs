// nginx beside the embedded engine, each as Tandem's front before the same app: npm run bench:front
//
//     node tools/bench/front.mjs [--quick] [--save]
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  cleanUp,
  end,
  folder,
  freePort,
  kill,
  memoryOf,
  path,
  root,
  run,
  sleep,
  summary,
  tandem,
  tree,
  until,
} from './lib.mjs';
import { ask } from './rows-container.mjs';

process.chdir(root);
const quick = process.argv.includes('--quick');
const seconds = quick ? 2 : 5;
const rounds = quick ? 2 : 5;
const engines = ['nginx', 'node'];

/** An app that answers a few bytes at once, so that the front is what is measured. */
const app = `require('node:http').createServer((q, s) => s.end('hello\\n')).listen(process.env.PORT, '127.0.0.1')`;

function site() {
  const dir = folder('site');
  writeFileSync(join(dir, 'small.txt'), 'x'.repeat(1000));
  writeFileSync(join(dir, 'large.bin'), Buffer.alloc(10 << 20, 'x'));
  return dir;
}

function programs() {
  const dir = folder('bin');
  symlinkSync(join(root, 'build/front/tandem-front.mjs'), join(dir, 'tandem-front'));
  return dir;
}

async function open(engine, files, bin) {
  const dir = folder('front');
  const [port, appPort] = [await freePort(), await freePort()];
  writeFileSync(join(dir, 'app.cjs'), app);
  const text =
    `processes:\n  app:\n    command: node ${dir}/app.cjs\n    port: ${appPort}\n` +
    `front:\n  engine: ${engine}\n  port: ${port}\n  routes:\n    /files/*: ${files}/\n    /*: app\n`;
  writeFileSync(join(dir, 'tandem.yaml'), text);
  const runner = run([tandem, '-f', join(dir, 'tandem.yaml')], { env: { PATH: `${bin}:${path}` } });
  await until(`${engine}: an answer`, async () => (await ask(port, '/')) === '200');
  return { port, runner };
}

/** The processes that serve: all but Tandem and the app. */
function serving(runner) {
  return tree(runner.child.pid)
    .slice(1)
    .filter(
      (pid) =>
        !spawnSync('cat', [`/proc/${pid}/cmdline`], { encoding: 'utf8' }).stdout.includes(
          'app.cjs',
        ),
    );
}

function load(port, target, connections) {
  const words = [
    '-t1',
    `-c${connections}`,
    `-d${seconds}s`,
    '--latency',
    `http://127.0.0.1:${port}${target}`,
  ];
  const said = spawnSync('wrk', words, { encoding: 'utf8' }).stdout;
  const errors = /Socket errors|Non-2xx/.exec(said);
  if (errors !== null) process.stderr.write(said);
  const number = (pattern) => Number(pattern.exec(said)?.[1] ?? Number.NaN);
  const [, p99 = 'NaN', unit = 'ms'] = /99%\s+([\d.]+)(us|ms|s)/.exec(said) ?? [];
  const scale = { us: 0.001, ms: 1, s: 1000 }[unit];
  return { rate: number(/Requests\/sec:\s+([\d.]+)/), p99Ms: Number(p99) * scale };
}

const cases = [
  ['small files (1 KB), 20 connections', '/files/small.txt', 20],
  ['large files (10 MB), 4 connections', '/files/large.bin', 4],
  ['proxied small answers, 20 connections', '/', 20],
  ['proxied small answers, 500 connections', '/', 500],
];

async function measure() {
  const [files, bin] = [site(), programs()];
  const found = Object.fromEntries(
    cases.map(([name]) => [
      name,
      Object.fromEntries(engines.map((engine) => [engine, { rate: [], p99: [] }])),
    ]),
  );
  const memory = Object.fromEntries(engines.map((engine) => [engine, []]));
  for (let round = 0; round < rounds; round += 1)
    for (const engine of engines) {
      const { port, runner } = await open(engine, files, bin);
      for (const [name, target, connections] of cases) {
        const { rate, p99Ms } = load(port, target, connections);
        found[name][engine].rate.push(rate);
        found[name][engine].p99.push(p99Ms);
      }
      await sleep(300);
      memory[engine].push(memoryOf(serving(runner)).pss);
      kill(runner.child.pid, 'SIGTERM');
      await runner.ended;
      await end(runner);
      process.stderr.write(`${engine}: round ${round + 1} of ${rounds}\n`);
    }
  return { found, memory };
}

try {
  execFileSync(process.execPath, ['tools/front.mjs']);
  const { found, memory } = await measure();
  const lines = Object.entries(found).map(([name, one]) => {
    const cell = (engine) =>
      `${Math.round(summary(one[engine].rate).median)}/s, ${summary(one[engine].p99).median.toFixed(1)} ms`;
    const beside = summary(one.node.rate.map((rate, i) => rate / one.nginx.rate[i])).median;
    return `| ${name} | ${cell('nginx')} | ${cell('node')} | ${beside.toFixed(2)} |`;
  });
  const mb = (engine) => `${(summary(memory[engine]).median / 1024).toFixed(0)} MB`;
  const table = [
    '| | nginx: requests, 99 % within | embedded | embedded beside nginx |',
    '|---|---|---|---|',
    ...lines,
    `| memory after that (PSS) | ${mb('nginx')} | ${mb('node')} | ${(summary(memory.node).median / summary(memory.nginx).median).toFixed(1)} |`,
  ].join('\n');
  console.log(table);
  if (process.argv.includes('--save')) {
    mkdirSync('docs', { recursive: true });
    writeFileSync('docs/bench-front.json', `${JSON.stringify({ found, memory }, null, 1)}\n`);
  }
} finally {
  cleanUp();
}
