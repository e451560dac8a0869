// The contract of a container platform, checked by a program: npm run contract -- IMAGE
//
//     npm run contract -- IMAGE [--runtime gvisor]     an image of .cache/containers
//     npm run contract -- --command CMD                a command of this machine, as PID 1
//     npm run contract -- --compare [--rounds 3]       the example, and what people do instead
//
// It does as Cloud Run does: a PORT of its own choice, K_* set, a TCP probe at the start and no
// request before it passes, many requests at once, then TERM while requests are in flight, ten
// seconds, KILL. Each clause holds or fails, with its evidence; the program ends with 1 if one fails.
//
//     --ready PATH    what answers 200 when the app can (/health)
//     --slow PATH     what takes about two seconds (/slow?ms=2000)
//     --app WORD      a word in the app's command line, to kill it by (none: the clause is left out)
//     --json          the clauses as JSON
import { cpSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import {
  build,
  cleanUp,
  imageSize,
  runtimes,
  scratch,
  start,
  startCommand,
  tandemImage,
  unavailable,
  unmount,
} from './containers.mjs';

const root = resolve(import.meta.dirname, '..');
const probeMs = 240_000;
const killMs = 10_000;
/** A uid that cannot start is seen long before the platform would give up. */
const strangerMs = 40_000;
const answerMs = 60_000;
const atOnce = 80;
const inFlight = 20;
const memory = '512m';
const entryMax = 256 * 1024;

const sleep = (ms) => new Promise((next) => setTimeout(next, ms));
const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`;

function ask({ address, port }, path, onSent = () => {}) {
  return new Promise((done) => {
    const sent = request({ host: address, port, path, agent: false }, (response) => {
      response.resume();
      response.on('end', () => done(response.complete ? `${response.statusCode}` : 'cut'));
      response.on('error', () => done('cut'));
    });
    sent.on('error', (error) => done(error.code === 'ECONNREFUSED' ? 'refused' : 'cut'));
    sent.on('finish', onSent);
    sent.setTimeout(answerMs, () => sent.destroy(new Error('no answer')));
    sent.end();
  });
}

function accepts({ address, port }) {
  return new Promise((done) => {
    const socket = connect({ host: address, port });
    socket.on('connect', () => done(true));
    socket.on('error', () => done(false));
    socket.on('close', () => done(false));
    socket.setTimeout(1000, () => socket.destroy());
    socket.on('connect', () => socket.destroy());
  });
}

/** `200: 18, 502: 2` */
function tally(words) {
  const counts = new Map();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].map(([word, n]) => `${word}: ${n}`).join(', ') || 'none';
}

/** Starts the target as the platform does, on a port that nobody would guess. */
async function launch(target, options = {}) {
  const port = 9000 + Math.floor(Math.random() * 900);
  const env = {
    PORT: `${port}`,
    K_SERVICE: 'contract',
    K_REVISION: 'contract-00001-abc',
    K_CONFIGURATION: 'contract',
  };
  const container =
    target.command === undefined
      ? await start(target.image, {
          runtime: target.runtime,
          env,
          // gVisor runs without cgroups here.
          ...(target.runtime === 'gvisor' ? {} : { memory }),
          ...options,
        })
      : await startCommand(target.command, { env, ...options });
  let over = false;
  container.ended.then(() => {
    over = true;
  });
  return { ...container, port, over: () => over };
}

/** When the port accepted, in ms from the start, or null: it never did. */
async function probe(container, deadlineMs = probeMs) {
  while (performance.now() - container.startedMs < deadlineMs && !container.over()) {
    if (await accepts(container)) return performance.now() - container.startedMs;
    await sleep(2);
  }
  return null;
}

/** What was answered from the moment the port accepted, until 20 answers in a row were good. */
async function firstAnswers(container, path) {
  const seen = [];
  let [good, firstMs] = [0, null];
  const giveUp = performance.now() + 60_000;
  while (good < 20 && performance.now() < giveUp && !container.over()) {
    const word = await ask(container, path);
    seen.push(word);
    good = word === '200' ? good + 1 : 0;
    if (word === '200') firstMs ??= performance.now() - container.startedMs;
    if (word !== '200') await sleep(2);
  }
  return { firstMs, bad: seen.filter((word) => word !== '200') };
}

/** Sends slow requests, and comes back when a quick one that was sent after them was answered. */
async function fly(container, { slow, ready }) {
  let sent = 0;
  const answers = Array.from({ length: inFlight }, () =>
    ask(container, slow, () => {
      sent += 1;
    }),
  );
  while (sent < inFlight) await sleep(2);
  await sleep(200);
  await ask(container, ready);
  return answers;
}

/** TERM, ten seconds, KILL. */
async function stop(container) {
  const from = performance.now();
  await container.kill('TERM');
  const ended = await Promise.race([container.ended, sleep(killMs).then(() => null)]);
  if (ended === null) await container.kill('KILL');
  const end = ended ?? (await container.ended);
  return { ...end, killed: ended === null, tookMs: performance.now() - from };
}

const severities = 'DEFAULT DEBUG INFO NOTICE WARNING ERROR CRITICAL ALERT EMERGENCY'.split(' ');

/** What is wrong with a line as an entry of Cloud Logging, or null. */
export function entryFault(line) {
  if (Buffer.byteLength(line) > entryMax) return 'longer than 256 KB';
  let entry;
  try {
    entry = JSON.parse(line);
  } catch {
    return 'not JSON';
  }
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return 'no object';
  if (typeof entry.message !== 'string') return 'no message';
  if (entry.severity !== undefined && !severities.includes(entry.severity))
    return `severity ${entry.severity}`;
  const labels = entry['logging.googleapis.com/labels'];
  if (labels !== undefined && Object.values(labels).some((value) => typeof value !== 'string'))
    return 'a label that is no text';
  return null;
}

function logClause(container) {
  const lines = `${container.out()}\n${container.err()}`.split('\n').filter((line) => line !== '');
  const faults = lines
    .map((line) => [line, entryFault(line)])
    .filter(([, fault]) => fault !== null);
  const good = lines.length - faults.length;
  const [first] = faults;
  return {
    holds: lines.length > 0 && faults.length === 0,
    evidence:
      `${good} of ${lines.length} lines` +
      `${first ? `; ${first[1]}: ${first[0].slice(0, 60)}` : ''}`,
    figure: `${good} of ${lines.length}`,
  };
}

/** The most memory that the container had at any time, in bytes, where its cgroup says so. */
async function peak(container) {
  try {
    const pid = await container.inspect('{{.State.Pid}}');
    const group = /^\d+:memory:(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))[1];
    const file = join('/sys/fs/cgroup/memory', group, 'memory.max_usage_in_bytes');
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

/** Kills the processes whose command line has the word in it; needs a shell in the image. */
function killByWord(container, word) {
  const script =
    'for p in /proc/[0-9]*; do [ "$p" = "/proc/$$" ] && continue; ' +
    `case "$(tr '\\0' ' ' < $p/cmdline)" in *"$0"*) kill -KILL "\${p#/proc/}";; esac; done`;
  return container.exec('sh', '-c', script, word);
}

/** One run from start to TERM. Clauses in the order in which the platform would notice. */
async function life(target, paths) {
  const clauses = [];
  const clause = (name, holds, evidence, figure = evidence) =>
    clauses.push({ name, holds, evidence, figure });
  const container = await launch(target);
  try {
    const acceptedMs = await probe(container);
    clause(
      'listens on 0.0.0.0:$PORT before the startup probe gives up',
      acceptedMs !== null,
      acceptedMs === null ? 'never' : `after ${seconds(acceptedMs)}`,
    );
    if (acceptedMs === null) return { clauses, container };
    const { firstMs, bad } = await firstAnswers(container, paths.ready);
    clause(
      'answers the first request after that, and all others',
      bad.length === 0 && firstMs !== null,
      `first 200 after ${firstMs === null ? 'never' : seconds(firstMs)}; bad: ${tally(bad)}`,
      bad.length,
    );
    const crowd = await Promise.all(
      Array.from({ length: atOnce }, () => ask(container, paths.ready)),
    );
    clause(
      `answers ${atOnce} requests at once`,
      crowd.every((word) => word === '200'),
      tally(crowd),
    );
    const used = target.runtime === 'runc' ? await peak(container) : null;
    if (used !== null)
      clause(
        `stays below ${memory.replace('m', ' MB')}`,
        !container.over(),
        `at most ${(used / 1048576).toFixed(0)} MB`,
      );
    const answers = await fly(container, paths);
    const end = await stop(container);
    const words = await Promise.all(answers);
    const answered = words.filter((word) => word === '200').length;
    clause(
      'TERM: answers what is in flight',
      answered === inFlight,
      `${answered} of ${inFlight} (${tally(words)})`,
      `${answered} of ${inFlight}`,
    );
    clause('TERM: ends inside 10 s, without KILL', !end.killed, seconds(end.tookMs));
    clause('TERM: ends with 0', end.code === 0, `exit code ${end.code}`, end.code);
    const log = logClause(container);
    clause('logs one JSON object a line', log.holds, log.evidence, log.figure);
    return { clauses, container, firstMs };
  } finally {
    if (!container.over()) await container.remove();
  }
}

async function anyUser(target, paths) {
  const uid = 100_000 + Math.floor(Math.random() * 100_000);
  const container = await launch(target, { user: `${uid}:0` });
  try {
    const accepted = await probe(container, strangerMs);
    const { firstMs } = accepted === null ? {} : await firstAnswers(container, paths.ready);
    const holds = typeof firstMs === 'number';
    const last = `${container.out()}${container.err()}`.trim().split('\n').at(-1).slice(0, 70);
    return {
      name: 'runs as a uid without a name',
      holds,
      evidence: holds ? `uid ${uid} answers` : `uid ${uid}: ${last}`,
      figure: holds ? 'yes' : 'no',
    };
  } finally {
    if (!container.over()) await container.remove();
  }
}

/** The app is killed: the platform must learn of it, and the code must tell. */
async function death(target, paths) {
  const container = await launch(target);
  try {
    if ((await probe(container)) !== null) await firstAnswers(container, paths.ready);
    const from = performance.now();
    await killByWord(container, paths.app);
    const end = await Promise.race([container.ended, sleep(killMs).then(() => null)]);
    return {
      name: 'ends when the app is killed, with its code (137)',
      holds: end?.code === 137,
      evidence:
        end === null
          ? `goes on for ${killMs / 1000} s and more`
          : `exit code ${end.code} after ${seconds(performance.now() - from)}`,
      figure: end === null ? 'goes on' : end.code,
    };
  } finally {
    if (!container.over()) await container.remove();
  }
}

/** All clauses for one target: an image under a runtime, or a command. */
export async function contract(target, paths) {
  const { clauses, firstMs } = await life(target, paths);
  clauses.push(await anyUser(target, paths));
  if (paths.app !== undefined) clauses.push(await death(target, paths));
  return { clauses, firstMs };
}

function print(title, { clauses }) {
  console.log(`${title}`);
  for (const { name, holds, evidence } of clauses)
    console.log(`  ${holds ? 'pass' : 'FAIL'}  ${name.padEnd(58)}  ${evidence}`);
  const held = clauses.filter(({ holds }) => holds).length;
  console.log(`  ${held} of ${clauses.length} clauses hold\n`);
}

/** The example and two ways to do without Tandem, each as people write it. */
async function ways() {
  await tandemImage();
  const example = join(root, 'examples/nginx-flask');
  const made = { Tandem: await build(example, { tag: 'nginx-flask' }) };
  for (const [name, folder] of [
    ['bash under tini', 'lazy'],
    ['supervisord', 'supervisord'],
  ]) {
    const dir = scratch();
    const from = join(root, 'test/containers/ways');
    for (const part of ['app.py', 'static'])
      cpSync(join(example, part), join(dir, part), { recursive: true });
    cpSync(join(from, 'nginx.conf'), join(dir, 'nginx.conf'));
    cpSync(join(from, folder), dir, { recursive: true });
    made[name] = await build(dir, { tag: `contract-${folder}` });
  }
  return made;
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

async function compare(paths, rounds) {
  const made = await ways();
  const columns = [];
  for (const runtime of runtimes) {
    const why = await unavailable(runtime);
    if (why !== null) {
      console.log(`${runtime}: left out: ${why}`);
      continue;
    }
    const found = new Map(Object.keys(made).map((way) => [way, []]));
    // Interleaved, so that what else the machine does falls on all of them.
    for (let i = 1; i < rounds; i += 1)
      for (const [way, image] of Object.entries(made))
        found.get(way).push(await life({ image, runtime }, paths));
    for (const [way, image] of Object.entries(made)) {
      const whole = await contract({ image, runtime }, paths);
      print(`${way} (${image}) under ${runtime}`, whole);
      columns.push({
        way,
        runtime,
        size: await imageSize(image),
        firstMs: median([...found.get(way), whole].map((one) => one.firstMs ?? Number.NaN)),
        clauses: whole.clauses,
        bad: median([...found.get(way), whole].map((one) => one.clauses[1]?.figure ?? Number.NaN)),
      });
    }
  }
  const row = (name, cell) => console.log(`| ${[name, ...columns.map(cell)].join(' | ')} |`);
  const figure = (word) => (column) =>
    column.clauses.find(({ name }) => name.startsWith(word))?.figure ?? '';
  row('', ({ way, runtime }) => `${way}, ${runtime}`);
  row('---', () => '---');
  row('start to the first 200', ({ firstMs }) => seconds(firstMs));
  row('bad answers before it', ({ bad }) => bad);
  row(`requests in flight at TERM that are answered`, figure('TERM: answers'));
  row('time of the stop', figure('TERM: ends inside'));
  row('exit code of the stop', figure('TERM: ends with'));
  row('exit code when the app is killed', figure('ends when'));
  row('lines of the log that are JSON entries', figure('logs'));
  row('runs as a uid without a name', figure('runs as'));
  row('clauses that hold', ({ clauses }) => {
    const held = clauses.filter(({ holds }) => holds).length;
    return `${held} of ${clauses.length}`;
  });
  row('image, unpacked', ({ size }) => `${(size / 1e6).toFixed(1)} MB`);
}

function usage() {
  console.error('usage: npm run contract -- IMAGE | --command CMD | --compare');
  console.error('  [--runtime runc|gvisor] [--ready PATH] [--slow PATH] [--app WORD] [--json]');
  process.exit(64);
}

async function main(words) {
  const options = { ready: '/health', slow: '/slow?ms=2000', rounds: '3' };
  for (let i = 0; i < words.length; i += 1) {
    const [, flag] = /^--(.+)$/.exec(words[i]) ?? [];
    if (flag === undefined) options.image = words[i];
    else if (flag === 'compare' || flag === 'json') options[flag] = true;
    else if (/^(command|runtime|ready|slow|app|rounds)$/.test(flag)) options[flag] = words[++i];
    else usage();
  }
  const { image, command, ready, slow, app } = options;
  const paths = { ready, slow, app };
  if (options.compare) return compare({ ...paths, app: app ?? 'flask' }, Number(options.rounds));
  if (!image === !command) usage();
  const runtime = options.runtime ?? 'runc';
  const why = command ? null : await unavailable(runtime);
  if (why !== null) throw new Error(`cannot run containers here: ${why}`);
  const found = await contract(command ? { command } : { image, runtime }, paths);
  if (options.json) console.log(JSON.stringify(found.clauses, null, 2));
  else print(command ?? `${image} under ${runtime}`, found);
  if (found.clauses.some(({ holds }) => !holds)) process.exitCode = 1;
  return undefined;
}

if (process.argv[1] === import.meta.filename) {
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
  cleanUp();
  unmount();
}
