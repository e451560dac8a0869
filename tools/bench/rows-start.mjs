/** exec → all children at main(), a child's death → exit, TERM → exit, memory: two tiny children under each peer. */
import { join } from 'node:path';
import {
  end,
  folder,
  kill,
  memoryOf,
  read,
  run,
  sleep,
  summary,
  tree,
  until,
  work,
} from './lib.mjs';
import { peers } from './peers.mjs';

const child = join(work, 'child');

async function up(name, count = 2) {
  const peer = peers[name];
  const dir = folder('run');
  const files = Array.from({ length: count }, (_, i) => join(dir, `c${i}`));
  const words = peer.words(files.map((file) => [child, file]));
  const times = join(dir, 'times');
  const runner = run([child, '-x', times, ...words], { env: peer.env?.() ?? {} });
  await until(`${name}: all children`, () => files.every((file) => read(file) !== ''), 60_000);
  const supervisor = tree(runner.child.pid)[1] ?? 0;
  const pids = tree(supervisor).filter((pid) =>
    read(`/proc/${pid}/cmdline`).startsWith(`${child}\0`),
  );
  const own = tree(supervisor).filter((pid) => !pids.includes(pid));
  const pidOf = (file) => pids.find((pid) => read(`/proc/${pid}/cmdline`).includes(file));
  return { runner, files, times, supervisor, pids, own, pidOf };
}

/** `from`: exec of the peer; it is written when it has ended, so both are read at the end. */
async function down(started, name) {
  const gone = await Promise.race([
    started.runner.ended.then(() => true),
    sleep(8000).then(() => false),
  ]);
  if (!gone) {
    // Not to end is what these do; the time of their start counts all the same.
    kill(started.supervisor, peers[name].stopSignal ?? 'SIGTERM');
    await Promise.race([started.runner.ended, sleep(5000)]);
    for (const pid of started.pids) kill(pid, 'SIGKILL');
    for (const pid of started.own) kill(pid, 'SIGKILL');
  }
  await end(started.runner, started.pids);
  return gone;
}

async function once(name) {
  const started = await up(name);
  const stamps = started.files.map((file) => Number(read(file)));
  // Memory when nothing moves any more.
  await sleep(60);
  const memory = memoryOf(started.own);
  const first = started.pidOf(started.files[0]);
  kill(first, 'SIGUSR1');
  const ended = await down(started, name);
  const [from, to, code] = read(started.times).split(' ').map(Number);
  const dead = Number(read(`${started.files[0]}.dead`));
  const told = read(`${started.files[1]}.term`) !== '';
  return {
    startMs: (Math.max(...stamps) - from) / 1e6,
    endMs: ended ? (to - dead) / 1e6 : null,
    code: ended ? code : null,
    told,
    memory,
  };
}

async function stopOnce(name) {
  const started = await up(name);
  await sleep(20);
  const before = process.hrtime.bigint();
  kill(started.supervisor, peers[name].stopSignal ?? 'SIGTERM');
  const ended = await down(started, name);
  const [, to, code] = read(started.times).split(' ').map(Number);
  const told = started.files.every((file) => read(`${file}.term`) !== '');
  return { stopMs: ended ? (to - Number(before)) / 1e6 : null, code: ended ? code : null, told };
}

/** Slow ones are run less often; their spread is said all the same. */
const slow = ['supervisord', 'pm2-runtime', 'concurrently', 'foreman', 'runit'];

export async function startRows(names, quick, say) {
  const rounds = quick ? 20 : 60;
  const found = Object.fromEntries(
    names.map((name) => [
      name,
      { start: [], end: [], stop: [], codes: [], stopCodes: [], told: 0, stopTold: 0, memory: [] },
    ]),
  );
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) {
      if (slow.includes(name) && round >= (quick ? 3 : 7)) continue;
      const one = await once(name);
      const into = found[name];
      into.start.push(one.startMs);
      if (one.endMs !== null) into.end.push(one.endMs);
      into.codes.push(one.code);
      into.told += one.told ? 1 : 0;
      into.memory.push(one.memory);
      if (round % 4 === 0 || slow.includes(name)) {
        const stop = await stopOnce(name);
        if (stop.stopMs !== null) into.stop.push(stop.stopMs);
        into.stopCodes.push(stop.code);
        into.stopTold += stop.told ? 1 : 0;
      }
    }
    say(`start: round ${round + 1} of ${rounds}`);
  }
  return Object.fromEntries(
    Object.entries(found).map(([name, one]) => [
      name,
      {
        raw: { start: one.start, end: one.end, stop: one.stop },
        startMs: summary(one.start),
        endMs: one.end.length > 0 ? summary(one.end) : null,
        stopMs: one.stop.length > 0 ? summary(one.stop) : null,
        code: one.codes[0],
        stopCode: one.stopCodes[0],
        siblingsTold: one.told === one.codes.length,
        allTold: one.stopTold === one.stopCodes.length,
        memoryKb: Object.fromEntries(
          ['rss', 'pss', 'private'].map((k) => [k, summary(one.memory.map((m) => m[k])).median]),
        ),
      },
    ]),
  );
}

export async function manyRows(quick, say) {
  const out = {};
  for (const name of ['Tandem, commands', 'bash']) {
    out[name] = {};
    for (const count of [10, 100, 1000]) {
      const rounds = count === 1000 ? (quick ? 2 : 4) : quick ? 3 : 6;
      const all = { start: [], stop: [], kb: [], wakeups: [], cpuMs: [] };
      for (let round = 0; round < rounds; round += 1) {
        const started = await up(name, count);
        const stamps = started.files.map((file) => Number(read(file)));
        await sleep(1500);
        const status = () => read(`/proc/${started.supervisor}/status`);
        const switches = () => Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status())?.[1]);
        const before = switches();
        await sleep(quick ? 2000 : 6000);
        all.wakeups.push(switches() - before);
        all.kb.push(memoryOf(started.own).private);
        const at = process.hrtime.bigint();
        kill(started.supervisor, 'SIGTERM');
        await down(started, name);
        const [from, to] = read(started.times).split(' ').map(Number);
        all.start.push((Math.max(...stamps) - from) / 1e6);
        all.stop.push((to - Number(at)) / 1e6);
      }
      out[name][count] = {
        startMs: summary(all.start),
        stopMs: summary(all.stop),
        privateKb: summary(all.kb).median,
        wakeups: summary(all.wakeups).median,
      };
      say(`many: ${name}, ${count}`);
    }
  }
  return out;
}
