/** A machine of a few files, for what asks facts of one. */
import * as reading from '../config/files.ts';
import { parseYaml } from '../config/parse.ts';
import * as words from '../config/words.library.ts';
import * as desk from '../desk/desk.ts';
import { bindFront } from '../front/bind.ts';
import * as timeline from '../live/library.ts';
import * as live from '../live/live.ts';
import * as attributes from './bind-attributes.ts';
import type { Fact, Facts, FileFacts } from './facts.ts';

export type Machine = {
  /** Path → its text, or `dir`. */
  readonly files?: Readonly<Record<string, string>>;
  readonly programs?: readonly string[];
  readonly env?: readonly string[];
  readonly uid?: number;
  readonly modes?: Readonly<Record<string, number>>;
  readonly tempDir?: string | null;
  readonly run?: Facts['run'];
  readonly written?: Map<string, string>;
};

function found<T>(value: T | undefined, error = 'ENOENT'): Fact<T> {
  return value === undefined ? { value: null, error } : { value, error: null };
}

export function machine(given: Machine = {}): Facts {
  const files = given.files ?? {};
  const stat = (path: string): FileFacts | undefined => {
    const clean = path.replace(/\/$/, '') || '/';
    const text = files[clean];
    const inside = Object.keys(files).some((file) => file.startsWith(`${clean}/`));
    if (text === undefined && !inside) return undefined;
    const type = text === undefined || text === 'dir' ? 'directory' : 'file';
    return { type, mode: given.modes?.[clean] ?? 0o755, uid: 0, gid: 0 };
  };
  return {
    read: (path) => found(files[path]),
    stat: (path) => found(stat(path)),
    list: () => found(given.programs ?? []),
    find: (name) => found((given.programs ?? []).includes(name) ? `/bin/${name}` : undefined),
    run: given.run ?? (() => found({ code: 0, output: '' })),
    write: (path, text) => {
      given.written?.set(path, text);
      return { value: null, error: null };
    },
    makeTempDir: () =>
      found(given.tempDir === null ? undefined : (given.tempDir ?? '/tmp/t'), 'EROFS'),
    env: () => given.env ?? ['PATH=/bin'],
    cwd: () => '/srv',
    uid: () => given.uid ?? 1000,
    cpus: () => 2,
    hasIpv6: () => true,
    badPattern: (pattern) => (pattern.includes('(') ? 'Missing )' : null),
    digest: (text) => `${text.length}`,
    library: (name) =>
      ({
        files: reading,
        words,
        attributes,
        yaml: { parseYaml },
        front: { bindFront },
        desk,
        timeline,
        live,
      })[name],
    isTerminal: () => false,
  };
}
