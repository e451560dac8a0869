/** The section that every start reads: the command line, and what it asks for. */
import type { Issue, Place } from '../config/issue.ts';
import { splitWords, type Word } from '../config/words.ts';
import { environment } from '../plan/bind.ts';
import { orderCommands } from '../plan/compile.ts';
import { emptyPlan, newProcess, takenNames } from '../plan/defaults.ts';
import type { Facts } from '../plan/facts.ts';
import type { Plan, PlannedProcess } from '../plan/plan.ts';
import { stopSignalOf } from '../plan/stop-signal.ts';
import { type Flags, type Request, readArgv } from './argv.ts';
import { runFiles } from './files.ts';
import { help } from './help.ts';
import type { Outcome } from './outcome.ts';
import { probe } from './probe.ts';
import { exit, findAll, startFound, usage } from './start.ts';
import { engine, version } from './version.ts';

/** After the program, without its folder and ending; `-2` and so on where it is there already. */
function nameFor(program: string, used: readonly string[]): string {
  const file = program.slice(program.lastIndexOf('/') + 1);
  const clean = file.replace(/\.\w+$/, '').replace(/[^\w-]/g, '-');
  const base = /^[A-Za-z]/.test(clean) ? clean : `process-${clean}`.replace(/-$/, '');
  for (let n = 1; ; n += 1) {
    const name = n === 1 ? base : `${base}-${n}`;
    if (!used.includes(name) && !takenNames.includes(name)) return name;
  }
}

type Read = {
  readonly processes: PlannedProcess[];
  readonly issues: Issue[];
  readonly places: Map<string, Place>;
};

function note(read: Read, path: string, from: number, word: Word, skip: number): void {
  const { start, end, literal } = word;
  read.places.set(path, { start: from + start + (literal ? skip : 0), end: from + end, literal });
}

/** `PORT=8081 /srv/app --flag`: variables, then the command. */
function readCommand(read: Read, command: string, from: number): void {
  const { words, problem } = splitWords(command);
  const error = (start: number, end: number, text: string, hint: string): void => {
    const span = { start: from + start, end: from + end };
    read.issues.push({ severity: 'error', span, text, hint, related: null });
  };
  if (words === null) {
    error(problem.part.start, problem.part.end, problem.text, problem.hint);
    return;
  }
  const variables = words.findIndex((word) => !/^[A-Za-z_]\w*=/.test(word.text));
  if (variables < 0) {
    const text = words.length === 0 ? 'cannot run nothing' : `cannot run \`${command}\``;
    error(0, command.length, `${text}: it names no program`, 'write NAME=value program arguments');
    return;
  }
  const program = words.slice(variables);
  const names = read.processes.map((process) => process.name);
  const name = nameFor(program[0]?.text ?? '', names);
  const path = `processes.${name}`;
  let port: PlannedProcess['port'] = null;
  const environment: [string, string][] = [];
  for (const word of words.slice(0, variables)) {
    const at = word.text.indexOf('=');
    const [key, value] = [word.text.slice(0, at), word.text.slice(at + 1)];
    if (key === 'PORT') port = { text: value };
    else environment.push([key, value]);
    note(read, key === 'PORT' ? `${path}.port` : `${path}.environment.${key}`, from, word, at + 1);
  }
  program.forEach((word, i) => {
    note(read, `${path}.command.${i}`, from, word, 0);
  });
  const given = program.map((word) => word.text);
  const stopSignal = stopSignalOf(given[0] ?? '');
  read.processes.push({ ...newProcess(name), command: given, port, environment, stopSignal });
}

function planOf(mode: Plan['mode'], processes: readonly PlannedProcess[]): Plan {
  return { ...emptyPlan, mode, processes };
}

function runCommands(facts: Facts, commands: readonly string[], flags: Flags): Outcome {
  const read: Read = { processes: [], issues: [], places: new Map() };
  let from = 0;
  for (const command of commands) {
    readCommand(read, command, from);
    from += command.length + 1;
  }
  // One line for each argument, so that places can be told by its number.
  const text = commands.map((command) => command.replaceAll('\n', ' ')).join('\n');
  const source = { name: 'command line', text, start: 0, isArguments: true };
  const plan = planOf('processes', orderCommands(read.processes));
  const { issues, places } = read;
  const written = { sources: [source], plan, issues, places, base: facts.cwd() };
  return startFound(facts, findAll(facts, written, flags), flags);
}

function runInit(facts: Facts, request: Extract<Request, { type: 'init' }>): Outcome {
  const { argv, init } = request;
  const name = nameFor(argv[0] ?? '', []);
  const plan = planOf('init', [{ ...newProcess(name), command: argv }]);
  const source = { name: 'command line', text: argv.join(' '), start: 0, isArguments: true };
  const written = { sources: [source], plan, issues: [], places: new Map(), base: facts.cwd() };
  // The one command owns the terminal; nothing comes between.
  const flags: Flags = { ...request.flags, files: [], logs: 'inherit' };
  return startFound(facts, findAll(facts, written, flags, { init }), flags);
}

function helpOn(facts: Facts, topic: string): Outcome {
  const { commands, groups, helpFor } = facts.library('desk');
  const text = helpFor(topic);
  if (text !== null) return exit(0, text);
  const keys = groups.flatMap((group) => group.keys.map((key) => key.key));
  const known = [...commands.map((one) => one.name), ...keys];
  const hint = facts.library('words').didYouMean(topic, known) ?? 'see `tandem help`';
  return usage(`cannot explain \`${topic}\`: it is neither a command nor a key`, hint);
}

function unreachable(request: never): never {
  throw new Error(`no such request: ${JSON.stringify(request)}`);
}

export function main(facts: Facts, argv: readonly string[]): Outcome {
  const request = readArgv(argv, environment(facts.env()));
  switch (request.type) {
    case 'commands':
      return runCommands(facts, request.commands, request.flags);
    case 'init':
      return runInit(facts, request);
    case 'probe':
      return probe(facts, request.url, request.timeout);
    case 'live':
      return facts.library('live').askLive(facts, request.command, request.words);
    case 'help':
      return request.topic === null ? exit(0, help) : helpOn(facts, request.topic);
    case 'schema':
      return exit(0, `${JSON.stringify(facts.library('desk').schema(), null, 2)}\n`);
    case 'completion':
      return exit(0, facts.library('desk').completion(request.shell));
    case 'version':
      return exit(0, `tandem ${version} (QuickJS-ng ${engine})\n`);
    case 'timeline': {
      const shown = facts.library('timeline').runTimeline(facts, request.words);
      if ('draw' in shown) return facts.library('live').askJournal(facts, shown.draw);
      return exit(shown.code, shown.out, shown.err);
    }
    case 'desk':
      return usage(
        `cannot run \`${request.command}\`: it is part of the npm package, not of this binary`,
        `npx tandem-init ${request.command} (a program of that name: tandem -- ${request.command})`,
      );
    case 'usage':
      return usage(request.text, request.hint);
    case 'file':
    case 'check':
    case 'plan':
    case 'graph':
      return runFiles(facts, request);
    default:
      return unreachable(request);
  }
}
