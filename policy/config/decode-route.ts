/** One route of the front: a path, and what answers there. */
import {
  newDirectory,
  newUpstream,
  type PlannedHeader,
  type PlannedRoute,
} from '../plan/planned-front.ts';
import {
  type Decoder,
  describe,
  isKnown,
  note,
  partOf,
  readDuration,
  readFlag,
  readMap,
  readOneOf,
  readPort,
  readText,
  wrong,
} from './decoder.ts';
import { parseDuration } from './duration.ts';
import type { Entry, Scalar, Tree } from './tree.ts';

type Draft<Kind extends PlannedRoute['type']> = {
  -readonly [Key in keyof Extract<PlannedRoute, { type: Kind }>]: Extract<
    PlannedRoute,
    { type: Kind }
  >[Key];
};
type Reader<Kind extends PlannedRoute['type']> = (
  d: Decoder,
  tree: Tree,
  path: string,
  draft: Draft<Kind>,
) => void;

/** A token of HTTP (RFC 9110, 5.6.2). */
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** What the engines keep in hand themselves: a second one would be another message. */
const framing = ['connection', 'content-length', 'keep-alive', 'te', 'trailer', 'upgrade'];

export function readHeaders(
  d: Decoder,
  what: string,
  tree: Tree,
  path: string,
): readonly PlannedHeader[] {
  return (readMap(d, what, tree) ?? []).flatMap(({ key, value }): PlannedHeader[] => {
    const name = key.text.toLowerCase();
    if (!headerName.test(name))
      wrong(d, key.span, `cannot send \`${key.text}\`: it is no name of a header`);
    else if (framing.includes(name) || name === 'transfer-encoding')
      wrong(d, key.span, `cannot send \`${key.text}\`: the front sets it itself`);
    else if (value.type !== 'scalar')
      wrong(d, value.span, `cannot send \`${key.text}\`: a text is needed, and ${describe(value)}`);
    else {
      note(d, `${path}.${key.text}`, value);
      return [[key.text, value.text]];
    }
    return [];
  });
}

/** A text, or a list of them. */
export function readTexts(d: Decoder, key: string, tree: Tree, path: string): readonly string[] {
  const items = tree.type === 'list' ? tree.items : [tree];
  return items.flatMap((item, i) => {
    note(d, `${path}.${i}`, item);
    const text = readText(d, key, item);
    return text === null ? [] : [text.text];
  });
}

/** A name in a directory: it leads nowhere else. */
function readName(d: Decoder, key: string, tree: Tree): string | null {
  const text = readText(d, key, tree);
  if (text === null || !/^$|^\/|(^|\/)\.\.?(\/|$)|\/$/.test(text.text)) return text?.text ?? null;
  return wrong(d, text.span, `cannot use \`${text.text}\`: \`${key}\` is a file in the directory`);
}

/** `32m`, `500k`, `1g`, or `none`; in bytes, and Infinity for none. */
function readSize(d: Decoder, key: string, tree: Tree): number | null {
  const text = tree.type === 'scalar' ? tree.text : '';
  if (text === 'none') return Number.POSITIVE_INFINITY;
  const match = /^([1-9]\d{0,6})([kmg])b?$/i.exec(text);
  const shift = { k: 10, m: 20, g: 30 }[match?.[2]?.toLowerCase() ?? ''];
  if (match !== null && shift !== undefined) return Number(match[1]) * 2 ** shift;
  const needed = 'a size such as `500k`, `32m` or `1g`, or `none`';
  return wrong(d, tree.span, `cannot read \`${key}\`: ${needed} is needed, and ${describe(tree)}`);
}

/** `no`, `immutable`, or how long. */
function readCache(d: Decoder, tree: Tree): string | null {
  const text = tree.type === 'scalar' ? tree.text : '';
  if (text === 'no') return 'no-cache';
  if (text === 'immutable') return 'public, max-age=31536000, immutable';
  const ms = parseDuration(text);
  if (ms !== null) return `public, max-age=${Math.floor(ms / 1000)}`;
  const needed = 'a duration, `no` or `immutable`';
  return wrong(d, tree.span, `cannot read \`cache\`: ${needed} is needed, and ${describe(tree)}`);
}

function readStatus(d: Decoder, tree: Tree, fits: (status: number) => boolean, needed: string) {
  const status = tree.type === 'scalar' && /^\d{3}$/.test(tree.text) ? Number(tree.text) : 0;
  if (fits(status)) return status;
  return wrong(d, tree.span, `cannot read \`status\`: ${needed} is needed, and ${describe(tree)}`);
}

const protocols = ['http', 'h2c', 'grpc', 'grpc-web', 'fastcgi'] as const;
const redirects = [301, 302, 303, 307, 308];
const flag = <Kind extends PlannedRoute['type']>(
  key: string,
  set: (draft: Draft<Kind>, value: boolean) => void,
): Reader<Kind> => {
  return (d, tree, _path, draft) => {
    const value = readFlag(d, key, tree);
    if (value !== null) set(draft, value);
  };
};

const directory: Readonly<Record<string, Reader<'directory'>>> = {
  dir: (d, tree, _path, draft) => {
    draft.directory = readText(d, 'dir', tree)?.text ?? '';
  },
  index: (d, tree, path, draft) => {
    draft.index = readTexts(d, 'index', tree, path);
    for (const item of tree.type === 'list' ? tree.items : [tree]) readName(d, 'index', item);
  },
  cache: (d, tree, _path, draft) => {
    draft.cache = readCache(d, tree);
  },
  spa: flag('spa', (draft, value) => {
    draft.spa = value;
  }),
  precompressed: flag('precompressed', (draft, value) => {
    draft.precompressed = value;
  }),
  not_found: (d, tree, _path, draft) => {
    draft.notFound = readName(d, 'not_found', tree);
  },
  dotfiles: flag('dotfiles', (draft, value) => {
    draft.dotfiles = value;
  }),
  symlinks: flag('symlinks', (draft, value) => {
    draft.symlinks = value;
  }),
};

const upstream: Readonly<Record<string, Reader<'process'>>> = {
  to: (d, tree, _path, draft) => {
    draft.process = readText(d, 'to', tree)?.text ?? '';
  },
  port: (d, tree, _path, draft) => {
    draft.port = readPort(d, 'port', tree);
  },
  socket: (d, tree, _path, draft) => {
    draft.socket = readText(d, 'socket', tree)?.text ?? null;
  },
  protocol: (d, tree, _path, draft) => {
    draft.protocol = readOneOf(d, 'protocol', tree, protocols) ?? 'http';
  },
  strip_prefix: flag('strip_prefix', (draft, value) => {
    draft.stripPrefix = value;
  }),
  timeout: (d, tree, _path, draft) => {
    draft.timeoutMs = readDuration(d, 'timeout', tree) ?? draft.timeoutMs;
  },
  buffering: flag('buffering', (draft, value) => {
    draft.buffering = value;
  }),
  max_body: (d, tree, _path, draft) => {
    const bytes = readSize(d, 'max_body', tree);
    if (bytes !== null) draft.maxBodyBytes = Number.isFinite(bytes) ? bytes : null;
  },
  websocket: flag('websocket', (draft, value) => {
    draft.websocket = value;
  }),
  request_headers: (d, tree, path, draft) => {
    draft.requestHeaders = readHeaders(d, 'request_headers', tree, path);
  },
  cors: (d, tree, path, draft) => {
    draft.cors = readTexts(d, 'cors', tree, path);
  },
  root: (d, tree, _path, draft) => {
    draft.root = readText(d, 'root', tree)?.text ?? null;
  },
  script: (d, tree, _path, draft) => {
    draft.script = readName(d, 'script', tree) ?? draft.script;
  },
};

const redirect: Readonly<Record<string, Reader<'redirect'>>> = {
  redirect: (d, tree, _path, draft) => {
    const text = readText(d, 'redirect', tree);
    if (text !== null && !/^(\/|https?:\/\/|\$)/.test(text.text)) {
      const hint = 'begin with `/`, `https://` or `http://`';
      wrong(d, text.span, `cannot redirect to \`${text.text}\`: it is no address`, hint);
    }
    draft.to = text?.text ?? '';
  },
  status: (d, tree, _path, draft) => {
    const fits = (status: number): boolean => redirects.includes(status);
    draft.status = readStatus(d, tree, fits, redirects.join(', ')) ?? draft.status;
  },
};

const answer: Readonly<Record<string, Reader<'answer'>>> = {
  answer: (d, tree, _path, draft) => {
    // An empty answer has to be written as one.
    if (tree.type === 'scalar' && tree.quoted) draft.body = tree.text;
    else draft.body = readText(d, 'answer', tree)?.text ?? '';
  },
  status: (d, tree, _path, draft) => {
    const fits = (status: number): boolean =>
      status >= 200 && status <= 599 && !(status > 300 && status < 309);
    draft.status = readStatus(d, tree, fits, 'a status from 200 to 599') ?? draft.status;
  },
  content_type: (d, tree, _path, draft) => {
    draft.contentType = readText(d, 'content_type', tree)?.text ?? draft.contentType;
  },
};

/** What a route may hold, by the key that says what it is. */
const kinds = { dir: directory, to: upstream, redirect, answer } as const;
type KindKey = keyof typeof kinds;
const kindKeys = Object.keys(kinds) as KindKey[];
const shared = ['headers'];
const foreign = {
  alias: 'dir',
  directory: 'dir',
  process: 'to',
  proxy_pass: 'to',
  upstream: 'to',
  return: 'answer',
  body: 'answer',
  fallback: 'spa',
  client_max_body_size: 'max_body',
  proxy_read_timeout: 'timeout',
};
/** The keys of each kind of route. */
export const routeKinds: Readonly<Record<KindKey, readonly string[]>> = {
  dir: [...Object.keys(directory), ...shared],
  to: [...Object.keys(upstream), ...shared],
  redirect: [...Object.keys(redirect), ...shared],
  answer: [...Object.keys(answer), ...shared],
};
export const routeKeys: readonly string[] = [...new Set(Object.values(routeKinds).flat())];

/** `/static/*` and `/static/` to `/static/`, `/*` to `/`. */
function routePath(d: Decoder, key: Scalar): string | null {
  const path = key.text.endsWith('/*') ? key.text.slice(0, -1) : key.text;
  if (!path.startsWith('/'))
    return wrong(d, key.span, `cannot route \`${key.text}\`: a route begins with \`/\``);
  if (path.includes('*'))
    return wrong(d, key.span, `cannot route \`${key.text}\`: \`*\` may only be the end of it`);
  if (path.endsWith('/')) return path;
  const hint = `write \`${path}/*\``;
  return wrong(d, key.span, `cannot route \`${path}\`: a route ends with \`/*\``, hint);
}

function empty(kind: KindKey, path: string): PlannedRoute {
  if (kind === 'dir') return newDirectory(path, '');
  if (kind === 'to') return newUpstream(path, '');
  if (kind === 'redirect') return { type: 'redirect', path, headers: [], to: '', status: 302 };
  const contentType = 'text/plain; charset=utf-8';
  return { type: 'answer', path, headers: [], status: 200, body: '', contentType };
}

function longForm(d: Decoder, key: Scalar, tree: Tree, path: string, at: string) {
  const entries = readMap(d, key.text, tree) ?? [];
  const is = ({ key: { text } }: Entry): boolean => kindKeys.includes(text as KindKey);
  const [first, second] = entries.filter(is);
  if (first === undefined) {
    // A misspelt key may be the one; it is said as such.
    const keys = { owner: 'a route', known: routeKeys, planned: [], foreign };
    if (entries.map((entry) => isKnown(d, entry.key, keys)).includes(false)) return null;
    const hint = '`dir: ./static`, `to: app`, `redirect: /new/` or `answer: text`';
    return wrong(d, key.span, `cannot route \`${key.text}\`: nothing says what answers`, hint);
  }
  if (second !== undefined) {
    const text = `cannot use \`${second.key.text}\` beside \`${first.key.text}\`: one of them answers`;
    return wrong(d, second.key.span, text);
  }
  const kind = first.key.text as KindKey;
  const readers = kinds[kind] as Readonly<Record<string, Reader<PlannedRoute['type']>>>;
  const known = routeKinds[kind];
  const draft = empty(kind, path) as Draft<PlannedRoute['type']>;
  const written = new Set(entries.map((entry) => entry.key.text));
  for (const { key: own, value } of entries) {
    const { text } = own;
    if (routeKeys.includes(text) && !known.includes(text)) {
      wrong(d, own.span, `cannot use \`${text}\` here: a route with \`${kind}\` has no such key`);
      continue;
    }
    if (!isKnown(d, own, { owner: 'a route', known, planned: [], foreign })) continue;
    note(d, `${at}.${text}`, value);
    if (text === 'headers') draft.headers = readHeaders(d, text, value, `${at}.${text}`);
    else readers[text]?.(d, value, `${at}.${text}`, draft);
  }
  // A stream has no size.
  const route = draft as PlannedRoute;
  const stream = route.type === 'process' && route.protocol.startsWith('grpc');
  return stream && !written.has('max_body') ? { ...route, maxBodyBytes: null } : route;
}

/** `index`: of the route among those that are read; its places are noted under it. */
export function readRoute(d: Decoder, { key, value }: Entry, index: number): PlannedRoute | null {
  const at = `front.routes.${index}`;
  const path = routePath(d, key);
  note(d, at, value);
  note(d, `${at}.key`, key);
  if (path !== null && value.type === 'map') return longForm(d, key, value, path, at);
  const text = readText(d, key.text, value);
  if (path === null || text === null) return null;
  if (/^(\/|\.\.?\/|\.\.?$)/.test(text.text)) return newDirectory(path, text.text);
  if (!/^https?:\/\//.test(text.text)) return newUpstream(path, text.text);
  const end = { start: 0, end: text.text.length };
  const hint = `for a redirect: \`{redirect: ${text.text}}\`; the front proxies to its own processes`;
  return wrong(d, partOf(text, end), `cannot route to \`${text.text}\`: it is no process`, hint);
}
