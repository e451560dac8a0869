/**
 * Goal: the client libraries that people have reach a gRPC server from a page.
 * Method: the official grpc-web client and Connect's, in a real headless Chromium, through the
 * front to a real server. The cases are those of gRPC-Web's interop description.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import { type Browser, launch, type Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Echo, startEcho } from './echo-server.ts';
import { folder, startEngine, toProcess, until } from './engine.ts';

const chromium = '/usr/bin/chromium';
const missing = existsSync(chromium) ? null : 'there is no /usr/bin/chromium';

let echo: Echo;
let browser: Browser;
let page: Page;

async function open(): Promise<void> {
  echo = await startEcho();
  const site = join(folder(), 'site');
  mkdirSync(site);
  const { outputFiles } = await esbuild.build({
    entryPoints: ['test/embedded/page/clients.ts'],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
  });
  writeFileSync(join(site, 'clients.js'), outputFiles[0]?.contents ?? '');
  writeFileSync(
    join(site, 'index.html'),
    '<!doctype html><title>clients</title><script src="clients.js"></script>',
  );
  const { port } = await startEngine([
    toProcess('/echo.Echo/', echo.port, { protocol: 'grpc-web' }),
    {
      path: '/',
      headers: [],
      type: 'directory',
      directory: site,
      index: ['index.html'],
      cache: null,
      spa: false,
      precompressed: false,
      notFound: null,
      dotfiles: false,
      symlinks: false,
    },
  ]);
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
  page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${port}/`);
  await page.waitForFunction('window.clients !== undefined');
}

if (missing === null) {
  beforeAll(open, 120_000);
  afterAll(async () => {
    const child = browser?.process() ?? null;
    await browser?.close();
    child?.kill('SIGKILL');
    echo?.stop();
  }, 60_000);
}

type Told = {
  readonly messages: readonly string[];
  readonly code: number;
  readonly text: string;
  readonly first: Readonly<Record<string, string>>;
};

function ask(
  library: string,
  mode: string,
  method: 'Say' | 'Many',
  text: string,
  metadata: Record<string, string> = {},
): Promise<Told> {
  const args = JSON.stringify([method, text, mode, metadata]);
  return page.evaluate(`window.clients.${library}(...${args})`) as Promise<Told>;
}

const clients = [
  ['official', 'text'],
  ['official', 'binary'],
  ['connect', 'binary'],
] as const;

describe.skipIf(missing !== null).each(clients)(
  `%s client, %s${missing === null ? '' : ` (${missing})`}`,
  (library, mode) => {
    test('one message, an empty one, a large one', async () => {
      expect((await ask(library, mode, 'Say', 'hello ä')).messages).toEqual(['hello ä']);
      expect((await ask(library, mode, 'Say', '')).messages).toEqual(['']);
      expect((await ask(library, mode, 'Say', 'size:200000')).messages[0]?.length).toBe(200_000);
    });

    test('metadata both ways', async () => {
      const got = await ask(library, mode, 'Say', 'headers', { 'x-mine': 'yes' });
      expect(JSON.parse(got.messages[0] ?? '{}')).toMatchObject({ 'x-mine': 'yes' });
      expect(got.first).toMatchObject({ 'x-first': 'one' });
    });

    test('a status and its message', async () => {
      expect(await ask(library, mode, 'Say', 'fail:9:not so äö')).toMatchObject({
        code: 9,
        text: 'not so äö',
      });
    });

    test('a special message', async () => {
      const text = '\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n';
      expect((await ask(library, mode, 'Say', `fail:2:${text}`)).code).toBe(2);
    });

    test('a deadline', async () => {
      expect([4, 1]).toContain(
        (await ask(library, mode, 'Say', 'sleep', { 'grpc-timeout': '200m' })).code,
      );
    });

    // The official client streams in its text mode only: that is its own documented limit.
    const streams = library === 'connect' || mode === 'text';
    if (!streams) return;

    test('many messages, none, and an error after some', async () => {
      expect((await ask(library, mode, 'Many', '4')).messages).toEqual([
        'number 0',
        'number 1',
        'number 2',
        'number 3',
      ]);
      expect(await ask(library, mode, 'Many', '0')).toMatchObject({ messages: [], code: 0 });
      expect(await ask(library, mode, 'Many', '2:7:no more')).toMatchObject({
        messages: ['number 0', 'number 1'],
        code: 7,
        text: 'no more',
      });
    });

    test('a call that the page cancels is cancelled at the server', async () => {
      const before = echo.cancelled();
      expect((await ask(library, mode, 'Many', 'forever')).messages.length).toBeGreaterThanOrEqual(
        3,
      );
      await until(() => echo.cancelled() > before);
    });

    test('a deadline', async () => {
      expect([4, 1]).toContain(
        (await ask(library, mode, 'Say', 'sleep', { 'grpc-timeout': '200m' })).code,
      );
    });
  },
);
