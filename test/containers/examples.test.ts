/**
 * Goal: each example does in a container what its README says.
 * Method: its own Dockerfile is built; real requests come from outside, over a cable of its own.
 */
import { readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { type AddressInfo, createServer as createTcp, type Server, type Socket } from 'node:net';
import { join, resolve } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type Container, type Runtime, runToEnd, runtimes } from '../../tools/containers.mjs';
import { until } from '../binary.ts';
import type { Answer } from '../http.ts';
import { firstAnswer, get, image, longMs, said, says, under, up, word } from './support.ts';

/** The sandbox is slower by half; it has its turn in the whole matrix. */
const here: readonly Runtime[] = process.env['TANDEM_MATRIX'] ? runtimes : ['runc'];
const port = 8080;
const testMs = 240_000;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of cleanups.splice(0).reverse()) await one();
});

async function body(container: Container, path: string, method = 'GET'): Promise<string> {
  const answer = await get(container, path, { method });
  expect(answer, said(container)).toMatchObject({ type: 'answer', status: 200 });
  return answer.type === 'answer' ? answer.body : '';
}

/** What the image's HEALTHCHECK asks. */
async function healthy(container: Container): Promise<void> {
  expect(await container.exec('tandem', 'probe', 'ready'), said(container)).toMatchObject({
    code: 0,
  });
}

async function stopsWell(container: Container): Promise<void> {
  await healthy(container);
  const stopped = container.stop();
  expect((await container.ended).code, said(container)).toBe(0);
  await stopped;
}

/** `docker stop` while requests are under way: all that were read have to be answered. */
async function stopUnder(
  container: Container,
  paths: { readonly slow: string; readonly quick: string },
  count: number,
): Promise<void> {
  await healthy(container);
  let sent = 0;
  const onSent = (): void => {
    sent += 1;
  };
  const answers = Array.from({ length: count }, () => get(container, paths.slow, { onSent }));
  await until('all sent', () => sent === count);
  // Answered on connections that came later: those before them have been read.
  for (let i = 0; i < 3; i += 1) await body(container, paths.quick);
  const stopped = container.stop();
  expect((await Promise.all(answers)).map(word)).toEqual(answers.map(() => '200'));
  await stopped;
  expect((await container.ended).code).toBe(0);
  expect(said(container)).toMatch(/stopped on SIGTERM in .*: all ended well; exit code 0/);
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((done) => server.listen(0, '0.0.0.0', done));
  cleanups.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** What a log collector would get: lines over TCP. */
async function collector(): Promise<{ env: Record<string, string>; lines: () => string }> {
  let text = '';
  const sockets = new Set<Socket>();
  const server = createTcp((socket) => {
    sockets.add(socket);
    socket.on('data', (data) => {
      text += data.toString();
    });
    socket.on('error', () => {});
  });
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
  });
  const env = { COLLECTOR_HOST: 'machine', COLLECTOR_PORT: `${await listening(server)}` };
  return { env, lines: () => text };
}

/** A gRPC call by hand: messages as they come, and the status of the trailer. */
function call(
  container: Container,
  method: string,
  message: Buffer,
): Promise<{ messages: number; status: string }> {
  return new Promise((done, fail) => {
    const session = connectHttp2(`http://${container.address}:${port}`);
    cleanups.push(() => session.destroy());
    session.on('error', fail);
    const stream = session.request({
      ':method': 'POST',
      ':path': `/greeter.Greeter/${method}`,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    let got = Buffer.alloc(0);
    let status = 'none';
    stream.on('data', (data: Buffer) => {
      got = Buffer.concat([got, data]);
    });
    stream.on('trailers', (headers) => {
      status = String(headers['grpc-status']);
    });
    stream.on('error', fail);
    stream.on('close', () => {
      let messages = 0;
      for (let at = 0; at + 5 <= got.length; at += 5 + got.readUInt32BE(at + 1)) messages += 1;
      session.close();
      done({ messages, status });
    });
    const head = Buffer.alloc(5);
    head.writeUInt32BE(message.length, 1);
    stream.end(Buffer.concat([head, message]));
  });
}

type Claims = Readonly<Record<string, () => Promise<void>>>;

const memcached = (tag: string, runtime: Runtime): Claims => ({
  'a miss, then a hit': async () => {
    const container = await up(tag, { runtime, plain: true });
    await says(container, 'ready in');
    const square = async (): Promise<unknown> => JSON.parse(await body(container, '/square/12'));
    expect(await square()).toEqual({ square: 144, cache: 'miss' });
    expect(await square()).toEqual({ square: 144, cache: 'hit' });
    await stopsWell(container);
  },
});

const phpFpm = (tag: string, runtime: Runtime): Claims => ({
  'nginx serves files, PHP the rest, and a stop loses no request': async () => {
    const container = await up(tag, { runtime, plain: true });
    expect(new Set(await firstAnswer(container, '/'))).not.toContain('502');
    expect(await body(container, '/hello.txt')).toContain('served by nginx');
    await stopUnder(container, { slow: '/?ms=1500', quick: '/hello.txt' }, 8);
  },
});

const grpc = (tag: string, runtime: Runtime): Claims => ({
  'a real client’s first call through nginx is answered by a loaded server': async () => {
    const container = await up(tag, { runtime, plain: true, env: { LOADING_SECONDS: '2' } });
    // UNAVAILABLE would be the answer of a server that accepts and has not loaded.
    const giveUp = performance.now() + longMs;
    for (;;) {
      const ada = Buffer.from('\n\u0003Ada');
      const answer = await call(container, 'Greet', ada).catch(() => null);
      if (answer !== null) expect(answer).toEqual({ messages: 1, status: '0' });
      if (answer !== null) break;
      if (performance.now() > giveUp) throw new Error(said(container));
      await new Promise((next) => setTimeout(next, 5));
    }
    const client = await container.exec('python3', 'client.py', `127.0.0.1:${port}`, 'Ada');
    expect(client).toMatchObject({ code: 0, out: 'Good day, Ada\n1 2 3 4 5\n' });
    await stopsWell(container);
  },
  'a stream that was begun is finished at the stop': async () => {
    const container = await up(tag, { runtime, plain: true, env: { LOADING_SECONDS: '0' } });
    await says(container, 'ready in');
    // Upto { number: 40 }: two seconds.
    const stream = call(container, 'Count', Buffer.from([8, 40]));
    const one = await call(container, 'Count', Buffer.from([8, 1]));
    expect(one).toEqual({ messages: 1, status: '0' });
    const stopped = container.stop();
    expect(await stream).toEqual({ messages: 40, status: '0' });
    expect((await container.ended).code).toBe(0);
    await stopped;
  },
});

const nodeProcfile = (tag: string, runtime: Runtime): Claims => ({
  'the migration ran first, and the worker does what the API takes': async () => {
    const container = await up(tag, { runtime, plain: true });
    await firstAnswer(container, '/');
    expect(said(container)).toContain('the table is there');
    expect(JSON.parse(await body(container, '/hello', 'POST'))).toEqual([
      { id: 1, text: 'hello', shout: null },
    ]);
    let shout: unknown = null;
    const giveUp = performance.now() + longMs;
    while (shout === null && performance.now() < giveUp)
      shout = JSON.parse(await body(container, '/'))[0].shout;
    expect(shout).toBe('HELLO');
    await stopsWell(container);
  },
  'where the migration fails, nothing starts': async () => {
    const container = await up(tag, { runtime, plain: true, env: { DATABASE: '/nowhere/db' } });
    expect((await container.ended).code).toBe(1);
    expect(said(container)).toMatch(/tandem: release exited with code 1/);
    expect(said(container)).not.toContain('ready in');
  },
});

const ownProxy = (tag: string, runtime: Runtime): Claims =>
  Object.fromEntries(
    [
      ['nginx', 'tandem.yaml'],
      ['haproxy', 'haproxy.yaml'],
      ['caddy', 'caddy.yaml'],
    ].map(([proxy = '', file = '']) => [
      `${proxy} opens when the app answers, and finishes its requests`,
      async () => {
        const container = await up(tag, { runtime, plain: true, env: { TANDEM_CONFIG: file } });
        const seen = await firstAnswer(container, '/hello');
        expect(seen.filter((one) => /^\d/.test(one))).toEqual([]);
        await says(container, 'ready in');
        expect(await body(container, '/hello')).toBe(`/hello by way of ${proxy}\n`);
        await stopUnder(container, { slow: '/slow', quick: '/hello' }, 10);
      },
    ]),
  );

const outboundProxy = (tag: string, runtime: Runtime): Claims => ({
  'what is on the list passes by the proxy, the rest is refused': async () => {
    const vias: unknown[] = [];
    const outside = createServer((request, response) => {
      vias.push(request.headers.via);
      response.end('the outside\n');
    });
    const there = await listening(outside);
    const env = { ALLOWED: '^machine$' };
    const container = await up(tag, { runtime, plain: true, env });
    await says(container, 'ready in');
    const fetched = (url: string): Promise<Answer> =>
      get(container, `/fetch?url=${encodeURIComponent(url)}`);
    expect(await fetched(`http://machine:${there}/`)).toMatchObject({
      status: 200,
      body: 'the outside\n',
    });
    expect(vias).toEqual([expect.stringContaining('tinyproxy')]);
    expect(await fetched('http://example.org/')).toMatchObject({
      status: 502,
      body: 'the way out answered 403\n',
    });
    await stopsWell(container);
  },
});

const shipper = (tag: string, runtime: Runtime): Claims => {
  const job = async (code: number): Promise<void> => {
    const { env, lines } = await collector();
    const container = await up(tag, {
      runtime,
      plain: true,
      args: ['-f', 'job.yaml'],
      env: { ...env, CLOUD_RUN_JOB: 'sums', CLOUD_RUN_TASK_INDEX: '2', TASK_EXIT: `${code}` },
    });
    expect((await container.ended).code, said(container)).toBe(code);
    expect(said(container)).toContain(`task exited with code ${code}`);
    expect(said(container)).toContain('stopped shipper');
    await until('the line', () => lines().includes('part 2: the sum is 2499500'), lines, longMs);
  };
  return {
    'what the app says at its very end is shipped': async () => {
      const { env, lines } = await collector();
      const container = await up(tag, { runtime, plain: true, env });
      await says(container, 'ready in');
      expect(await get(container, '/one')).toMatchObject({ status: 204 });
      await stopsWell(container);
      await until('the last line', () => lines().includes('ends, 1 served'), lines, longMs);
      expect(lines()).toMatch(/begins[\s\S]*served \/one[\s\S]*ends, 1 served/);
    },
    'a job that ends with 0 takes the shipper along': () => job(0),
    'a job that fails takes its code out': () => job(3),
  };
};

const redis = (tag: string, runtime: Runtime): Claims => ({
  'the seed is there before the first answer, and visits are counted': async () => {
    const container = await up(tag, { runtime, plain: true });
    await firstAnswer(container, '/');
    expect(JSON.parse(await body(container, '/'))).toEqual({ Ada: 3, Grace: 2 });
    expect(JSON.parse(await body(container, '/Ada', 'POST'))).toEqual({ Ada: 4 });
    await stopsWell(container);
  },
});

const claims: Readonly<Record<string, (tag: string, runtime: Runtime) => Claims>> = {
  'own-proxy': ownProxy,
  memcached,
  'outbound-proxy': outboundProxy,
  grpc,
  'php-fpm': phpFpm,
  'node-procfile': nodeProcfile,
  shipper,
  redis,
};

test('every example has its test', () => {
  const folders = readdirSync('examples', { withFileTypes: true }).filter((one) =>
    one.isDirectory(),
  );
  // nginx-flask has a file of its own.
  const names = folders.map((one) => one.name).filter((name) => name !== 'nginx-flask');
  expect(names.sort()).toEqual(Object.keys(claims).sort());
});

for (const [name, tests] of Object.entries(claims)) {
  const made = await image(resolve('examples', name), `example-${name}`);
  for (const runtime of here)
    await under(runtime, made, (tag) => {
      test(
        `${name}: \`tandem check --strict\` finds nothing`,
        async () => {
          const files = readdirSync(join('examples', name));
          for (const file of files.filter((one) => /\.yaml$|^Procfile$/.test(one))) {
            const args = ['check', '--strict', '-f', file];
            const env = { COLLECTOR_HOST: 'machine' };
            const end = await runToEnd(tag, { runtime, plain: true, args, env });
            expect(end, `${file}: ${end.out}${end.err}`).toMatchObject({ code: 0 });
          }
        },
        testMs,
      );
      for (const [claim, check] of Object.entries(tests(tag, runtime)))
        test(`${name}: ${claim}`, check, testMs);
    });
}
