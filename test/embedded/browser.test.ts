/**
 * Goal: the client libraries that people have reach a gRPC server from a page.
 * Method: the official grpc-web client and Connect's, in a real headless Chromium, through the
 * front to a real server. The cases are those of gRPC-Web's interop description.
 */
import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as esbuild from 'esbuild';
import { type Browser, launch, type Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cleanUp, start } from '../binary.ts';
import { freePort } from '../http.ts';
import { type Echo, startEcho } from './echo-server.ts';
import { accepts, folder, startEngine, toProcess, until } from './engine.ts';

const chromium = '/usr/bin/chromium';
const missing = existsSync(chromium) ? null : 'there is no /usr/bin/chromium';

type Door = 'the embedded engine' | 'nginx with the translator beside';
const doors: readonly Door[] = ['the embedded engine', 'nginx with the translator beside'];

let echo: Echo;
let browser: Browser;
const pages = new Map<Door, Page>();

async function site(): Promise<string> {
  const path = join(folder(), 'site');
  mkdirSync(path);
  // nginx's workers are nobody.
  chmodSync(join(path, '..'), 0o755);
  const { outputFiles } = await esbuild.build({
    entryPoints: ['test/embedded/page/clients.ts'],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
  });
  writeFileSync(join(path, 'clients.js'), outputFiles[0]?.contents ?? '');
  const html = '<!doctype html><title>clients</title><script src="clients.js"></script>';
  writeFileSync(join(path, 'index.html'), html);
  return path;
}

async function engineDoor(files: string): Promise<number> {
  const { port } = await startEngine([
    toProcess('/echo.Echo/', echo.port, { protocol: 'grpc-web' }),
    {
      path: '/',
      headers: [],
      type: 'directory',
      directory: files,
      index: ['index.html'],
      cache: null,
      spa: false,
      precompressed: false,
      notFound: null,
      dotfiles: false,
      symlinks: false,
    },
  ]);
  return port;
}

/** Tandem as a person has it: nginx in front, and the translator that its compiler adds. */
async function nginxDoor(files: string): Promise<number> {
  const [dir, bin, port] = [folder(), folder(), await freePort()];
  symlinkSync(resolve('build/front/tandem-front.mjs'), join(bin, 'tandem-front'));
  // The server is the test's own; what stands for it forwards nothing and only has its port.
  const file = join(dir, 'tandem.yaml');
  writeFileSync(
    file,
    `processes:
  echo:
    command: sleep 600
    ready: none
front:
  port: ${port}
  routes:
    /echo.Echo/*: {to: echo, port: ${echo.port}, protocol: grpc-web}
    /*: ${files}/
`,
  );
  const path = `${bin}:${process.env['PATH'] ?? ''}`;
  const running = start(['-f', file], { env: { PATH: path } });
  const front = running.ended.then(() => {
    throw new Error(`Tandem ended: ${running.err()}`);
  });
  await Promise.race([front, until(() => accepts(port))]);
  return port;
}

async function open(): Promise<void> {
  echo = await startEcho();
  const files = await site();
  const ports: Record<Door, number> = {
    'the embedded engine': await engineDoor(files),
    'nginx with the translator beside': await nginxDoor(files),
  };
  browser = await launch({
    executablePath: chromium,
    userDataDir: folder(),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-dev-shm-usage',
    ],
  });
  for (const door of doors) {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${ports[door]}/`);
    await page.waitForFunction('window.clients !== undefined');
    pages.set(door, page);
  }
}

if (missing === null) {
  beforeAll(open, 120_000);
  afterAll(async () => {
    const child = browser?.process() ?? null;
    await browser?.close();
    child?.kill('SIGKILL');
    cleanUp();
    echo?.stop();
  }, 60_000);
}

type Told = {
  readonly messages: readonly string[];
  readonly code: number;
  readonly text: string;
  readonly first: Readonly<Record<string, string>>;
};

type Asked = {
  readonly door: Door;
  readonly library: string;
  readonly mode: string;
};

function ask(
  { door, library, mode }: Asked,
  method: 'Say' | 'Many',
  text: string,
  metadata: Record<string, string> = {},
): Promise<Told> {
  const page = pages.get(door);
  if (page === undefined) throw new Error(`no page for ${door}`);
  const args = JSON.stringify([method, text, mode, metadata]);
  return page.evaluate(`window.clients.${library}(...${args})`) as Promise<Told>;
}

const clients: readonly Asked[] = doors.flatMap((door) => [
  { door, library: 'official', mode: 'text' },
  { door, library: 'official', mode: 'binary' },
  { door, library: 'connect', mode: 'binary' },
]);

describe.skipIf(missing !== null).each(clients)(
  `$library client, $mode, through $door${missing === null ? '' : ` (${missing})`}`,
  (asked) => {
    const { library, mode } = asked;
    test('one message, an empty one, a large one', async () => {
      expect((await ask(asked, 'Say', 'hello ä')).messages).toEqual(['hello ä']);
      expect((await ask(asked, 'Say', '')).messages).toEqual(['']);
      expect((await ask(asked, 'Say', 'size:200000')).messages[0]?.length).toBe(200_000);
    });

    test('metadata both ways', async () => {
      const got = await ask(asked, 'Say', 'headers', { 'x-mine': 'yes' });
      expect(JSON.parse(got.messages[0] ?? '{}')).toMatchObject({ 'x-mine': 'yes' });
      expect(got.first).toMatchObject({ 'x-first': 'one' });
    });

    test('a status and its message', async () => {
      expect(await ask(asked, 'Say', 'fail:9:not so äö')).toMatchObject({
        code: 9,
        text: 'not so äö',
      });
    });

    test('a special message', async () => {
      const text = '\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n';
      expect((await ask(asked, 'Say', `fail:2:${text}`)).code).toBe(2);
    });

    test('a deadline', async () => {
      expect([4, 1]).toContain((await ask(asked, 'Say', 'sleep', { 'grpc-timeout': '200m' })).code);
    });

    // The official client streams in its text mode only: that is its own documented limit.
    const streams = library === 'connect' || mode === 'text';
    if (!streams) return;

    test('many messages, none, and an error after some', async () => {
      expect((await ask(asked, 'Many', '4')).messages).toEqual([
        'number 0',
        'number 1',
        'number 2',
        'number 3',
      ]);
      expect(await ask(asked, 'Many', '0')).toMatchObject({ messages: [], code: 0 });
      expect(await ask(asked, 'Many', '2:7:no more')).toMatchObject({
        messages: ['number 0', 'number 1'],
        code: 7,
        text: 'no more',
      });
    });

    test('a call that the page cancels is cancelled at the server', async () => {
      const before = echo.cancelled();
      expect((await ask(asked, 'Many', 'forever')).messages.length).toBeGreaterThanOrEqual(3);
      await until(() => echo.cancelled() > before);
    });

    test('a deadline', async () => {
      expect([4, 1]).toContain((await ask(asked, 'Say', 'sleep', { 'grpc-timeout': '200m' })).code);
    });
  },
);
