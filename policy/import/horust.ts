/** Horust's service files: TOML that somebody else has read; the keys are those of its documentation. */
import {
  addProcess,
  commandOf,
  type Draft,
  literal,
  say,
  shellSplit,
  signalOf,
  type Value,
  type Verdict,
} from './draft.ts';

/** What a TOML or JavaScript value is, once it is read. */
export type Data =
  | string
  | number
  | boolean
  | null
  | readonly Data[]
  | { readonly [key: string]: Data };

type Told = readonly [Verdict, string];

const told: Readonly<Record<string, Told>> = {
  'start-delay': ['better', 'what it waits for is `depends_on`, which waits no longer than needed'],
  'stdout-rotate-size': ['lost', 'the platform keeps the output'],
  'stdout-should-append-timestamp-to-filename': ['lost', 'the platform keeps the output'],
  stdout: ['better', 'output goes to the container’s own, in whole lines with the name'],
  stderr: ['better', 'output goes to the container’s own, in whole lines with the name'],
  signal_rewrite: ['carried', ''],
  'restart.backoff': ['better', 'the pauses grow from 0.2 s to 30 s'],
  'healthiness.max-failed': ['carried', ''],
  'failure.successful-exit-code': ['carried', ''],
  'failure.strategy': ['carried', ''],
  'environment.keep-env': ['better', 'a process has the container’s variables'],
  'environment.re-export': ['better', 'a process has the container’s variables'],
  'termination.die-if-failed': ['better', 'the end of an essential process stops all'],
  'resource-limit.cpu': ['lost', 'the container’s limits hold: set them where it is deployed'],
  'resource-limit.memory': ['lost', 'the container’s limits hold: set them where it is deployed'],
  'resource-limit.pids-max': ['lost', '`ulimits: {nproc: N}` is near to it'],
};

const carried = [
  'command',
  'start-after',
  'user',
  'working-directory',
  'restart.strategy',
  'restart.attempts',
  'healthiness.http-endpoint',
  'healthiness.file-path',
  'healthiness.command',
  'environment.additional',
  'termination.signal',
  'termination.wait',
  'name',
];

function table(data: Data | undefined): { readonly [key: string]: Data } {
  return typeof data === 'object' && data !== null && !Array.isArray(data)
    ? (data as { readonly [key: string]: Data })
    : {};
}

function texts(data: Data | undefined): readonly string[] {
  return Array.isArray(data) ? data.filter((one): one is string => typeof one === 'string') : [];
}

const nested = [
  'restart',
  'healthiness',
  'failure',
  'environment',
  'termination',
  'resource-limit',
];

/** `restart.strategy` and so on, in the file's order. */
function paths(service: { readonly [key: string]: Data }): readonly string[] {
  return Object.entries(service).flatMap(([key, value]) =>
    nested.includes(key) ? Object.keys(table(value)).map((inner) => `${key}.${inner}`) : [key],
  );
}

export type HorustFile = { readonly file: string; readonly name: string; readonly data: Data };

function setReady(service: { readonly [key: string]: Data }, keys: Record<string, Value>): void {
  const health = table(service['healthiness']);
  const url = health['http-endpoint'];
  const match = typeof url === 'string' ? /^https?:\/\/[^/:]+(?::(\d+))?(\/.*)?$/.exec(url) : null;
  if (match !== null)
    keys['ready'] = { http: { port: Number(match[1] ?? 80), path: match[2] ?? '/' } };
  else if (typeof health['file-path'] === 'string')
    keys['ready'] = { file: literal(health['file-path']) };
  else if (typeof health['command'] === 'string')
    keys['ready'] = { exec: (shellSplit(health['command']) ?? []).map(literal) };
  const failed = health['max-failed'];
  if (
    keys['ready'] !== undefined &&
    keys['ready'] !== null &&
    !('file' in (keys['ready'] as object)) &&
    typeof failed === 'number'
  )
    keys['healthcheck'] = { retries: Math.max(1, failed) };
}

function setRestart(service: { readonly [key: string]: Data }, keys: Record<string, Value>): void {
  const { strategy, attempts } = table(service['restart']);
  if (strategy === 'always') keys['restart'] = 'always';
  if (strategy === 'on-failure')
    keys['restart'] =
      typeof attempts === 'number' && attempts > 0 ? `on-failure:${attempts}` : 'on-failure';
  const failure = table(service['failure']);
  if (failure['strategy'] === undefined || failure['strategy'] === 'ignore')
    keys['essential'] = false;
  const codes = failure['successful-exit-code'];
  const unusual = Array.isArray(codes)
    ? codes.filter((c): c is number => typeof c === 'number' && c !== 0)
    : [];
  if (unusual.length > 0) keys['success_codes'] = unusual;
}

export function importHorust(draft: Draft, files: readonly HorustFile[]): void {
  const names = new Map<string, string>();
  const made = files.map(({ file, name, data }) => {
    const process = addProcess(draft, name);
    for (const one of [name, `${name}.toml`]) names.set(one, process.name);
    return { file, process, service: table(data) };
  });
  for (const { file, process, service } of made) {
    const { keys } = process;
    const words =
      typeof service['command'] === 'string' ? shellSplit(literal(service['command'])) : null;
    if (words === null || words.length === 0)
      draft.problems.push(`${file}: cannot carry \`${process.name}\`: it has no command`);
    keys['command'] = commandOf(words ?? []);
    if (typeof service['working-directory'] === 'string')
      keys['working_dir'] = literal(service['working-directory']);
    if (typeof service['user'] === 'string') keys['user'] = literal(service['user']);
    const added = Object.entries(table(table(service['environment'])['additional']));
    if (added.length > 0)
      keys['environment'] = Object.fromEntries(
        added.map(([key, value]) => [key, literal(String(value))]),
      );
    const after = texts(service['start-after']).flatMap((one) => names.get(one) ?? []);
    if (after.length > 0) keys['depends_on'] = after;
    setReady(service, keys);
    setRestart(service, keys);
    const stop = table(service['termination']);
    const signal = typeof stop['signal'] === 'string' ? signalOf(stop['signal']) : null;
    if (signal !== null) keys['stop_signal'] = signal;
    if (typeof stop['wait'] === 'string')
      keys['stop_grace_period'] = stop['wait'].replace(/\s+/g, '');
    for (const path of paths(service)) {
      const [verdict, text] =
        told[path] ??
        (carried.includes(path)
          ? (['carried', ''] as const)
          : (['unknown', 'not in Horust’s documentation'] as const));
      say(draft, file, path, verdict, text);
    }
  }
}

export const horustKeys: readonly string[] = [...carried, ...Object.keys(told)];
