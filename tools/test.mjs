// Runs every test on what was built, and ends with the plain count.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

process.chdir(resolve(import.meta.dirname, '..'));
const count = { passed: 0, failed: 0, skipped: 0 };

function record(verdict, name, detail = '') {
  count[verdict] += 1;
  if (verdict !== 'passed') console.log(`${verdict}: ${name}${detail ? `: ${detail}` : ''}`);
}

function vitest(label, files, env) {
  const report = 'build/vitest.json';
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  spawnSync('node_modules/.bin/vitest', ['run', ...reporters, ...files, ...process.argv.slice(2)], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  });
  if (!existsSync(report)) {
    record('failed', 'vitest', 'it wrote no report');
    return;
  }
  for (const file of JSON.parse(readFileSync(report, 'utf8')).testResults) {
    if (file.assertionResults.length === 0 && file.status === 'failed')
      record('failed', file.name, file.message);
    for (const test of file.assertionResults)
      record(
        { passed: 'passed', failed: 'failed' }[test.status] ?? 'skipped',
        label + test.fullName,
      );
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
const onBinary = ['life', 'ready', 'exit-codes', 'stop', 'init', 'output', 'commands', 'bad-input'];
const sanitized = { ASAN_OPTIONS: 'detect_leaks=0' };
vitest('sanitized: ', files(onBinary), { ...sanitized, TANDEM_BINARY: 'build/tandem-asan' });
vitest('collecting: ', files(['stop', 'life']), { ...sanitized, TANDEM_BINARY: 'build/tandem-gc' });
console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
process.exit(count.failed ? 1 : 0);
