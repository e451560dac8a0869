/**
 * Goal: a shell completes commands, options, their values, files, and the keys that help explains;
 * and every option that is offered is one that Tandem reads.
 * Method: the scripts in their shells; every option of the table on a command line.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readArgv } from '../cli/argv.ts';
import { type Command, commands, common, type Flag, shells } from './commands.ts';
import { completion } from './completion.ts';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'completion-'));
  writeFileSync(join(dir, 'my file.yaml'), '');
  for (const shell of shells) writeFileSync(join(dir, `tandem.${shell}`), completion(shell));
});
afterAll(() => {
  rmSync(dir, { recursive: true });
});

function run(shell: string, args: readonly string[]): readonly string[] {
  const end = spawnSync(shell, args, { cwd: dir, encoding: 'utf8', timeout: 20_000 });
  expect(end.stderr).toBe('');
  return end.stdout.split('\n').filter((line) => line !== '');
}

const cases: readonly (readonly [words: string, answers: readonly string[]])[] = [
  ['tandem ch', ['check']],
  ['tandem --j', ['--journal']],
  ['tandem --logs p', ['prefix']],
  ['tandem -v ch', ['check']],
  ['tandem -f x.yaml gr', ['graph']],
  ['tandem check --f', ['--file', '--format']],
  ['tandem check --format j', ['json']],
  ['tandem -f x.yaml check --format g', ['github']],
  ['tandem graph --format ', ['text', 'mermaid', 'dot']],
  ['tandem plan --o', ['--output']],
  ['tandem completion f', ['fish']],
  ['tandem help stop_s', ['stop_signal', 'stop_signal_to']],
  ['tandem help pla', ['plan']],
];

test.each(cases)('bash completes `%s` to %j', (line, answers) => {
  const words = line.split(' ').map((word) => `'${word}'`);
  const script = `. ./tandem.bash; COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _tandem; printf '%s\\n' "\${COMPREPLY[@]}"`;
  expect(run('bash', ['--norc', '-c', script])).toEqual(answers);
});

test('bash keeps a file with a blank in one piece, and knows none of a program’s own options', () => {
  const ask = (words: string): string =>
    `. ./tandem.bash; COMP_WORDS=(${words}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _tandem; printf '%s\\n' "\${COMPREPLY[@]}"`;
  expect(run('bash', ['--norc', '-c', ask("tandem run --file 'my'")])).toEqual(['my file.yaml']);
  expect(run('bash', ['--norc', '-c', ask("tandem python '--f'")])).toEqual([]);
});

const hasFish = spawnSync('fish', ['--version']).status === 0;
test.skipIf(!hasFish).each(cases)(
  `fish completes \`%s\` to %j${hasFish ? '' : ': fish is not installed'}`,
  (line, answers) => {
    const script = `source tandem.fish; complete -C '${line}'`;
    const found = run('fish', ['--no-config', '-c', script]).map((one) => one.split('\t')[0] ?? '');
    expect([...found].sort()).toEqual([...answers].sort());
  },
);

const hasZsh = spawnSync('zsh', ['--version']).status === 0;
/** zsh completes in its line editor alone: a terminal is typed into, and what it runs is read. */
const typed = (line: string): string => `zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z 'autoload -Uz compinit; compinit -D -u; . ./tandem.zsh; setopt no_beep
tandem() { print -rl -- tandem "$@" > ran }; : > begun'
until [ -e begun ]; do zpty -r -t z; sleep 0.01; done > /dev/null
zpty -w -n z ${JSON.stringify(line)}$'\\t\\n'
until [ -s ran ]; do zpty -r -t z; sleep 0.01; done > /dev/null
zpty -d z
cat ran; rm -f ran begun`;

test.skipIf(!hasZsh).each(cases.filter(([, answers]) => answers.length === 1))(
  `zsh completes \`%s\` to %j${hasZsh ? '' : ': zsh is not installed'}`,
  (line, answers) => {
    const words = line.split(' ').slice(0, -1);
    expect(run('zsh', ['-f', '-c', typed(line)])).toEqual([...words, ...answers]);
  },
);

const options = commands.flatMap((command) =>
  command.flags.flatMap((flag) =>
    flag[0].split(', ').map((one) => [command.name, one, command, flag] as const),
  ),
);
const line = (flag: string, [, value]: Flag): readonly string[] =>
  value === null ? [flag] : [flag, value === 'DURATION' ? '2s' : (value.split('|')[0] ?? '')];
const operand = ({ name }: Command): readonly string[] => (name === 'probe' ? ['tcp:1'] : []);

test.each(options)('`tandem %s %s` is read', (name, one, command, flag) => {
  const request = readArgv(['tandem', name, ...line(one, flag), ...operand(command)]);
  expect(request).not.toMatchObject({ type: 'usage' });
});

test.each(common.map((flag) => [flag[0], flag] as const))('`tandem %s` is read', (_names, flag) => {
  for (const one of flag[0].split(', '))
    expect(readArgv(['tandem', ...line(one, flag), 'check'])).toMatchObject({ type: 'check' });
});

test('every word of a choice is read, and no other', () => {
  for (const [name, one, command, flag] of options) {
    if (!flag[1]?.includes('|')) continue;
    for (const value of [...flag[1].split('|'), 'nonsense'])
      expect([
        value,
        readArgv(['tandem', name, one, value, ...operand(command)]).type === 'usage',
      ]).toEqual([value, value === 'nonsense']);
  }
});
