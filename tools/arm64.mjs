// The conformance tests on the arm64 binary, by qemu-user. Prints what it leaves out, and why.
//
//     node tools/arm64.mjs
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

process.chdir(resolve(import.meta.dirname, '..'));

export const qemu = '/usr/bin/qemu-aarch64-static';
const binary = resolve('build/tandem-arm64');
const files = ['conformance', 'exit-codes', 'stop', 'init', 'commands'];

/** Parts of tests' names, and what qemu-user can't do for them. */
const cannot = [
  [
    'one that may not be run 126',
    'vfork is a fork there, so what the child notes of its failure is lost',
  ],
  ['orphans in sessions of their own', 'qemu-user refuses PR_SET_CHILD_SUBREAPER'],
  ['called tini', 'the name it is called by is that of the script that runs qemu'],
  ['called dumb-init', 'the name it is called by is that of the script that runs qemu'],
];

/** Why the arm64 binary can't be tried here; null: it can. */
export function whyNot() {
  if (!existsSync(binary)) return 'npm run build -- --arch arm64 has not been run';
  return existsSync(qemu) ? null : 'qemu-user-static is not installed';
}

/** A program of its own, since nobody here may register a format with the kernel (binfmt_misc). */
function wrapper() {
  const path = `${binary}-qemu`;
  writeFileSync(path, `#!/bin/sh\nexec ${qemu} ${binary} "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

if (process.argv[1] === import.meta.filename) {
  const reason = whyNot();
  if (reason !== null) {
    console.error(`cannot test arm64: ${reason}`);
    process.exit(1);
  }
  for (const [name, why] of cannot) console.log(`skipped: arm64: ${name}: ${why}`);
  const names = cannot.map(([name]) => name).join('|');
  const args = ['run', '--project', 'binary', '--testTimeout=600000', '--no-file-parallelism'];
  const end = spawnSync(
    'node_modules/.bin/vitest',
    [...args, '-t', `^(?!.*(${names}))`, ...files.map((name) => `test/${name}.test.ts`)],
    { stdio: 'inherit', env: { ...process.env, TANDEM_BINARY: wrapper() } },
  );
  process.exit(end.status ?? 1);
}
