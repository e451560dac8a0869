/**
 * Every key of a configuration: the one source of the reference, the JSON
 * Schema and `tandem help KEY`. The readers are policy/config/decode*.ts; a
 * test holds the two together.
 */

export type KeyType =
  | 'text'
  | 'words'
  | 'flag'
  | 'port'
  | 'duration'
  | 'octal'
  | 'signal'
  | 'name'
  | { readonly whole: readonly [number, number] }
  | { readonly oneOf: readonly string[] }
  /** Of its own shape, which the schema spells out under this name. */
  | { readonly shape: string; readonly said: string };

export type Key = {
  readonly key: string;
  readonly type: KeyType;
  /** null: nothing. */
  readonly default: string | null;
  /** What it means, in whole sentences. */
  readonly text: string;
  /** As it stands in a file, at its place. */
  readonly example: string;
  /** What goes wrong: as it stands in a file, and what is said. */
  readonly wrong: readonly (readonly [string, string])[];
};

export type Group = {
  readonly name: string;
  readonly title: string;
  readonly text: string;
  readonly keys: readonly Key[];
};

type Row = readonly [
  key: string,
  type: KeyType,
  byDefault: string | null,
  text: string,
  example: string,
  ...wrong: (readonly [string, string])[],
];

export function rows(all: readonly Row[]): readonly Key[] {
  return all.map(([key, type, byDefault, text, example, ...wrong]) => {
    return { key, type, default: byDefault, text, example, wrong };
  });
}

export const logs = { shape: 'logs', said: '`inherit`, `prefix` or `json`, or a map' } as const;

export const top: Group = {
  name: 'top',
  title: 'At the top of a file',
  text: 'Keys that begin with `x-` are ignored: a place for anchors. TANDEM_STOP_TIMEOUT, TANDEM_STOP_DELAY and TANDEM_LOGS set the same without a file and win over it.',
  keys: rows([
    [
      'processes',
      { shape: 'processes', said: 'a map of processes by name' },
      null,
      'The processes. A name is made of letters, digits, `_` and `-`, and begins with a letter; `front` and `tandem` are taken.',
      'processes:\n  app:\n    command: ./app',
      ['processes:\n  front:\n    command: x', 'cannot name a process `front`: that name is taken'],
    ],
    [
      'front',
      { shape: 'front', said: 'a map' },
      null,
      'The HTTP door on the public port: static files and proxying, by nginx.',
      'front:\n  routes:\n    /static/*: ./static/\n    /*: app',
      ['front:\n  port: 80', 'cannot open the front: it has no `routes`'],
    ],
    [
      'stop_timeout',
      'duration',
      '9s',
      'The budget for the whole stop. Cloud Run and Docker kill after 10 s; the last half second is for what did not end.',
      'stop_timeout: 25s',
    ],
    [
      'stop_delay',
      'duration',
      '0s',
      'After a stop was asked for, everything goes on serving this long, for balancers that need to notice. Part of the budget.',
      'stop_delay: 2s',
    ],
    [
      'logs',
      logs,
      'prefix; on Cloud Run json; for a single process inherit',
      'How output goes out: as it is, in whole lines behind the name of the process, or as entries of JSON. The flag `--logs` and TANDEM_LOGS come first. As a map: `format`, and `timestamps: true` for a time before each line. See docs/logs.md.',
      'logs: {format: prefix, timestamps: true}',
      [
        'logs: prefx',
        'cannot read `logs`: `inherit` or `prefix` or `json` is needed, and this is `prefx`',
      ],
    ],
    [
      'control',
      { shape: 'control', said: '`off`, a path, or a map with `path` and `http`' },
      '/run/tandem/control, else /tmp/tandem-UID/control',
      'The socket for `tandem status` and the like, of this user and root only; where none can be made there is none. `http` opens a read-only endpoint with /ready, /live and /metrics. TANDEM_CONTROL comes first. See docs/control.md.',
      'control:\n  http: 127.0.0.1:9900',
      ['control: {htp: 9900}', 'cannot use `htp`: the control socket has no such key'],
      [
        'control: {http: localhost}',
        'cannot listen at `localhost`: an address and a port are needed',
      ],
    ],
  ]),
};
