/** The front as a plan has it: every key of `front`, with its `${…}` still in it. */
import type { Late, ProbeSpec, Template } from './plan.ts';

export type FrontEngine = 'nginx' | 'node' | 'envoy';
/** `on`: HTTP/1 and h2c on the same port. `only`: h2c alone, for a proxy that speaks nothing else. */
export type Http2 = 'off' | 'on' | 'only';
export type AccessLog = 'off' | 'text' | 'json';
export type Protocol = 'http' | 'h2c' | 'grpc' | 'grpc-web' | 'fastcgi';

export type PlannedHeader = readonly [name: string, value: Template];

export type PlannedFront = {
  readonly port: Late;
  readonly engine: FrontEngine;
  readonly http2: Http2;
  readonly compress: boolean;
  readonly accessLog: AccessLog;
  /** Paths that the front answers itself; null: none. */
  readonly ready: Template | null;
  readonly live: Template | null;
  /** Networks whose word on the client counts, and `private` for those that are not public. */
  readonly trustedProxies: readonly Template[];
  /** Added to every answer. */
  readonly headers: readonly PlannedHeader[];
  readonly clientTimeoutMs: Late;
  /** null: what the engine and the machine make of it. */
  readonly workers: number | null;
  readonly nginx: RawNginx;
  readonly routes: readonly PlannedRoute[];
};

/** nginx's own words, as they stand: `$` is nginx's there, and nothing is interpolated. */
export type RawNginx = {
  readonly http: string;
  readonly server: string;
  /** `= /status` → the lines between its braces. */
  readonly locations: readonly (readonly [string, string])[];
};

/** `path` ends with a slash and is a prefix (`/static/*` and `/static/` mean the same); `/` is everything. */
export type PlannedRoute = { readonly path: string; readonly headers: readonly PlannedHeader[] } & (
  | PlannedDirectory
  | PlannedUpstream
  | PlannedRedirect
  | PlannedAnswer
);

export type PlannedDirectory = {
  readonly type: 'directory';
  readonly directory: Template;
  /** The first of them that is there stands for its directory. */
  readonly index: readonly string[];
  /** The value of Cache-Control; null: none. */
  readonly cache: string | null;
  /** What isn't there is the index of the directory itself. */
  readonly spa: boolean;
  /** `a.js.gz` is sent for `a.js` to who takes it. */
  readonly precompressed: boolean;
  /** A file in the directory, sent with 404; null: a short text. */
  readonly notFound: string | null;
  readonly dotfiles: boolean;
  /** Whether symbolic links inside the directory are followed, wherever they lead. */
  readonly symlinks: boolean;
};

export type PlannedUpstream = {
  readonly type: 'process';
  readonly process: string;
  /** null: the process's own. */
  readonly port: Late | null;
  /** It listens on this unix socket and not on a port. */
  readonly socket: Template | null;
  readonly protocol: Protocol;
  readonly stripPrefix: boolean;
  /** How long it may be silent. */
  readonly timeoutMs: Late;
  readonly buffering: boolean;
  /** null: no limit. */
  readonly maxBodyBytes: number | null;
  readonly websocket: boolean;
  /** Set on what the process is asked. */
  readonly requestHeaders: readonly PlannedHeader[];
  /** Origins of pages that may call it from a browser; `*` is all. */
  readonly cors: readonly Template[];
  /** For fastcgi: the document root, and the script in it that answers. */
  readonly root: Template | null;
  readonly script: string;
};

export type PlannedRedirect = {
  readonly type: 'redirect';
  readonly to: Template;
  readonly status: number;
};

export type PlannedAnswer = {
  readonly type: 'answer';
  readonly status: number;
  readonly body: Template;
  readonly contentType: Template;
};

/** What an engine's compiler makes of a front: one process that the supervisor knows no more of. */
export type FrontProcess = {
  readonly argv: readonly string[];
  readonly stopSignal: number;
  readonly probe: ProbeSpec;
  /** What it is asked before its stop signal; null: nothing. */
  readonly preStop: ProbeSpec | null;
};

export const newFront: PlannedFront = {
  port: { text: '${PORT:-8080}' },
  engine: 'nginx',
  http2: 'off',
  compress: false,
  accessLog: 'off',
  ready: null,
  live: null,
  trustedProxies: ['private'],
  headers: [],
  clientTimeoutMs: 60_000,
  workers: null,
  nginx: { http: '', server: '', locations: [] },
  routes: [],
};

export function newDirectory(path: string, directory: Template): PlannedRoute & PlannedDirectory {
  return {
    type: 'directory',
    path,
    headers: [],
    directory,
    index: ['index.html'],
    cache: null,
    spa: false,
    precompressed: false,
    notFound: null,
    dotfiles: false,
    symlinks: false,
  };
}

export function newUpstream(path: string, process: string): PlannedRoute & PlannedUpstream {
  return {
    type: 'process',
    path,
    headers: [],
    process,
    port: null,
    socket: null,
    protocol: 'http',
    stripPrefix: false,
    // As long as Cloud Run lets a request last.
    timeoutMs: 3_600_000,
    buffering: false,
    maxBodyBytes: 32 << 20,
    websocket: true,
    requestHeaders: [],
    cors: [],
    root: null,
    script: 'index.php',
  };
}
