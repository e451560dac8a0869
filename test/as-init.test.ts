/**
 * Goal: who replaces tini or dumb-init by Tandem, with their flags, notices nothing.
 * Method: the same command line through the real tool and through Tandem under its name; what
 * the command saw, what came out and the exit code are compared.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { cleanUp, folder, places, start, tandem, until } from './binary.ts';

afterEach(cleanUp);

function alias(name: string): string {
  const dir = join(folder(), 'bin');
  mkdirSync(dir);
  symlinkSync(tandem, join(dir, name));
  return join(dir, name);
}

type Case = {
  readonly what: string;
  readonly flags: readonly string[];
  readonly script: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Sent when the command says `runs`. */
  readonly signals?: readonly NodeJS.Signals[];
  /** As PID 1 we sweep what a command leaves behind, where the tool leaves it to the kernel. */
  readonly onlyAsChild?: true;
};

const hears = `for s in HUP INT QUIT USR1 USR2 TERM WINCH; do trap "echo got $s" $s; done`;
const loop = `echo runs; i=0; while [ $i -lt 100 ]; do sleep 0.02; i=$((i+1)); [ $i = 40 ] && exit 6; done`;

/** The child says that it runs, so that both have their traps by then. */
const family = `trap "wait; exit 4" TERM; sh -c "trap 'echo child got it; exit' TERM; echo runs; while :; do sleep 0.02; done" & wait; wait`;

const common: readonly Case[] = [
  { what: 'an exit code', flags: [], script: 'exit 7' },
  { what: 'exit 0', flags: ['--'], script: 'exit 0' },
  { what: 'death by KILL', flags: [], script: 'kill -KILL $$' },
  { what: 'death by TERM', flags: [], script: 'kill -TERM $$' },
  { what: 'output and standard streams', flags: [], script: 'echo out; echo err >&2; exit 1' },
  {
    what: 'signals',
    flags: [],
    script: `${hears}; ${loop}`,
    signals: ['SIGHUP', 'SIGUSR1', 'SIGTERM', 'SIGWINCH'],
  },
  { what: 'TERM without a handler', flags: [], script: 'echo runs; sleep 9', signals: ['SIGTERM'] },
];

const tini: readonly Case[] = [
  ...common,
  { what: '-e', flags: ['-e', '143', '-e', '7'], script: 'exit 7' },
  {
    what: '-e of a signal',
    flags: ['-e143'],
    script: 'echo runs; exec sleep 9',
    signals: ['SIGTERM'],
  },
  { what: '-e of another', flags: ['-e', '1'], script: 'exit 2' },
  {
    what: '-g',
    flags: ['-g'],
    script: family,
    signals: ['SIGTERM'],
  },
  {
    what: 'TINI_KILL_PROCESS_GROUP',
    flags: [],
    env: { TINI_KILL_PROCESS_GROUP: '' },
    script: family,
    signals: ['SIGTERM'],
  },
  { what: '-s', flags: ['-s'], script: 'exit 3' },
];

const dumbInit: readonly Case[] = [
  ...common,
  {
    what: '-r 15:2',
    flags: ['-r', '15:2'],
    script: `${hears}; ${loop}`,
    signals: ['SIGTERM'],
  },
  { what: '-r 15:0', flags: ['-r', '15:0'], script: `${hears}; ${loop}`, signals: ['SIGTERM'] },
  {
    what: 'its group gets signals',
    flags: [],
    script: family,
    signals: ['SIGTERM'],
  },
  {
    what: '-c: only the command does',
    onlyAsChild: true,
    flags: ['-c'],
    script: `trap "exit 4" TERM; sh -c "trap 'echo child got it' TERM; echo runs; i=0; while [ \\$i -lt 30 ]; do sleep 0.02; i=\\$((i+1)); done" & wait; exit 5`,
    signals: ['SIGTERM'],
  },
  {
    what: 'a session of its own',
    flags: [],
    script: 'test $(ps -o sid= -p $$) = $$ && echo leads',
  },
  {
    what: '-c: no session',
    flags: ['-c'],
    script: 'test $(ps -o sid= -p $$) = $$ || echo follows',
  },
  {
    what: 'DUMB_INIT_SETSID=0',
    flags: [],
    env: { DUMB_INIT_SETSID: '0' },
    script: 'test $(ps -o sid= -p $$) = $$ || echo follows',
  },
];

type Seen = { readonly code: number | null; readonly out: readonly string[]; readonly err: string };

async function seen(binary: string, one: Case, place: 'pid1' | 'child'): Promise<Seen> {
  // tini's getopt takes the command's own options for its own where no -- stands between.
  const dashes = one.flags.includes('--') ? [] : ['--'];
  const running = start([...one.flags, ...dashes, 'sh', '-c', one.script], {
    place,
    binary,
    ...(one.env && { env: one.env }),
  });
  if (one.signals) {
    await until('the start', () => running.out().includes('runs'), running.err);
    for (const signal of one.signals) {
      running.signal(signal);
      // A shell runs one trap at a time, and two pending signals have no order.
      await new Promise((next) => setTimeout(next, 60));
    }
  }
  const { code } = await running.ended;
  // Which of two processes wrote first is nobody's promise.
  // A shell names the signal when its sleep was what the signal found, which is chance.
  const err = one.signals ? '' : running.err();
  return { code, out: running.out().split('\n').sort(), err };
}

for (const [name, real, cases] of [
  ['tini', '/usr/bin/tini', tini],
  ['dumb-init', '/usr/bin/dumb-init', dumbInit],
] as const)
  describe.skipIf(!existsSync(real))(`beside the real ${name}`, () => {
    for (const place of places)
      test.each(
        cases
          .filter((one) => place === 'child' || !one.onlyAsChild)
          .map((one) => [one.what, one] as const),
      )(`as ${place}: %s`, async (_what, one) => {
        // As a plain child tini warns that it can't reap; that is not the command's.
        const quiet = name === 'tini' && place === 'child' ? { TINI_SUBREAPER: '' } : {};
        const given = { ...one, env: { ...quiet, ...one.env } };
        const [theirs, ours] = await Promise.all([
          seen(real, given, place),
          seen(alias(name), given, place),
        ]);
        expect(ours).toEqual(theirs);
      });
  });

describe.skipIf(!existsSync('/usr/bin/tini'))('what can’t be started', () => {
  test.each([
    ['tini', 'no-such-program'],
    ['tini', '/etc/passwd'],
    ['dumb-init', 'no-such-program'],
    ['dumb-init', '/etc/passwd'],
  ])('%s %s: the same exit code', async (name, program) => {
    const theirs = await start([program], { binary: `/usr/bin/${name}` }).ended;
    const ours = await start([program], { binary: alias(name) }).ended;
    expect(ours.code).toBe(theirs.code);
  });
});

describe('beside bash’s own wait -n', () => {
  test.each([
    'exit 0',
    'exit 1',
    'exit 7',
    'exit 126',
    'exit 127',
    'exit 255',
    'kill -KILL $$',
    'kill -TERM $$',
    'kill -SEGV $$',
  ])('the first of two that ends by `%s` gives the same exit code', async (script) => {
    const lazy = spawnSync('bash', ['-c', `sh -c '${script}' & sleep 2 & wait -n`]);
    const ours = await start(['run', `sh -c '${script}'`, 'sleep 2']).ended;
    expect(ours.code).toBe(lazy.status);
  });
});

describe('-p', () => {
  test.each(['tini', '/usr/bin/tini'])(
    '%s: the signal comes when the parent dies',
    async (name) => {
      const binary = name === 'tini' ? alias('tini') : name;
      const out = join(folder(), 'out');
      // The shell between dies at once, and the command has to hear of it.
      const script = `"$0" -s -p SIGTERM -- sh -c 'trap "echo heard > ${out}; exit" TERM; touch ${out}.up; while :; do sleep 0.02; done' & while [ ! -e ${out}.up ]; do sleep 0.01; done; kill -9 $$`;
      spawnSync('sh', ['-c', script, binary]);
      await until('the word', () => existsSync(out));
    },
  );
});
