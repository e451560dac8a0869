// The lazy way (bash under tini) beside Tandem, on this machine: npm run compare
//
// Both run the example's app behind nginx as PID 1 of a namespace of its own, so that the end of
// PID 1 is the end of the container. Prints the table of the README.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const rounds = Number(process.argv[2] ?? 5);
const work = mkdtempSync(join(tmpdir(), 'tandem-compare-'));
const example = join(root, 'examples/nginx-flask');
const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', TMPDIR: work };
const inFlight = 20;
const orphans = 50;
const started = new Set();

const sleep = (ms) => new Promise((next) => setTimeout(next, ms));

function median(numbers) {
  const sorted = numbers.map(Number).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function freePort() {
  return new Promise((done) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

function ask(port, path) {
  return new Promise((done) => {
    const sent = request({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      response.resume();
      response.on('end', () => done(response.complete ? `${response.statusCode}` : 'cut'));
      response.on('error', () => done('cut'));
    });
    sent.on('error', (error) => done(error.code === 'ECONNREFUSED' ? 'refused' : 'cut'));
    sent.end();
  });
}

async function until(what, condition) {
  for (const end = Date.now() + 20_000; Date.now() < end; await sleep(2))
    if (await condition()) return;
  throw new Error(`waited in vain for ${what}`);
}

/** A container of one of the two ways: its folder holds all that it needs. */
async function prepare(way, flask) {
  const [port, appPort, dir] = [
    await freePort(),
    await freePort(),
    mkdtempSync(join(work, 'run-')),
  ];
  chmodSync(dir, 0o755);
  if (way === 'tandem') {
    writeFileSync(
      join(dir, 'tandem.yaml'),
      `processes:\n  app:\n    command: ${flask} --port \${app.port}\n    port: ${appPort}\n` +
        `    working_dir: ${example}\n` +
        `front:\n  port: ${port}\n  routes:\n    /static/*: ${example}/static/\n    /*: app\n`,
    );
    return { dir, port, words: [join(root, 'build/tandem'), 'run', '-f', `${dir}/tandem.yaml`] };
  }
  writeFileSync(
    join(dir, 'nginx.conf'),
    `pid ${dir}/pid;\nerror_log stderr;\nuser root;\nevents {}\nhttp {\n  access_log off;\n` +
      ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
        .map((kind) => `  ${kind}_temp_path ${dir}/${kind};\n`)
        .join('') +
      `  server {\n    listen ${port};\n    location /static/ { alias ${example}/static/; }\n` +
      `    location / { proxy_pass http://127.0.0.1:${appPort}; }\n  }\n}\n`,
  );
  writeFileSync(
    join(dir, 'start.sh'),
    `#!/bin/bash\ncd ${example}\nnginx -c ${dir}/nginx.conf -g 'daemon off;' &\n` +
      `${flask} --port ${appPort} &\nwait -n\n`,
  );
  return { dir, port, words: ['tini', '--', 'bash', join(dir, 'start.sh')] };
}

/** As PID 1 of a namespace; `end` gives its exit code. */
function run(words) {
  const isolated = ['--pid', '--fork', '--kill-child', '--mount-proc', ...words];
  const child = spawn('unshare', isolated, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  started.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data) => {
      output += data;
    });
  const end = new Promise((done) =>
    child.on('exit', (code) => {
      started.delete(child);
      done(code);
    }),
  );
  const children = (pid) =>
    readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  const pid1 = () => Number(children(child.pid)[0]);
  return { end, pid1, children, output: () => output };
}

const flaskCommand = '/usr/bin/python3 -m flask --app app run';

async function coldStart(way) {
  const { port, words } = await prepare(way, flaskCommand);
  const seen = [];
  let going = true;
  const client = (async () => {
    for (; going; await sleep(2)) seen.push(await ask(port, '/health'));
  })();
  await sleep(50);
  const container = run(words);
  await until('20 answers', () => seen.filter((one) => one === '200').length >= 20);
  going = false;
  await client;
  process.kill(container.pid1(), 'SIGTERM');
  await container.end;
  return seen.filter((one) => one !== '200' && one !== 'refused').length;
}

async function stopUnderLoad(way) {
  const { port, words } = await prepare(way, flaskCommand);
  const container = run(words);
  await until('an answer', async () => (await ask(port, '/health')) === '200');
  const requests = Array.from({ length: inFlight }, () => ask(port, '/slow?ms=1000'));
  await sleep(300);
  process.kill(container.pid1(), 'SIGTERM');
  const answers = await Promise.all(requests);
  return { cut: answers.filter((one) => one !== '200').length, code: await container.end };
}

/** Resident memory of what supervises, and the zombies among what it was left with. */
async function quiet(way) {
  const { port, words } = await prepare(way, flaskCommand);
  const container = run(words);
  await until('an answer', async () => (await ask(port, '/health')) === '200');
  const pid1 = container.pid1();
  const supervisors = way === 'tandem' ? [pid1] : [pid1, ...container.children(pid1)];
  const rss = supervisors.map((pid) =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]),
  );
  // Orphans: children of somebody who ends before them.
  const script = `for i in $(seq ${orphans}); do setsid sh -c 'sleep 0.05 & exit' & done; wait`;
  execFileSync('nsenter', ['-t', `${pid1}`, '-p', 'sh', '-c', script]);
  await sleep(300);
  const zombies = container
    .children(pid1)
    .filter((pid) => / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))).length;
  process.kill(pid1, 'SIGTERM');
  await container.end;
  return { rss: rss.reduce((a, b) => a + b), zombies };
}

/** The app dies by itself with code 7; does nginx, beside it, get the chance to finish? */
async function death(way) {
  const script = join(work, 'dies.sh');
  const dies = `import http.server,os,threading,time
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *a): pass
port = int(os.sys.argv[-1])
threading.Thread(target=http.server.HTTPServer(("127.0.0.1", port), H).serve_forever, daemon=True).start()
time.sleep(0.8)
os._exit(7)
`;
  writeFileSync(script, dies);
  const { words } = await prepare(way, `/usr/bin/python3 ${script}`);
  const container = run(words);
  return { code: await container.end, said: container.output() };
}

/** Two tiny children, so that only the supervisor's own time is in it. */
async function times(way) {
  const dir = mkdtempSync(join(work, 'time-'));
  const stamp = join(work, 'stamp');
  const [a, b] = [join(dir, 'a'), join(dir, 'b')];
  const script = join(dir, 's');
  writeFileSync(script, `${stamp} ${a} &\n${stamp} ${b} &\nwait -n\n`);
  const yaml = join(dir, 'tandem.yaml');
  const plan = join(dir, 'tandem.plan');
  if (way === 'yaml' || way === 'plan') {
    const one = (name, file) => `  ${name}:\n    command: ${stamp} ${file}\n`;
    writeFileSync(yaml, `processes:\n${one('a', a)}${one('b', b)}stop_timeout: 9s\n`);
    execFileSync(join(root, 'build/tandem'), ['plan', '-f', yaml, '-o', plan]);
  }
  const words = {
    yaml: [join(root, 'build/tandem'), '-f', yaml],
    plan: [join(root, 'build/tandem'), '-f', plan],
    tandem: [join(root, 'build/tandem'), 'run', `${stamp} ${a}`, `${stamp} ${b}`],
    lazy: ['tini', '-s', '--', 'bash', script],
    bash: ['bash', script],
  }[way];
  const file = join(dir, 'times');
  const child = spawn(stamp, ['-x', file, ...words], { env, stdio: 'ignore' });
  started.add(child);
  const ended = new Promise((done) => child.on('exit', done));
  const read = (name) => (existsSync(name) ? readFileSync(name, 'utf8') : '');
  await until('both', () => read(a) !== '' && read(b) !== '');
  const up = Math.max(Number(read(a)), Number(read(b)));
  const [first, second] = [a, b].map((name) =>
    Number(execFileSync('pgrep', ['-f', `^${stamp} ${name}`], { encoding: 'utf8' })),
  );
  const killed = process.hrtime.bigint();
  process.kill(first, 'SIGTERM');
  await ended;
  started.delete(child);
  try {
    // Under the lazy way its sibling stays behind.
    process.kill(second, 'SIGTERM');
  } catch {
    // Nobody was left.
  }
  const [from, to] = read(file).split(' ').map(Number);
  return { up: (up - from) / 1e6, gone: (to - Number(killed)) / 1e6 };
}

async function measure() {
  execFileSync('musl-gcc', [
    '-Os',
    '-static',
    '-o',
    join(work, 'stamp'),
    join(root, 'tools/stamp.c'),
  ]);
  const found = {};
  for (const way of ['lazy', 'tandem']) {
    const all = { bad: [], cut: [], code: [], rss: [], zombies: [] };
    for (let i = 0; i < rounds; i += 1) {
      all.bad.push(await coldStart(way));
      const stop = await stopUnderLoad(way);
      all.cut.push(stop.cut);
      all.code.push(stop.code);
      const { rss, zombies } = await quiet(way);
      all.rss.push(rss);
      all.zombies.push(zombies);
      process.stderr.write(`${way}: round ${i + 1} of ${rounds}\n`);
    }
    found[way] = { ...all, death: await death(way), up: [], gone: [] };
  }
  for (const way of ['bash', 'yaml', 'plan']) found[way] = { up: [], gone: [] };
  // Interleaved, so that what else the machine does falls on all of them.
  for (let i = 0; i < 30; i += 1)
    for (const way of ['tandem', 'lazy', 'bash', 'yaml', 'plan']) {
      const { up, gone } = await times(way);
      found[way].up.push(up);
      found[way].gone.push(gone);
    }
  return found;
}

function print({ lazy, tandem, bash, yaml, plan }) {
  const reason = /tandem: app .*/.exec(tandem.death.said)?.[0] ?? '';
  const ms = (numbers) => `${median(numbers).toFixed(2)} ms`;
  const mb = (numbers) => `${(median(numbers) / 1024).toFixed(1)} MB`;
  const rows = [
    ['bad answers (502) at cold start', median(lazy.bad), median(tandem.bad)],
    [`requests cut at stop, of ${inFlight} in flight`, median(lazy.cut), median(tandem.cut)],
    ['exit code of a clean stop', median(lazy.code), median(tandem.code)],
    ['exit code when the app dies with 7', lazy.death.code, tandem.death.code],
    ['the reason, as last line', 'none', reason ? 'yes' : 'none'],
    [`zombies after ${orphans} orphans`, median(lazy.zombies), median(tandem.zombies)],
    ['resident memory of what supervises', mb(lazy.rss), mb(tandem.rss)],
    ['start until both children are at main()', ms(lazy.up), ms(tandem.up)],
    ['a child’s death until the end', ms(lazy.gone), ms(tandem.gone)],
  ];
  console.log('| | bash `wait -n` under tini | Tandem |\n|---|---|---|');
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
  console.log(`\nbash alone: start ${ms(bash.up)}, death to end ${ms(bash.gone)}`);
  console.log(`Tandem's start from YAML: ${ms(yaml.up)}, from a saved plan: ${ms(plan.up)}`);
  console.log(reason);
}

try {
  print(await measure());
} finally {
  for (const child of started) child.kill('SIGKILL');
  rmSync(work, { recursive: true, force: true });
}
