/** Service directories of s6-rc and s6-overlay, of version 3 and the old /etc/services.d. */
import {
  addProcess,
  commandOf,
  type Draft,
  literal,
  newDraft,
  say,
  shellSplit,
  signalOf,
  type Value,
  type Verdict,
} from './draft.ts';

/** What a folder holds; null: there is no such thing. */
export type Folder = {
  readonly list: (path: string) => readonly string[] | null;
  readonly read: (path: string) => string | null;
};

type Told = readonly [Verdict, string];

/** Files of a service directory that become nothing, or something else. */
const told: Readonly<Record<string, Told>> = {
  finish: [
    'better',
    'the end of an essential process stops all, with its code; nothing runs after it',
  ],
  down: ['lost', 'nothing runs when a oneshot is undone: `pre_stop` of a process does'],
  log: ['better', 'output goes to the container’s own, in whole lines with the name'],
  nosetsid: ['better', 'every process has a group of its own'],
  'timeout-up': ['carried', ''],
  'timeout-down': ['carried', ''],
  'timeout-kill': ['carried', ''],
  'timeout-finish': ['better', 'there is no finish script to wait for'],
  'down-signal': ['carried', ''],
  'max-death-tally': ['carried', ''],
  'notification-fd': ['carried', ''],
  'flag-essential': ['better', 'every process is essential unless `essential: false`'],
  'flag-newpidns': ['lost', 'processes share the container’s namespace'],
  'producer-for': ['better', 'loggers are not needed: output goes to the container’s own'],
  'consumer-for': ['better', 'loggers are not needed: output goes to the container’s own'],
  'pipeline-name': ['better', 'loggers are not needed'],
  'lock-fd': ['better', 'there is one Tandem'],
  instance: ['lost', 'write a process for each instance'],
  instances: ['lost', 'write a process for each instance'],
  event: ['better', '`control` and the journal tell what happens'],
  supervise: ['better', '`control` tells what happens'],
  env: ['lost', 'write its variables under `environment`'],
  data: ['carried', 'it stays where it is'],
  contents: ['better', 'all that is in the file runs'],
  'contents.d': ['better', 'all that is in the file runs'],
};

const carried = ['type', 'run', 'up', 'dependencies', 'dependencies.d'];

/** Words before the program that Tandem says in another way. */
function unwrap(words: readonly string[], keys: Record<string, Value>): readonly string[] | null {
  let rest = [...words];
  for (;;) {
    const [first = '', second = '', third = ''] = rest;
    const name = first.replace(/^.*\//, '');
    if (name === 'exec' || name === 'with-contenv') rest = rest.slice(1);
    else if (
      name === 's6-setuidgid' ||
      name === 'setuidgid' ||
      name === 'gosu' ||
      name === 'su-exec'
    ) {
      keys['user'] = literal(second);
      rest = rest.slice(2);
    } else if (name === 'fdmove' && second === '-c') rest = rest.slice(4);
    else if (name === 'cd' && second !== '') {
      keys['working_dir'] = literal(second);
      rest = rest.slice(2);
    } else if (name === 's6-softlimit' && second === '-n') {
      keys['ulimits'] = { nofile: third };
      rest = rest.slice(3);
    } else if (name === 'export' && rest.length > 3) {
      keys['environment'] = {
        ...(keys['environment'] as Record<string, Value>),
        [second]: literal(third),
      };
      rest = rest.slice(3);
    } else return rest.length === 0 ? null : rest;
  }
}

/**
 * One program with known words before it becomes its command; anything else
 * is a script that stays one, since it says more than a line can.
 */
export function readScript(
  text: string,
  path: string,
  keys: Record<string, Value>,
): readonly string[] {
  const lines = text.split(/\r?\n/);
  const shebang = /^#!\s*(.*)$/.exec(lines[0] ?? '')?.[1]?.trim() ?? '';
  const body = lines
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#') && !/^set -/.test(line));
  const isExecline = shebang.includes('execlineb') || shebang === '';
  const isShell = /(^|\/|\s)(ba|da|a)?sh\b/.test(shebang);
  const joined = isExecline
    ? body.join(' ')
    : body.length === 1 && /^exec\s/.test(body[0] as string)
      ? (body[0] as string)
      : null;
  const words = joined === null || /[{};|&<>`$*]/.test(joined) ? null : shellSplit(joined);
  const mine: Record<string, Value> = {};
  const command = words === null ? null : unwrap(words, mine);
  if (command !== null && (isExecline || isShell)) {
    Object.assign(keys, mine);
    return command.map(literal);
  }
  // with-contenv is not there without s6, and Tandem gives the container's variables anyway.
  const interpreter = shebang
    .replace(/^\S*with-contenv\s+/, '')
    .split(/\s+/)
    .filter((word) => word !== '');
  return [...(interpreter.length === 0 ? ['/bin/sh'] : interpreter), path].map(literal);
}

function firstLine(text: string | null): string | null {
  return text === null ? null : (text.split('\n')[0] ?? '').trim();
}

function namesIn(folder: Folder, at: string): readonly string[] {
  const listed = folder.list(`${at}/dependencies.d`);
  const old = folder
    .read(`${at}/dependencies`)
    ?.split(/\s+/)
    .filter((name) => name !== '');
  return [...(listed ?? []), ...(old ?? [])];
}

function ms(text: string | null): string | null {
  return text !== null && /^\d+$/.test(text) && text !== '0' ? `${text}ms` : null;
}

function readLongrun(folder: Folder, at: string, keys: Record<string, Value>): void {
  const fd = firstLine(folder.read(`${at}/notification-fd`));
  if (fd !== null && /^\d+$/.test(fd)) keys['ready'] = { fd: Number(fd) };
  const up = ms(firstLine(folder.read(`${at}/timeout-up`)));
  if (up !== null && fd !== null) keys['ready_timeout'] = up;
  const tally = firstLine(folder.read(`${at}/max-death-tally`));
  keys['restart'] = tally !== null && /^[1-9]\d*$/.test(tally) ? `on-failure:${tally}` : 'always';
  const signal = signalOf(firstLine(folder.read(`${at}/down-signal`)) ?? '');
  if (signal !== null) keys['stop_signal'] = signal;
  const kill =
    ms(firstLine(folder.read(`${at}/timeout-kill`))) ??
    ms(firstLine(folder.read(`${at}/timeout-down`)));
  if (kill !== null) keys['stop_grace_period'] = kill;
}

type Service = { readonly name: string; readonly at: string; readonly type: string };

function sayFiles(draft: Draft, folder: Folder, service: Service): void {
  for (const file of [...(folder.list(service.at) ?? [])].sort()) {
    const [verdict, text] =
      told[file] ??
      (carried.includes(file)
        ? (['carried', ''] as const)
        : (['unknown', 'not a file of a service directory'] as const));
    say(draft, `${service.at}/${file}`, file, verdict, text);
  }
}

function servicesIn(folder: Folder, root: string): readonly Service[] {
  return [...(folder.list(root) ?? [])].sort().flatMap((name) => {
    const at = `${root}/${name}`;
    const files = folder.list(at);
    if (files === null) return [];
    const type = firstLine(folder.read(`${at}/type`)) ?? (files.includes('run') ? 'longrun' : '');
    return type === '' ? [] : [{ name, at, type }];
  });
}

function oneshotsIn(
  draft: Draft,
  folder: Folder,
  root: string,
  before: readonly string[],
): readonly string[] {
  let last = before;
  for (const name of [...(folder.list(root) ?? [])].sort()) {
    const path = `${root}/${name}`;
    const text = folder.read(path);
    if (text === null) continue;
    const process = addProcess(draft, name.replace(/^\d+-?|\.\w+$/g, '') || name);
    process.keys['command'] = commandOf(readScript(text, path, process.keys));
    process.keys['oneshot'] = true;
    if (last.length > 0) process.keys['depends_on'] = last;
    say(draft, path, name, 'carried', 'a oneshot, in its turn');
    last = [process.name];
  }
  return last;
}

/** `root`: a folder of service directories, or the folder that holds services.d and cont-init.d. */
export function importS6(folder: Folder, root: string): Draft {
  const draft = newDraft();
  const first = oneshotsIn(draft, folder, `${root}/cont-init.d`, []);
  for (const gone of ['cont-finish.d', 'fix-attrs.d'])
    if (folder.list(`${root}/${gone}`) !== null)
      say(
        draft,
        `${root}/${gone}`,
        gone,
        'lost',
        gone === 'fix-attrs.d'
          ? 'set owners in the Dockerfile: COPY --chown'
          : 'nothing runs after the end: `pre_stop` runs before the signal',
      );
  const nested = ['s6-overlay/s6-rc.d', 's6-rc.d', 'services.d']
    .map((name) => `${root}/${name}`)
    .find((path) => folder.list(path) !== null);
  const services = servicesIn(folder, nested ?? root);
  const bundles = new Map<string, readonly string[]>();
  for (const one of services)
    if (one.type === 'bundle')
      bundles.set(one.name, [
        ...(folder.list(`${one.at}/contents.d`) ?? []),
        ...(folder.read(`${one.at}/contents`)?.split(/\s+/) ?? []),
      ]);
  const names = new Map<string, string>();
  const made = services.flatMap((service) => {
    sayFiles(draft, folder, service);
    const isLogger = folder.read(`${service.at}/consumer-for`) !== null;
    if (service.type === 'bundle' || isLogger) return [];
    const process = addProcess(draft, service.name);
    names.set(service.name, process.name);
    return [{ service, process }];
  });
  for (const { service, process } of made) {
    const { keys } = process;
    const isOneshot = service.type === 'oneshot';
    const path = `${service.at}/${isOneshot ? 'up' : 'run'}`;
    const text = folder.read(path);
    if (text === null) {
      draft.problems.push(
        `${service.at}: cannot carry \`${service.name}\`: it has no ${isOneshot ? 'up' : 'run'}`,
      );
      continue;
    }
    // `up` is always execline, whatever its first line says.
    keys['command'] = commandOf(
      readScript(isOneshot && !text.startsWith('#!') ? `#!execlineb\n${text}` : text, path, keys),
    );
    if (isOneshot) keys['oneshot'] = true;
    const timeout = isOneshot ? ms(firstLine(folder.read(`${service.at}/timeout-up`))) : null;
    if (timeout !== null) keys['timeout'] = timeout;
    const wanted = namesIn(folder, service.at).flatMap((name) => bundles.get(name) ?? [name]);
    const known = [...first, ...wanted.flatMap((name) => names.get(name) ?? [])];
    if (known.length > 0) keys['depends_on'] = [...new Set(known)];
    if (!isOneshot) readLongrun(folder, service.at, keys);
  }
  if (draft.processes.length === 0 && draft.problems.length === 0)
    draft.problems.push(`${root}: cannot carry it: no service directory is in it`);
  return draft;
}

export const s6Files: readonly string[] = [...carried, ...Object.keys(told)];
