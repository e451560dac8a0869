/** The front: the HTTP door. Each key has one reader here; those of a route are in decode-route.ts. */
import { newFront, type PlannedFront, type PlannedRoute } from '../plan/planned-front.ts';
import { readHeaders, readRoute, readTexts } from './decode-route.ts';
import {
  type Decoder,
  describe,
  isKnown,
  note,
  readDuration,
  readFlag,
  readMap,
  readOneOf,
  readPort,
  readText,
  readWhole,
  wrong,
} from './decoder.ts';
import type { Scalar, Tree } from './tree.ts';

type Draft = { -readonly [Key in keyof PlannedFront]: PlannedFront[Key] };
type Reader = (d: Decoder, tree: Tree, path: string, draft: Draft) => void;

/** A path that the front answers itself. */
function readOwnPath(d: Decoder, key: string, tree: Tree): string | null {
  const text = readText(d, key, tree);
  if (text === null || text.text.includes('$')) return text?.text ?? null;
  if (!/^\/[\w.~/-]*$/.test(text.text) || /\/\/|\/\.\.?(\/|$)/.test(text.text))
    return wrong(d, text.span, `cannot answer at \`${text.text}\`: a plain path is needed`);
  if (!text.text.endsWith('z')) return text.text;
  const why = 'Cloud Run keeps paths that end in z for itself';
  return wrong(d, text.span, `cannot answer at \`${text.text}\`: ${why}`, 'use another name');
}

/** Raw lines are nginx's own; `location` names its places. */
const nginx: Reader = (d, tree, path, draft) => {
  const raw = { http: '', server: '' };
  let locations: PlannedFront['nginx']['locations'] = [];
  for (const { key, value } of readMap(d, 'nginx', tree) ?? []) {
    const known = ['http', 'server', 'location'];
    if (!isKnown(d, key, { owner: '`nginx`', known, planned: [], foreign: {} })) continue;
    note(d, `${path}.${key.text}`, value);
    if (key.text === 'http') raw.http = readText(d, 'http', value)?.text ?? '';
    else if (key.text === 'server') raw.server = readText(d, 'server', value)?.text ?? '';
    else
      locations = (readMap(d, 'location', value) ?? []).flatMap((entry) => {
        const lines = readText(d, entry.key.text, entry.value);
        return lines === null ? [] : [[entry.key.text, lines.text] as const];
      });
  }
  draft.nginx = { ...raw, locations };
};

const routes: Reader = (d, tree, _path, draft) => {
  const found: PlannedRoute[] = [];
  for (const entry of readMap(d, 'routes', tree) ?? []) {
    const route = readRoute(d, entry, found.length);
    if (route !== null) found.push(route);
  }
  draft.routes = found;
};

const readers: Readonly<Record<string, Reader>> = {
  port: (d, tree, _path, draft) => {
    draft.port = readPort(d, 'port', tree) ?? draft.port;
  },
  routes,
  engine: (d, tree, _path, draft) => {
    draft.engine =
      readOneOf(d, 'engine', tree, ['nginx', 'node', 'envoy'] as const) ?? draft.engine;
  },
  http2: (d, tree, _path, draft) => {
    const said = readOneOf(d, 'http2', tree, ['true', 'false', 'only'] as const);
    draft.http2 = said === 'true' ? 'on' : said === 'only' ? 'only' : 'off';
  },
  compress: (d, tree, _path, draft) => {
    draft.compress = readFlag(d, 'compress', tree) ?? false;
  },
  access_log: (d, tree, _path, draft) => {
    const known = ['off', 'text', 'json'] as const;
    draft.accessLog = readOneOf(d, 'access_log', tree, known) ?? 'off';
  },
  ready: (d, tree, _path, draft) => {
    draft.ready = readOwnPath(d, 'ready', tree);
  },
  live: (d, tree, _path, draft) => {
    draft.live = readOwnPath(d, 'live', tree);
  },
  trusted_proxies: (d, tree, path, draft) => {
    const all = readTexts(d, 'trusted_proxies', tree, path);
    draft.trustedProxies = all.length === 1 && all[0] === 'none' ? [] : all;
  },
  headers: (d, tree, path, draft) => {
    draft.headers = readHeaders(d, 'headers', tree, path);
  },
  client_timeout: (d, tree, _path, draft) => {
    draft.clientTimeoutMs = readDuration(d, 'client_timeout', tree) ?? draft.clientTimeoutMs;
  },
  workers: (d, tree, _path, draft) => {
    const count = readWhole(d, 'workers', tree, 256);
    if (count === 0) wrong(d, tree.span, `cannot work with none: ${describe(tree)}`);
    draft.workers = count;
  },
  nginx,
};

export const frontKeys = {
  owner: 'the front',
  known: Object.keys(readers),
  planned: [],
  foreign: { listen: 'port', locations: 'routes', paths: 'routes', gzip: 'compress' },
};

export function readFront(d: Decoder, key: Scalar, tree: Tree): PlannedFront | null {
  const entries = readMap(d, 'front', tree);
  if (entries === null) return null;
  note(d, 'front', key);
  // Where a default clashes with something, the front itself is the place to look at.
  note(d, 'front.port', key);
  const draft: Draft = { ...newFront };
  for (const entry of entries) {
    const { text } = entry.key;
    if (!isKnown(d, entry.key, frontKeys)) continue;
    if (text !== 'routes') note(d, `front.${text}`, entry.value);
    readers[text]?.(d, entry.value, `front.${text}`, draft);
  }
  if (!entries.some((entry) => entry.key.text === 'routes'))
    wrong(d, key.span, 'cannot open the front: it has no `routes`', 'for one app: `/*: NAME`');
  return draft;
}
