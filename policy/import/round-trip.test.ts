/**
 * Goal: what a Procfile and a Compose file can say comes back from an export as it was.
 * Method: any plan of such processes is written out, carried over and read by Tandem's own decoder.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decode } from '../config/decode.ts';
import { parseYaml } from '../config/parse.ts';
import { exportPlan, type Format } from '../export/export.ts';
import { checkPlan } from '../plan/compile.ts';
import type { Plan, PlannedProcess } from '../plan/plan.ts';
import type { Draft, Value } from './draft.ts';
import { emit } from './emit.ts';
import { fileOf, importFrom, type World } from './import.ts';

function read(text: string): Plan {
  const { tree, issues } = parseYaml(text);
  const decoded = decode(tree);
  const wrong = [...issues, ...decoded.issues, ...checkPlan(decoded.plan)];
  expect(
    wrong.filter((one) => one.severity === 'error'),
    text,
  ).toEqual([]);
  return decoded.plan;
}

type Keys = Record<string, Value>;

function planOf(processes: readonly (readonly [string, Keys])[]): Plan {
  const draft: Draft = {
    top: {},
    processes: processes.map(([name, keys]) => ({ name, keys })),
    said: [],
    problems: [],
  };
  return read(emit(draft, []));
}

/** A machine that has one file. */
function worldOf(text: string): World {
  const none = { value: null, problem: 'there is none' };
  return {
    read: () => text,
    list: () => null,
    yaml: parseYaml,
    toml: () => none,
    evaluate: () => none,
  };
}

function back(plan: Plan, format: 'procfile' | 'compose'): { plan: Plan; text: string } {
  const options = {
    format: format as Format,
    shape: 'one',
    name: 'shop',
    image: 'shop:1',
  } as const;
  const text = exportPlan(plan, options).files[0]?.text ?? '';
  const draft = importFrom(worldOf(text), format, 'file');
  expect(draft.problems, text).toEqual([]);
  return { plan: read(fileOf(draft, 'file')), text };
}

const names = ['a', 'web', 'cache-1', 'worker_2'] as const;
const piece = fc.oneof(
  { weight: 3, arbitrary: fc.stringMatching(/^[\w./=@%+,~^:-]{1,8}$/) },
  fc.constantFrom('web', 'a', '$$', '$$5', '${A:-x}', '${HOME:-}', ' ', '"', "'", '\\', '#', '*'),
  fc.constantFrom(';', '|', '&', '(', '<', 'ä', '!', '`', '?', '{', '}', '[', '~'),
);
const word = fc.array(piece, { minLength: 1, maxLength: 4 }).map((all) => all.join(''));
/** A program's name is no assignment, and no word of a shell. */
const command = fc
  .tuple(fc.constantFrom('./x', '/bin/y', 'z'), fc.array(word, { maxLength: 4 }))
  .map(([program, rest]) => [program, ...rest]);

test('a Procfile that was exported is carried over as it was', () => {
  fc.assert(
    fc.property(fc.array(command, { minLength: 1, maxLength: names.length }), (commands) => {
      const plan = planOf(commands.map((one, i) => [names[i] ?? '', { command: one }]));
      const { plan: again, text } = back(plan, 'procfile');
      // PORT is the reader's to set.
      const said = (one: PlannedProcess): object => ({ ...one, environment: [] });
      expect(again.processes.map(said), text).toEqual(plan.processes.map(said));
    }),
  );
});

const compose = fc.record(
  {
    command,
    working_dir: fc.constantFrom('/srv', './api'),
    user: fc.constantFrom('1000', '1000:1000', 'www-data'),
    environment: fc.dictionary(fc.constantFrom('A', 'B', 'YES'), word, { minKeys: 1 }),
    env_file: fc.constantFrom<Value>('a.env', [{ path: 'b.env', required: false }]),
    port: fc.constantFrom(8080, 9000),
    restart: fc.constantFrom('on-failure', 'on-failure:3', 'always'),
    stop_signal: fc.constantFrom('QUIT', 'USR1'),
    stop_grace_period: fc.constantFrom('2s', '1500ms'),
    ulimits: fc.constantFrom<Value>({ nofile: { soft: 1024, hard: 4096 } }, { core: 0 }),
    oom_score_adj: fc.constantFrom(-500, 0, 100),
    stdin: fc.constant('inherit'),
    tty: fc.constant(true),
  },
  { requiredKeys: ['command'] },
);

/** The first one is what the others wait for, in a way that Compose has a word for. */
function related(
  all: readonly (typeof compose extends fc.Arbitrary<infer T> ? T : never)[],
  how: string,
): Plan {
  const ended = how === 'completed';
  return planOf(
    all.map((one, i) => {
      // Only one reads the terminal, and a host has a port once.
      const { port, stdin, tty, restart, ...rest } = one;
      const keys: Keys = rest;
      if (i === 0 && stdin !== undefined) keys['stdin'] = stdin;
      if (i === 0 && tty !== undefined) keys['tty'] = tty;
      if (!(i === 0 && ended) && restart !== undefined) keys['restart'] = restart;
      if (!(i === 0 && ended) && port !== undefined) keys['port'] = port + i;
      if (i === 0 && ended && all.length > 1) keys['oneshot'] = true;
      const ready = how === 'ready' && all[0]?.port === undefined;
      const condition = ready ? 'started' : how;
      if (i > 0) keys['depends_on'] = { [names[0]]: { condition } };
      return [names[i] ?? '', keys] as const;
    }),
  );
}

test('a Compose file that was exported is carried over as it was', () => {
  const how = fc.constantFrom('started', 'ready', 'completed');
  const all = fc.array(compose, { minLength: 1, maxLength: names.length });
  fc.assert(
    fc.property(all, how, (processes, condition) => {
      const plan = related(processes, condition);
      const { plan: again, text } = back(plan, 'compose');
      expect(again.processes, text).toEqual(plan.processes);
    }),
  );
});

test('a word of a command that is a service’s name stays, and a host becomes the loopback', () => {
  const text = [
    'services:',
    '  web: {command: [npm, run, web, -h, db, "db:5432"], environment: {DB: db}}',
    '  db: {command: db}',
  ].join('\n');
  const [web, db] = read(fileOf(importFrom(worldOf(text), 'compose', 'file'), 'file')).processes;
  expect(web?.command).toEqual(['npm', 'run', 'web', '-h', '127.0.0.1', '127.0.0.1:5432']);
  expect(web?.environment).toEqual([['DB', '127.0.0.1']]);
  expect(db?.command).toEqual(['db']);
});
