/**
 * Goal: a gRPC server is usable by what a browser can send, as PROTOCOL-WEB.md of gRPC says.
 * Method: requests byte by byte to the embedded engine before a real server.
 */
import { type IncomingHttpHeaders, request } from 'node:http';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../http.ts';
import { type Echo, startEcho } from './echo-server.ts';
import { type Engine, startEngine, toProcess, until } from './engine.ts';
import { type Frame, frame, framesOf } from './message.ts';

let echo: Echo;
let engine: Engine;

beforeAll(async () => {
  echo = await startEcho();
  const nobody = await freePort();
  engine = await startEngine([
    toProcess('/', echo.port, {
      protocol: 'grpc-web',
      cors: ['https://page.example'],
      maxBodyBytes: 100_000,
    }),
    toProcess('/gone.Service/', nobody, { protocol: 'grpc-web' }),
  ]);
});
afterAll(() => echo.stop());

type Got = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly frames: readonly Frame[];
};

type Call = {
  readonly path?: string;
  readonly method?: string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly pieces: readonly Buffer[];
};

function call({
  path = '/echo.Echo/Say',
  method = 'POST',
  type = 'application/grpc-web+proto',
  headers = {},
  pieces,
}: Call): Promise<Got> {
  return new Promise((done, fail) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port: engine.port,
        path,
        method,
        agent: false,
        headers: { ...(type === '' ? {} : { 'content-type': type }), ...headers },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', fail);
        response.on('end', () => {
          const body = Buffer.concat(chunks);
          const said = String(response.headers['content-type'] ?? '');
          const binary = said.startsWith('application/grpc-web-text')
            ? Buffer.concat(
                (body.toString('latin1').match(/[^=]+=*/g) ?? []).map((one) =>
                  Buffer.from(one, 'base64'),
                ),
              )
            : body;
          const frames = said.startsWith('application/grpc-web') ? framesOf(binary) : [];
          done({ status: response.statusCode ?? 0, headers: response.headers, body, frames });
        });
      },
    );
    sent.on('error', fail);
    for (const piece of pieces) sent.write(piece);
    sent.end();
  });
}

const base64 = (bytes: Buffer): Buffer => Buffer.from(bytes.toString('base64'));

function trailersOf(got: Got): readonly string[] {
  const last = got.frames.at(-1);
  return last?.type === 'trailers' ? last.lines : [];
}

describe.each([
  ['binary', 'application/grpc-web+proto', (bytes: Buffer) => bytes],
  ['text', 'application/grpc-web-text+proto', base64],
] as const)('%s mode', (_name, type, wrap) => {
  test('one message there and back, its status in a frame of trailers', async () => {
    const got = await call({ type, pieces: [wrap(frame('hello'))] });
    expect([got.status, got.headers['content-type']]).toEqual([200, type]);
    expect(got.frames[0]).toEqual({ type: 'data', text: 'hello' });
    expect(trailersOf(got)).toContain('grpc-status: 0');
  });

  test('an empty message', async () => {
    expect((await call({ type, pieces: [wrap(frame(''))] })).frames[0]).toEqual({
      type: 'data',
      text: '',
    });
  });

  test('a message cut anywhere', async () => {
    const bytes = wrap(frame('cut anywhere'));
    for (let at = 1; at < bytes.length; at += 3)
      expect(
        (await call({ type, pieces: [bytes.subarray(0, at), bytes.subarray(at)] })).frames[0],
      ).toEqual({ type: 'data', text: 'cut anywhere' });
  });

  test('a large answer', async () => {
    const got = await call({ type, pieces: [wrap(frame('size:300000'))] });
    expect(got.frames[0]?.type === 'data' && got.frames[0].text.length).toBe(300_000);
  });

  test('an answer of many messages, and one of none', async () => {
    const got = await call({ type, path: '/echo.Echo/Many', pieces: [wrap(frame('5'))] });
    expect(got.frames.map((one) => (one.type === 'data' ? one.text : 'trailers'))).toEqual([
      'number 0',
      'number 1',
      'number 2',
      'number 3',
      'number 4',
      'trailers',
    ]);
    const none = await call({ type, path: '/echo.Echo/Many', pieces: [wrap(frame('0'))] });
    expect(none.frames.map((one) => one.type)).toEqual(['trailers']);
  });

  test('an error after messages', async () => {
    const got = await call({ type, path: '/echo.Echo/Many', pieces: [wrap(frame('2:7:no more'))] });
    expect(got.frames.length).toBe(3);
    expect(trailersOf(got)).toEqual(
      expect.arrayContaining(['grpc-status: 7', 'grpc-message: no%20more']),
    );
  });

  test('a status alone, with its trailers', async () => {
    const got = await call({ type, pieces: [wrap(frame('fail:5:not %here\u00e4'))] });
    expect(got.status).toBe(200);
    expect(trailersOf(got)).toEqual(
      expect.arrayContaining(['grpc-status: 5', 'grpc-message: not%20%25here%C3%A4']),
    );
  });

  test('metadata of the request, of the answer, and of its trailers, binary too', async () => {
    const got = await call({
      type,
      headers: { 'x-mine': 'yes', 'x-mine-bin': 'AP8' },
      pieces: [wrap(frame('headers'))],
    });
    const seen = JSON.parse(got.frames[0]?.type === 'data' ? got.frames[0].text : '{}') as Record<
      string,
      string
    >;
    expect(seen).toMatchObject({ 'x-mine': 'yes', 'x-mine-bin': 'AP8=' });
    expect(got.headers).toMatchObject({ 'x-first': 'one', 'x-first-bin': 'Ynl0ZXM=' });
    expect(trailersOf(got)).toEqual(expect.arrayContaining(['x-last: two', 'x-last-bin: AP8=']));
  });

  test('a service and a method that are not there', async () => {
    for (const path of ['/echo.Echo/Nothing', '/no.Service/Say'])
      expect(trailersOf(await call({ type, path, pieces: [wrap(frame(''))] }))).toContain(
        'grpc-status: 12',
      );
  });

  test('a deadline that passes', async () => {
    const got = await call({
      type,
      headers: { 'grpc-timeout': '150m' },
      pieces: [wrap(frame('sleep'))],
    });
    expect(trailersOf(got).some((line) => /^grpc-status: (4|1)$/.test(line))).toBe(true);
  });

  test('a server that is not there', async () => {
    const got = await call({ type, path: '/gone.Service/Say', pieces: [wrap(frame(''))] });
    expect(trailersOf(got)).toContain('grpc-status: 14');
  });
});

test('a page of an origin that may is answered, another one is not', async () => {
  const ask = {
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'x-grpc-web,content-type',
  };
  const good = await call({
    method: 'OPTIONS',
    type: '',
    headers: { origin: 'https://page.example', ...ask },
    pieces: [],
  });
  expect(good.status).toBe(204);
  expect(good.headers).toMatchObject({
    'access-control-allow-origin': 'https://page.example',
    'access-control-allow-headers': 'x-grpc-web,content-type',
  });
  const bad = await call({
    method: 'OPTIONS',
    type: '',
    headers: { origin: 'https://evil.example', ...ask },
    pieces: [],
  });
  expect([bad.status, bad.headers['access-control-allow-origin']]).toEqual([403, undefined]);
  const got = await call({ headers: { origin: 'https://page.example' }, pieces: [frame('x')] });
  expect(got.headers).toMatchObject({
    'access-control-allow-origin': 'https://page.example',
    vary: 'Origin',
  });
  expect(got.headers['access-control-expose-headers']).toContain('Grpc-Status');
});

test('what is no gRPC-Web is told so', async () => {
  expect((await call({ type: 'application/json', pieces: [Buffer.from('{}')] })).status).toBe(415);
  expect((await call({ method: 'GET', type: '', pieces: [] })).status).toBe(405);
});

test('a message that is too large is refused', async () => {
  const got = await call({
    headers: { 'content-length': '200000' },
    pieces: [Buffer.alloc(200_000)],
  });
  expect(got.status).toBe(413);
});

test('a client that goes away cancels the call', async () => {
  const before = echo.cancelled();
  await new Promise<void>((done) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port: engine.port,
        path: '/echo.Echo/Many',
        method: 'POST',
        agent: false,
        headers: { 'content-type': 'application/grpc-web' },
      },
      (response) => {
        response.once('data', () => {
          sent.destroy();
          done();
        });
        response.on('error', () => undefined);
      },
    );
    sent.on('error', () => undefined);
    sent.end(frame('forever'));
  });
  await until(() => echo.cancelled() > before);
});

test('any bytes get an answer, and the engine goes on', async () => {
  const type = fc.constantFrom(
    'application/grpc-web',
    'application/grpc-web-text',
    'application/grpc-web+proto',
  );
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 64 }).map((one) => Buffer.from(one)),
    fc.constantFrom(
      frame('a'),
      base64(frame('b')),
      Buffer.from([0x80, 0, 0, 0, 0]),
      Buffer.from('AAAA='),
    ),
  );
  await fc.assert(
    fc.asyncProperty(type, fc.array(piece, { maxLength: 5 }), async (which, pieces) => {
      const got = await call({ type: which, pieces });
      expect(got.status).toBe(200);
      expect(trailersOf(got).some((line) => line.startsWith('grpc-status: '))).toBe(true);
    }),
    { numRuns: Number(process.env['TANDEM_FRAMES'] ?? 150) },
  );
  expect((await call({ pieces: [frame('still here')] })).frames[0]).toEqual({
    type: 'data',
    text: 'still here',
  });
}, 120_000);
