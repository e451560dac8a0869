/**
 * Goal: h2c reaches the same routes, gRPC passes with its trailers, and what is not there is said
 * in gRPC's own words.
 * Method: Node's HTTP/2 on both sides of each engine.
 */
import { once } from 'node:events';
import { connect, createServer, type Http2Server } from 'node:http2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toPort } from '../../policy/front/model.fake.ts';
import { ask } from '../http.ts';
import { type Door, engines } from './engines.ts';
import { openShop, type Shop } from './shop.ts';

let shop: Shop;
let grpc: Http2Server;
let grpcPort = 0;
beforeAll(async () => {
  shop = await openShop();
  grpc = createServer();
  grpc.on('stream', (stream, headers) => {
    stream.on('data', () => {});
    stream.on('error', () => {});
    stream.on('end', () => {
      const type = { ':status': 200, 'content-type': 'application/grpc' };
      stream.respond({ ...type, 'x-path': headers[':path'] }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(Buffer.from([0, 0, 0, 0, 0]));
    });
  });
  grpc.listen(0, '127.0.0.1');
  await once(grpc, 'listening');
  const address = grpc.address();
  grpcPort = typeof address === 'object' && address !== null ? address.port : 0;
});
afterAll(async () => {
  grpc.close();
  await shop.close();
});

type Said = {
  readonly headers: Record<string, unknown>;
  readonly trailers: Record<string, unknown>;
};

/** One request by h2c with prior knowledge. */
async function speak(port: number, path: string, more = {}, body?: Buffer): Promise<Said> {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => {});
  const stream = session.request({ ':path': path, ...more }, { endStream: body === undefined });
  const trailers: Record<string, unknown> = {};
  stream.on('trailers', (got) => Object.assign(trailers, got));
  if (body !== undefined) stream.end(body);
  stream.resume();
  const [[headers]] = await Promise.all([once(stream, 'response'), once(stream, 'close')]);
  session.close();
  return { headers, trailers };
}

const call = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' };
const message = Buffer.from([0, 0, 0, 0, 0]);

for (const engine of engines)
  describe.skipIf(engine.missing !== null)(
    `${engine.name}${engine.missing === null ? '' : `: ${engine.missing}`}`,
    () => {
      let door: Door;
      beforeAll(async () => {
        const plan = await shop.plan({ http2: engine.mixed ? 'on' : 'only' });
        const routes = [
          ...plan.routes,
          toPort('/shop.Cart/', grpcPort, { protocol: 'grpc', maxBodyBytes: null }),
          toPort('/shop.Away/', 1, { protocol: 'grpc' }),
        ];
        door = await engine.open({ ...plan, routes });
      });
      afterAll(() => door?.close());

      test('h2c reaches the routes', async () => {
        expect((await speak(door.port, '/static/a.txt')).headers[':status']).toBe(200);
        await speak(door.port, '/api/x', { ':authority': 'shop.example' });
        expect(shop.asked.at(-1)).toMatchObject({ route: 'api', url: '/api/x' });
        expect(shop.asked.at(-1)?.headers['host']).toBe('shop.example');
      });

      test.skipIf(!engine.mixed)(
        `HTTP/1 is spoken on the same port${engine.mixed ? '' : ': this engine cannot'}`,
        async () => {
          expect(await ask(door.port, '/static/a.txt')).toMatchObject({ status: 200, body: 'a' });
        },
      );

      test('gRPC passes, with its trailers', async () => {
        const said = await speak(door.port, '/shop.Cart/Add', call, message);
        expect(said.headers).toMatchObject({ ':status': 200, 'x-path': '/shop.Cart/Add' });
        expect(said.trailers['grpc-status']).toBe('0');
      });

      test('a gRPC server that is not there is UNAVAILABLE', async () => {
        const said = await speak(door.port, '/shop.Away/Add', call, message);
        expect({ ...said.headers, ...said.trailers }).toMatchObject({
          ':status': 200,
          'content-type': 'application/grpc',
          'grpc-status': '14',
        });
      });
    },
  );
