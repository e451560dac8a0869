/** A process that speaks HTTP/1: connections are kept, both ways stream, and a process that isn't there is 503. */
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Pool } from 'undici';
import type { FrontPlan, FrontRoute, ProcessRoute } from '../../policy/front/model.ts';
import { answer, type Exchange, hasBody, setHeaders, streamOf, unavailable } from './exchange.ts';
import { grouped, requestHeaders, responseHeaders } from './forwarded.ts';

export type Upstream = { readonly route: FrontRoute & ProcessRoute; readonly pool: Pool };

export class TooLarge extends Error {}

export function openPool(route: ProcessRoute): Pool {
  const { address, timeoutMs } = route;
  const isTcp = address.type === 'tcp';
  const host =
    isTcp && address.host.includes(':') ? `[${address.host}]` : isTcp ? address.host : 'localhost';
  return new Pool(isTcp ? `http://${host}:${address.port}` : 'http://localhost', {
    ...(isTcp ? {} : { socketPath: address.path }),
    // A process that is there answers the kernel at once; one that is stopped would hold us.
    connect: { timeout: Math.min(timeoutMs, 5000) },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    // Shorter than what Node (5 s) and gunicorn (2 s) keep a connection for, so that it isn't closed under a request.
    keepAliveTimeout: 1500,
    keepAliveMaxTimeout: 60_000,
    pipelining: 1,
  });
}

/** Counts what goes by: more than `most` is an end with TooLarge. */
export function limited(most: number | null): Transform {
  let count = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      count += chunk.length;
      if (most !== null && count > most) done(new TooLarge());
      else done(null, chunk);
    },
  });
}

/** The path for the process; null: the prefix was sent in another spelling and can't be cut off. */
export function pathFor(one: Exchange, route: FrontRoute & ProcessRoute): string | null {
  const { sent, query } = one.target;
  if (!route.stripPrefix) return `${sent}${query}`;
  return sent.startsWith(route.path) ? `/${sent.slice(route.path.length)}${query}` : null;
}

export function tooLong(one: Exchange, route: ProcessRoute): boolean {
  const length = Number(one.req.headers['content-length'] ?? 0);
  return route.maxBodyBytes !== null && length > route.maxBodyBytes;
}

type Failure = { readonly code?: string; readonly name?: string; readonly cause?: unknown };

/** What a failure before the answer means for the client. */
export function statusOf(error: unknown): 413 | 499 | 503 | 504 {
  const { code = '', name = '' } = error as Failure;
  if (error instanceof TooLarge) return 413;
  if (name === 'AbortError') return 499;
  return /HEADERS_TIMEOUT|BODY_TIMEOUT/.test(code) ? 504 : 503;
}

export function fail(one: Exchange, error: unknown): void {
  const status = statusOf(error);
  if (one.res.headersSent || status === 499) {
    // The client must not take half an answer for a whole one.
    if (one.http2) streamOf(one.res)?.close(2);
    else one.res.destroy();
  } else if (status === 503) unavailable(one);
  else answer(one, status);
}

/** Whether it may be asked again: nothing of it can have had an effect. */
function mayRepeat(one: Exchange, error: unknown): boolean {
  const { code = '' } = error as Failure;
  const isSafe = ['GET', 'HEAD', 'OPTIONS'].includes(one.req.method ?? '');
  return (
    isSafe &&
    !hasBody(one.req) &&
    /UND_ERR_SOCKET|ECONNRESET|EPIPE/.test(code) &&
    !one.res.headersSent
  );
}

export async function proxy(one: Exchange, upstream: Upstream, plan: FrontPlan): Promise<void> {
  const { route, pool } = upstream;
  const { req, res } = one;
  const path = pathFor(one, route);
  if (path === null) return answer(one, 400);
  if (tooLong(one, route)) return answer(one, 413);
  if (String(req.headers.expect ?? '').toLowerCase() === '100-continue') res.writeContinue();
  const gone = new AbortController();
  const left = (): void => gone.abort();
  res.once('close', left);
  const streams =
    hasBody(req) ||
    (one.http2 && !req.readableEnded && !['GET', 'HEAD'].includes(req.method ?? ''));
  for (let attempt = 0; ; attempt += 1)
    try {
      const body = streams ? req.pipe(limited(route.maxBodyBytes)) : null;
      if (body !== null) req.once('error', (error) => body.destroy(error));
      const got = await pool.request({
        method: req.method as 'GET',
        path,
        headers: requestHeaders(one, route).flat(),
        body,
        signal: gone.signal,
        responseHeaders: 'raw',
      });
      const headers = got.headers as unknown as (Buffer | string)[];
      res.statusCode = got.statusCode;
      for (const [name, value] of grouped(responseHeaders(headers))) res.setHeader(name, value);
      setHeaders(res, route.headers, plan.headers);
      if (!one.http2 && !req.complete) res.once('finish', () => req.resume());
      res.flushHeaders();
      await pipeline(got.body, res);
      return;
    } catch (error) {
      if (attempt === 0 && mayRepeat(one, error)) continue;
      return fail(one, error);
    } finally {
      res.off('close', left);
    }
}
