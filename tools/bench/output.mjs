// How fast output goes through Tandem, beside pipes that nobody touches and process managers that
// people use: node tools/bench/output.mjs [--json FILE] [--seconds N]
//
// All in one run on one machine, since only the ratios mean anything. Lines of 100 bytes and a
// newline, made without copying a byte (pipe.c). A peer that is not on PATH is left out, and said.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const option = (name) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? null : (process.argv[at + 1] ?? null);
};
const seconds = Number(option('--seconds') ?? 1);
const rounds = 3;
const tandem = process.env.TANDEM_BINARY ?? join(root, 'build/tandem');
const work = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'tandem-bench-'));
const pipe = join(work, 'pipe');
const lineBytes = 101;
const path = `${join(root, 'node_modules/.bin')}:${process.env.PATH ?? ''}`;
const env = { PATH: path, HOME: work };

execFileSync('gcc', ['-O2', '-D_GNU_SOURCE', join(import.meta.dirname, 'pipe.c'), '-o', pipe]);

const whole = (bytes) => Math.max(1, Math.round(bytes / lineBytes)) * lineBytes;
const writer = (bytes) => `${pipe} lines ${bytes}`;
const file = join(work, 'lines');
const fileBytes = whole(200e6);

/** Files that a peer needs, for this many bytes. */
const procfile = (bytes) => writeFileSync(join(work, 'Procfile'), `app: ${writer(bytes)}\n`);
const supervisor = (bytes) =>
  writeFileSync(
    join(work, 'supervisord.conf'),
    `[supervisord]\nnodaemon=true\nlogfile=/dev/null\nlogfile_maxbytes=0\npidfile=${work}/pid\n` +
      `[program:app]\ncommand=${writer(bytes)}\nautorestart=false\nstartsecs=0\n` +
      'stdout_logfile=/dev/fd/1\nstdout_logfile_maxbytes=0\n',
  );

/**
 * `script`: a shell's, with all lines on its stdout, or with `whole` to /dev/null by itself. `from`:
 * how many bytes the first try is.
 */
const subjects = [
  { name: 'cat FILE | cat', script: () => `cat ${file} | cat >/dev/null`, bytes: fileBytes },
  { name: 'splice', script: (n) => `${writer(n)} | ${pipe} splice >/dev/null`, from: 1e9 },
  { name: 'read and write', script: (n) => `${writer(n)} | ${pipe} copy >/dev/null`, from: 1e9 },
  ...['prefix', 'json'].map((mode) => ({
    name: `Tandem, ${mode}`,
    script: (n) => `${tandem} --logs ${mode} run '${writer(n)}' >/dev/null 2>&1`,
    from: 3e8,
  })),
  {
    name: 'Tandem, prefix, to a pipe',
    script: (n) => `${tandem} --logs prefix run '${writer(n)}' 2>/dev/null | cat >/dev/null`,
    from: 3e8,
  },
  {
    name: 's6-log (prefix)',
    needs: 's6-log',
    script: (n) => `${writer(n)} | s6-log p'app: ' 1 >/dev/null`,
    from: 3e7,
  },
  {
    name: 'supervisord (no prefix)',
    needs: 'supervisord',
    prepare: supervisor,
    script: () => `supervisord -c ${work}/supervisord.conf`,
    from: 2e7,
    stays: true,
  },
  {
    name: 'foreman',
    needs: 'foreman',
    prepare: procfile,
    script: () => `foreman start -d ${work} -f ${work}/Procfile`,
    from: 2e6,
    stays: true,
  },
  {
    name: 'concurrently',
    needs: 'concurrently',
    script: (n) => `concurrently -n app '${writer(n)}'`,
    from: 2e6,
    stays: true,
  },
];

const has = (name) => spawnSync('sh', ['-c', `command -v ${name}`], { env }).status === 0;

/** Seconds until all of it has come out. What stays when its process has ended is stopped then. */
function time(subject, bytes) {
  subject.prepare?.(bytes);
  const start = performance.now();
  if (!subject.stays) {
    spawnSync('sh', ['-c', subject.script(bytes)], { env, cwd: work, stdio: 'ignore' });
    return Promise.resolve((performance.now() - start) / 1000);
  }
  return new Promise((done) => {
    const reader = spawn(pipe, ['count', `${bytes / lineBytes}`], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    const manager = spawn('sh', ['-c', `exec ${subject.script(bytes)}`], {
      env,
      cwd: work,
      stdio: ['ignore', reader.stdin, 'ignore'],
      detached: true,
    });
    reader.stdin.destroy();
    const limit = setTimeout(() => reader.kill(), 60_000);
    reader.on('exit', () => {
      const took = (performance.now() - start) / 1000;
      clearTimeout(limit);
      try {
        process.kill(-manager.pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
      done(took);
    });
  });
}

const median = (all) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)];

execFileSync('sh', ['-c', `${writer(fileBytes)} > ${file}`]);
const results = [];
const usable = subjects.filter((one) => one.needs === undefined || has(one.needs));
for (const one of subjects.filter((all) => !usable.includes(all)))
  console.log(`left out: ${one.name}: ${one.needs} is not on PATH`);
// How much each can do in about the time that is wanted.
const sizes = new Map();
for (const one of usable) {
  const first = one.bytes ?? whole(one.from);
  const took = await time(one, first);
  sizes.set(one, one.bytes ?? whole(Math.min(5e10, Math.max(first, (first / took) * seconds))));
}
// In turns, so that what else the machine does meets all of them.
const rates = new Map(usable.map((one) => [one, []]));
for (let round = 0; round < rounds; round += 1)
  for (const one of usable) rates.get(one).push(sizes.get(one) / (await time(one, sizes.get(one))));
const base = median(rates.get(usable[0]));
for (const one of usable) {
  const rate = median(rates.get(one));
  results.push({ name: one.name, bytesPerSecond: Math.round(rate), ratio: rate / base });
}
rmSync(work, { recursive: true, force: true });

console.log(`lines of 100 bytes, ${cpus().length} processors, median of ${rounds}\n`);
console.log('|                           |      MB/s | × `cat FILE \\| cat` |');
console.log('| ------------------------- | --------- | ------------------- |');
for (const { name, bytesPerSecond, ratio } of results) {
  const mega = (bytesPerSecond / 1e6).toFixed(bytesPerSecond < 1e8 ? 1 : 0);
  console.log(`| ${name.padEnd(25)} | ${mega.padStart(9)} | ${ratio.toFixed(3).padStart(19)} |`);
}
const wanted = option('--json');
if (wanted !== null) writeFileSync(wanted, `${JSON.stringify({ output: results }, null, 2)}\n`);
const least = { 'Tandem, prefix': 0.5, 'Tandem, json': 0.25 };
const slow = results.filter(({ name, ratio }) => ratio < (least[name] ?? 0));
for (const { name } of slow) console.error(`${name} is slower than ${least[name]} of that`);
process.exit(slow.length > 0 ? 1 : 0);
