/**
 * The configuring door: all that a plan may ask of the machine. It exists only
 * in the engines that configure and in commands, never in the one that
 * supervises. Tests pass in their own.
 */

import type { Libraries } from './libraries.ts';

/** A fact, or the name of the errno that says why there is none (`ENOENT`, `EACCES`). */
export type Fact<T> =
  | { readonly value: T; readonly error: null }
  | { readonly value: null; readonly error: string };

export type FileFacts = {
  readonly type: 'file' | 'directory' | 'other';
  /** Permission bits only, as in `0o755`. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
};

export type Facts = {
  /** The whole of a UTF-8 text file; `-` is standard input. */
  readonly read: (path: string) => Fact<string>;
  /** Follows symbolic links. */
  readonly stat: (path: string) => Fact<FileFacts>;
  /** Names in a directory, in no order. */
  readonly list: (path: string) => Fact<readonly string[]>;
  /** The file that execvp(3) would run for `name` with this PATH; EACCES when only an unexecutable one is there. */
  readonly find: (name: string, path: string) => Fact<string>;
  /** Runs a program to its end with no standard input. `output` is stdout and stderr as they came, cut at 64 KB. */
  readonly run: (
    argv: readonly string[],
    timeoutMs: number,
  ) => Fact<{ readonly code: number; readonly output: string }>;
  /** Creates or replaces a file, whole or not at all; `owner` null: Tandem itself. */
  readonly write: (
    path: string,
    text: string,
    mode: number,
    owner: { readonly uid: number; readonly gid: number } | null,
  ) => Fact<null>;
  /** A new directory, mode 0711, in the first writable of $TMPDIR, /tmp, /dev/shm, /run; removed at exit. */
  readonly makeTempDir: () => Fact<string>;
  /** The environment as `NAME=value`, in its order. */
  readonly env: () => readonly string[];
  readonly cwd: () => string;
  readonly uid: () => number;
  /** Processors that this process may run on. */
  readonly cpus: () => number;
  /** Whether a socket of this family can be made. */
  readonly hasIpv6: () => boolean;
  /** What is wrong with a POSIX extended regular expression; null: nothing. */
  readonly badPattern: (pattern: string) => string | null;
  /** A check sum in hex (FNV-1a, 64 bits): against mistakes, not against malice. */
  readonly digest: (text: string) => string;
  /** A part of the policy that is read when it is first asked for. */
  readonly library: <Name extends keyof Libraries>(name: Name) => Libraries[Name];
  readonly isTerminal: (fd: 0 | 1 | 2) => boolean;
};
