/** The real binary under test, as PID 1 of a namespace of its own and as a plain child. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { open, step } from '../policy/core/supervise.ts';

export const tandem = resolve(process.env['TANDEM_BINARY'] ?? 'build/tandem');

export type Place = 'pid1' | 'child';
export const places: readonly Place[] = ['pid1', 'child'];

export type Running = {
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly err: () => string;
  /** Settles when Tandem has ended: a code, or the signal that ended it. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  /** Signals Tandem itself, in the namespace too. */
  readonly signal: (name: NodeJS.Signals) => void;
};

export type Options = {
  readonly place?: Place;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Words before Tandem: another user, another root. They must end in an exec. */
  readonly as?: readonly string[];
  /** Another build of it. */
  readonly binary?: string;
};

/** Everything started here, so that no test leaves something behind. */
const started = new Set<ChildProcess>();

export function start(args: readonly string[], options: Options = {}): Running {
  const journal = recorded(args, options) ? join(folder(), 'journal') : null;
  const flags = journal === null ? [] : ['--journal', journal];
  const words = [...(options.as ?? []), options.binary ?? tandem, ...flags, ...args];
  const command =
    options.place === 'pid1'
      ? ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc', ...words]
      : words;
  const child = spawn(command[0] as string, command.slice(1), {
    cwd: options.cwd,
    env: { PATH: process.env['PATH'] ?? '', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.add(child);
  let out = '';
  let err = '';
  child.stdout?.on('data', (data: Buffer) => {
    out += data.toString('latin1');
  });
  child.stderr?.on('data', (data: Buffer) => {
    err += data.toString('latin1');
  });
  const ended = new Promise<{ code: number | null; signal: string | null }>((done, fail) => {
    child.on('exit', (code, signal) => {
      started.delete(child);
      const settle = (): void => {
        try {
          if (journal !== null && existsSync(journal)) replay(journal);
          done({ code, signal });
        } catch (error) {
          fail(error);
        }
      };
      // Output may still be in the pipes, or held by a process that was left behind.
      const timer = setTimeout(settle, 300);
      child.on('close', () => {
        clearTimeout(timer);
        settle();
      });
    });
  });
  const target = (): number => {
    if (options.place !== 'pid1') return child.pid as number;
    return firstChildOf(child.pid as number) ?? (child.pid as number);
  };
  return {
    child,
    out: () => out,
    err: () => err,
    ended,
    signal: (name) => {
      process.kill(target(), name);
    },
  };
}

/** Every run that supervises writes a journal, which is replayed when it has ended. */
function recorded(args: readonly string[], options: Options): boolean {
  const [first] = args;
  const live = ['status', 'logs', 'restart', 'start', 'stop', 'signal'];
  const reads = ['check', 'version', 'help', 'probe', ...live].includes(first ?? '');
  return options.as === undefined && options.binary === undefined && !reads;
}

let replayed = 0;
export const replays = (): number => replayed;

/** What the binary was told and answered, through the same policy under Node: equal, or it throws. */
export function replay(file: string): void {
  const lines = readFileSync(file, 'utf8').split('\n');
  const whole = lines.slice(0, -1).map((line) => JSON.parse(line));
  const [head, ...steps] = whole;
  if (head === undefined) return;
  const same = (got: unknown, wanted: unknown, at: number): void => {
    const [a, b] = [JSON.stringify(got), JSON.stringify(wanted)];
    if (a !== b) throw new Error(`replayed differently at line ${at}:\n${a}\n${b}`);
  };
  same(open(head.plan, head.options), head.answer, 1);
  steps.forEach((one, i) => {
    same(step(one.batch), one.answer, i + 2);
  });
  replayed += 1;
}

export function firstChildOf(pid: number): number | null {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? null : Number(text.split(' ')[0]);
}

/** Waits for a condition; a deadline that passes says what was awaited and what there was. */
export async function until(
  what: string,
  condition: () => boolean,
  seen: () => string = () => '',
  deadlineMs = 10_000,
): Promise<void> {
  const giveUp = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > giveUp) throw new Error(`waited in vain for ${what}\n${seen()}`);
    await new Promise((next) => setTimeout(next, 5));
  }
}

/** Runs to the end. */
export async function run(
  args: readonly string[],
  options: Options = {},
): Promise<{ code: number | null; signal: string | null; out: string; err: string }> {
  const running = start(args, options);
  const end = await running.ended;
  return { ...end, out: running.out(), err: running.err() };
}

/** A folder of its own for one test; removed by `cleanUp`. */
const folders: string[] = [];
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'tandem-test-'));
  folders.push(path);
  return path;
}

export function cleanUp(): void {
  for (const child of started) child.kill('SIGKILL');
  for (const path of folders.splice(0)) rmSync(path, { recursive: true, force: true });
}

export const exists = existsSync;
