// Runs every test on what was built, and ends with the plain count.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

process.chdir(resolve(import.meta.dirname, '..'));
const count = { passed: 0, failed: 0, skipped: 0 };
/** Said once more before the count: thousands of lines are above it. */
const failures = [];

function record(verdict, name, detail = '') {
  count[verdict] += 1;
  if (verdict === 'failed') failures.push(`${name}${detail ? `: ${detail.slice(0, 2000)}` : ''}`);
  if (verdict !== 'passed') console.log(`${verdict}: ${name}${detail ? `: ${detail}` : ''}`);
}

/** The tests of `files` as vitest reports them, or null where it wrote no report. */
function results(files, args, env) {
  const report = 'build/vitest.json';
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  spawnSync('node_modules/.bin/vitest', ['run', ...reporters, ...files, ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  });
  return existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')).testResults : null;
}

/**
 * Real processes on two cores that are also building containers: what failed in the crowd is run
 * once more alone. It has to pass there, and it is said. Properties of the policy get no second run.
 */
function passesAlone(file, test, env) {
  if (!relative('.', file).startsWith('test/')) return false;
  const name = test.fullName.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const again = results([relative('.', file)], ['-t', `^${name}$`], env) ?? [];
  const same = again.flatMap((f) => f.assertionResults).filter((t) => t.fullName === test.fullName);
  return same.length > 0 && same.every((t) => t.status === 'passed');
}

function vitest(label, files, env) {
  const all = results(files, process.argv.slice(2), env);
  if (all === null) {
    record('failed', `${label}vitest`, 'it wrote no report');
    return;
  }
  for (const file of all) {
    if (file.assertionResults.length === 0 && file.status === 'failed')
      record('failed', file.name, file.message);
    for (const test of file.assertionResults) {
      const name = label + test.fullName;
      if (test.status === 'passed') record('passed', name);
      else if (test.status !== 'failed') record('skipped', name);
      else if (passesAlone(file.name, test, env)) {
        console.log(`unsteady: ${name}: it failed among others and passed alone`);
        record('passed', name);
      } else
        record('failed', name, (test.failureMessages[0] ?? '').split('\n').slice(0, 6).join('\n'));
    }
  }
}

/** Each program prints `ok name`, `not ok name` or `skip name: reason`. */
function hostTests() {
  if (!existsSync('host/test')) return;
  mkdirSync('build/host-test', { recursive: true });
  for (const file of readdirSync('host/test')
    .filter((f) => f.endsWith('.c'))
    .sort()) {
    const out = join('build/host-test', file.replace(/\.c$/, ''));
    const source = process.env.QJS_SRC ?? '.cache/engine-source/usr/src/quickjs-ng';
    // What it does not include itself: ` * With: a.c b.c`.
    const beside =
      /^ \* With: (.*)$/m.exec(readFileSync(join('host/test', file), 'utf8'))?.[1] ?? '';
    const gcc = spawnSync(
      'gcc',
      [
        '-std=gnu11',
        '-D_GNU_SOURCE',
        '-g',
        '-O1',
        '-Wall',
        '-Wextra',
        '-Werror',
        '-fsanitize=address,undefined',
        '-Ihost',
        '-Ibuild',
        '-isystem',
        source,
        join('host/test', file),
        ...beside
          .split(' ')
          .filter(Boolean)
          .map((name) => join('host', name)),
        '-lpthread',
        '-o',
        out,
      ],
      { encoding: 'utf8' },
    );
    if (gcc.status !== 0) {
      record('failed', `host/test/${file}`, gcc.stderr);
      continue;
    }
    const r = spawnSync(out, { encoding: 'utf8', timeout: 120_000 });
    for (const line of r.stdout.split('\n')) {
      if (line.startsWith('ok ')) record('passed', line.slice(3));
      if (line.startsWith('not ok ')) record('failed', `${file}: ${line.slice(7)}`, r.stderr);
      if (line.startsWith('skip ')) record('skipped', `${file}: ${line.slice(5)}`);
    }
    if (r.status !== 0) record('failed', `host/test/${file} ends well`, r.stderr.slice(0, 4000));
    else record('passed', `host/test/${file} ends well`);
  }
}

/** Ceilings for what does not vary; lower them when the code gets smaller. */
function ratchets() {
  const paths = (name) => (name === 'tandem' ? 'build/tandem' : `build/${name}.qbc`);
  for (const [name, most] of Object.entries(JSON.parse(readFileSync('tools/ratchets.json')))) {
    const size = statSync(paths(name)).size;
    record(
      size <= most ? 'passed' : 'failed',
      `${paths(name)} is at most ${most} bytes`,
      `${size}`,
    );
  }
  const ldd = spawnSync('ldd', ['build/tandem'], { encoding: 'utf8' });
  record(
    /not a dynamic executable|statically linked/.test(ldd.stdout + ldd.stderr)
      ? 'passed'
      : 'failed',
    'the binary is static',
    ldd.stdout,
  );
}

ratchets();
hostTests();
vitest('', [], {});
// What the binary does, once more under the sanitizers, and with garbage collected at every
// allocation; their reports are non-zero exits.
const files = (names) => names.map((name) => `test/${name}.test.ts`);
const onBinary = [
  ...['life', 'ready', 'exit-codes', 'stop', 'init', 'output', 'commands', 'bad-input', 'reason'],
  ...['control', 'control-hostile'],
];
const sanitized = { ASAN_OPTIONS: 'detect_leaks=0' };
vitest('sanitized: ', files(onBinary), { ...sanitized, TANDEM_BINARY: 'build/tandem-asan' });
vitest('collecting: ', files(['stop', 'life']), { ...sanitized, TANDEM_BINARY: 'build/tandem-gc' });
for (const failure of failures) console.log(`FAILED: ${failure}`);
console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
process.exit(count.failed ? 1 : 0);
