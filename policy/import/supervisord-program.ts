/** The keys of one program of supervisord. */
import { type Draft, literal, say, seconds, signalOf, type Value, type Verdict } from './draft.ts';
import type { IniEntry, IniSection } from './ini.ts';
import { type ProgramKey, simple, toStdout } from './supervisord-keys.ts';

export type Names = Readonly<Record<string, string>>;

/** `%(ENV_X)s` to `${X}`, what is known to its text, `%%` to `%`; `$` is doubled first. */
export function expand(text: string, names: Names): string {
  return literal(text).replace(
    /%%|%\((\w+)\)(0?\d*)([sd])/g,
    (all, name: string | undefined, width: string) => {
      if (name === undefined) return '%';
      if (name.startsWith('ENV_')) return `\${${name.slice(4)}}`;
      const value = names[name];
      return value === undefined ? all : value.padStart(Number(width), '0');
    },
  );
}

/** `KEY="val",KEY2='val'`, as supervisord reads it: values may hold commas only in quotes. */
export function readEnvironment(text: string): readonly (readonly [string, string])[] | null {
  const found: [string, string][] = [];
  const pair = /\s*([A-Za-z_]\w*)\s*=\s*("(?:\\.|[^"\\])*"|'[^']*'|[^,\s"']*)\s*(?:,|$)/y;
  for (let at = 0; at < text.trimEnd().length; at = pair.lastIndex) {
    pair.lastIndex = at;
    const match = pair.exec(text);
    if (match === null) return null;
    const value = match[2] ?? '';
    const quoted = /^["']/.test(value);
    found.push([
      match[1] as string,
      quoted ? value.slice(1, -1).replace(/\\(["\\])/g, '$1') : value,
    ]);
  }
  return found;
}

export const yes = (text: string | undefined): boolean => /^(true|on|1|yes)$/i.test(text ?? '');

export type Program = {
  readonly section: IniSection;
  readonly name: string;
  readonly kind: string;
  readonly get: (key: ProgramKey) => IniEntry | undefined;
};

export type Shared = {
  readonly draft: Draft;
  readonly file: string;
  readonly environment: readonly (readonly [string, string])[];
  readonly umask: string | null;
  readonly directory: string | null;
  readonly nofile: number | null;
};

export function place(shared: Shared, line: number): string {
  return `${shared.file}:${line}`;
}

/** `once`: it is meant to do something and end, as the recipe for migrations has it. */
function isOnce(program: Program): boolean {
  const again = program.get('autorestart')?.value ?? 'unexpected';
  return /^(false|off|0|no)$/i.test(again) && program.get('startsecs')?.value === '0';
}

function setRestart(shared: Shared, program: Program, keys: Record<string, Value>): void {
  const again = program.get('autorestart')?.value ?? 'unexpected';
  const line = program.get('autorestart')?.line ?? program.section.line;
  const tell = (verdict: Verdict, text: string): void =>
    say(shared.draft, place(shared, line), 'autorestart', verdict, text);
  const tries = Number(program.get('startretries')?.value ?? '3') || 0;
  if (isOnce(program)) {
    keys['oneshot'] = true;
    tell('better', 'a oneshot: what comes after it waits until it ended with 0');
  } else if (yes(again)) {
    keys['restart'] = 'always';
    tell('carried', '');
  } else if (again === 'unexpected') {
    if (tries > 0) keys['restart'] = `on-failure:${tries}`;
    tell(
      'better',
      'after that the container stops with its code, where supervisord goes on without it',
    );
  } else {
    keys['essential'] = false;
    tell('carried', 'its end stops nothing');
  }
}

function readStop(shared: Shared, program: Program, keys: Record<string, Value>): void {
  const { draft } = shared;
  const signal = program.get('stopsignal');
  if (signal !== undefined) {
    const [first = '', ...more] = signal.value.split(/[\s,]+/);
    const known = signalOf(first);
    const at = place(shared, signal.line);
    if (known === null) say(draft, at, 'stopsignal', 'lost', `there is no signal \`${first}\``);
    else {
      keys['stop_signal'] = known;
      const text =
        more.length === 0
          ? ''
          : `the first of ${more.length + 1} signals; after its time comes KILL`;
      say(draft, at, 'stopsignal', more.length === 0 ? 'carried' : 'lost', text);
    }
  }
  const wait = program.get('stopwaitsecs');
  if (wait !== undefined) {
    keys['stop_grace_period'] = seconds(Number(wait.value) || 0);
    say(
      draft,
      place(shared, wait.line),
      'stopwaitsecs',
      'carried',
      'inside the budget of the whole stop (`stop_timeout`)',
    );
  }
  const group = program.get('stopasgroup');
  if (group !== undefined) {
    if (yes(group.value)) keys['stop_signal_to'] = 'group';
    say(draft, place(shared, group.line), 'stopasgroup', 'carried');
  }
}

function readEnvironmentOf(
  shared: Shared,
  program: Program,
  names: Names,
  keys: Record<string, Value>,
): void {
  const entry = program.get('environment');
  const own = entry === undefined ? [] : readEnvironment(entry.value);
  if (entry !== undefined)
    say(
      shared.draft,
      place(shared, entry.line),
      'environment',
      own === null ? 'lost' : 'carried',
      own === null ? 'it does not read as KEY="value",KEY2="value"' : '',
    );
  const all = [...shared.environment, ...(own ?? [])];
  if (all.length > 0)
    keys['environment'] = Object.fromEntries(all.map(([k, v]) => [k, expand(v, names)]));
}

function readLogs(shared: Shared, program: Program): void {
  for (const key of ['stdout_logfile', 'stderr_logfile'] as const) {
    const entry = program.get(key);
    if (entry === undefined) continue;
    const at = place(shared, entry.line);
    if (/^\/(dev\/(stdout|stderr|fd\/[12])|proc\/self\/fd\/[12])$/.test(entry.value))
      say(shared.draft, at, key, 'carried', 'that is where it goes anyway');
    else if (/^(NONE|\/dev\/null)$/i.test(entry.value))
      say(
        shared.draft,
        at,
        key,
        'lost',
        'its output is shown: write `>/dev/null` with `shell: true` to be rid of it',
      );
    else say(shared.draft, at, key, ...toStdout);
  }
}

const carriedSilently: readonly ProgramKey[] = [
  'command',
  'directory',
  'user',
  'umask',
  'exitcodes',
];

/** The keys of one program, but for its name and command, which differ with `numprocs`. */
export function readProgram(shared: Shared, program: Program, names: Names): Record<string, Value> {
  const { draft } = shared;
  const keys: Record<string, Value> = {};
  const told = (key: ProgramKey, verdict: Verdict, text = ''): void => {
    const entry = program.get(key);
    if (entry !== undefined) say(draft, place(shared, entry.line), key, verdict, text);
  };
  const directory = program.get('directory')?.value ?? shared.directory;
  if (directory !== null) keys['working_dir'] = expand(directory, names);
  const user = program.get('user')?.value;
  if (user !== undefined) keys['user'] = literal(user);
  readEnvironmentOf(shared, program, names, keys);
  setRestart(shared, program, keys);
  told('startretries', 'carried', 'failures in a row; the pauses between grow');
  const codes = (program.get('exitcodes')?.value ?? '')
    .split(/[\s,]+/)
    .filter((c) => /^\d+$/.test(c));
  const unusual = codes.map(Number).filter((code) => code !== 0);
  if (unusual.length > 0) keys['success_codes'] = unusual;
  readStop(shared, program, keys);
  const umask = program.get('umask')?.value ?? shared.umask;
  if (umask !== null && /^[0-7]+$/.test(umask)) keys['umask'] = umask;
  if (shared.nofile !== null) keys['ulimits'] = { nofile: shared.nofile };
  for (const key of carriedSilently) told(key, 'carried');
  for (const [key, [verdict, text]] of Object.entries(simple))
    told(key as ProgramKey, verdict, text);
  readLogs(shared, program);
  return keys;
}
