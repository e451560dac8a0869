/** What stands behind a front in the tables: files, and one app that says what it was asked. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { frontOf, toDirectory, toPort } from '../../policy/front/model.fake.ts';
import type { FrontPlan, FrontRoute } from '../../policy/front/model.ts';
import { freePort } from '../http.ts';

export type Asked = {
  readonly route: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** The port it came from: one for each connection. */
  readonly from: number;
};

export type Shop = {
  readonly directory: string;
  readonly appPort: number;
  /** Everything the app has been asked, in its order. */
  readonly asked: Asked[];
  readonly plan: (given?: Partial<FrontPlan>) => Promise<FrontPlan>;
  readonly close: () => Promise<void>;
};

/** Says what it was asked, as JSON; the route is known by a header that the front sets. */
function app(asked: Asked[], upgraded: Duplex[]): Server {
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('latin1');
    request.on('data', (data: string) => {
      body += data;
    });
    if (request.url === '/events') {
      // One event, and then silence: who waits for more waits for ever.
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: first\n\n');
      return;
    }
    request.on('end', () => {
      const route = String(request.headers['x-route'] ?? '');
      const { method = '', url = '', headers } = request;
      // An upload is known by its size.
      const kept = body.length > 10_000 ? `${body.length} bytes` : body;
      const from = request.socket.remotePort ?? 0;
      const one = { route, method, url, headers, body: kept, from };
      asked.push(one);
      response.setHeader('content-type', 'application/json');
      if (url === '/big') response.end(JSON.stringify({ ...one, more: 'x'.repeat(20_000) }));
      else response.end(JSON.stringify(one));
    });
  });
  server.on('upgrade', (_request, socket) => {
    upgraded.push(socket);
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n',
    );
    socket.on('data', (data) => socket.write(data));
    socket.on('error', () => {});
  });
  return server;
}

function files(directory: string): void {
  const write = (path: string, text: string | Buffer): void => {
    const whole = join(directory, path);
    mkdirSync(join(whole, '..'), { recursive: true, mode: 0o755 });
    writeFileSync(whole, text);
  };
  write('secret.txt', 'secret');
  write('static/index.html', 'static index');
  write('static/a.txt', 'a');
  write('static/a b.txt', 'a blank b');
  write('static/ü.txt', 'umlaut');
  write('static/UPPER.txt', 'upper');
  write('static/a+b&c=d.txt', 'signs');
  write('static/per%cent.txt', 'percent');
  write('static/app.js', 'let plain;');
  write('static/app.js.gz', gzipSync('let packed;'));
  write('static/.hidden', 'hidden');
  write('static/.git/config', 'hidden');
  write('static/sub/index.html', 'sub index');
  write('static/sub/deep/b.txt', 'b');
  write('static/empty/x/y.txt', 'y');
  write('spa/index.html', 'spa index');
  write('spa/main.js', 'main');
  write('docs/index.html', 'docs index');
  write('docs/404.html', 'docs 404');
  write('dots/.well-known/x.txt', 'well known');
  symlinkSync('../secret.txt', join(directory, 'static/out.txt'));
  symlinkSync('..', join(directory, 'static/up'));
}

export async function openShop(): Promise<Shop> {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-shop-'));
  files(directory);
  const asked: Asked[] = [];
  const upgraded: Duplex[] = [];
  const server = app(asked, upgraded);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  const appPort = typeof address === 'object' && address !== null ? address.port : 0;
  const to = (path: string, route: string, given = {}): FrontRoute =>
    toPort(path, appPort, { requestHeaders: [['X-Route', route]], ...given });
  const routes: readonly FrontRoute[] = [
    to('/', 'root'),
    to('/api/', 'api'),
    to('/api/v1/', 'v1'),
    to('/strip/', 'strip', { stripPrefix: true }),
    to('/a b/', 'blank'),
    to('/ü/', 'umlaut'),
    to('/Case/', 'case'),
    toPort('/away/', 1, {}),
    to('/small/', 'small', { maxBodyBytes: 1000 }),
    to('/nows/', 'nows', { websocket: false }),
    toDirectory('/static/', join(directory, 'static'), {
      precompressed: true,
      cache: 'public, max-age=60',
    }),
    toDirectory('/links/', join(directory, 'static'), { symlinks: true }),
    toDirectory('/spa/', join(directory, 'spa'), { spa: true }),
    toDirectory('/docs/', join(directory, 'docs'), { notFound: '404.html' }),
    toDirectory('/dots/', join(directory, 'dots'), { dotfiles: true }),
    {
      type: 'redirect',
      path: '/old/',
      headers: [],
      to: 'https://example.com/new?a=$b',
      status: 308,
    },
    {
      type: 'answer',
      path: '/fixed/',
      headers: [['X-Own', 'fixed']],
      status: 418,
      body: 'tea $pot "x"\n',
      contentType: 'text/plain; charset=utf-8',
    },
  ];
  return {
    directory,
    appPort,
    asked,
    plan: async (given = {}) =>
      frontOf(routes, {
        port: await freePort(),
        readyPath: '/_ready',
        livePath: '/_live',
        headers: [['X-Front', 'a$b"c;}']],
        ...given,
      }),
    close: async () => {
      for (const socket of upgraded) socket.destroy();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
