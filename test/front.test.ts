/**
 * Goal: what passes through the front arrives as it was sent.
 * Method: real nginx before a small server of this test; both ends are looked at.
 */
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { cleanUp, folder, type Options, type Running, start, until } from './binary.ts';
import { ask, freePort } from './http.ts';

afterEach(cleanUp);

/** Answers with what it was asked; accepts WebSocket upgrades and echoes. */
const echo = `
const http = require('node:http');
const server = http.createServer((q, r) => {
  let body = 0;
  q.on('data', (d) => { body += d.length; });
  q.on('end', () => {
    if (q.url === '/go') { r.writeHead(302, { location: '/there' }); r.end(); return; }
    r.setHeader('content-type', q.url === '/plain' ? 'text/plain' : 'application/json');
    r.end(JSON.stringify({ url: q.url, method: q.method, headers: q.headers, body, from: q.socket.remotePort }));
  });
});
server.on('upgrade', (q, socket) => {
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nupgrade: websocket\\r\\nconnection: upgrade\\r\\n\\r\\n');
  socket.on('data', (d) => socket.write(d));
  socket.on('error', () => {});
});
server.listen(Number(process.env.PORT), '127.0.0.1');
`;

type Front = { readonly running: Running; readonly port: number; readonly dir: string };

async function front(
  options: Options = {},
  as: readonly string[] = [],
  more = '',
  top = 'stop_timeout: 5s\n',
): Promise<Front> {
  const [port, appPort, dir] = [await freePort(), await freePort(), folder()];
  chmodSync(dir, 0o755);
  mkdirSync(join(dir, 'files/sub'), { recursive: true });
  writeFileSync(join(dir, 'files/a b.txt'), 'blank');
  writeFileSync(join(dir, 'files/.secret'), 'no');
  writeFileSync(join(dir, 'files/sub/index.html'), 'index');
  writeFileSync(join(dir, 'echo.cjs'), echo);
  writeFileSync(
    join(dir, 'tandem.yaml'),
    `processes:
  app:
    command: ["${process.execPath}", ./echo.cjs]
    working_dir: .
    port: ${appPort}
    stop_grace_period: 1s
front:
  port: ${port}
  routes:
    /files/*: ./files/
    /*: app
${more}${top}`,
  );
  const env = { PATH: '/usr/sbin:/usr/bin:/bin', ...options.env };
  const running = start(['-f', join(dir, 'tandem.yaml')], { ...options, env, as });
  await until('the start', () => running.err().includes('ready in'), running.err);
  return { running, port, dir };
}

async function json(port: number, path: string, options = {}): Promise<Record<string, unknown>> {
  const answer = await ask(port, path, options);
  if (answer.type !== 'answer' || answer.status !== 200) throw new Error(JSON.stringify(answer));
  return JSON.parse(answer.body);
}

describe.skipIf(!existsSync('/usr/sbin/nginx'))('through the front', () => {
  test('a path arrives as it was sent, encoded or not', async () => {
    const { port } = await front();
    for (const path of ['/a%2Fb?x=1%202', '/', '/a//b', '/%E2%82%AC'])
      expect((await json(port, path))['url']).toBe(path);
  });

  test('headers of an outer proxy are kept, ours are added', async () => {
    const { port } = await front();
    const sent = {
      'X-Forwarded-For': '203.0.113.7',
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Host': 'shop.example',
      'X-Cloud-Trace-Context': 'abc/1;o=1',
      Host: 'inner.example',
    };
    const { headers } = await json(port, '/', { headers: sent });
    expect(headers).toMatchObject({
      host: 'inner.example',
      'x-forwarded-for': '203.0.113.7, 127.0.0.1',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'shop.example',
      'x-cloud-trace-context': 'abc/1;o=1',
    });
  });

  test('without an outer proxy they say what nginx saw', async () => {
    const { port } = await front();
    const { headers } = await json(port, '/');
    expect(headers).toMatchObject({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': `127.0.0.1:${port}`,
    });
  });

  test('an upload of 20 MB passes, one of 40 MB is refused with 413', async () => {
    const { port } = await front();
    const body = 'x'.repeat(20 << 20);
    expect((await json(port, '/up', { method: 'POST', body }))['body']).toBe(20 << 20);
    const big = await ask(port, '/up', {
      method: 'POST',
      headers: { 'Content-Length': `${40 << 20}`, Expect: '100-continue' },
    });
    expect(big).toMatchObject({ status: 413 });
  });

  test('connections to the app are kept and used again', async () => {
    const { port } = await front();
    const ports = new Set<unknown>();
    for (let i = 0; i < 20; i += 1) ports.add((await json(port, '/'))['from']);
    // Each of nginx's workers keeps its own.
    expect(ports.size).toBeLessThanOrEqual(4);
  });

  test('a redirect stays on the host and port that the client knows', async () => {
    const { port } = await front();
    expect(await ask(port, '/go')).toMatchObject({ headers: { location: '/there' } });
    expect(await ask(port, '/files')).toMatchObject({
      status: 301,
      headers: { location: '/files/' },
    });
    expect(await ask(port, '/files/sub')).toMatchObject({ headers: { location: '/files/sub/' } });
  });

  test('files are served, dot files are not, and nothing above the folder is', async () => {
    const { port } = await front();
    expect(await ask(port, '/files/a%20b.txt')).toMatchObject({ body: 'blank' });
    expect(await ask(port, '/files/sub/')).toMatchObject({ body: 'index' });
    expect(await ask(port, '/files/.secret')).toMatchObject({ status: 404 });
    expect(await ask(port, '/files/')).toMatchObject({ status: 403 });
    const above = await ask(port, '/files/../tandem.yaml');
    expect(above.type === 'answer' && above.body).not.toContain('processes:');
  });

  test('the app’s content type stays as it was', async () => {
    const { port } = await front();
    expect(await ask(port, '/plain')).toMatchObject({ headers: { 'content-type': 'text/plain' } });
  });

  test('both address families reach it', async () => {
    const { port } = await front();
    expect(await ask(port, '/', { host: '127.0.0.1' })).toMatchObject({ status: 200 });
    if (existsSync('/proc/net/if_inet6'))
      expect(await ask(port, '/', { host: '::1' })).toMatchObject({ status: 200 });
  });

  test('the ready path says that a stop has begun while everything still serves', async () => {
    const { port, running } = await front(
      {},
      [],
      '  ready: /_ready\n',
      'stop_delay: 20s\nstop_timeout: 60s\n',
    );
    const status = async (path: string): Promise<number> => {
      const answer = await ask(port, path);
      return answer.type === 'answer' ? answer.status : 0;
    };
    expect(await status('/_ready')).toBe(200);
    running.signal('SIGTERM');
    let last = 200;
    const look = setInterval(() => void status('/_ready').then((got) => (last = got)), 20);
    await until('503', () => last === 503, running.err);
    clearInterval(look);
    expect(await status('/x')).toBe(200);
    running.signal('SIGKILL');
  });

  test('a WebSocket is upgraded, and a stop does not wait for it beyond its time', async () => {
    const { port, running } = await front();
    const socket = connect(port, '127.0.0.1');
    let got = '';
    socket.on('data', (data) => {
      got += data.toString();
    });
    socket.on('error', () => {});
    socket.write(
      'GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
    await until(
      '101',
      () => got.includes('101 Switching Protocols'),
      () => got,
    );
    socket.write('ping');
    await until(
      'the echo',
      () => got.endsWith('ping'),
      () => got,
    );
    running.signal('SIGTERM');
    const from = performance.now();
    const end = await running.ended;
    socket.destroy();
    expect(performance.now() - from).toBeLessThan(5500);
    expect(end.code).toBe(0);
  });

  test.skipIf(process.getuid?.() !== 0)('it runs as nobody', async () => {
    const { port, running } = await front({}, ['setpriv', '--reuid=65534', '--clear-groups']);
    expect(await ask(port, '/')).toMatchObject({ status: 200 });
    expect(await ask(port, '/files/a%20b.txt')).toMatchObject({ body: 'blank' });
    running.signal('SIGTERM');
    expect((await running.ended).code).toBe(0);
  });

  test.skipIf(process.getuid?.() !== 0)('it runs with a read-only root', async () => {
    const ro = folder();
    const script = `mount -o remount,bind,ro / && mount -t tmpfs none ${ro} && TMPDIR=${ro} exec "$0" "$@"`;
    const { port, running } = await front({}, [...['unshare', '--mount', 'sh', '-c', script]]);
    expect(await ask(port, '/')).toMatchObject({ status: 200 });
    running.signal('SIGTERM');
    expect((await running.ended).code).toBe(0);
  });
});
