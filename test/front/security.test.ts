/**
 * Goal: what a stranger sends is read in one way or refused, and believed in nothing.
 * Method: one table of bytes against each engine, before an app that keeps what it was asked;
 * connections that go slowly, with short limits, all at once.
 */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Door, engines } from './engines.ts';
import { exchange, get } from './raw.ts';
import { securityCases, type Verdict } from './security.table.ts';
import { type Asked, openShop, type Shop } from './shop.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop.close());

const seen = (): Asked => {
  const last = shop.asked.at(-1);
  if (last === undefined) throw new Error('the app was not asked');
  return last;
};

/** Sends `first`, then a byte now and then; how many milliseconds until the other side has enough. */
function dribble(port: number, first: string, more: string): Promise<number> {
  return new Promise((done, fail) => {
    const from = performance.now();
    const socket = connect(port, '127.0.0.1');
    let at = 0;
    const timer = setInterval(() => {
      if (performance.now() - from > 15_000) {
        clearInterval(timer);
        socket.destroy();
        fail(new Error('the connection stayed open'));
      } else socket.write(more[at++ % more.length] ?? '');
    }, 200);
    const over = (): void => {
      clearInterval(timer);
      socket.destroy();
      done(performance.now() - from);
    };
    // A server that has answered and closed resets what is still written.
    socket.on('error', over);
    socket.on('close', over);
    socket.on('end', over);
    socket.resume();
    socket.write(first);
  });
}

for (const engine of engines)
  describe.skipIf(engine.missing !== null)(
    `${engine.name}${engine.missing === null ? '' : `: ${engine.missing}`}`,
    () => {
      let strangers: Door;
      let trusted: Door;
      beforeAll(async () => {
        strangers = await engine.open(
          await shop.plan({ trustedProxies: [], clientTimeoutMs: 1000 }),
        );
        trusted = await engine.open(await shop.plan());
      });
      afterAll(async () => {
        await strangers?.close();
        await trusted?.close();
      });

      test.each(securityCases)('%s', async (_name, bytes, ...verdicts) => {
        shop.asked.length = 0;
        const got = await exchange(strangers.port, bytes);
        const urls = shop.asked.map(({ url }) => url);
        const refused = urls.length === 0 && (got.status === 0 || got.status >= 400);
        const one = urls.length === 1 && urls[0] === '/one';
        const verdict: Verdict | string = refused ? 'refused' : one ? 'one' : got.text;
        expect(verdicts).toContain(verdict);
      });

      test('two requests in one packet are two, in their order', async () => {
        shop.asked.length = 0;
        const one = 'POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc';
        const two = 'GET /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
        const { text } = await exchange(strangers.port, one + two);
        expect(shop.asked.map(({ url, body }) => [url, body])).toEqual([
          ['/a', 'abc'],
          ['/b', ''],
        ]);
        expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(2);
      });

      test('a stranger’s word on the client is replaced or dropped', async () => {
        await get(strangers.port, '/', [
          'X-Forwarded-For: 203.0.113.7',
          'X-Forwarded-Proto: https',
          'X-Forwarded-Host: evil.example',
          'X-Forwarded-Port: 1',
          'X-Forwarded-Prefix: /evil',
          'X-Real-IP: 203.0.113.7',
          'Forwarded: for=203.0.113.7',
        ]);
        const { headers } = seen();
        expect(headers).toMatchObject({
          'x-forwarded-for': '127.0.0.1',
          'x-forwarded-proto': 'http',
          'x-forwarded-host': 'shop.example',
          'x-real-ip': '127.0.0.1',
        });
        for (const name of ['forwarded', 'x-forwarded-port', 'x-forwarded-prefix'])
          expect(headers[name]).toBeUndefined();
      });

      test('a trusted proxy’s word is kept, and added to', async () => {
        await get(trusted.port, '/', [
          'X-Forwarded-For: 203.0.113.7, 10.0.0.1',
          'X-Forwarded-Proto: https',
          'X-Forwarded-Host: public.example',
          'Forwarded: for=203.0.113.7',
        ]);
        expect(seen().headers).toMatchObject({
          host: 'shop.example',
          'x-forwarded-for': '203.0.113.7, 10.0.0.1, 127.0.0.1',
          'x-forwarded-proto': 'https',
          'x-forwarded-host': 'public.example',
          'x-real-ip': '203.0.113.7',
          forwarded: 'for=203.0.113.7',
        });
      });

      test('what belongs to one connection stays there', async () => {
        await get(strangers.port, '/nows/', [
          'Keep-Alive: timeout=5',
          'Proxy-Connection: keep-alive',
          'TE: trailers',
          'Trailer: X-T',
          'Proxy: http://evil.example',
          'Upgrade: websocket',
        ]);
        const { headers } = seen();
        for (const name of ['keep-alive', 'proxy-connection', 'te', 'trailer', 'proxy', 'upgrade'])
          expect([name, headers[name]]).toEqual([name, undefined]);
      });

      test('a client cannot take the front’s own headers away', async () => {
        shop.asked.length = 0;
        const lines = ['Connection: close, X-Forwarded-For, X-Real-IP, Host'];
        await get(strangers.port, '/', lines);
        for (const { headers } of shop.asked) expect(headers['x-forwarded-for']).toBe('127.0.0.1');
      });

      test('an underscore is no dash', async () => {
        await get(strangers.port, '/', ['X_Forwarded_For: 203.0.113.7']);
        expect(seen().headers['x-forwarded-for']).toBe('127.0.0.1');
        expect(seen().headers['x_forwarded_for']).toBeUndefined();
      });

      test('slow clients are let go: in the headers, before them, and in a body', async () => {
        const head = 'POST /one HTTP/1.1\r\nHost: shop.example\r\n';
        const all = [
          dribble(strangers.port, `${head}X-Slow: `, 'x'),
          dribble(strangers.port, 'GET ', 'x'),
          // Nothing at all after the head.
          exchange(strangers.port, `${head}Content-Length: 10\r\n\r\nab`, () => false, 15_000),
        ];
        await Promise.all(all);
      });
    },
  );
