/**
 * Goal: the arm64 binary is the same program.
 * Method: by qemu-user, where both are there; `npm run test:arm64` does more.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const qemu = '/usr/bin/qemu-aarch64-static';
const binary = 'build/tandem-arm64';
const run = (program: string, args: readonly string[]) =>
  spawnSync(program, args, { encoding: 'utf8', timeout: 240_000 });

test('the arm64 binary is static, and ends with the code of what ended first', ({ skip }) => {
  skip(!existsSync(binary), 'npm run build -- --arch arm64 has not been run');
  skip(!existsSync(qemu), 'qemu-user-static is not installed');
  // ELF's e_machine (elf(5)).
  expect(readFileSync(binary).readUInt16LE(18)).toBe(183);
  expect(run(qemu, [binary, 'version']).stdout).toMatch(/^tandem \d/);
  const end = run(qemu, [binary, 'run', "sh -c 'exit 7'", 'sleep 300']);
  expect([end.status, end.stdout]).toEqual([7, '']);
  expect(end.stderr).toContain('sh exited with code 7');
});
