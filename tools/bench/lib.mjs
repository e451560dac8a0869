/** What every row of the bench uses: processes that end with it, waiting, and numbers. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../..');
export const tandem = join(root, 'build/tandem');
export const work = mkdtempSync(join(tmpdir(), 'tandem-bench-'));
export const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const started = new Set();

export const sleep = (ms) => new Promise((next) => setTimeout(next, ms));
export const folder = (name) => mkdtempSync(join(work, `${name}-`));

export function median(numbers) {
  return quantile(numbers, 0.5);
}

export function quantile(numbers, part) {
  const sorted = numbers.map(Number).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

export function summary(numbers) {
  return {
    median: median(numbers),
    low: quantile(numbers, 0.1),
    high: quantile(numbers, 0.9),
    n: numbers.length,
  };
}

/** Ratios of pairs that were measured one right after the other: what else the machine did is in both. */
export function ratio(a, b) {
  return summary(a.slice(0, Math.min(a.length, b.length)).map((x, i) => x / b[i]));
}

export function freePort() {
  return new Promise((done) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

export async function until(what, condition, ms = 30_000) {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(2)) {
    const value = await condition();
    if (value) return value;
  }
  throw new Error(`waited in vain for ${what}`);
}

/** Empty where there is nothing: processes end while they are looked at. */
export function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** `env` alone: nothing of the bench's own environment reaches a peer. */
export function run(words, options = {}) {
  const child = spawn(words[0], words.slice(1), {
    env: { PATH: path, HOME: work, TMPDIR: work, ...options.env },
    cwd: options.cwd ?? work,
    stdio: options.stdio ?? ['ignore', 'ignore', 'ignore'],
  });
  started.add(child);
  const ended = new Promise((done, fail) => {
    child.on('error', fail);
    child.on('exit', (code, signal) => {
      started.delete(child);
      done({ code, signal });
    });
  });
  return { child, ended };
}

/** Everybody below a process, itself first. */
export function tree(pid) {
  const below = read(`/proc/${pid}/task/${pid}/children`).trim().split(' ').filter(Boolean);
  return [pid, ...below.flatMap((one) => tree(Number(one)))];
}

export function kill(pid, signal) {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** Ends whatever is still there of a peer; it may have left its children to others. */
export async function end(runner, pids = []) {
  const all =
    runner.child.exitCode === null && runner.child.signalCode === null
      ? tree(runner.child.pid)
      : [];
  for (const pid of [...all, ...pids]) kill(pid, 'SIGKILL');
  await runner.ended;
}

/** KB: resident, proportional and private, of these processes together. */
export function memoryOf(pids) {
  const total = { rss: 0, pss: 0, private: 0 };
  for (const pid of pids) {
    const text = read(`/proc/${pid}/smaps_rollup`);
    const kb = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);
    total.rss += kb('Rss');
    total.pss += kb('Pss');
    total.private += kb('Private_Clean') + kb('Private_Dirty');
  }
  return total;
}

export function cleanUp() {
  for (const child of started) for (const pid of tree(child.pid)) kill(pid, 'SIGKILL');
  rmSync(work, { recursive: true, force: true });
}
