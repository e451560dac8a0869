/** gRPC-Web to gRPC: what a browser can send becomes what a gRPC server understands, and back. */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
} from 'node:http2';
import { Transform } from 'node:stream';
import type { FrontPlan, FrontRoute, ProcessRoute } from '../../policy/front/model.ts';
import { answer, type Exchange, setHeaders, streamOf } from './exchange.ts';
import { followFrames, noFrame, takeBase64, trailerFrame } from './frames.ts';
import { type H2Upstream, h2Headers, passHeaders, sessionOf } from './h2.ts';
import { limited, pathFor, TooLarge, tooLong } from './proxy.ts';

type Mode = { readonly text: boolean; readonly suffix: string };

function modeOf(one: Exchange): Mode | null {
  const match = /^application\/grpc-web(-text)?(\+[\w.-]+)?\s*(;|$)/i.exec(
    String(one.req.headers['content-type'] ?? ''),
  );
  return match === null ? null : { text: match[1] !== undefined, suffix: match[2] ?? '' };
}

/** Whether a page of this origin may call it. */
function allowed(route: ProcessRoute, origin: string): boolean {
  return route.cors.includes('*') || route.cors.includes(origin);
}

const exposed =
  'Grpc-Status, Grpc-Message, Grpc-Status-Details-Bin, Grpc-Encoding, Grpc-Accept-Encoding';

function setCors(one: Exchange, route: ProcessRoute): void {
  const origin = one.req.headers.origin;
  if (origin === undefined || !allowed(route, origin)) return;
  one.res.setHeader('Access-Control-Allow-Origin', origin);
  one.res.setHeader('Vary', 'Origin');
  one.res.setHeader('Access-Control-Expose-Headers', exposed);
}

/** The browser asks before it sends what a form could not. */
function preflight(one: Exchange, route: ProcessRoute): void {
  const { req } = one;
  const origin = req.headers.origin;
  if (origin === undefined || !allowed(route, origin)) {
    answer(one, 403);
    return;
  }
  setCors(one, route);
  answer(one, 204, {
    'Access-Control-Allow-Methods': 'POST, OPTIONS',
    'Access-Control-Allow-Headers': String(
      req.headers['access-control-request-headers'] ??
        'content-type, x-grpc-web, x-user-agent, grpc-timeout',
    ),
    'Access-Control-Max-Age': '86400',
  });
}

/** The request's frames: out of base64 where it is text, and nothing but data in them. */
function unwrap(mode: Mode): Transform {
  let pending = '';
  let frames = noFrame;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const taken = mode.text ? takeBase64(pending, chunk) : { bytes: chunk, pending: '' };
      const next = taken === null ? null : followFrames(frames, taken.bytes);
      if (taken === null || next === null) return done(new Error('no frames of gRPC-Web'));
      pending = taken.pending;
      frames = next;
      return done(null, taken.bytes);
    },
    flush(done) {
      if (pending !== '' || frames.left > 0 || frames.head.length > 0)
        done(new Error('a frame ends early'));
      else done();
    },
  });
}

type Writer = {
  readonly one: Exchange;
  readonly mode: Mode;
  readonly route: FrontRoute & ProcessRoute;
  readonly plan: FrontPlan;
};

function begin(writer: Writer, headers: IncomingHttpHeaders): void {
  const { one, mode, route, plan } = writer;
  const { res } = one;
  res.statusCode = 200;
  passHeaders(one, headers, (name) =>
    ['content-type', 'content-length', 'trailer', 'grpc-status', 'grpc-message'].includes(name),
  );
  const suffix =
    /^application\/grpc(\+[\w.-]+)?/.exec(String(headers['content-type'] ?? ''))?.[1] ??
    mode.suffix;
  res.setHeader('Content-Type', `application/grpc-web${mode.text ? '-text' : ''}${suffix}`);
  setCors(one, route);
  setHeaders(res, route.headers, plan.headers);
}

function write(writer: Writer, bytes: Buffer): boolean {
  const { res } = writer.one;
  return res.write(writer.mode.text ? Buffer.from(bytes.toString('base64'), 'latin1') : bytes);
}

/** The whole of an answer that has a status and nothing else. */
function end(writer: Writer, trailers: Readonly<Record<string, string | string[]>>): void {
  const { res } = writer.one;
  if (res.writableEnded || res.destroyed) return;
  if (!res.headersSent) begin(writer, {});
  write(writer, trailerFrame(trailers));
  res.end();
}

/** HTTP's word for a failure as gRPC's (http-grpc-status-mapping.md). */
function statusFor(http: number): string {
  if (http === 400) return '13';
  if (http === 401) return '16';
  if (http === 403) return '7';
  if (http === 404) return '12';
  return [429, 502, 503, 504].includes(http) ? '14' : '2';
}

function carry(writer: Writer, stream: ClientHttp2Stream): void {
  const { one } = writer;
  const { res } = one;
  let trailers: Record<string, string | string[]> = {};
  const collect = (headers: IncomingHttpHeaders): void => {
    for (const [name, value] of Object.entries(headers))
      if (!name.startsWith(':') && value !== undefined) trailers[name] = value;
  };
  stream.on('response', (headers) => {
    const status = headers[':status'] ?? 0;
    begin(writer, headers);
    // An answer of trailers alone has its status among the headers.
    if (headers['grpc-status'] !== undefined)
      for (const name of ['grpc-status', 'grpc-message', 'grpc-status-details-bin'])
        if (headers[name] !== undefined) trailers[name] = headers[name] as string;
    if (status !== 200)
      trailers = { 'grpc-status': statusFor(status), 'grpc-message': `HTTP ${status}` };
    res.flushHeaders();
  });
  stream.on('trailers', collect);
  stream.on('data', (chunk: Buffer) => {
    if (write(writer, chunk)) return;
    stream.pause();
    res.once('drain', () => stream.resume());
  });
  stream.on('end', () => {
    // No status is the server's failure (gRPC over HTTP/2: unknown).
    end(
      writer,
      trailers['grpc-status'] === undefined
        ? { 'grpc-status': '2', 'grpc-message': 'the server sent no status' }
        : trailers,
    );
  });
  stream.on('close', () => {
    if (stream.rstCode !== constants.NGHTTP2_NO_ERROR)
      end(writer, {
        'grpc-status': stream.rstCode === constants.NGHTTP2_CANCEL ? '1' : '13',
        'grpc-message': `the server reset the stream (${stream.rstCode})`,
      });
  });
  res.once('close', () => {
    // The page went away: the call is cancelled, as a client of gRPC would cancel it.
    if (!stream.closed) stream.close(constants.NGHTTP2_CANCEL);
  });
}

export async function translate(
  one: Exchange,
  upstream: H2Upstream,
  plan: FrontPlan,
): Promise<void> {
  const { route } = upstream;
  const { req, res } = one;
  if (req.method === 'OPTIONS' && req.headers['access-control-request-method'] !== undefined)
    return preflight(one, route);
  const mode = modeOf(one);
  const path = pathFor(one, route);
  if (path === null) return answer(one, 400);
  if (req.method !== 'POST') return answer(one, 405, { Allow: 'POST, OPTIONS' });
  if (mode === null)
    return answer(
      one,
      415,
      {},
      'gRPC-Web is spoken here: Content-Type application/grpc-web or application/grpc-web-text\n',
    );
  if (tooLong(one, route)) return answer(one, 413);
  const writer: Writer = { one, mode, route, plan };
  let session: ClientHttp2Session;
  try {
    session = await sessionOf(upstream);
  } catch {
    req.resume();
    return end(writer, { 'grpc-status': '14', 'grpc-message': 'the server is not there' });
  }
  if (res.destroyed) return undefined;
  const headers = h2Headers(one, route, path);
  for (const name of ['content-length', 'x-grpc-web', 'accept', 'origin', 'referer'])
    delete headers[name];
  headers['content-type'] = `application/grpc${mode.suffix}`;
  headers['te'] = 'trailers';
  const stream = session.request(headers);
  stream.on('error', () => undefined);
  stream.setTimeout(route.timeoutMs, () => {
    end(writer, { 'grpc-status': '4', 'grpc-message': 'the server was silent for too long' });
    stream.close(constants.NGHTTP2_CANCEL);
  });
  carry(writer, stream);
  const frames = unwrap(mode);
  const count = limited(route.maxBodyBytes);
  const bad = (error: Error): void => {
    const large = error instanceof TooLarge;
    end(writer, {
      'grpc-status': large ? '8' : '13',
      'grpc-message': large ? 'the message is too large' : error.message,
    });
    stream.close(constants.NGHTTP2_CANCEL);
  };
  count.on('error', bad);
  frames.on('error', bad);
  req.on('aborted', () => streamOf(res)?.close?.(constants.NGHTTP2_CANCEL));
  req.pipe(count).pipe(frames).pipe(stream);
  return undefined;
}
