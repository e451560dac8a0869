/**
 * A front with everything resolved: what an engine is given. It is plain data,
 * and as JSON in a file it is the whole configuration of the embedded engine
 * (`tandem-front FILE`).
 *
 * What each engine makes of it is the same:
 * - A request's path is decoded once, `//` becomes `/` and dot segments are resolved; one that
 *   leads above `/` or holds a bad escape or NUL is 400. Of the routes whose `path` the result
 *   begins with, the longest wins; none is 404. Case counts.
 * - A path that is a route's without its last slash is redirected (301) to the one with it, the
 *   query kept, unless another route is that path exactly.
 * - `readyPath` and `livePath` are compared with the whole path, before all routes.
 * - A process gets the path and query as they were sent; with `stripPrefix` what follows the
 *   prefix as it was sent, and where the prefix was sent in another spelling, 400.
 * - A process that isn't there is 503 with `Retry-After: 1`, never 502; silent for `timeoutMs`: 504.
 * - `headers` go on every answer of a route, whatever its status; a route's own go before the
 *   front's of the same name.
 */
import type { AccessLog, FrontEngine, Http2, Protocol, RawNginx } from '../plan/planned-front.ts';

/** Raised when a file written for an older engine would be read wrongly. */
export const frontVersion = 1;

/** The name is a token of HTTP; the value holds no control character. */
export type Header = readonly [name: string, value: string];

export type FrontPlan = {
  readonly version: typeof frontVersion;
  readonly engine: FrontEngine;
  readonly port: number;
  /** The embedded engine listens there and not on the port, for another front; null: on the port. */
  readonly socket: string | null;
  /** Whether there is IPv6, so that both families are listened on. */
  readonly ipv6: boolean;
  readonly http2: Http2;
  readonly compress: boolean;
  readonly accessLog: AccessLog;
  /** The Google Cloud project of the traces that a JSON access log names; null: not known. */
  readonly traceProject: string | null;
  /** 200 with `ok`, and 503 while `stoppingFile` exists; null: no such path. */
  readonly readyPath: string | null;
  /** 200 with `ok` for as long as the front runs; null: no such path. */
  readonly livePath: string | null;
  /** Made by Tandem when a stop begins, before any process is told; absolute. */
  readonly stoppingFile: string | null;
  /**
   * Networks in CIDR form. The peer's X-Forwarded-* and Forwarded count when it is in one of them:
   * its X-Forwarded-For is added to, its -Proto and -Host are kept. From any other peer all of
   * them are replaced by what the front itself sees, or dropped.
   */
  readonly trustedProxies: readonly string[];
  readonly headers: readonly Header[];
  /** A client has this long for a request's headers, and between two pieces of a body either way. */
  readonly clientTimeoutMs: number;
  readonly workers: number;
  /** From the stop signal to KILL: what is still open shortly before is cut. */
  readonly stopMs: number;
  readonly nginx: RawNginx;
  readonly routes: readonly FrontRoute[];
};

export type FrontRoute = {
  /** Begins and ends with `/`; as it is once decoded. */
  readonly path: string;
  readonly headers: readonly Header[];
} & (DirectoryRoute | ProcessRoute | RedirectRoute | AnswerRoute);

/** GET and HEAD; all else is 405. Ranges, ETag, Last-Modified and their conditions are honoured. */
export type DirectoryRoute = {
  readonly type: 'directory';
  /** Absolute. */
  readonly directory: string;
  readonly index: readonly string[];
  /** The value of Cache-Control on what is served with 200, 206 or 304; null: none. */
  readonly cache: string | null;
  /** What isn't there is the directory's own first index, with 200. */
  readonly spa: boolean;
  readonly precompressed: boolean;
  /** A file's name in the directory, whose text is sent with 404; null: a short text. */
  readonly notFound: string | null;
  /** Whether a path with a segment that begins with a dot may be served; else it is 404. */
  readonly dotfiles: boolean;
  /** Whether symbolic links below the directory are followed; else 403, and 404 for what is behind one. */
  readonly symlinks: boolean;
};

/** On the loopback interface, or a unix socket. */
export type Address =
  | { readonly type: 'tcp'; readonly host: string; readonly port: number }
  | { readonly type: 'unix'; readonly path: string };

export type ProcessRoute = {
  readonly type: 'process';
  /** The process's name, for messages. */
  readonly process: string;
  readonly address: Address;
  readonly protocol: Protocol;
  readonly stripPrefix: boolean;
  readonly timeoutMs: number;
  /** false: every byte goes on at once, both ways. */
  readonly buffering: boolean;
  /** More is 413; null: no limit. */
  readonly maxBodyBytes: number | null;
  /** Whether `Upgrade` is passed on. */
  readonly websocket: boolean;
  /** Set on the request, in place of the client's of that name. */
  readonly requestHeaders: readonly Header[];
  /** Origins that may call it from a browser, `*` for all; empty: no CORS headers are made. */
  readonly cors: readonly string[];
  /** For `fastcgi` only, absolute: the document root and the script that answers everything. */
  readonly fastcgi: { readonly root: string; readonly script: string } | null;
};

/** `to` goes into Location as it is. */
export type RedirectRoute = {
  readonly type: 'redirect';
  readonly to: string;
  readonly status: number;
};

export type AnswerRoute = {
  readonly type: 'answer';
  readonly status: number;
  readonly body: string;
  readonly contentType: string;
};

/** Not public: loopback, link-local, RFC 1918, carrier-grade NAT, unique local. */
export const privateNetworks: readonly string[] = [
  '127.0.0.0/8',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  '100.64.0.0/10',
  '::1/128',
  'fc00::/7',
  'fe80::/10',
];
