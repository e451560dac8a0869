/** A process that speaks HTTP/2 without TLS: gRPC, h2c. One session for each, opened when it is needed. */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
} from 'node:http2';
import { connect as connectSocket } from 'node:net';
import type { FrontPlan, FrontRoute, ProcessRoute } from '../../policy/front/model.ts';
import { answer, type Exchange, setHeaders, streamOf, unavailable } from './exchange.ts';
import { requestHeaders } from './forwarded.ts';
import { limited, pathFor, TooLarge, tooLong } from './proxy.ts';

export type H2Upstream = {
  readonly route: FrontRoute & ProcessRoute;
  session: ClientHttp2Session | null;
};

export function openH2(route: FrontRoute & ProcessRoute): H2Upstream {
  return { route, session: null };
}

/** Settled once it is connected, or can't be. */
export function sessionOf(upstream: H2Upstream): Promise<ClientHttp2Session> {
  const known = upstream.session;
  if (known !== null && !known.closed && !known.destroyed) return Promise.resolve(known);
  const { address } = upstream.route;
  return new Promise((resolve, reject) => {
    const session = connect('http://localhost', {
      createConnection: () =>
        address.type === 'tcp'
          ? connectSocket({ host: address.host, port: address.port })
          : connectSocket({ path: address.path }),
    });
    const forget = (): void => {
      if (upstream.session === session) upstream.session = null;
    };
    session.once('connect', () => {
      upstream.session = session;
      resolve(session);
    });
    session.on('error', (error) => {
      forget();
      reject(error);
    });
    session.on('close', forget);
    session.on('goaway', forget);
  });
}

export function isGrpc(one: Exchange): boolean {
  return /^application\/grpc(?:\+|;|$)/.test(String(one.req.headers['content-type'] ?? ''));
}

/** gRPC's own word for a server that isn't there is a status in an answer of 200. */
export function grpcFailure(one: Exchange, code: number, message: string): void {
  const { res } = one;
  if (res.headersSent) {
    streamOf(res)?.close(constants.NGHTTP2_INTERNAL_ERROR);
    return;
  }
  res.statusCode = 200;
  res.setHeader('Content-Type', 'application/grpc');
  res.setHeader('Grpc-Status', String(code));
  res.setHeader('Grpc-Message', message);
  res.end();
  one.req.resume();
}

function gone(one: Exchange): void {
  if (isGrpc(one)) grpcFailure(one, 14, 'the server is not there');
  else unavailable(one);
}

function timedOut(one: Exchange): void {
  if (isGrpc(one)) grpcFailure(one, 4, 'the server was silent for too long');
  else answer(one, 504);
}

export function h2Headers(
  one: Exchange,
  route: FrontRoute & ProcessRoute,
  path: string,
): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {
    ':method': one.req.method ?? 'GET',
    ':path': path,
    ':scheme': 'http',
    ':authority': String(one.req.headers.host ?? one.req.headers[':authority'] ?? 'localhost'),
  };
  for (const [name, value] of requestHeaders(one, route)) {
    const key = name.toLowerCase();
    if (key === 'host') continue;
    const known = headers[key];
    headers[key] = known === undefined ? value : [known, value].flat();
  }
  if (String(one.req.headers.te ?? '').includes('trailers')) headers['te'] = 'trailers';
  return headers;
}

export function passHeaders(
  one: Exchange,
  headers: IncomingHttpHeaders,
  skip: (name: string) => boolean,
): void {
  for (const [name, value] of Object.entries(headers))
    if (!name.startsWith(':') && value !== undefined && !skip(name)) one.res.setHeader(name, value);
}

function carry(one: Exchange, stream: ClientHttp2Stream, plan: FrontPlan, route: FrontRoute): void {
  const { req, res } = one;
  const trailers: Record<string, string | string[]> = {};
  stream.on('response', (headers) => {
    res.statusCode = headers[':status'] ?? 502;
    passHeaders(one, headers, () => false);
    setHeaders(res, route.headers, plan.headers);
    res.flushHeaders();
  });
  stream.on('trailers', (headers) => {
    for (const [name, value] of Object.entries(headers))
      if (typeof value === 'string' || Array.isArray(value)) trailers[name] = value;
  });
  stream.on('data', (chunk: Buffer) => {
    if (!res.write(chunk)) {
      stream.pause();
      res.once('drain', () => stream.resume());
    }
  });
  stream.on('end', () => {
    // HTTP/1 has trailers for those that asked for them; none of our clients' libraries do.
    if (one.http2 && Object.keys(trailers).length > 0)
      res.addTrailers(trailers as Record<string, string>);
    res.end();
  });
  res.once('close', () => {
    if (!stream.closed) stream.close(constants.NGHTTP2_CANCEL);
  });
  stream.on('close', () => {
    const code = stream.rstCode;
    if (code !== constants.NGHTTP2_NO_ERROR && !res.writableEnded) {
      if (!res.headersSent) gone(one);
      else if (one.http2) streamOf(res)?.close(code);
      else res.destroy();
    }
    req.unpipe();
  });
}

export async function proxyH2(one: Exchange, upstream: H2Upstream, plan: FrontPlan): Promise<void> {
  const { route } = upstream;
  const { req, res } = one;
  const path = pathFor(one, route);
  if (path === null) return answer(one, 400);
  if (tooLong(one, route)) return answer(one, 413);
  let session: ClientHttp2Session;
  try {
    session = await sessionOf(upstream);
  } catch {
    return gone(one);
  }
  if (res.destroyed) return undefined;
  const noBody = ['GET', 'HEAD'].includes(req.method ?? '') && req.readableEnded;
  const stream = session.request(h2Headers(one, route, path), { endStream: noBody });
  stream.on('error', (error) => {
    if (error instanceof TooLarge) answer(one, 413);
  });
  stream.setTimeout(route.timeoutMs, () => {
    timedOut(one);
    stream.close(constants.NGHTTP2_CANCEL);
  });
  carry(one, stream, plan, route);
  if (!noBody) {
    const body = limited(route.maxBodyBytes);
    body.on('error', (error) => {
      stream.destroy(error);
    });
    req.pipe(body).pipe(stream);
  }
  return undefined;
}
