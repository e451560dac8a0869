// House rules that a compiler can't check: who may import whom, words that must not occur, sizes.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** `folder: folders it may import`; everything may import itself. */
const mayImport = {
  'policy/core': ['policy/plan', 'policy/report'],
  'policy/report': ['policy/plan', 'policy/core', 'policy/config'],
  'policy/config': ['policy/plan'],
  'policy/live': ['policy/plan', 'policy/config', 'policy/core', 'policy/report'],
  'policy/plan': ['policy/config', 'policy/front', 'policy/live', 'policy/desk'],
  'policy/desk': ['policy/plan', 'policy/config'],
  'policy/front': ['policy/plan', 'policy/config'],
  'policy/import': ['policy/plan', 'policy/config'],
  'policy/export': ['policy/plan', 'policy/config'],
  'policy/init': ['policy/import'],
  'policy/cli': [
    'policy/config',
    'policy/plan',
    'policy/front',
    'policy/report',
    'policy/core',
    'policy/desk',
    'policy/live',
  ],
};
const bannedInPolicy = /\b(Date|Math\.random|async|Promise|globalThis|console|setTimeout)\b/;
const bannedInHost = /\b(restart|ready|backoff)\b/;
const privatePaths = /\/work\/main|\/root\/|\/tmp\/bash_jobs|(deb\.debian|registry\.npmjs)\.org/;
const limits = { '.ts': 400, '.c': 400, '.h': 200 };
const columnsMax = 120;
/** Tables of text to look for, and markup; a broken line would be another text. */
const wide = [
  'tools/bench/front.mjs',
  'tools/bench/peers.mjs',
  'tools/bench/plots.mjs',
  'tools/bench/rows-container.mjs',
  'tools/mutate.mjs',
  'policy/desk/commands.ts',
  'policy/desk/keys.ts',
  'policy/desk/keys-front.ts',
  'policy/desk/keys-probe.ts',
  'policy/desk/keys-process.ts',
  'policy/desk/man.ts',
  'policy/live/pictures.ts',
];

const problems = [];
const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' })
  .split('\n')
  .filter((f) => f && existsSync(f));

function withoutComments(text) {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, (c) => c.replace(/[^\n]/g, ' '))
    .replace(/\/\/.*/g, '')
    .replace(/'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g, (s) => s.replace(/[^\n]/g, ' '));
}

function checkImports(file, text) {
  const folder = file.split('/').slice(0, 2).join('/');
  for (const [, target] of text.matchAll(/(?:from|import)\s+'([^']+)'/g)) {
    if (!target.startsWith('.')) {
      if (target === 'yaml' && file === 'policy/config/parse.ts') continue;
      problems.push(`${file}: imports ${target}; policy imports nothing from outside`);
      continue;
    }
    const to = normalize(join(dirname(file), target))
      .split('/')
      .slice(0, 2)
      .join('/');
    if (to !== folder && !mayImport[folder]?.includes(to))
      problems.push(`${file}: ${folder} may not import ${to}`);
  }
}

function banned(file, text, pattern) {
  text.split('\n').forEach((line, i) => {
    const word = pattern.exec(line);
    if (word) problems.push(`${file}:${i + 1}: the word ${word[0]} does not belong here`);
  });
}

for (const file of files) {
  if (file === 'package-lock.json' || /\.(png|svg|ico)$/.test(file)) continue;
  const text = readFileSync(file, 'utf8');
  const lines = text.split('\n');
  const limit = limits[/\.\w+$/.exec(file)?.[0]];
  const isTest = /\.(test|fake)\.ts$|^test\//.test(file);
  if (limit && !isTest && lines.length - 1 > limit)
    problems.push(`${file}: ${lines.length - 1} lines, at most ${limit}: split it`);
  if (/\.(ts|c|h|mjs)$/.test(file) && !isTest && !wide.includes(file))
    lines.forEach((line, i) => {
      if (line.length > columnsMax) problems.push(`${file}:${i + 1}: ${line.length} columns`);
    });
  if (file.startsWith('policy/') && file.endsWith('.ts') && !isTest) {
    checkImports(file, text);
    banned(file, withoutComments(text), bannedInPolicy);
  }
  if (/^host\/[^/]+\.[ch]$/.test(file)) banned(file, text, bannedInHost);
  if (file !== 'tools/tidy.mjs') banned(file, text, privatePaths);
}
for (const problem of problems) console.error(problem);
process.exit(problems.length ? 1 : 0);
