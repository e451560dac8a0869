/**
 * Goal: whichever call of the kernel fails, Tandem ends in order, with a reason, and leaves nobody.
 * Method: strace injects an error into one call of Tandem itself at a time, on the real binary;
 * its children are not traced.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { cleanUp, run } from './binary.ts';

afterEach(cleanUp);

const hasStrace = spawnSync('strace', ['-V']).status === 0;

/** How often each is called in a run like this one, and a bit more. */
const calls: readonly (readonly [string, readonly string[], number])[] = [
  ['mmap', ['ENOMEM'], 16],
  ['brk', ['ENOMEM'], 3],
  ['signalfd4', ['EMFILE'], 1],
  ['epoll_create1', ['EMFILE'], 1],
  ['epoll_ctl', ['ENOMEM', 'ENOSPC'], 8],
  ['epoll_pwait', ['EINTR'], 6],
  ['eventfd2', ['EMFILE'], 1],
  ['open', ['EMFILE', 'EACCES'], 3],
  ['pipe2', ['EMFILE', 'ENFILE'], 4],
  ['vfork', ['EAGAIN', 'ENOMEM'], 3],
  ['read', ['EINTR', 'EIO'], 8],
  ['waitid', ['EINTR'], 6],
  ['clone', ['EAGAIN'], 1],
  ['prctl', ['EPERM', 'EINVAL'], 1],
  ['prlimit64', ['EPERM'], 2],
  ['fcntl', ['EBADF'], 6],
  ['rt_sigaction', ['EINVAL'], 5],
  ['sigaltstack', ['ENOMEM'], 1],
  ['kill', ['EPERM'], 4],
  ['getcwd', ['ENOENT', 'ERANGE'], 2],
  ['fstat', ['EIO'], 2],
];

const time = `2${process.pid % 10_000}.75`;

function left(): readonly string[] {
  return readdirSync('/proc').filter((entry) => {
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'latin1');
      return (
        !stat.includes(') Z ') &&
        readFileSync(`/proc/${entry}/cmdline`, 'latin1').includes(`sleep\0${time}`)
      );
    } catch {
      return false;
    }
  });
}

let injected = 0;
afterAll(() => console.log(`${injected} faults were injected`));

describe.skipIf(!hasStrace)('an error injected into', () => {
  test.each(calls)(
    '%s (%j), at each of its first %i calls',
    async (name, errors, most) => {
      const cases = errors.flatMap((error) =>
        Array.from({ length: most }, (_, i) => ({ error, when: i + 1 })),
      );
      for (let at = 0; at < cases.length; at += 4)
        await Promise.all(
          cases.slice(at, at + 4).map(async ({ error, when }) => {
            const inject = `inject=${name}:error=${error}:when=${when}`;
            const end = await run(['run', `sh -c 'sleep 0.2; exit 5'`, `sleep ${time}`], {
              as: ['strace', '-qq', '-o', '/dev/null', '-e', `trace=${name}`, '-e', inject],
            });
            injected += 1;
            const what = `${name} ${error} at ${when}: ${end.code} ${end.signal}\n${end.err}`;
            // Its code, a start that failed, or our own failure: nothing else.
            expect([5, 1, 70, 78, 126, 127], what).toContain(end.code);
            if (end.code === 70) expect(end.err, what).toContain('tandem: ');
          }),
        );
      expect(left()).toEqual([]);
    },
    120_000,
  );
});
