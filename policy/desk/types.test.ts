/**
 * Goal: the types of `tandem.config.ts` never refuse what the schema accepts, and refuse the
 * mistakes that it refuses, as far as types go.
 * Method: the examples and mistakes of every key, and each key with values from a pool, as one
 * TypeScript program: whether a line has a diagnostic is compared with ajv's answer.
 */
import { Ajv2020 } from 'ajv/dist/2020.js';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { groups, wrongOf } from './reference.ts';
import { schema } from './schema.ts';
import { types } from './types.ts';

const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(schema());

/** What the compiler itself needs; the whole library would be most of the work. */
const library = `
interface Array<T> { length: number; [index: number]: T }
interface ReadonlyArray<T> { readonly length: number; readonly [index: number]: T }
interface Boolean { valueOf(): boolean } interface Number { toFixed(): string }
interface String { charAt(at: number): string } interface Object { toString(): string }
interface Function { call(): void } interface CallableFunction {} interface NewableFunction {}
interface IArguments {} interface RegExp {}
type Exclude<T, U> = T extends U ? never : T;
type Pick<T, K extends keyof T> = { [P in K]: T[P] };`;

/** For each value, what tsc says of it as a Config; null: nothing. */
function refused(values: readonly unknown[]): readonly (string | null)[] {
  const lines = values.map((value, i) => `export const v${i}: Config = ${JSON.stringify(value)};`);
  const files = new Map([
    ['/library.d.ts', library],
    ['/config.ts', types()],
    ['/values.ts', `import type { Config } from './config.ts';\n${lines.join('\n')}\n`],
  ]);
  const options: ts.CompilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.Preserve,
    noLib: true,
    types: [],
  };
  const host: ts.CompilerHost = {
    ...ts.createCompilerHost(options),
    fileExists: (name) => files.has(name),
    readFile: (name) => files.get(name),
    getSourceFile: (name, version) => {
      const text = files.get(name);
      return text === undefined ? undefined : ts.createSourceFile(name, text, version);
    },
  };
  const program = ts.createProgram([...files.keys()], options, host);
  const said: (string | null)[] = values.map(() => null);
  for (const { file, start, messageText } of ts.getPreEmitDiagnostics(program)) {
    const text = ts.flattenDiagnosticMessageText(messageText, ' ');
    if (file?.fileName !== '/values.ts') throw new Error(`${file?.fileName}: ${text}`);
    said[file.getLineAndCharacterOfPosition(start ?? 0).line - 1] = text;
  }
  return said;
}

function fileOf(group: string, text: string): string {
  const within = (by: number): string => text.replace(/^/gm, ' '.repeat(by));
  if (group === 'front')
    return `front:\n${within(2)}\n${/^routes:/m.test(text) ? '' : '  routes: {/*: app}\n'}`;
  if (group === 'route') return `front:\n  routes:\n    /*:\n${within(6)}\n`;
  if (group === 'top') return `${text}\n`;
  const own = /^command:/m.test(text) ? '' : '    command: ./app\n';
  return `processes:\n  app:\n${own}${within(4)}\n`;
}

const all = groups.flatMap((group) => group.keys.map((key) => ({ group: group.name, key })));

test('the examples of every key are accepted', () => {
  const examples = all.map(({ group, key }) => fileOf(group, key.example));
  const said = refused(examples.map((text) => parse(text)));
  // A mode in octal is a text in TypeScript: 0o27 would be 23.
  const wrong = examples.filter((text, i) => said[i] !== null && !/umask: 0/.test(text));
  expect(wrong).toEqual([]);
});

test('every mistake that the schema refuses is refused, but for what is beyond a type', () => {
  const files = all.flatMap(({ group, key }) => wrongOf(key).map(([text]) => fileOf(group, text)));
  const values = files.flatMap((text) => {
    const value: unknown = parse(text);
    return validate(value) ? [] : [value];
  });
  const said = refused(values);
  const missed = values
    .filter((_value, i) => said[i] === null)
    .map((value) => JSON.stringify(value).replace('{"processes":{"app":{"command":"./app",', ''));
  // Ranges of numbers, names of headers and files, one of several keys, `null`s that YAML makes, and lists that may not be empty.
  const beyond =
    /"fd":\d|"retries":0|"nice":|"oom_score_adj":|"success_codes":|:\[\]|"(port|tcp)":\d|"workers":0|z","routes|"(dir|to|redirect|answer|headers|index|not_found|script)":/;
  expect(missed.filter((text) => !beyond.test(text))).toEqual([]);
  expect(values.length - missed.length).toBeGreaterThan(30);
});

const scalars = [
  ...['x', './x', '/x', 5, '5', -5, 0, '022', '0o22', 8081, '8081', 1.5, true, 'true', false],
  ...['no', 'always', 'on-failure:3', 'none', '5s', '1.5s', '1m30s', '500ms', '1h1ms', '${X}'],
  ...['${X:-5s}', 'TERM', 'sigterm', 'SIGTERM', '15', 'RTMIN+3', 'notify', 'main', 'group'],
  ...['inherit', 'prefix', 'a=1', '1000:1000', '200-299', '$$', null],
];
const values = [
  ...scalars,
  ...scalars.map((one) => [one]),
  ...['tcp', 'http', 'grpc', 'unix', 'file', 'log', 'notify', 'fd', 'delay', 'disable'].flatMap(
    (kind) => [{ [kind]: true }, { [kind]: 5 }, { [kind]: '/x' }, { [kind]: '5s' }],
  ),
  ...[{ tcp: 1, http: '/' }, { A: 1 }, { HUP: 'USR1' }, { nofile: 5 }, { db: {} }, [], {}],
  ...[{ nofile: { soft: 1, hard: 2 } }, { db: { condition: 'ready' } }, { db: { condition: 5 } }],
  ...[[{ from: 'a', to: 'b', mode: '0600' }], [{ from: 'a' }], { http: { path: '/', port: 1 } }],
];
const keys = groups.find((group) => group.name === 'process')?.keys.map(({ key }) => key) ?? [];

test('what the schema accepts of a value, the types accept', () => {
  const files = keys.flatMap((key) =>
    values.flatMap((value) => {
      const file = { processes: { app: { command: 'x', [key]: value } } };
      return validate(file) ? [file] : [];
    }),
  );
  const said = refused(files);
  const wrong = files.flatMap((file, i) => (said[i] === null ? [] : [JSON.stringify(file)]));
  expect(wrong.filter((text) => !/"(umask|mode)":\d/.test(text))).toEqual([]);
  expect(files.length).toBeGreaterThan(300);
}, 60_000);

test('what no reader would take is refused', () => {
  const wrong = [
    { processes: { app: { comand: 'x' } } },
    { processes: { app: {} } },
    { processes: { front: { command: 'x' } } },
    { services: {} },
    { processes: { app: { command: 'x', ready: { tcp: 1, http: '/' } } } },
    { processes: { app: { command: 'x', ready_timeout: 5 } } },
    { processes: { app: { command: 'x', ready_timeout: '5S' } } },
    { processes: { app: { command: 'x', stop_signal: 'QUITT' } } },
    { processes: { app: { command: 'x', restart: 'always:3' } } },
    { processes: { app: { command: 'x', umask: 18 } } },
    { front: { routes: { 'x/*': 'app' } } },
    { front: {} },
  ];
  const said = refused(wrong);
  expect(wrong.filter((_value, i) => said[i] === null)).toEqual([]);
});
