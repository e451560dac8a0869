/**
 * The configuring door under Node: the same questions as host/facts.c answers, so that the same
 * policy gives the same answers at a desk, on any system. Nothing here supervises.
 */
import { spawnSync } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { isatty } from 'node:tty';
import * as reading from '../policy/config/files.ts';
import { parseYaml } from '../policy/config/parse.ts';
import * as words from '../policy/config/words.library.ts';
import * as desk from '../policy/desk/desk.ts';
import { bindFront } from '../policy/front/bind.ts';
import * as live from '../policy/live/library.ts';
import * as asking from '../policy/live/live.ts';
import { drawPicture } from '../policy/live/pictures.ts';
import * as attributes from '../policy/plan/bind-attributes.ts';
import type { Fact, Facts } from '../policy/plan/facts.ts';
import { badPattern } from './pattern.ts';

/** Under Node the pictures are there too. */
const timeline: Pick<typeof live, 'runTimeline'> = {
  runTimeline: (given, words) => live.runTimeline(given, words, drawPicture),
};

const readMax = 1 << 20;
const outputMax = 65_536;

/** What a call gives, or the name of the errno that it failed with. */
function attempt<T>(call: () => T): Fact<T> {
  try {
    return { value: call(), error: null };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    return { value: null, error: code };
  }
}

function errno(code: string): never {
  throw Object.assign(new Error(code), { code });
}

function readText(path: string): string {
  const bytes = readFileSync(path === '-' ? 0 : path);
  if (bytes.length > readMax) errno('EFBIG');
  const text = bytes.toString('utf8');
  if (!Buffer.from(text, 'utf8').equals(bytes)) errno('EILSEQ');
  return text;
}

function mayRun(path: string): boolean {
  return attempt(() => accessSync(path, constants.X_OK)).error === null;
}

function find(name: string, path: string): string {
  if (name === '') errno('ENOENT');
  if (name.includes('/')) {
    accessSync(name, constants.X_OK);
    return name;
  }
  let error = 'ENOENT';
  for (const folder of path.split(':')) {
    const file = folder === '' ? name : `${folder}/${name}`;
    if (attempt(() => statSync(file)).value?.isFile() !== true) continue;
    if (mayRun(file)) return file;
    error = 'EACCES';
  }
  return errno(error);
}

/** FNV-1a in 64 bits, as host/facts.c has it: both seal the same plans. */
export function digest(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text, 'utf8'))
    hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  return hash.toString(16).padStart(16, '0');
}

function run(argv: readonly string[], timeoutMs: number): { code: number; output: string } {
  const [program = '', ...args] = argv;
  const end = spawnSync(program, args, { timeout: timeoutMs, stdio: ['ignore', 'pipe', 'pipe'] });
  if (end.error !== undefined) throw end.error;
  const output = Buffer.concat([end.stdout, end.stderr]).subarray(0, outputMax).toString('utf8');
  return { code: end.status ?? 255, output };
}

function write(
  path: string,
  text: string,
  mode: number,
  owner: { uid: number; gid: number } | null,
) {
  const aside = `${path}.${process.pid}~`;
  try {
    writeFileSync(aside, text, { mode: 0o600, flag: 'wx' });
    if (owner !== null && owner.uid !== process.geteuid?.()) chownSync(aside, owner.uid, owner.gid);
    chmodSync(aside, mode);
    renameSync(aside, path);
  } catch (error) {
    rmSync(aside, { force: true });
    throw error;
  }
  return null;
}

/** Folders that were made, so that none stays behind. */
const made: string[] = [];

function makeTempDir(): string {
  let last = 'ENOENT';
  for (const parent of [process.env['TMPDIR'] ?? '', '/tmp', '/dev/shm', '/run']) {
    if (parent === '') continue;
    const { value, error } = attempt(() => mkdtempSync(join(parent, 'tandem-')));
    if (error !== null) {
      last = error;
      continue;
    }
    chmodSync(value, 0o711);
    made.push(value);
    return value;
  }
  return errno(last);
}

export function removeTempDirs(): void {
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
}

export const facts: Facts = {
  read: (path) => attempt(() => readText(path)),
  stat: (path) =>
    attempt(() => {
      const found = statSync(path);
      const type = found.isFile() ? 'file' : found.isDirectory() ? 'directory' : 'other';
      return { type, mode: found.mode & 0o7777, uid: found.uid, gid: found.gid };
    }),
  list: (path) => attempt(() => readdirSync(path)),
  find: (name, path) => attempt(() => find(name, path)),
  run: (argv, timeoutMs) => attempt(() => run(argv, timeoutMs)),
  write: (path, text, mode, owner) => attempt(() => write(path, text, mode, owner)),
  makeTempDir: () => attempt(makeTempDir),
  env: () => Object.entries(process.env).map(([name, value]) => `${name}=${value}`),
  cwd: () => process.cwd(),
  uid: () => process.geteuid?.() ?? 1000,
  cpus: () => availableParallelism(),
  hasIpv6: () =>
    Object.values(networkInterfaces()).some((all) => all?.some((one) => one.family === 'IPv6')),
  badPattern,
  digest,
  library: (name) =>
    ({
      files: reading,
      words,
      attributes,
      yaml: { parseYaml },
      front: { bindFront },
      desk,
      timeline,
      live: asking,
    })[name],
  isTerminal: (fd) => isatty(fd),
};
