/**
 * Goal: an editor never complains of what Tandem accepts, and finds what a look at one value can find.
 * Method: keys with values of every kind, drawn from a pool, through the reader and through ajv;
 * problems, hovers and offers of yaml-language-server.
 */
import { spawnSync } from 'node:child_process';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { decode } from '../config/decode.ts';
import { parseYaml } from '../config/parse.ts';
import { groups } from './reference.ts';
import { schema } from './schema.ts';

const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(schema());

function accepted(text: string): boolean {
  const { tree, issues } = parseYaml(text);
  return [...issues, ...decode(tree).issues].length === 0;
}

function process(...lines: readonly string[]): string {
  const rest = lines.map((line) => `    ${line}\n`).join('');
  return `processes:\n  app:\n    command: x\n    port: 1\n${rest}`;
}

const scalars = [
  ...['x', '"x"', './x', '/x', '5', '"5"', '-5', '0', '022', '"022"', '0o22', '8081', '"8081"'],
  ...['true', '"true"', 'false', 'no', '"no"', 'always', 'on-failure:3', 'always:3', 'none'],
  ...['5s', '1.5s', '1m30s', '30s1m', '"${X}"', '${X:-5s}', 'TERM', 'sigterm', '"15"', 'RTMIN+3'],
  ...['notify', 'main', 'group', 'inherit', 'prefix', 'a=1', '1000:1000', '200-299', '1.10', '""'],
];
const scalar = fc.constantFrom(...scalars);
const names = [
  ...groups.flatMap((group) => group.keys.map(({ key }) => key)),
  ...['A', 'HUP', 'path', 'status', 'headers', 'method', 'service', 'soft', 'hard', 'nofile'],
  ...['core', 'from', 'to', 'mode', 'required', 'condition', '/*', '/a/', '/a', '/a*b/', 'a/*'],
];
const { value } = fc.letrec<{ value: string; list: string; map: string }>((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, scalar, scalar, tie('list'), tie('map')),
  list: fc.array(tie('value'), { maxLength: 2 }).map((all) => `[${all.join(', ')}]`),
  map: fc
    .uniqueArray(fc.tuple(fc.constantFrom(...names), tie('value')), {
      maxLength: 3,
      selector: ([name]) => name,
    })
    .map((all) => `{${all.map(([name, one]) => `"${name}": ${one}`).join(', ')}}`),
}));
/** `${…}` in brackets has to be quoted. */
const flow = value.map((text) => text.replace(/(?<!")\$\{X:-5s\}/g, '"${X:-5s}"'));
const own = groups.find((group) => group.name === 'process')?.keys.map(({ key }) => key) ?? [];
const route = groups.find((group) => group.name === 'route')?.keys.map(({ key }) => key) ?? [];
const doors = groups.find((group) => group.name === 'front')?.keys.map(({ key }) => key) ?? [];
const top = ['front', 'stop_timeout', 'stop_delay', 'logs', 'x-a'];

test.each([
  ['of a process', own.filter((key) => key !== 'command' && key !== 'port'), process],
  ['at the top', top, (line: string) => `${process()}${line}\n`],
  [
    'of the front',
    doors.filter((key) => key !== 'routes'),
    (line: string) => `${process()}front:\n  routes: {}\n  ${line}\n`,
  ],
  [
    'of a route to a directory',
    route,
    (line: string) =>
      `${process()}front: {routes: {/*: {${line.startsWith('dir:') ? '' : 'dir: ./x, '}${line}}}}\n`,
  ],
  [
    'of a route to a process',
    route,
    (line: string) =>
      `${process()}front: {routes: {/*: {${line.startsWith('to:') ? '' : 'to: app, '}${line}}}}\n`,
  ],
  [
    'of an answer',
    route,
    (line: string) =>
      `${process()}front: {routes: {/*: {${line.startsWith('answer:') ? '' : 'answer: x, '}${line}}}}\n`,
  ],
] as const)('what the reader accepts %s, the schema accepts', (_where, keys, file) => {
  fc.assert(
    fc.property(fc.constantFrom(...keys), flow, (key, text) => {
      const whole = file(`${key}: ${text}`);
      if (accepted(whole)) expect([whole, validate(parse(whole))]).toEqual([whole, true]);
    }),
    { numRuns: 3000 },
  );
});

test.each(own)('the schema of %s refuses no scalar that the reader accepts', (key) => {
  const before = key === 'command' ? '' : '    command: x\n';
  const files = scalars.map((text) => `processes:\n  app:\n${before}    ${key}: ${text}\n`);
  expect(files.filter((file) => accepted(file) && !validate(parse(file)))).toEqual([]);
});

test.each([
  'ready: {htp: /}',
  'ready: {http: health}',
  'ready: {http: {method: GET}}',
  'ready: {tcp: 1, http: /}',
  'ready: {fd: 2}',
  'ready: {exec: []}',
  'ready: {delay: 1s1m}',
  'healthcheck: {retries: 0}',
  'pre_stop: {tcp: 1}',
  'pre_stop: {delay: 1s, exec: x}',
  'stop_signal: QUITT',
  'restart: always:3',
  'essential: yes',
  'tty: "yes"',
  'nice: "x"',
  'ulimits: {nofile: -2}',
  'ulimits: {nofile: {soft: 1}}',
  'files: [{from: a}]',
  'ready_timeout: 5',
  'ready_timeout: 5S',
])('%s is refused by both', (line) => {
  expect([accepted(process(line)), validate(parse(process(line)))]).toEqual([false, false]);
});

test.each(['/x: app', 'x/*: app', '/a*b/: app'])('the route %s is refused by both', (route) => {
  const text = `${process()}front: {routes: {${route}}}\n`;
  expect([accepted(text), validate(parse(text))]).toEqual([false, false]);
});

test('an editor shows typos and wrong types, our words, and values to choose, by yaml-language-server', () => {
  const head =
    'x-base: &base {essential: false}\nprocesses:\n  app:\n    <<: *base\n    command: x\n';
  const bad = `${head}    comand: x\n    stop_grace_period: 5\n    ready: {htp: /}\n    port: "8081"\n`;
  const hover = 'processes:\n  app:\n    command: x\n    stop_grace_period: 5s\n';
  // A process of its own: the server keeps timers, and is CommonJS.
  const end = spawnSync('node', ['test/language-server.mjs'], {
    input: JSON.stringify({ schema: schema(), bad, hover }),
    encoding: 'utf8',
    timeout: 20_000,
  });
  expect(end.stderr).toBe('');
  const { problems, shown, offered, explained, values } = JSON.parse(end.stdout);
  expect(problems.sort()).toEqual([
    '5: Property comand is not allowed.',
    '6: Incorrect type. Expected "string".',
    '7: Property htp is not allowed.',
  ]);
  expect(shown).toContain('From its stop signal to KILL');
  expect(offered).toContain('stop_signal');
  expect(explained.join('\n')).toContain('stop_signal: The signal that asks it to end');
  expect(values).toEqual(['"no"', 'on-failure', 'on-failure:3', 'always']);
});
