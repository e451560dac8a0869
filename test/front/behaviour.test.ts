/**
 * Goal: files, streams, upgrades, uploads, limits and stops are the same behind every engine.
 * Method: each engine before the same app; what arrives is looked at, on both sides.
 */
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../binary.ts';
import { ask } from '../http.ts';
import { type Door, engines } from './engines.ts';
import { exchange, get } from './raw.ts';
import { openShop, type Shop } from './shop.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop.close());

/** An open WebSocket, and what came over it. */
async function openSocket(port: number) {
  const socket = connect(port, '127.0.0.1');
  let got = '';
  let closed = false;
  socket.on('data', (data) => {
    got += data.toString('latin1');
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    closed = true;
  });
  socket.write('GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  const all = (): string => got;
  await until('101', () => got.includes('101 Switching Protocols'), all);
  return { socket, got: all, closed: () => closed };
}

for (const engine of engines)
  describe.skipIf(engine.missing !== null)(
    `${engine.name}${engine.missing === null ? '' : `: ${engine.missing}`}`,
    () => {
      let door: Door;
      let port: number;
      let stopping: string;
      beforeAll(async () => {
        stopping = join(shop.directory, 'stopping');
        rmSync(stopping, { force: true });
        door = await engine.open(await shop.plan({ compress: true, stoppingFile: stopping }));
        port = door.port;
      });
      afterAll(() => door?.close());

      test('HEAD is GET without the body', async () => {
        const whole = await ask(port, '/static/a.txt');
        const head = await ask(port, '/static/a.txt', { method: 'HEAD' });
        expect(head).toMatchObject({ status: 200, body: '', headers: { 'content-length': '1' } });
        expect(whole).toMatchObject({ status: 200, body: 'a' });
        await ask(port, '/x', { method: 'HEAD' });
        expect(shop.asked.at(-1)?.method).toBe('HEAD');
      });

      test('ranges, and what is no range', async () => {
        const part = (range: string) =>
          ask(port, '/static/a%20b.txt', { headers: { Range: range } });
        expect(await part('bytes=0-0')).toMatchObject({
          status: 206,
          body: 'a',
          headers: { 'content-range': 'bytes 0-0/9' },
        });
        expect(await part('bytes=-1')).toMatchObject({ status: 206, body: 'b' });
        expect(await part('bytes=2-')).toMatchObject({ status: 206, body: 'blank b' });
        expect(await part('bytes=100-')).toMatchObject({ status: 416 });
        expect(await part('lines=1-2')).toMatchObject({ status: 200, body: 'a blank b' });
      });

      test('conditions on ETag and Last-Modified', async () => {
        const first = await ask(port, '/static/a.txt');
        const headers = first.type === 'answer' ? first.headers : {};
        const etag = String(headers['etag']);
        const modified = String(headers['last-modified']);
        const on = (name: string, value: string) =>
          ask(port, '/static/a.txt', { headers: { [name]: value } });
        expect(await on('If-None-Match', etag)).toMatchObject({ status: 304, body: '' });
        expect(await on('If-None-Match', '"other"')).toMatchObject({ status: 200 });
        expect(await on('If-Modified-Since', modified)).toMatchObject({ status: 304 });
        expect(await on('If-Match', '"other"')).toMatchObject({ status: 412 });
        const past = 'Thu, 01 Jan 1970 00:00:01 GMT';
        expect(await on('If-Unmodified-Since', past)).toMatchObject({ status: 412 });
      });

      test('Cache-Control is on what is there, and not on what is missing', async () => {
        const there = await ask(port, '/static/a.txt');
        const missing = await ask(port, '/static/none');
        expect(there).toMatchObject({ headers: { 'cache-control': 'public, max-age=60' } });
        expect(missing.type === 'answer' && missing.headers['cache-control']).toBeUndefined();
      });

      test('the front’s headers are on every answer, whatever its status', async () => {
        for (const path of ['/x', '/static/a.txt', '/static/none', '/fixed/', '/old/', '/away/'])
          expect([path, (await get(port, path)).headers.get('x-front')]).toEqual([path, 'a$b"c;}']);
        expect((await get(port, '/fixed/')).headers.get('x-own')).toBe('fixed');
      });

      test('other methods than GET and HEAD are refused for files', async () => {
        for (const method of ['POST', 'PUT', 'DELETE'])
          expect(await ask(port, '/static/a.txt', { method })).toMatchObject({ status: 405 });
      });

      test('types of files are told by their ending', async () => {
        expect((await get(port, '/static/a.txt')).headers.get('content-type')).toMatch(
          /^text\/plain; ?charset=utf-8$/i,
        );
        expect((await get(port, '/static/app.js')).headers.get('content-type')).toMatch(
          /^text\/javascript/,
        );
      });

      test('a compressed file beside it is sent to who takes it', async () => {
        const got = await exchange(
          port,
          'GET /static/app.js HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n',
        );
        expect(got.headers.get('content-encoding')).toBe('gzip');
        expect(gunzipSync(Buffer.from(got.body, 'latin1')).toString()).toBe('let packed;');
        expect(await ask(port, '/static/app.js')).toMatchObject({ body: 'let plain;' });
      });

      test('an app’s text is compressed for who takes it', async () => {
        const got = await get(port, '/big', ['Accept-Encoding: gzip']);
        expect(got.headers.get('content-encoding')).toBe('gzip');
        const text = gunzipSync(Buffer.from(got.body, 'latin1')).toString();
        expect(JSON.parse(text).more).toHaveLength(20_000);
        expect((await get(port, '/big')).headers.get('content-encoding')).toBeUndefined();
      });

      test('an event arrives while the answer goes on', async () => {
        const bytes = 'GET /events HTTP/1.1\r\nHost: x\r\n\r\n';
        const { text } = await exchange(port, bytes, (so) => so.includes('data: first'));
        expect(text).toContain('text/event-stream');
      });

      test('a WebSocket is upgraded where it may be', async () => {
        const { socket, got } = await openSocket(port);
        socket.write('ping');
        await until('the echo', () => got().endsWith('ping'), got);
        socket.destroy();
        const no = await get(port, '/nows/ws', ['Upgrade: websocket']);
        expect(no.status).toBe(200);
      });

      test('an upload of 32 MB passes, a byte more is 413', async () => {
        const body = Buffer.alloc(32 << 20, 'x').toString();
        expect(await ask(port, '/up', { method: 'POST', body })).toMatchObject({ status: 200 });
        expect(shop.asked.at(-1)?.body).toBe(`${32 << 20} bytes`);
        const headers = { 'Content-Length': `${(32 << 20) + 1}`, Expect: '100-continue' };
        expect(await ask(port, '/up', { method: 'POST', headers })).toMatchObject({ status: 413 });
        const small = await ask(port, '/small/', { method: 'POST', body: 'x'.repeat(1001) });
        expect(small).toMatchObject({ status: 413 });
      });

      test('100-continue comes before the body', async () => {
        const sent = request({
          port,
          path: '/up',
          method: 'POST',
          headers: { Expect: '100-continue', 'Content-Length': '3' },
        });
        sent.flushHeaders();
        await once(sent, 'continue');
        sent.end('abc');
        const [response] = await once(sent, 'response');
        expect(response.statusCode).toBe(200);
        response.resume();
        expect(shop.asked.at(-1)?.body).toBe('abc');
      });

      test('connections to the app are kept and used again', async () => {
        shop.asked.length = 0;
        for (let i = 0; i < 20; i += 1) await ask(port, '/');
        expect(new Set(shop.asked.map(({ from }) => from)).size).toBeLessThanOrEqual(3);
      });

      test('an app that is not there is 503 with Retry-After, at once', async () => {
        const got = await get(port, '/away/x');
        expect([got.status, got.headers.get('retry-after')]).toEqual([503, '1']);
      });

      test('the ready path says 503 from the moment that a stop is marked', async () => {
        expect(await ask(port, '/_ready')).toMatchObject({ status: 200 });
        writeFileSync(stopping, '');
        expect(await ask(port, '/_ready')).toMatchObject({ status: 503 });
        expect(await ask(port, '/_live')).toMatchObject({ status: 200 });
        expect(await ask(port, '/x')).toMatchObject({ status: 200 });
        rmSync(stopping);
      });

      test('a stop ends though a WebSocket is open, within its time', async () => {
        const own = await engine.open(await shop.plan({ stopMs: 1500 }));
        const { socket, closed } = await openSocket(own.port);
        own.signal(engine.stopSignal);
        expect(await own.ended).toBe(0);
        await until('the socket to be cut', closed);
        socket.destroy();
        await own.close();
      });
    },
  );
