/**
 * Goal: any bytes as a configuration give a plan or diagnostics, in bounded time; never a crash or a stack trace.
 * Method: hostile files by a table and by random bytes, through the real binary.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { cleanUp, folder, tandem } from './binary.ts';

afterAll(cleanUp);
const dir = folder();

/** Ends with 0 or 78 in time, and its words are ours. */
function check(bytes: Buffer | string, name = 'tandem.yaml'): string {
  writeFileSync(join(dir, name), bytes);
  const end = spawnSync(tandem, ['check', '-f', name], { cwd: dir, timeout: 30_000 });
  const err = end.stderr.toString();
  expect([end.signal, [0, 78].includes(end.status ?? -1)], err.slice(0, 2000)).toEqual([
    null,
    true,
  ]);
  expect(err).not.toMatch(/internal|stack|at <anonymous>|TypeError|undefined|\[object/);
  if (end.status === 78) expect(err).toContain('cannot ');
  return err;
}

const yaml = 'processes:\n  a:\n    command: cat\n';
const bomb = Array.from(
  { length: 20 },
  (_, i) =>
    `x-${i}: &a${i} [${
      i === 0
        ? 'x'
        : Array(9)
            .fill(`*a${i - 1}`)
            .join(', ')
    }]\n`,
).join('');

test.each<[string, Buffer | string, RegExp]>([
  ['a byte order mark', `\ufeff${yaml}`, /^$/],
  ['CRLF', yaml.replaceAll('\n', '\r\n'), /^$/],
  ['nothing', '', /it names no processes/],
  ['a NUL', `${yaml}\0`, /cannot /],
  [
    'invalid UTF-8',
    Buffer.from([0x61, 0x3a, 0xff, 0xfe]),
    /cannot read tandem.yaml: it is not UTF-8/,
  ],
  ['a tab', 'processes:\n\ta:\n', /a tab cannot indent/],
  ['ten megabytes', `${yaml}#${'x'.repeat(10_000_000)}\n`, /larger than 1 MB/],
  ['an alias bomb', `${bomb}${yaml}`, /cannot /],
  ['an alias of itself', 'processes: &a\n  b: *a\n', /it is nested too deeply/],
  ['depth', `a: ${'['.repeat(5000)}${']'.repeat(5000)}\n`, /cannot /],
  [
    'depth in blocks',
    Array.from({ length: 2000 }, (_, i) => `${' '.repeat(i)}a:\n`).join(''),
    /cannot /,
  ],
  ['depth in JSON', `${'{"a":'.repeat(3000)}1${'}'.repeat(3000)}`, /cannot /],
  ['a key twice', `${yaml}    command: x\n`, /the same key stands here twice/],
  ['one long line', `${yaml}    comand: ${'x'.repeat(100_000)}\n`, /did you mean/],
  [
    'a thousand mistakes',
    Array.from({ length: 1000 }, (_, i) => `x${i}: 1\n`).join(''),
    /cannot use `x999`/,
  ],
  [
    'octal, a version, a merge',
    'x-b: &b {umask: 022}\nprocesses:\n  a:\n    <<: *b\n    command: echo 1.10\n',
    /^$/,
  ],
  ['`${` in a flow collection', 'processes:\n  a: {command: ${X}}\n', /quote it: "\$\{X\}"/],
])('%s', (_what, bytes, said) => {
  expect(check(bytes)).toMatch(said);
});

const runs = Number(process.env['TANDEM_BYTES'] ?? 300);
const seeds = [
  yaml,
  readFileSync('examples/nginx-flask/tandem.yaml', 'utf8'),
  `x-b: &b\n  umask: 022\n${yaml}    <<: *b\n    env_file: [x, {path: y}]\n`,
];

test('random bytes, and random damage to good files', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat(), fc.uint8Array({ maxLength: 6 }), fc.nat(8)), { maxLength: 5 }),
      fc.constantFrom('tandem.yaml', 'tandem.json', 'Procfile'),
      (text, damage, name) => {
        let bytes = Buffer.from(text);
        for (const [where, put, away] of damage) {
          const at = where % (bytes.length + 1);
          bytes = Buffer.concat([
            bytes.subarray(0, at),
            put,
            bytes.subarray(Math.min(bytes.length, at + away)),
          ]);
        }
        check(bytes, name);
      },
    ),
    { numRuns: runs },
  );
}, 1_800_000);
