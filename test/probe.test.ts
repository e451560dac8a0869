/**
 * Goal: `tandem probe` answers HEALTHCHECK by the same probes, in an image without shell or curl.
 * Method: small servers of this test.
 */
import { writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcp } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { cleanUp, folder, run } from './binary.ts';
import { freePort } from './http.ts';

const servers: { close: () => void }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  cleanUp();
});

async function http(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((next) => server.listen(0, '127.0.0.1', next));
  return (server.address() as AddressInfo).port;
}

test('http passes on 200 to 399, at the path that was named', async () => {
  const port = await http((q, r) => {
    r.statusCode = q.url === '/health?x=1' ? 204 : 500;
    r.end();
  });
  expect((await run(['probe', `http://127.0.0.1:${port}/health?x=1`])).code).toBe(0);
  expect((await run(['probe', `http://localhost:${port}/health?x=1`])).code).toBe(0);
  const bad = await run(['probe', `http://127.0.0.1:${port}/`]);
  expect(bad).toMatchObject({ code: 1, err: 'tandem: the probe failed: EPROTO\n' });
});

test('tcp, unix and file', async () => {
  const dir = folder();
  const server = createTcp().listen(join(dir, 's'));
  servers.push(server);
  await new Promise((next) => server.on('listening', next));
  writeFileSync(join(dir, 'f'), '');
  expect((await run(['probe', `unix:${dir}/s`])).code).toBe(0);
  expect((await run(['probe', `unix:${dir}/none`])).err).toContain('ENOENT');
  expect((await run(['probe', `file:${dir}/f`])).code).toBe(0);
  expect((await run(['probe', `file:${dir}/g`])).code).toBe(1);
  const port = await http(() => {});
  expect((await run(['probe', `tcp:${port}`])).code).toBe(0);
  expect((await run(['probe', `tcp:127.0.0.1:${port}`])).code).toBe(0);
  const none = await freePort();
  expect((await run(['probe', `tcp:${none}`])).err).toContain('ECONNREFUSED');
});

test('one that hangs ends at its time', async () => {
  const port = await http(() => {});
  const from = performance.now();
  const end = await run(['probe', '--timeout', '300ms', `http://127.0.0.1:${port}/`]);
  expect(end).toMatchObject({ code: 1 });
  expect(end.err).toContain('ETIMEDOUT');
  expect(performance.now() - from).toBeGreaterThan(290);
});

test.each([
  ['http://example.com/'],
  ['ftp:80'],
  ['tcp:0'],
  ['tcp:99999'],
  ['--timeout', '5', 'tcp:80'],
])('%j is a usage error', async (...args) => {
  const end = await run(['probe', ...args]);
  expect(end.code).toBe(64);
  expect(end.err).toContain('hint:');
});
