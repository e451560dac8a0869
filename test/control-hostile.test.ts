/**
 * Goal: nobody who talks to the control socket can hurt Tandem or those who ask properly.
 * Method: any bytes at the real socket, a thousand clients that talk nonsense, and clients that are
 * stuck in every way; it has to go on answering, and to stop well.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { type Control, controlled, exchange, hangUp, open } from './asking.ts';
import { cleanUp, folder, until } from './binary.ts';

afterEach(() => {
  hangUp();
  cleanUp();
});

const stays = 'sh -c "trap \'exit 0\' TERM; while :; do sleep 0.05; done"';

async function isWell(tandem: Control): Promise<void> {
  expect(await tandem.process('sh')).toMatchObject({ name: 'sh', state: 'ready', run: 1 });
}

async function stopsWell(tandem: Control): Promise<void> {
  tandem.signal('SIGTERM');
  expect(await tandem.ended).toEqual({ code: 0, signal: null });
}

/** Bytes are on their way, and nobody waits for an answer. */
function throwAt(path: string, bytes: Uint8Array): Promise<Socket> {
  return new Promise((done) => {
    const socket = open(path);
    socket.on('connect', () => socket.write(bytes, () => done(socket)));
    socket.on('error', () => done(socket));
  });
}

test('any request is answered or refused, and changes nothing', async () => {
  const tandem = await controlled(['run', stays]);
  await tandem.reaches('sh', 'ready');
  const word = fc.constantFrom('status', 'ready', 'logs', 'journal', 'signal', 'x', '__proto__', 7);
  const asked = fc
    .record(
      {
        ask: fc.oneof(word, fc.jsonValue()),
        process: fc.oneof(fc.string(), fc.jsonValue()),
        signal: fc.oneof(fc.constantFrom(0, -1, 65, 1.5), fc.jsonValue()),
        follow: fc.constantFrom(false, 'yes', null),
      },
      { requiredKeys: [] },
    )
    .map((fields) => JSON.stringify(fields));
  const line = fc.oneof(asked, fc.json(), fc.string(), fc.string({ unit: 'binary' }));
  await fc.assert(
    fc.asyncProperty(line, async (text) => {
      const answer = await exchange(tandem.path, `${text.replaceAll('\n', ' ')}\n`);
      expect(answer).toMatch(/\{"(answer|error)"/);
    }),
    { numRuns: Number(process.env['TANDEM_RUNS'] ?? 400) },
  );
  await isWell(tandem);
  await stopsWell(tandem);
}, 120_000);

test('any bytes, in any pieces, hurt nothing', async () => {
  const tandem = await controlled(['run', stays]);
  await tandem.reaches('sh', 'ready');
  const piece = fc.uint8Array({ maxLength: 200 });
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 4 }), async (pieces) => {
      const socket = await throwAt(tandem.path, pieces[0] as Uint8Array);
      for (const bytes of pieces.slice(1)) socket.write(bytes);
      socket.destroy();
    }),
    { numRuns: Number(process.env['TANDEM_RUNS'] ?? 400) },
  );
  await isWell(tandem);
  await stopsWell(tandem);
}, 120_000);

test('a thousand clients that talk nonsense keep nobody out', async () => {
  const tandem = await controlled(['run', stays]);
  await tandem.reaches('sh', 'ready');
  for (let i = 0; i < 1000; i += 1) {
    const bytes = Buffer.alloc(1 + ((i * 37) % 6000), i % 256);
    await throwAt(tandem.path, bytes);
    if (i % 250 === 0) await isWell(tandem);
  }
  await isWell(tandem);
  await stopsWell(tandem);
}, 120_000);

test('one that follows and never reads holds up neither the writer nor the stop', async () => {
  const cwd = folder();
  const done = join(cwd, 'done');
  const line = 'x'.repeat(99);
  writeFileSync(
    join(cwd, 'tandem.yaml'),
    `processes:
  sh: {command: [sh, -c, "trap 'exit 0' TERM; while :; do sleep 0.05; done"]}
  loud:
    command: [sh, -c, "read go < ${cwd}/go; yes ${line} | head -c 20000000; : > ${done}; exec sleep 1000"]
    ready: none
`,
  );
  const made = (await import('node:child_process')).spawnSync('mkfifo', [join(cwd, 'go')]);
  expect(made.status).toBe(0);
  const tandem = await controlled(['--logs', 'prefix'], { cwd });
  await tandem.reaches('loud', 'ready');
  const stuck = open(tandem.path);
  stuck.pause();
  stuck.write('{"ask":"logs","follow":true}\n');
  // It follows when others are told that somebody does: a request after it was answered.
  await isWell(tandem);
  writeFileSync(join(cwd, 'go'), 'go\n');
  const there = (): boolean => {
    try {
      return readFileSync(done, 'utf8') === '';
    } catch {
      return false;
    }
  };
  await until('the end of the writer', there, () => '', 60_000);
  const { memoryBytes } = await tandem.ask({ ask: 'status' });
  // The sanitizers need memory of their own.
  if (process.env['TANDEM_BINARY'] === undefined) expect(memoryBytes).toBeLessThan(12_000_000);
  await isWell(tandem);
  await stopsWell(tandem);
}, 120_000);

test('half a request, and one after another without reading, are no burden', async () => {
  const tandem = await controlled(['run', stays]);
  await tandem.reaches('sh', 'ready');
  for (let i = 0; i < 20; i += 1) {
    const half = open(tandem.path);
    half.write('{"ask":"sta');
    const greedy = open(tandem.path);
    greedy.pause();
    greedy.write('{"ask":"status"}\n'.repeat(20_000));
  }
  await isWell(tandem);
  await stopsWell(tandem);
}, 60_000);

test('several requests on one connection are answered in their order', async () => {
  const tandem = await controlled(['run', stays]);
  await tandem.reaches('sh', 'ready');
  const socket = open(tandem.path);
  let text = '';
  socket.on('data', (data: Buffer) => {
    text += data.toString();
  });
  socket.write('{"ask":"ready"}\n{"ask":"nothing"}\n{"ask":"logs"}\n{"ask":"status"}\n');
  await until(
    'four answers',
    () => text.split('\n').length === 5,
    () => text,
  );
  expect(text.split('\n').map((one) => one.slice(0, 18))).toEqual([
    '{"answer":"ready",',
    '{"error":"cannot a',
    '{"answer":"logs","',
    '{"answer":"status"',
    '',
  ]);
});
