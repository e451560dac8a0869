/** The port: HTTP/1 and HTTP/2 on it, each request to its route, and an orderly end. */
import { existsSync } from 'node:fs';
import {
  createServer as createHttp1,
  type Server as Http1Server,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttp2, type Http2Server, type ServerHttp2Session } from 'node:http2';
import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import compression from 'compression';
import type { FrontPlan, FrontRoute, ProcessRoute } from '../../policy/front/model.ts';
import { answer, type Exchange, setHeaders } from './exchange.ts';
import { serveFile } from './files.ts';
import { clientOf, type Trust, trustOf } from './forwarded.ts';
import { translate } from './grpcweb.ts';
import { type H2Upstream, isGrpc, openH2, proxyH2 } from './h2.ts';
import { logWhenDone } from './log.ts';
import { openPool, proxy, type Upstream } from './proxy.ts';
import { bytesOf, readTarget } from './target.ts';
import { upgrade } from './upgrade.ts';

type Carrier =
  | { readonly type: 'http'; readonly upstream: Upstream }
  | { readonly type: 'h2'; readonly upstream: H2Upstream };

type Front = {
  readonly plan: FrontPlan;
  readonly trust: Trust;
  /** Longest first, with their paths as bytes. */
  readonly routes: readonly { readonly path: string; readonly route: FrontRoute }[];
  readonly carriers: ReadonlyMap<FrontRoute, Carrier>;
  readonly compress: ReturnType<typeof compression> | null;
  readonly sockets: Set<Duplex>;
  readonly sessions: Set<ServerHttp2Session>;
  draining: boolean;
};

function carrierOf(route: FrontRoute): Carrier | null {
  if (route.type !== 'process') return null;
  const { protocol } = route;
  return protocol === 'http'
    ? { type: 'http', upstream: { route, pool: openPool(route) } }
    : { type: 'h2', upstream: openH2(route) };
}

function openFront(plan: FrontPlan): Front {
  const routes = plan.routes.map((route) => ({ path: bytesOf(route.path), route }));
  const carriers = new Map<FrontRoute, Carrier>();
  for (const route of plan.routes) {
    const carrier = carrierOf(route);
    if (carrier !== null) carriers.set(route, carrier);
  }
  return {
    plan,
    trust: trustOf(plan.trustedProxies),
    routes: routes.sort((a, b) => b.path.length - a.path.length),
    carriers,
    compress: plan.compress ? compression({ threshold: 1024 }) : null,
    sockets: new Set(),
    sessions: new Set(),
    draining: false,
  };
}

/** Two of them could mean two things to two servers. */
function isAmbiguous(req: IncomingMessage): boolean {
  const names = req.rawHeaders.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase());
  const count = (name: string): number => names.filter((one) => one === name).length;
  const coding = req.headers['transfer-encoding'];
  if (count('host') > 1 || count('content-length') > 1 || count('transfer-encoding') > 1)
    return true;
  if (
    req.headers.host !== undefined &&
    !/^[\w.~-]*(:\d+)?$|^\[[0-9A-Fa-f:.]+\](:\d+)?$/.test(req.headers.host)
  )
    return true;
  return coding !== undefined && coding.trim().toLowerCase() !== 'chunked';
}

function exchangeOf(front: Front, req: IncomingMessage, res: ServerResponse): Exchange | null {
  const http2 = req.httpVersionMajor === 2;
  const target = isAmbiguous(req) ? null : readTarget(req.url ?? '');
  const startedMs = performance.now();
  const client = clientOf(req, front.trust);
  const empty = { path: '', sent: '', query: '' };
  const one: Exchange = {
    req,
    res,
    http2,
    client,
    target: target ?? empty,
    plan: front.plan,
    startedMs,
  };
  logWhenDone(one);
  if (front.draining && !http2) res.setHeader('Connection', 'close');
  if (target !== null) return one;
  setHeaders(res, [], front.plan.headers);
  answer(one, 400);
  return null;
}

function routeFor(front: Front, path: string): FrontRoute | null {
  return front.routes.find((one) => path.startsWith(one.path))?.route ?? null;
}

/** What the front answers itself, before all routes. */
function ownPath(front: Front, one: Exchange): boolean {
  const { plan } = front;
  const { path } = one.target;
  const isReady = plan.readyPath !== null && path === bytesOf(plan.readyPath);
  if (!isReady && (plan.livePath === null || path !== bytesOf(plan.livePath))) return false;
  setHeaders(one.res, [], plan.headers);
  const stopping = front.draining || (plan.stoppingFile !== null && existsSync(plan.stoppingFile));
  if (isReady && stopping) answer(one, 503, {}, 'stopping\n');
  else answer(one, 200, {}, 'ok\n');
  return true;
}

function handle(front: Front, one: Exchange): void {
  const { plan } = front;
  const { path, query } = one.target;
  // It would show what others put into the request.
  if (one.req.method === 'TRACE') {
    answer(one, 405);
    return;
  }
  if (ownPath(front, one)) return;
  const route = routeFor(front, path);
  const folder = front.routes.find((each) => each.path === `${path}/`);
  if (folder !== undefined) {
    setHeaders(one.res, folder.route.headers, plan.headers);
    const to = encodeURI(folder.route.path).replace(/[?#]/g, encodeURIComponent);
    answer(one, 301, { Location: `${to}${query.length > 1 ? query : ''}` });
    return;
  }
  setHeaders(one.res, route?.headers ?? [], plan.headers);
  if (route === null) answer(one, 404);
  else if (front.compress === null) dispatch(front, one, route);
  else front.compress(one.req as never, one.res as never, () => dispatch(front, one, route));
}

function dispatch(front: Front, one: Exchange, route: FrontRoute): void {
  const broken = (error: unknown): void => {
    console.error(`tandem-front: cannot answer ${one.req.method} ${one.req.url}: ${String(error)}`);
    answer(one, 500);
  };
  switch (route.type) {
    case 'directory':
      serveFile(one, route).catch(broken);
      break;
    case 'redirect':
      answer(one, route.status, { Location: route.to });
      break;
    case 'answer':
      answer(one, route.status, {}, route.body, route.contentType);
      break;
    case 'process':
      toProcess(front, one, route).catch(broken);
  }
}

async function toProcess(
  front: Front,
  one: Exchange,
  route: FrontRoute & ProcessRoute,
): Promise<void> {
  const carrier = front.carriers.get(route);
  if (carrier === undefined) return answer(one, 500);
  if (carrier.type === 'http') return proxy(one, carrier.upstream, front.plan);
  if (route.protocol === 'grpc-web' && !isGrpc(one))
    return translate(one, carrier.upstream, front.plan);
  // Trailers carry gRPC's status, and HTTP/1 clients would lose them.
  if (route.protocol === 'grpc' && !one.http2)
    return answer(one, 426, { Upgrade: 'h2c' }, 'gRPC needs HTTP/2\n');
  return proxyH2(one, carrier.upstream, front.plan);
}

/** The request again as it came, without its wish to be something else. */
function withoutUpgrade(req: IncomingMessage): Buffer {
  const lines = [`${req.method} ${req.url} HTTP/1.1`];
  for (let at = 0; at + 1 < req.rawHeaders.length; at += 2) {
    const [name, value] = [req.rawHeaders[at] as string, req.rawHeaders[at + 1] as string];
    const key = name.toLowerCase();
    if (key === 'upgrade' || key === 'http2-settings') continue;
    if (key === 'connection') {
      const rest = value
        .split(',')
        .map((one) => one.trim())
        .filter((one) => !/^(upgrade|http2-settings)$/i.test(one));
      if (rest.length > 0) lines.push(`${name}: ${rest.join(', ')}`);
    } else lines.push(`${name}: ${value}`);
  }
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

function onUpgrade(
  front: Front,
  http1: Http1Server,
  req: IncomingMessage,
  socket: Socket,
  first: Buffer,
): void {
  const target = isAmbiguous(req) ? null : readTarget(req.url ?? '');
  const route = target === null ? null : routeFor(front, target.path);
  const isSocket = String(req.headers.upgrade ?? '').toLowerCase() === 'websocket';
  const passes =
    route?.type === 'process' && route.protocol === 'http' && route.websocket && isSocket;
  if (target !== null && passes && !front.draining) {
    const client = clientOf(req, front.trust);
    const res = {} as ServerResponse;
    socket.setTimeout(0);
    upgrade(
      { req, res, http2: false, client, target, plan: front.plan, startedMs: performance.now() },
      route,
      socket,
      first,
    );
    return;
  }
  socket.removeAllListeners('error');
  socket.unshift(Buffer.concat([withoutUpgrade(req), first]));
  http1.emit('connection', socket);
}

/** Node's own short words for what its parser refuses. */
function onBadRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = {
    HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
    ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  }[error.code ?? ''];
  socket.end(
    `HTTP/1.1 ${status ?? '400 Bad Request'}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
  );
}

function openHttp1(front: Front): Http1Server {
  const { clientTimeoutMs } = front.plan;
  const listener = (req: IncomingMessage, res: ServerResponse): void => {
    const one = exchangeOf(front, req, res);
    if (one !== null) handle(front, one);
  };
  const http1 = createHttp1(
    {
      maxHeaderSize: 32 << 10,
      headersTimeout: clientTimeoutMs,
      connectionsCheckingInterval: Math.max(100, Math.min(5000, clientTimeoutMs / 2)),
      requestTimeout: 0,
      keepAliveTimeout: 75_000,
      insecureHTTPParser: false,
    },
    listener,
  );
  // Between two pieces of a body, either way.
  http1.timeout = clientTimeoutMs;
  http1.on('checkContinue', listener);
  http1.on('checkExpectation', (req, res) => {
    const one = exchangeOf(front, req, res);
    if (one !== null) answer(one, 417);
  });
  http1.on('upgrade', (req, socket, first) =>
    onUpgrade(front, http1, req, socket as Socket, first),
  );
  // It never listens itself, and looks for slow clients only once it does.
  http1.emit('listening');
  http1.on('clientError', (error, socket) => onBadRequest(error, socket as Socket));
  return http1;
}

function openHttp2(front: Front): Http2Server {
  const http2 = createHttp2({
    settings: { maxConcurrentStreams: 128, maxHeaderListSize: 32 << 10 },
  });
  http2.on('request', (req, res) => {
    const one = exchangeOf(
      front,
      req as unknown as IncomingMessage,
      res as unknown as ServerResponse,
    );
    if (one !== null) handle(front, one);
  });
  http2.on('session', (session) => {
    front.sessions.add(session);
    session.once('close', () => front.sessions.delete(session));
    session.on('error', () => session.destroy());
    if (front.draining) session.close();
  });
  http2.on('sessionError', () => undefined);
  return http2;
}

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** Which version it is, from the first bytes: HTTP/2 without TLS begins with its preface (RFC 9113, 3.4). */
function sort(front: Front, http1: Http1Server, http2: Http2Server, socket: Socket): void {
  let seen = Buffer.alloc(0);
  const waiting = setTimeout(() => socket.destroy(), front.plan.clientTimeoutMs);
  const ended = (): void => clearTimeout(waiting);
  const failed = (): void => {
    socket.destroy();
  };
  const read = (): void => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return;
    seen = Buffer.concat([seen, chunk]);
    const isHttp2 = preface.subarray(0, seen.length).equals(seen.subarray(0, preface.length));
    if (isHttp2 && seen.length < preface.length) return;
    socket.off('readable', read);
    socket.off('error', failed);
    ended();
    socket.unshift(seen);
    (isHttp2 ? http2 : http1).emit('connection', socket);
  };
  socket.on('error', failed);
  socket.once('close', ended);
  socket.on('readable', read);
}

export type Running = { readonly server: Server; readonly drain: () => void };

export function serve(
  plan: FrontPlan,
  listening: () => void,
  failed: (error: NodeJS.ErrnoException) => void,
): Running {
  const front = openFront(plan);
  const http1 = openHttp1(front);
  const http2 = plan.http2 === 'off' ? null : openHttp2(front);
  const server = createServer({ noDelay: true }, (socket) => {
    front.sockets.add(socket);
    socket.once('close', () => front.sockets.delete(socket));
    if (plan.http2 === 'only' && http2 !== null) http2.emit('connection', socket);
    else if (http2 !== null) sort(front, http1, http2, socket);
    else http1.emit('connection', socket);
  });
  server.on('error', failed);
  // The front before it may be another user; the folder of the socket is nobody else's to list.
  const on =
    plan.socket === null
      ? { host: plan.ipv6 ? '::' : '0.0.0.0', port: plan.port }
      : { path: plan.socket, readableAll: true, writableAll: true };
  server.listen({ ...on, backlog: 511 }, listening);
  const drain = (): void => {
    if (front.draining) return;
    front.draining = true;
    server.close();
    http1.closeIdleConnections();
    for (const session of front.sessions) session.close();
    // Connections that sent nothing yet belong to no server.
    const each = setInterval(() => http1.closeIdleConnections(), 50);
    const rest = setTimeout(
      () => {
        for (const socket of front.sockets) socket.destroy();
      },
      Math.max(0, plan.stopMs - 500),
    );
    server.once('close', () => {
      clearInterval(each);
      clearTimeout(rest);
    });
  };
  return { server, drain };
}
