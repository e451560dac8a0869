/**
 * Goal: each end that nobody asked for is told so that a person knows what to do, on one screen,
 * and a machine finds all of it.
 * Method: a table of ends and of what the host found, through the library of reasons.
 */
import { describe, expect, test } from 'vitest';
import type { Found, Program } from '../core/found.ts';
import { initial, type State, type Unit } from '../core/state.ts';
import { nothingFound, planOf, process } from '../core/world.fake.ts';
import type { BoundProcess } from '../plan/plan.ts';
import { aboutOf } from './about.ts';
import { phrases } from './clues.ts';
import { reason } from './reason.ts';

type Case = {
  readonly end: NonNullable<Unit['end']>;
  readonly found?: Partial<Omit<Found, 'program'>> & { readonly program?: Partial<Program> };
  readonly ranMs?: number;
  readonly app?: Partial<BoundProcess>;
  readonly front?: Partial<Unit>;
};

const exited = (code: number, signal = 0, coreDumped = false): Case['end'] => ({
  type: 'exited',
  code,
  signal,
  coreDumped,
});
const failed = (errno: string, stage = 'exec'): Case['end'] => ({
  type: 'spawn_failed',
  stage,
  errno,
});
const saying = (phrase: string, found: Partial<Found> = {}): Partial<Found> => {
  if (!phrases.includes(phrase)) throw new Error(`no such phrase: ${phrase}`);
  return { phrase: phrases.indexOf(phrase), ...found };
};

/** `app` is the cause, `front` needs it. */
function aboutThat({ end, found, ranMs = 5000, app = {}, front = {} }: Case) {
  const plan = planOf(
    process({ name: 'app', port: 8081, ...app }),
    process({ name: 'front', needs: [{ process: 0, condition: 'ready' }], stopSignal: 3 }),
  );
  const start = initial(plan, 1000, { pid1: true, terminal: false, seed: 1 });
  const [first, second] = start.units as [Unit, Unit];
  const at = 1000 + ranMs;
  const state: State = {
    ...start,
    found: { ...nothingFound, ...found, program: { ...nothingFound.program, ...found?.program } },
    cause: 0,
    stop: {
      sinceMs: at,
      beginsAtMs: at,
      endMs: at + 9000,
      endedBefore: [0],
      signal: null,
      level: 1,
      levelAtMs: 0,
    },
    units: [
      { ...first, state: 'done', run: 1, startedAtMs: 1000, end, endedAtMs: at },
      {
        ...second,
        state: 'done',
        run: 1,
        told: true,
        end: exited(0),
        endedAtMs: at + 12,
        ...front,
      },
    ],
  };
  const over = { type: 'over', code: 3, cause: 0, signal: null, afterMs: 12 } as const;
  const told = aboutOf(plan, state, over);
  if (told === null) throw new Error('nothing to tell');
  return told.about;
}

const helpOf = (given: Case): string | null => {
  const { after } = reason(aboutThat(given), 'text');
  return /hint: (.*)\n/.exec(after)?.[1] ?? null;
};

const killed = exited(0, 9);
const mib = 1 << 20;

describe('the hint', () => {
  test.each<readonly [string, Case, string | null]>([
    [
      'out of memory',
      { end: killed, found: { oomKilled: true, oomKills: 1, memoryBytes: 512 * mib } },
      'out of memory: the kernel killed it; this container may use 512 MiB; give it more, or let it use less',
    ],
    [
      'killed, and not by the kernel',
      { end: killed, found: { oomKills: 0 } },
      'nobody here sent that signal, and the kernel counted no kill for lack of memory: it came from outside',
    ],
    [
      'killed, where nothing is counted',
      { end: killed },
      'nobody here sent that signal: was it out of memory?',
    ],
    [
      'a part of it out of memory',
      { end: exited(1), found: { oomKills: 2, memoryBytes: 1536 * mib } },
      'the kernel has killed something here, out of memory; this container may use 1.5 GiB: was it a part of it?',
    ],
    [
      '137 of a shell, out of memory',
      { end: exited(137), found: { oomKills: 1 } },
      '137 is 128 and SIGKILL: the kernel killed what it runs, out of memory',
    ],
    [
      'address in use, by another of ours',
      {
        end: exited(1),
        found: saying('EADDRINUSE', {
          port: 3000,
          holder: { pid: 7, name: 'nginx', process: 1 },
        }),
      },
      '`front`, another process of this container, listens on port 3000: give one of them another',
    ],
    [
      'address in use, by a stranger',
      {
        end: { type: 'address_in_use', port: 8081 },
        found: { port: 8081, holder: { pid: 7, name: 'python3', process: null } },
      },
      'python3 (pid 7) listens on port 8081: give one of them another',
    ],
    [
      'address in use, by nobody that can be seen',
      { end: exited(98), found: saying('address already in use', { port: 80 }) },
      'somebody else listens on port 80; `PORT` is what Tandem sets from `port`',
    ],
    [
      'in the background at once',
      {
        end: exited(0),
        ranMs: 30,
        found: { program: { name: '/usr/sbin/nginx' } },
      },
      "did it put itself in the background? It has to stay in the foreground: nginx -g 'daemon off;'",
    ],
    [
      'ended well, much later',
      { end: exited(0), ranMs: 60_000 },
      'it ended by itself, as a job may; where the others are to go on: `oneshot: true` or `essential: false`',
    ],
    [
      'not found, with a near name',
      { end: failed('ENOENT'), found: { program: { kind: 'missing', nearest: 'gunicorn' } } },
      'did you mean `gunicorn`?',
    ],
    [
      'not found by its path',
      { end: failed('ENOENT'), found: { program: { kind: 'missing', name: '/srv/app' } } },
      'there is no file /srv/app in this image',
    ],
    [
      'not found on PATH',
      { end: failed('ENOENT'), found: { program: { kind: 'missing', name: 'app' } } },
      'it is not on PATH',
    ],
    [
      'an interpreter that is not there',
      {
        end: failed('ENOENT'),
        found: { program: { kind: 'script', name: './run', interpreter: '/bin/bash' } },
      },
      './run asks for /bin/bash in its first line, which this image does not have',
    ],
    [
      'a script from Windows',
      {
        end: failed('ENOENT'),
        found: { program: { kind: 'script', name: './run', interpreter: '/bin/sh\r' } },
      },
      "the first line of ./run ends as Windows writes it: sed -i 's/\\r$//' ./run",
    ],
    [
      'another C library',
      {
        end: failed('ENOENT'),
        found: {
          program: { kind: 'elf', name: '/srv/app', interpreter: '/lib64/ld-linux-x86-64.so.2' },
        },
      },
      '/srv/app needs /lib64/ld-linux-x86-64.so.2, which this image does not have: it was built for another C library',
    ],
    [
      'another machine',
      { end: failed('ENOEXEC'), found: { program: { kind: 'elf', machine: 183 } } },
      '/bin/app was built for arm64, and this is amd64: docker build --platform linux/amd64',
    ],
    [
      'no first line',
      { end: failed('ENOEXEC'), found: { program: { kind: 'other' } } },
      'a script needs a first line such as #!/bin/sh',
    ],
    [
      'not executable',
      { end: failed('EACCES'), found: { program: { executable: false } } },
      'chmod +x /bin/app',
    ],
    [
      'a folder',
      { end: failed('EACCES'), found: { program: { kind: 'folder', name: '/srv' } } },
      '/srv is a folder',
    ],
    [
      'executable, and yet not allowed',
      { end: failed('EACCES') },
      'its user may not run /bin/app: a folder above it is closed, or its file system is mounted noexec',
    ],
    [
      'a user that it may not be',
      { end: failed('EPERM', 'setuid') },
      '`user` needs a right that this container does not have',
    ],
    [
      'no room for another process',
      { end: failed('EAGAIN', 'fork') },
      'the container may have no more processes: see its pids limit',
    ],
    [
      'a working directory that is not there',
      { end: failed('ENOENT', 'chdir') },
      'its `working_dir` has to be there, and open to its user',
    ],
    [
      'a missing shared library',
      { end: exited(127), found: saying('error while loading shared libraries') },
      'a shared library is missing: install the package that has it, or the image of that build',
    ],
    [
      'a command that its shell did not find',
      { end: exited(127), found: saying(': not found') },
      'a command of its script is not in this image',
    ],
    ['127 alone', { end: exited(127) }, 'by 127 a shell says that it did not find a command'],
    [
      'a crash',
      { end: exited(0, 11) },
      'it crashed: memory that is not its own, or a stack that is used up',
    ],
    [
      'a crash of what a shell runs',
      { end: exited(139) },
      '139 is 128 and SIGSEGV of what it runs: it crashed: memory that is not its own, or a stack that is used up',
    ],
    [
      '143 from outside',
      { end: exited(143) },
      '143 is 128 and SIGTERM: somebody else sent that to it, or to what it runs',
    ],
    [
      'SIGTERM from outside',
      { end: exited(0, 15) },
      'somebody else sent SIGTERM to it: its own master, a script, or a person',
    ],
    [
      'listening elsewhere',
      { end: { type: 'not_ready', afterMs: 240_000 }, found: { listens: [3000] } },
      'it listens on 3000, and was asked on 8081; PORT=8081 was set for it',
    ],
    [
      'listening nowhere',
      { end: { type: 'not_ready', afterMs: 240_000 } },
      'it listens nowhere; should it on 127.0.0.1:8081? PORT=8081 was set for it',
    ],
    [
      'a full disk',
      { end: exited(1), found: saying('no space left on device') },
      'the disk is full, or a tmpfs is',
    ],
    ['an exit code of its own', { end: exited(3) }, null],
  ])('%s', (_name, given, wanted) => {
    expect(helpOf(given)).toBe(wanted);
  });
});

describe('the report', () => {
  test('ends with the sentence for 3 a.m.: who, how, after how long, what was stopped, the code', () => {
    const { before, after } = reason(aboutThat({ end: exited(3) }), 'text');
    expect(before).toBe('tandem: the last lines of app on stderr:\n');
    expect(after).toBe('tandem: app exited with code 3 after 5.00 s; stopped front; exit code 3\n');
  });

  test('names the signal, with the core that was dumped', () => {
    expect(reason(aboutThat({ end: exited(0, 11, true) }), 'text').after).toMatch(
      /tandem: app was ended by SIGSEGV \(core dumped\) after 5.00 s; .*\n$/,
    );
  });

  test('says what had to be killed, and what did not end well', () => {
    const of = (front: Partial<Unit>): string =>
      reason(aboutThat({ end: exited(3), front }), 'text').after;
    expect(of({ end: exited(0, 9), killed: true })).toContain(
      'tandem: front had to be killed: it did not end on SIGQUIT\n',
    );
    expect(of({ end: exited(1) })).toContain(
      'tandem: front exited with code 1 on SIGQUIT, 0.01 s into the stop\n',
    );
    expect(of({ end: exited(0, 3) })).not.toContain('tandem: front');
  });

  test('is one line of JSON in json mode, with every field, and the last lines as a list in it', () => {
    const { before, after } = reason(
      aboutThat({ end: killed, found: { oomKilled: true, oomKills: 1 } }),
      'json',
    );
    const entry = JSON.parse(`${before}"one","two"${after}`);
    expect(after.endsWith('\n')).toBe(true);
    expect(before).not.toContain('\n');
    expect(entry.severity).toBe('ERROR');
    expect(entry.message).toMatch(/^tandem: app was ended by SIGKILL .*\nhint: out of memory/);
    expect(entry.reason).toEqual({
      process: 'app',
      run: 1,
      end: { type: 'exited', code: null, signal: 'SIGKILL', coreDumped: false },
      because: null,
      ranMs: 5000,
      wasReady: false,
      exitCode: 3,
      hint: expect.stringContaining('out of memory'),
      oomKilled: true,
      stopped: [
        {
          process: 'front',
          how: 'exited with code 0',
          signal: 'SIGQUIT',
          killed: false,
          afterMs: 12,
        },
      ],
      stderr: ['one', 'two'],
    });
    expect(JSON.parse(before + after).reason.stderr).toEqual([]);
  });

  test('fits a screen, whatever has happened to a thousand others', () => {
    const plan = planOf(
      ...Array.from({ length: 1000 }, (_, i) => process({ name: `p${i}`, stopSignal: 15 })),
    );
    const start = initial(plan, 0, { pid1: true, terminal: false, seed: 1 });
    const units = start.units.map(
      (unit, i): Unit => ({
        ...unit,
        state: 'done',
        run: 1,
        end: exited(i === 0 ? 3 : 1),
        told: true,
        killed: i > 0,
      }),
    );
    const stop = {
      sinceMs: 0,
      beginsAtMs: 0,
      endMs: 1,
      endedBefore: [0],
      signal: null,
      level: 1,
      levelAtMs: 0,
    };
    const over = { type: 'over', code: 3, cause: 0, signal: null, afterMs: 1 } as const;
    const told = aboutOf(plan, { ...start, units, stop, cause: 0 }, over);
    const text = told === null ? '' : reason(told.about, 'text').after;
    expect(text.split('\n').length).toBeLessThan(12);
    expect(text).toMatch(/; stopped p1, p2, p3, p4 and 995 more; exit code 3\n$/);
  });
});
