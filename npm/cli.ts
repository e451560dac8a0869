/**
 * `tandem` from npm. What a person asks for at a desk is done here, by the same policy as in the
 * binary; what runs processes, or talks to a Tandem that does, is the binary's.
 */
import { existsSync } from 'node:fs';
import { readArgv } from '../policy/cli/argv.ts';
import { main } from '../policy/cli/commands.ts';
import type { Outcome } from '../policy/cli/outcome.ts';
import { exit, usage } from '../policy/cli/start.ts';
import { environment } from '../policy/plan/bind.ts';
import type { Facts } from '../policy/plan/facts.ts';
import { become, findBinary } from './binary.ts';
import { commands } from './desk.ts';
import { facts, removeTempDirs } from './facts.ts';
import { isTyped, loadTyped, typedNames } from './typed.ts';

/** Commands that read a configuration, and so may read a typed one. */
const reading = ['check', 'plan', 'graph', 'export'];
const fileFlags = ['-f', '--file'];
const outputFlags = ['-o', '--output'];

/** Named, or found where nothing else is. */
function typedPaths(words: readonly string[]): readonly string[] {
  const named = words.filter(
    (word, i) => isTyped(word) && !outputFlags.includes(words[i - 1] ?? ''),
  );
  const given = words.some((word) => fileFlags.includes(word));
  if (named.length > 0 || given || (process.env['TANDEM_CONFIG'] ?? '') !== '') return named;
  if (['tandem.yaml', 'tandem.json', 'Procfile'].some((name) => existsSync(name))) return [];
  return typedNames.filter((name) => existsSync(name)).slice(0, 1);
}

type Prepared = { readonly words: readonly string[]; readonly facts: Facts } | { problem: string };

/** Typed configurations loaded, and named to the policy as files that hold what they export. */
async function prepare(words: readonly string[]): Promise<Prepared> {
  if (!reading.includes(words[0] ?? '')) return { words, facts };
  const texts = new Map<string, string>();
  let rest = [...words];
  for (const path of typedPaths(words)) {
    const { json, problem } = await loadTyped(path);
    if (json === null) return { problem };
    const name = `${path} (what it exports)`;
    texts.set(name, json);
    const at = rest.indexOf(path);
    if (at < 0) rest = [...rest, '-f', name];
    else if (fileFlags.includes(rest[at - 1] ?? '')) rest[at] = name;
    else rest.splice(at, 1, '-f', name);
  }
  const read: Facts['read'] = (path) => {
    const text = texts.get(path);
    return text === undefined ? facts.read(path) : { value: text, error: null };
  };
  return { words: rest, facts: { ...facts, read } };
}

const here = [
  'check',
  'plan',
  'graph',
  'schema',
  'completion',
  'help',
  'version',
  'usage',
  'timeline',
];

async function act(given: readonly string[]): Promise<Outcome | null> {
  const prepared = await prepare(given);
  if ('problem' in prepared) return exit(78, '', `tandem: ${prepared.problem}\n`);
  const { words } = prepared;
  const argv = ['tandem', ...words];
  const request = readArgv(argv, environment(facts.env()));
  if (request.type === 'desk') {
    const command = commands[request.command];
    if (command !== undefined) return command(prepared.facts, request);
  }
  if (here.includes(request.type)) {
    const outcome = main(prepared.facts, argv);
    // A timeline without a file: the binary talks to the Tandem that runs.
    if (outcome.type !== 'talk') return outcome;
  }
  const binary = findBinary();
  if (binary.path === null) return usage(binary.problem, binary.hint);
  become(binary.path, given);
  return null;
}

async function start(words: readonly string[]): Promise<void> {
  if (words.length === 1 && words[0] === '--binary') {
    const { path, problem } = findBinary();
    if (path === null) process.stderr.write(`tandem: ${problem}\n`);
    else process.stdout.write(`${path}\n`);
    process.exitCode = path === null ? 70 : 0;
    return;
  }
  const outcome = await act(words);
  removeTempDirs();
  if (outcome === null || outcome.type !== 'exit') return;
  process.stdout.write(outcome.out);
  process.stderr.write(outcome.err);
  process.exitCode = outcome.code;
}

await start(process.argv.slice(2));
