/** supervisord.conf; the keys are those of its reference (supervisord.org/configuration.html). */
import {
  addProcess,
  commandOf,
  type Draft,
  type DraftProcess,
  newDraft,
  say,
  shellSplit,
  type Value,
} from './draft.ts';
import { type IniEntry, type IniSection, parseIni } from './ini.ts';
import {
  listenerKeys,
  noServer,
  ownKeys,
  programKeys,
  socketKeys,
  type Told,
} from './supervisord-keys.ts';
import {
  expand,
  type Names,
  type Program,
  place,
  readEnvironment,
  readProgram,
  type Shared,
  yes,
} from './supervisord-program.ts';

function commandFor(shared: Shared, program: Program, names: Names): Value | null {
  const entry = program.get('command');
  if (entry === undefined) {
    shared.draft.problems.push(
      `${place(shared, program.section.line)}: cannot carry \`${program.name}\`: it has no command`,
    );
    return null;
  }
  const words = shellSplit(expand(entry.value.replaceAll('\n', ' '), names));
  if (words !== null && words.length > 0) return commandOf(words);
  shared.draft.problems.push(
    `${place(shared, entry.line)}: cannot carry \`${program.name}\`: a quote of its command is open`,
  );
  return null;
}

type Made = { readonly process: DraftProcess; readonly priority: number; readonly program: string };

function makeProgram(shared: Shared, program: Program, group: string): readonly Made[] {
  const { draft } = shared;
  const at = place(shared, program.section.line);
  const start = program.get('autostart');
  if (start !== undefined && !yes(start.value)) {
    say(
      draft,
      place(shared, start.line),
      'autostart',
      'lost',
      `\`${program.name}\` is left out: all that is in the file starts`,
    );
    return [];
  }
  if (start !== undefined) say(draft, place(shared, start.line), 'autostart', 'carried');
  const count = Math.min(Math.max(1, Number(program.get('numprocs')?.value ?? '1') || 1), 1000);
  const first = Number(program.get('numprocs_start')?.value ?? '0') || 0;
  const namesOf = (n: number): Names => ({
    program_name: program.name,
    group_name: group,
    process_num: String(first + n),
    here: '.',
    host_node_name: `\${HOSTNAME:-localhost}`,
    numprocs: String(count),
  });
  for (const key of ['numprocs', 'numprocs_start', 'process_name'] as const) {
    const entry = program.get(key);
    if (entry !== undefined) say(draft, place(shared, entry.line), key, 'carried');
  }
  const priority = program.get('priority');
  if (priority !== undefined)
    say(
      draft,
      place(shared, priority.line),
      'priority',
      'better',
      '`depends_on` with `started`: make it `ready` where it has a port',
    );
  const made: Made[] = [];
  const said = draft.said.length;
  for (let n = 0; n < count; n += 1) {
    const names = namesOf(n);
    const command = commandFor(shared, program, names);
    if (command === null) return made;
    const pattern =
      program.get('process_name')?.value ??
      (count > 1 ? `${program.name}-%(process_num)d` : program.name);
    const keys = readProgram(shared, program, names);
    // What is said of one copy is true of all.
    if (n > 0) draft.said.length = said + (draft.said.length - said) / 2;
    const process = addProcess(draft, expand(pattern, names));
    Object.assign(process.keys, { command }, keys);
    made.push({ process, priority: Number(priority?.value ?? '999'), program: program.name });
  }
  if (program.kind === 'fcgi-program')
    say(
      draft,
      at,
      `fcgi-program:${program.name}`,
      'lost',
      'Tandem hands over no sockets: let the program bind its own (spawn-fcgi, php-fpm)',
    );
  return made;
}

/** A lower priority starts first there; a oneshot has to be done. */
function order(made: readonly Made[]): void {
  const levels = [...new Set(made.map((one) => one.priority))].sort((a, b) => a - b);
  for (const one of made) {
    const below = levels[levels.indexOf(one.priority) - 1];
    const before = made.filter((other) => other.priority === below);
    if (before.length === 0) continue;
    one.process.keys['depends_on'] = Object.fromEntries(
      before.map(({ process }) => [
        process.name,
        { condition: process.keys['oneshot'] === true ? 'completed' : 'started' },
      ]),
    );
  }
}

function sayOwn(shared: Shared, section: IniSection, table: Readonly<Record<string, Told>>): void {
  for (const { key, line } of section.entries) {
    const told = table[key];
    if (told === undefined)
      say(
        shared.draft,
        place(shared, line),
        key,
        'unknown',
        `not in the reference of [${section.name}]`,
      );
    else say(shared.draft, place(shared, line), key, ...told);
  }
}

function sharedOf(draft: Draft, file: string, own: IniSection | undefined): Shared {
  const at = (key: string): IniEntry | undefined => own?.entries.find((one) => one.key === key);
  const carried: Record<string, Told> = {};
  for (const key of ['environment', 'umask', 'directory', 'minfds'])
    carried[key] = ['carried', 'on each process'];
  const minfds = Number(at('minfds')?.value ?? '');
  const shared: Shared = {
    draft,
    file,
    environment: readEnvironment(at('environment')?.value ?? '') ?? [],
    umask: at('umask')?.value ?? null,
    directory: at('directory')?.value ?? null,
    nofile: minfds > 0 ? minfds : null,
  };
  if (own !== undefined) sayOwn(shared, own, { ...ownKeys['supervisord'], ...carried });
  return shared;
}

function programOf(section: IniSection): Program {
  const [kind = '', name = ''] = section.name.split(/:(.*)/s);
  return { section, kind, name, get: (key) => section.entries.find((one) => one.key === key) };
}

function unknownKeys(shared: Shared, program: Program): void {
  const known: readonly string[] =
    program.kind === 'fcgi-program' ? [...programKeys, ...socketKeys] : programKeys;
  for (const { key, line } of program.section.entries) {
    if (socketKeys.includes(key) && program.kind === 'fcgi-program')
      say(shared.draft, place(shared, line), key, 'lost', 'Tandem hands over no sockets');
    else if (!known.includes(key))
      say(shared.draft, place(shared, line), key, 'unknown', 'not in the reference of a program');
  }
}

export type Include = (
  pattern: string,
) => readonly { readonly file: string; readonly text: string }[];

/** `include` reads the files of a pattern, relative to the file. */
export function importSupervisord(text: string, file: string, include: Include): Draft {
  const draft = newDraft();
  const read = (source: string, name: string): readonly { section: IniSection; file: string }[] => {
    const ini = parseIni(source);
    for (const { line, text: why } of ini.problems) draft.problems.push(`${name}:${line}: ${why}`);
    return ini.sections.map((section) => ({ section, file: name }));
  };
  const sections = [...read(text, file)];
  for (const { section } of [...sections]) {
    if (section.name !== 'include') continue;
    for (const entry of section.entries) {
      const found =
        entry.key === 'files' ? entry.value.split(/\s+/).flatMap((one) => include(one)) : [];
      const none: Told = found.length === 0 ? ['lost', 'no such file'] : ['carried', ''];
      if (entry.key === 'files') say(draft, `${file}:${entry.line}`, 'files', ...none);
      else
        say(
          draft,
          `${file}:${entry.line}`,
          entry.key,
          'unknown',
          'not in the reference of [include]',
        );
      for (const one of found) sections.push(...read(one.text, one.file));
    }
  }
  const own = sections.find(({ section }) => section.name === 'supervisord');
  const shared = sharedOf(draft, own?.file ?? file, own?.section);
  const groups = new Map<string, string>();
  for (const { section, file: name } of sections) {
    if (!section.name.startsWith('group:')) continue;
    const at = { ...shared, file: name };
    for (const { key, value, line } of section.entries) {
      if (key === 'programs')
        for (const one of value.split(/[\s,]+/)) groups.set(one, section.name.slice(6));
      if (key === 'programs')
        say(draft, place(at, line), key, 'better', 'names stand alone: `tandem restart NAME`');
      else if (key === 'priority')
        say(draft, place(at, line), key, 'lost', 'the priorities of its programs order them');
      else say(draft, place(at, line), key, 'unknown', 'not in the reference of a group');
    }
  }
  const made: Made[] = [];
  for (const { section, file: name } of sections) {
    const at = { ...shared, file: name };
    const program = programOf(section);
    const table = ownKeys[section.name];
    if (section.name === 'supervisord' || section.name === 'include' || program.kind === 'group')
      continue;
    if (table !== undefined) sayOwn(at, section, table);
    else if (program.kind === 'program' || program.kind === 'fcgi-program') {
      made.push(...makeProgram(at, program, groups.get(program.name) ?? program.name));
      unknownKeys(at, program);
    } else if (program.kind === 'eventlistener') {
      say(
        draft,
        place(at, section.line),
        section.name,
        'lost',
        'there are no event listeners; the journal and `control` tell what happens',
      );
      for (const { key, line } of section.entries)
        if (![...programKeys, ...listenerKeys].includes(key))
          say(draft, place(at, line), key, 'unknown', 'not in the reference of an event listener');
    } else if (program.kind === 'rpcinterface')
      say(draft, place(at, section.line), section.name, ...noServer);
    else
      say(
        draft,
        place(at, section.line),
        `[${section.name}]`,
        'unknown',
        'supervisord has no such section',
      );
  }
  order(made);
  if (made.length === 0 && draft.problems.length === 0)
    draft.problems.push(`${file}: cannot carry it: it names no program that starts`);
  return draft;
}
