/**
 * Goal: what explains the configuration is true: every key is there, every example is accepted,
 * every mistake is said as written, by Tandem, by the schema and by an editor's language server.
 * Method: the readers' own lists of keys; the examples through the reader, ajv and
 * yaml-language-server; the pages compared with docs/reference.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { decode, topKeys } from '../config/decode.ts';
import { frontKeys } from '../config/decode-front.ts';
import { kinds, timing } from '../config/decode-probe.ts';
import { keys as processKeys } from '../config/decode-process.ts';
import { routeKeys } from '../config/decode-route.ts';
import { parseYaml } from '../config/parse.ts';
import { bind, environment } from '../plan/bind.ts';
import { checkPlan } from '../plan/compile.ts';
import type { Facts } from '../plan/facts.ts';
import { machine } from '../plan/machine.fake.ts';
import { commands } from './commands.ts';
import { completion } from './completion.ts';
import { helpFor } from './help.ts';
import { manPage } from './man.ts';
import { groups, pages, wrongOf } from './reference.ts';
import { schema } from './schema.ts';

/** An example of a group, in a whole file. */
function fileOf(group: string, text: string): string {
  const within = (by: number): string => text.replace(/^/gm, ' '.repeat(by));
  if (group === 'front') {
    const routes = /^routes:/m.test(text) ? '' : '  routes: {/*: app}\n';
    return `processes:\n  app:\n    command: ./app\n    port: 8081\nfront:\n${within(2)}\n${routes}`;
  }
  if (group === 'route')
    return `processes:\n  app:\n    command: ./app\n    port: 8081\nfront:\n  routes:\n    /*:\n${within(6)}\n`;
  if (group === 'top')
    return /^processes:/.test(text)
      ? `${text}\n`
      : `processes:\n  app:\n    command: ./app\n    port: 8081\n${text}\n`;
  const own = (key: string): boolean => new RegExp(`^${key}:`, 'm').test(text);
  const base =
    (own('command') ? '' : '    command: ./app\n') +
    (own('port') || own('oneshot') ? '' : '    port: 8081\n');
  return `processes:\n  app:\n${base}${within(4)}\n  db:\n    command: ./db\n`;
}

/** A machine that has every program, few files, and root. */
const there: Facts = {
  ...machine({
    files: {
      '/etc/passwd': 'nobody:x:65534:65534::/:/bin/false',
      '/srv/static/index.html': '',
      '/srv/public/index.php': '',
    },
    uid: 0,
  }),
  find: (name) => ({ value: name, error: null }),
};

function said(text: string, facts: Facts | null = null): readonly string[] {
  const { tree, issues } = parseYaml(text);
  const decoded = decode(tree);
  const early = [...issues, ...decoded.issues];
  const found = [...early, ...checkPlan(decoded.plan)];
  if (facts === null || found.length > 0) return found.map((one) => one.text);
  const env = environment(facts.env());
  const options = { base: '/srv', flagLogs: null, logs: null, sources: [], dry: true, env };
  return bind(decoded.plan, facts, options).issues.map((one) => one.text);
}

const all = groups.flatMap((group) => group.keys.map((key) => ({ group: group.name, key })));
const examples = all.map(({ group, key }) => [group, key.key, fileOf(group, key.example)] as const);
const mistakes = all.flatMap(({ group, key }) =>
  wrongOf(key).map(([text, why]) => [group, text, why, fileOf(group, text)] as const),
);

test('every key shows what goes wrong with it', () => {
  expect(all.filter(({ key }) => wrongOf(key).length === 0)).toEqual([]);
});

describe('every key that is read is explained, and every key that is explained is read', () => {
  const read: Readonly<Record<string, readonly string[]>> = {
    top: topKeys.known,
    process: processKeys.known,
    ready: Object.keys(kinds),
    healthcheck: timing,
    pre_stop: ['delay', 'exec', 'http'],
    front: frontKeys.known,
    route: routeKeys,
  };
  test.each(groups.map((group) => [group.name, group] as const))('%s', (name, group) => {
    expect(group.keys.map((key) => key.key).sort()).toEqual([...(read[name] ?? [])].sort());
  });
});

test.each(examples)('the example of %s %s is a good configuration', (_group, _key, text) => {
  expect(said(text)).toEqual([]);
});

test.each(mistakes)(
  'the mistake in %s: %s is said as the page says',
  (_group, _text, why, file) => {
    expect(said(file, there)).toEqual([why]);
  },
);

describe('the schema', () => {
  const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(schema());

  test.each(examples)('accepts the example of %s %s', (_group, _key, text) => {
    const good = validate(parse(text));
    expect(validate.errors ?? []).toEqual([]);
    expect(good).toBe(true);
  });

  test('accepts the examples of this repository', () => {
    expect(validate(parse(readFileSync('examples/nginx-flask/tandem.yaml', 'utf8')))).toBe(true);
  });

  // What needs more than a look at one value is Tandem's own to say.
  const beyond =
    /needs a shell|needs one text|NAME=value|octal|Tandem acts|begins with CMD|301, 302|sets it itself/;
  const early = mistakes.filter(([, , , file]) => decode(parseYaml(file).tree).issues.length > 0);
  test.each(early.filter(([, , why]) => !beyond.test(why)))(
    'refuses the mistake in %s: %s',
    (_group, _text, _why, file) => {
      expect(validate(parse(file))).toBe(false);
    },
  );

  test.each([
    ['x-base: {a: 1}\nprocesses: {app: {command: x, port: "${P}"}}', true],
    ['processes: {app: {command: x, umask: 022}}', true],
    [
      'processes: {app: {command: x, depends_on: {db: {condition: service_healthy}}}, db: {command: y}}',
      true,
    ],
    ['processes: {app: {comand: x}}', false],
    ['services: {app: {command: x}}', false],
    ['processes: {1a: {command: x}}', false],
  ])('%s: %s', (text, good) => {
    expect(validate(parse(text))).toBe(good);
  });
});

describe('the command line is explained', () => {
  const topics = new Set([...commands.map((one) => one.name), ...all.map(({ key }) => key.key)]);
  test.each([...topics])('help %s fits a screen', (name) => {
    const lines = (helpFor(name) ?? '').trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(2);
    expect(lines.length).toBeLessThanOrEqual(24);
    expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(80);
  });

  test('help KEY explains a key, wherever it stands', () => {
    expect(helpFor('stop_grace_period')).toContain('From its stop signal to KILL');
    expect(helpFor('port')).toContain('port, in process');
    expect(helpFor('nonsense')).toBeNull();
  });

  const ask = (words: readonly string[]): string => {
    const script = `${completion('bash')}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _tandem; echo "\${COMPREPLY[*]}"`;
    return spawnSync('bash', ['-c', script], { encoding: 'utf8' }).stdout.trim();
  };
  test.each([
    [['tandem', 'ch'], 'check'],
    [['tandem', 'check', '--form'], '--format'],
    [['tandem', 'check', '--format', ''], 'text json github'],
    [['tandem', 'completion', 'f'], 'fish'],
    [['tandem', 'run', '-f', 'package.js'], 'package.json'],
  ])('bash completes %j to %s', (words, answer) => {
    expect(ask(words)).toBe(answer);
  });

  for (const [shell, check] of [
    ['zsh', ['-n']],
    ['fish', ['--no-execute']],
  ] as const) {
    const there = spawnSync(shell, ['--version']).status === 0;
    test.skipIf(!there)(
      `${shell} accepts its completion${there ? '' : `: ${shell} is not installed`}`,
      () => {
        // A shell wants a file: its standard input may be a socket.
        mkdirSync('build', { recursive: true });
        writeFileSync(`build/completion.${shell}`, completion(shell));
        const end = spawnSync(shell, [...check, `build/completion.${shell}`], { encoding: 'utf8' });
        expect([end.status, end.stderr]).toEqual([0, '']);
      },
    );
  }
});

/** `npm run reference` writes them. */
test('docs/reference and docs/tandem.1 are what the keys give', () => {
  const files = new Map([...pages()].map(([name, text]) => [`docs/reference/${name}`, text]));
  files.set('docs/tandem.1', manPage(JSON.parse(readFileSync('package.json', 'utf8')).version));
  mkdirSync('docs/reference', { recursive: true });
  for (const [path, text] of files) {
    if (process.env['TANDEM_WRITE_REFERENCE'] !== undefined) writeFileSync(path, text);
    expect(
      existsSync(path) ? readFileSync(path, 'utf8') : '',
      `npm run reference writes ${path}`,
    ).toBe(text);
  }
});

test('man reads the manual page without a complaint', ({ skip }) => {
  const there = spawnSync('groff', ['--version']).status === 0;
  skip(!there, 'groff is not installed');
  const end = spawnSync('groff', ['-man', '-Tutf8', '-ww', 'docs/tandem.1'], { encoding: 'utf8' });
  expect(end.stderr).toBe('');
  expect(end.stdout).toContain('stop_grace_period');
});
