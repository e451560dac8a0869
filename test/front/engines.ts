/** The engines of a front, each behind the same door: the tables are run against every one. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { adminPortOf, envoyArguments } from '../../policy/front/envoy.ts';
import { envoyConfig } from '../../policy/front/envoy-config.ts';
import type { FrontPlan } from '../../policy/front/model.ts';
import { renderNginx } from '../../policy/front/nginx-text.ts';
import { until } from '../binary.ts';
import { ask } from '../http.ts';

export type Door = {
  readonly port: number;
  /** What it has said on stdout and stderr. */
  readonly said: () => string;
  readonly signal: (name: NodeJS.Signals) => void;
  readonly ended: Promise<number | null>;
  readonly close: () => Promise<void>;
};

export type Engine = {
  readonly name: string;
  /** Why it can't be run on this machine; null: it can. */
  readonly missing: string | null;
  /** Whether it speaks HTTP/1 and h2c on one port. */
  readonly mixed: boolean;
  /** Asks it to finish what it has, and end. */
  readonly stopSignal: NodeJS.Signals;
  readonly open: (plan: FrontPlan) => Promise<Door>;
};

/** Starts what `argv` says, and waits until somebody answers at the port. */
export async function behind(
  argv: readonly string[],
  port: number,
  clean: () => void,
): Promise<Door> {
  const [program = '', ...args] = argv;
  const child: ChildProcess = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  const hear = (data: Buffer): void => {
    said += data.toString('latin1');
  };
  child.stdout?.on('data', hear);
  child.stderr?.on('data', hear);
  const ended = new Promise<number | null>((done) => {
    child.on('exit', (code) => done(code));
    child.on('error', () => done(null));
  });
  let answers = false;
  let over = false;
  void ended.then(() => {
    over = true;
  });
  const knock = async (): Promise<void> => {
    while (!answers && !over) {
      const answer = await ask(port, '/');
      answers =
        answer.type === 'answer' || (answer.why !== 'refused' && answer.why !== 'ECONNRESET');
      if (!answers) await new Promise((next) => setTimeout(next, 10));
    }
  };
  void knock();
  await until(
    `${program} to answer`,
    () => answers || over,
    () => said,
    15_000,
  );
  if (over) throw new Error(`${program} ended at its start:\n${said}`);
  return {
    port,
    said: () => said,
    signal: (name) => child.kill(name),
    ended,
    close: async () => {
      // TERM: a master that is killed leaves its workers behind.
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 5000);
      await ended;
      clearTimeout(late);
      clean();
    },
  };
}

/** A folder of its own, and what removes it. */
export function ownFolder(): readonly [path: string, remove: () => void] {
  const path = mkdtempSync(join(tmpdir(), 'tandem-engine-'));
  return [path, () => rmSync(path, { recursive: true, force: true })];
}

export function versionOf(nginx: readonly string[]): readonly number[] {
  const [program = '', ...args] = nginx;
  const { stderr } = spawnSync(program, [...args, '-v'], { encoding: 'utf8' });
  return (/nginx\/(\d+)\.(\d+)\.(\d+)/.exec(stderr) ?? []).slice(1).map(Number);
}

/** `argv`: the words that start it, its loader among them. */
export function nginxEngine(name: string, argv: readonly string[]): Engine {
  const there = existsSync(argv[0] ?? '');
  const [major = 0, minor = 0, patch = 0] = there ? versionOf(argv) : [];
  const mixed = major * 1e6 + minor * 1e3 + patch >= 1_025_001;
  return {
    name,
    mixed,
    stopSignal: 'SIGQUIT',
    missing: there ? null : 'nginx is not installed',
    open: (plan) => {
      const [directory, remove] = ownFolder();
      const userRoot = process.getuid?.() === 0;
      const given = {
        directory,
        userRoot,
        mixed,
        shutdownMs: plan.stopMs - 500,
        listen: 'public',
      } as const;
      const file = join(directory, 'nginx.conf');
      writeFileSync(file, renderNginx(plan, given));
      const words = [...argv, '-e', 'stderr', '-c', file, '-p', directory];
      return behind(words, plan.port, remove);
    },
  };
}

/** nginx of another suite (`node tools/nginx-suites.mjs`), by the loader and libraries of its own. */
function ofSuite(suite: string): Engine {
  const top = resolve('.cache/nginx', suite);
  const lib = join(top, 'root/usr/lib');
  const triple = existsSync(lib) ? readdirSync(lib).find((one) => /-linux-gnu$/.test(one)) : null;
  const libraries = join(lib, triple ?? '');
  const loader = existsSync(libraries)
    ? readdirSync(libraries).find((one) => /^ld-linux/.test(one))
    : null;
  const program = join(top, 'root/usr/sbin/nginx');
  const words = [join(libraries, loader ?? 'ld'), '--library-path', libraries, program];
  const why = existsSync(join(top, 'missing'))
    ? readFileSync(join(top, 'missing'), 'utf8').trim()
    : 'node tools/nginx-suites.mjs fetches it';
  const engine = nginxEngine(`nginx of ${suite}`, words);
  return { ...engine, missing: existsSync(program) && loader ? null : why };
}

/** The embedded engine as it is shipped: one bundled file, run by Node. */
const embedded: Engine = {
  name: 'embedded',
  mixed: true,
  stopSignal: 'SIGTERM',
  missing: existsSync('build/front/tandem-front.mjs') ? null : 'node tools/front.mjs was not run',
  open: (plan) => {
    const [directory, remove] = ownFolder();
    const file = join(directory, 'front.json');
    writeFileSync(file, JSON.stringify({ ...plan, engine: 'node' }));
    return behind([process.execPath, 'build/front/tandem-front.mjs', file], plan.port, remove);
  },
};

const envoyPath = (process.env['PATH'] ?? '')
  .split(':')
  .map((folder) => join(folder, 'envoy'))
  .find((file) => existsSync(file));

/** It serves no files: the tables run without the routes of directories. */
const envoy: Engine = {
  name: 'envoy',
  mixed: true,
  stopSignal: 'SIGTERM',
  missing: envoyPath === undefined ? 'envoy is not on PATH' : null,
  open: (given) => {
    const routes = given.routes.filter((route) => route.type !== 'directory');
    const plan = { ...given, engine: 'envoy', routes } as const;
    const [directory, remove] = ownFolder();
    const file = join(directory, 'envoy.json');
    writeFileSync(file, JSON.stringify(envoyConfig(plan, adminPortOf(plan))));
    return behind([envoyPath ?? 'envoy', ...envoyArguments(plan, file)], plan.port, remove);
  },
};

const known: readonly Engine[] = [
  nginxEngine('nginx', ['/usr/sbin/nginx']),
  embedded,
  envoy,
  ...(process.env['TANDEM_MATRIX'] ? ['bookworm-backports', 'trixie', 'sid'].map(ofSuite) : []),
];

export const engines: readonly Engine[] = known.filter((one) => one.missing === null);
/** Each is one line of what was skipped, not one for each row of the tables. */
export const absent: readonly Engine[] = known.filter((one) => one.missing !== null);
