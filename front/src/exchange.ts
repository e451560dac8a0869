/** One request and its answer, whichever version of HTTP they came in. */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import type { FrontPlan, Header } from '../../policy/front/model.ts';
import type { Target } from './target.ts';

/** The compatibility API of node:http2 has the same shape for all that is used here. */
export type Exchange = {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly http2: boolean;
  readonly client: Client;
  readonly target: Target;
  readonly plan: FrontPlan;
  readonly startedMs: number;
};

export type Client = {
  readonly address: string;
  /** Whether the peer is one whose word counts. */
  readonly trusted: boolean;
  /** The client itself, as those that are trusted say. */
  readonly real: string;
};

export function reasonOf(status: number): string {
  return STATUS_CODES[status] ?? '';
}

/** On every answer, in place of what the process said under that name. */
export function setHeaders(
  res: ServerResponse,
  own: readonly Header[],
  all: readonly Header[],
): void {
  const names = new Set(own.map(([name]) => name.toLowerCase()));
  for (const [name, value] of all) if (!names.has(name.toLowerCase())) res.setHeader(name, value);
  const grouped = new Map<string, string[]>();
  for (const [name, value] of own) grouped.set(name, [...(grouped.get(name) ?? []), value]);
  for (const [name, values] of grouped)
    res.setHeader(name, values.length === 1 ? (values[0] as string) : values);
}

/** A short answer of the front's own. `extra` are headers of this status. */
export function answer(
  one: Exchange,
  status: number,
  extra: Readonly<Record<string, string>> = {},
  body = `${status} ${reasonOf(status)}\n`,
  contentType = 'text/plain; charset=utf-8',
): void {
  const { req, res } = one;
  if (res.headersSent) {
    res.destroy();
    return;
  }
  for (const name of res.getHeaderNames())
    if (/^(content-|etag|last-modified|accept-ranges|transfer-encoding|cache-control)/.test(name))
      res.removeHeader(name);
  res.statusCode = status;
  for (const [name, value] of Object.entries(extra)) res.setHeader(name, value);
  const bytes = Buffer.from(body, 'utf8');
  const bare = status === 204 || status === 304 || (status >= 100 && status < 200);
  if (!bare) {
    res.setHeader('Content-Type', contentType);
    res.setHeader('Content-Length', bytes.length);
  }
  // What is left of the body is not waited for: the connection can't be used again then.
  if (!one.http2 && !req.complete && hasBody(req)) res.setHeader('Connection', 'close');
  res.end(bare || req.method === 'HEAD' ? undefined : bytes);
  if (!req.complete) req.resume();
}

export function hasBody(req: IncomingMessage): boolean {
  const { 'content-length': length, 'transfer-encoding': coding } = req.headers;
  return coding !== undefined || (length !== undefined && length !== '0');
}

export function streamOf(res: ServerResponse): Http2ServerResponse['stream'] {
  return (res as unknown as Http2ServerResponse).stream;
}

/** Nobody serves there now: short, and worth asking again. */
export function unavailable(one: Exchange): void {
  answer(one, 503, { 'Retry-After': '1' });
}
