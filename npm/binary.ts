/** The binary that came with the package for this machine, and how Node gives way to it. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

export type Binary =
  | { readonly path: string; readonly problem: null }
  | { readonly path: null; readonly problem: string; readonly hint: string };

/** TANDEM_BINARY, else that of the platform's package. */
export function findBinary(): Binary {
  const given = process.env['TANDEM_BINARY'] ?? '';
  if (given !== '') return { path: given, problem: null };
  const platform = `${process.platform}-${process.arch}`;
  const name = `@tandem-init/${platform}`;
  if (!['linux-x64', 'linux-arm64'].includes(platform))
    return {
      path: null,
      problem: `cannot run processes on ${platform}: Tandem is for Linux containers`,
      hint: 'check, plan, graph, export and import work here; the rest runs in the image',
    };
  try {
    const path = join(dirname(require.resolve(`${name}/package.json`)), 'bin', 'tandem');
    if (existsSync(path)) return { path, problem: null };
  } catch {
    // Said below: it isn't there.
  }
  return {
    path: null,
    problem: `cannot find the binary: the package ${name} is not installed`,
    hint: 'it is an optional dependency: install without --omit=optional or --no-optional',
  };
}

const passedOn = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGPWR'] as const;
/** A terminal sends these to the whole group by itself. */
const fromTerminal = ['SIGINT', 'SIGQUIT'] as const;

type Execve = (path: string, argv: readonly string[], env: NodeJS.ProcessEnv) => void;

/** Becomes the binary where Node can do so (from 22.15 on), else stands before it. */
export function become(path: string, args: readonly string[]): void {
  const { execve } = process as unknown as { execve?: Execve };
  if (execve !== undefined) {
    execve.call(process, path, ['tandem', ...args], process.env);
    return;
  }
  const child = spawn(path, args, { stdio: 'inherit', argv0: 'tandem' });
  const names = process.stdin.isTTY ? passedOn : [...passedOn, ...fromTerminal];
  for (const name of names) process.on(name, () => child.kill(name));
  if (process.stdin.isTTY) for (const name of fromTerminal) process.on(name, () => {});
  child.on('error', (error) => {
    process.stderr.write(`tandem: cannot run ${path}: ${error.message}\n`);
    process.exitCode = 70;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
    process.exit();
  });
}
