/**
 * A conversation with a running Tandem, as the command that leads it sees it:
 * what is heard goes in, what is to be shown and asked comes out. The host
 * connects, waits and writes (host/client.c).
 */

export type Heard =
  /** A whole line of an answer. */
  | { readonly type: 'line'; readonly text: string }
  /** Nobody answers at any of the places; an errno name for each. */
  | { readonly type: 'nobody'; readonly errors: readonly string[] }
  /** The other side has closed the connection. */
  | { readonly type: 'end' }
  /** The time asked for is over. */
  | { readonly type: 'due' }
  /** INT, TERM, HUP or QUIT; WINCH: the terminal has another size. */
  | { readonly type: 'signal'; readonly signal: number };

/** Of the terminal behind standard output; 0: it is none. */
export type Size = { readonly columns: number; readonly rows: number };

export type Said = {
  readonly out: string;
  readonly err: string;
  /** The next request; null: none. */
  readonly ask: string | null;
  /** `due` is heard after this time; null: never. */
  readonly wakeInMs: number | null;
  /** The end, with this exit code; null: it goes on. */
  readonly code: number | null;
};

export type Talk = {
  /** Tried in this order. */
  readonly paths: readonly string[];
  readonly ask: string;
  /** As in `Said`, from the start on. */
  readonly wakeInMs: number | null;
  /** Written to a terminal before everything else, and whenever it is left for a while or for good. */
  readonly enter: string;
  readonly leave: string;
  readonly hear: (heard: Heard, size: Size) => Said;
};

export const quiet: Said = { out: '', err: '', ask: null, wakeInMs: null, code: null };

export function over(code: number, out = '', err = ''): Said {
  return { ...quiet, code, out, err };
}

const windowChanged = 28;

export function isResize(heard: Heard): boolean {
  return heard.type === 'signal' && heard.signal === windowChanged;
}

type Fields = { readonly [key: string]: unknown };

export function fieldsOf(line: string): Fields {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Fields) : {};
  } catch {
    return {};
  }
}

function whyNobody(paths: readonly string[], errors: readonly string[]): string {
  const [first = ''] = paths;
  const denied = errors.findIndex((error) => error === 'EACCES' || error === 'EPERM');
  if (denied >= 0) {
    const text = `cannot ask the Tandem at ${paths[denied]}: it belongs to another user`;
    return `${text}\n  hint: run this as that user, or as root`;
  }
  const all = paths.length < 2 ? first : `${paths.slice(0, -1).join(', ')} or ${paths.at(-1)}`;
  const hint = 'where it is elsewhere (`control:` in its file), set TANDEM_CONTROL to that path';
  return `cannot ask a running Tandem: none answers at ${all}\n  hint: ${hint}`;
}

/** What every conversation does alike; `hear` gets the lines, and the time that was asked for. */
export function matter(
  paths: readonly string[],
  ask: object,
  hear: (heard: Heard, size: Size) => Said,
): Talk {
  return {
    paths,
    ask: JSON.stringify(ask),
    wakeInMs: null,
    enter: '',
    leave: '',
    hear: (heard, size) => {
      switch (heard.type) {
        case 'nobody':
          return over(1, '', `tandem: ${whyNobody(paths, heard.errors)}\n`);
        case 'end':
          return over(1, '', 'tandem: the Tandem that was asked has ended\n');
        case 'signal':
          return isResize(heard) ? hear(heard, size) : over(128 + heard.signal);
        case 'due':
        case 'line':
          return hear(heard, size);
      }
    },
  };
}
