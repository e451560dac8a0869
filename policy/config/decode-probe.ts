/** How a process is asked, or tells, that it can serve: `ready`, `healthcheck`, `pre_stop`. */
import type { PlannedHealth, PlannedPreStop, PlannedProbe } from '../plan/plan.ts';
import {
  type Decoder,
  isKnown,
  type LateValue,
  note,
  readDuration,
  readFlag,
  readMap,
  readPort,
  readText,
  readWhole,
  wrong,
} from './decoder.ts';
import type { Entry, Tree } from './tree.ts';
import { isEmpty } from './tree.ts';
import { splitWords } from './words.ts';

/** Compose's defaults, since the words are Compose's. */
const healthDefaults = { intervalMs: 30_000, timeoutMs: 30_000, retries: 3, startPeriodMs: 0 };

type Kind = (d: Decoder, tree: Tree, path: string) => PlannedProbe | null;

function entriesOf(
  d: Decoder,
  what: string,
  tree: Tree,
  known: readonly string[],
): ReadonlyMap<string, Tree> {
  const keys = { owner: `\`${what}\``, known, planned: [], foreign: {} };
  const found = new Map<string, Tree>();
  for (const { key, value } of readMap(d, what, tree) ?? [])
    if (isKnown(d, key, keys)) found.set(key.text, value);
  return found;
}

/** Words of a list, or of a text that is split like a command. */
function readArgv(d: Decoder, key: string, tree: Tree): readonly string[] | null {
  if (tree.type === 'list') {
    const words = tree.items.map((item) => readText(d, key, item)?.text ?? null);
    return words.some((word) => word === null) ? null : words.map((word) => word ?? '');
  }
  const text = readText(d, key, tree);
  if (text === null) return null;
  const { words, problem } = splitWords(text.text);
  if (words === null) return wrong(d, text.span, problem.text, problem.hint);
  return words.map((word) => word.text);
}

/** `200`, or `200-399`. */
function readStatus(d: Decoder, tree: Tree): readonly [number, number] | null {
  const text = tree.type === 'scalar' ? tree.text : '';
  const match = /^([1-5]\d\d)(?:-([1-5]\d\d))?$/.exec(text);
  if (match === null)
    return wrong(d, tree.span, 'cannot read `status`: `200` or `200-399` is needed');
  return [Number(match[1]), Number(match[2] ?? match[1])];
}

function portOf(d: Decoder, entries: ReadonlyMap<string, Tree>): LateValue | null {
  const tree = entries.get('port');
  return tree === undefined ? null : readPort(d, 'port', tree);
}

const okStatus = [200, 399] as const;

const http: Kind = (d, tree) => {
  if (tree.type === 'scalar' && !isEmpty(tree)) {
    if (!tree.text.startsWith('/') && !tree.text.startsWith('$'))
      return wrong(d, tree.span, 'cannot read `http`: a path begins with `/`');
    return { type: 'http', port: null, path: tree.text, headers: [], status: okStatus };
  }
  const entries = entriesOf(d, 'http', tree, ['port', 'path', 'status', 'headers']);
  const path = entries.get('path');
  const status = entries.get('status');
  const headers = entries.get('headers');
  return {
    type: 'http',
    port: portOf(d, entries),
    path: path === undefined ? '/' : (readText(d, 'path', path)?.text ?? '/'),
    headers: (headers === undefined ? [] : (readMap(d, 'headers', headers) ?? [])).flatMap(
      ({ key, value }): [string, string][] => {
        const text = readText(d, key.text, value);
        return text === null ? [] : [[key.text, text.text]];
      },
    ),
    status: (status === undefined ? null : readStatus(d, status)) ?? okStatus,
  };
};

const grpc: Kind = (d, tree) => {
  if (tree.type === 'scalar' && tree.text === 'true')
    return { type: 'grpc', port: null, service: '' };
  const entries = entriesOf(d, 'grpc', tree, ['port', 'service']);
  const service = entries.get('service');
  const name = service === undefined ? '' : (readText(d, 'service', service)?.text ?? '');
  return { type: 'grpc', port: portOf(d, entries), service: name };
};

function pathOf(type: 'unix' | 'file'): Kind {
  return (d, tree) => {
    const text = readText(d, type, tree);
    return text === null ? null : { type, path: text.text };
  };
}

const log: Kind = (d, tree) => {
  const text = readText(d, 'log', tree);
  return text === null ? null : { type: 'log', pattern: text.text };
};

const notify: Kind = (d, tree) =>
  readFlag(d, 'notify', tree) === true ? { type: 'notify' } : null;

const fd: Kind = (d, tree) => {
  const number = readWhole(d, 'fd', tree, 255);
  if (number === null || number > 2) return number === null ? null : { type: 'fd', fd: number };
  return wrong(d, tree.span, `cannot use descriptor ${number}: 0, 1 and 2 are its streams`);
};

const exec: Kind = (d, tree) => {
  const argv = readArgv(d, 'exec', tree);
  if (argv !== null && argv.length === 0)
    return wrong(d, tree.span, 'cannot run nothing: `exec` needs a program');
  return argv === null ? null : { type: 'exec', argv };
};

const delay: Kind = (d, tree) => {
  const delayMs = readDuration(d, 'delay', tree);
  return delayMs === null ? null : { type: 'delay', delayMs };
};

const tcp: Kind = (d, tree) => {
  const port = tree.type === 'scalar' && tree.text === 'true' ? null : readPort(d, 'tcp', tree);
  return { type: 'tcp', port };
};

const repeatable: Readonly<Record<string, Kind>> = {
  tcp,
  http,
  grpc,
  unix: pathOf('unix'),
  file: pathOf('file'),
  exec,
};
export const kinds: Readonly<Record<string, Kind>> = { ...repeatable, log, notify, fd, delay };

/** The one entry of a map that names a kind. */
function readKind(
  d: Decoder,
  what: string,
  tree: Tree,
  known: Readonly<Record<string, Kind>>,
  path: string,
): PlannedProbe | null {
  const names = Object.keys(known);
  const entries = readMap(d, what, tree);
  if (entries === null) return null;
  const [first, second] = entries;
  if (first === undefined)
    return wrong(d, tree.span, `cannot read \`${what}\`: one of ${names.join(', ')} is needed`);
  if (second !== undefined)
    return wrong(
      d,
      second.key.span,
      `cannot use \`${second.key.text}\` beside \`${first.key.text}\`: one kind is enough`,
    );
  if (!isKnown(d, first.key, { owner: `\`${what}\``, known: names, planned: [], foreign: {} }))
    return null;
  note(d, `${path}.${first.key.text}`, first.value);
  return known[first.key.text]?.(d, first.value, path) ?? null;
}

export function decodeReady(d: Decoder, tree: Tree, path: string): PlannedProbe | null {
  if (tree.type === 'scalar' && tree.text === 'none') return { type: 'none' };
  if (tree.type === 'scalar' && tree.text === 'notify') return { type: 'notify' };
  return readKind(d, 'ready', tree, kinds, path);
}

/** Compose's `test`: a text for a shell, or a list that begins with CMD, CMD-SHELL or NONE. */
function readTest(d: Decoder, tree: Tree): PlannedProbe | null {
  if (tree.type === 'scalar') {
    const text = readText(d, 'test', tree);
    return text === null ? null : { type: 'exec', argv: ['/bin/sh', '-c', text.text] };
  }
  const words = readArgv(d, 'test', tree);
  if (words === null) return null;
  const [first, ...rest] = words;
  if (first === 'NONE') return { type: 'none' };
  if (first === 'CMD' && rest.length > 0) return { type: 'exec', argv: rest };
  if (first === 'CMD-SHELL' && rest.length === 1)
    return { type: 'exec', argv: ['/bin/sh', '-c', rest[0] ?? ''] };
  return wrong(d, tree.span, 'cannot read `test`: it begins with CMD, CMD-SHELL or NONE');
}

export const timing = ['interval', 'timeout', 'retries', 'start_period', 'disable', 'test'];

export function decodeHealth(d: Decoder, tree: Tree, path: string): PlannedHealth | null {
  const entries = readMap(d, 'healthcheck', tree);
  if (entries === null) return null;
  const known = [...Object.keys(repeatable), ...timing];
  const keys = { owner: '`healthcheck`', known, planned: [], foreign: {} };
  let health: PlannedHealth = { probe: null, ...healthDefaults };
  let probe: Entry | null = null;
  let off = false;
  for (const entry of entries) {
    const { key, value } = entry;
    if (!isKnown(d, key, keys)) continue;
    const at = `${path}.${key.text}`;
    note(d, at, value);
    const ms = (): LateValue | null => readDuration(d, key.text, value);
    if (key.text === 'interval') health = { ...health, intervalMs: ms() ?? 0 };
    else if (key.text === 'timeout') health = { ...health, timeoutMs: ms() ?? 0 };
    else if (key.text === 'start_period') health = { ...health, startPeriodMs: ms() ?? 0 };
    else if (key.text === 'retries') {
      const retries = readWhole(d, 'retries', value, 1000) ?? 1;
      if (retries === 0) wrong(d, value.span, 'cannot give up before the first: `retries` is 0');
      health = { ...health, retries };
    } else if (key.text === 'disable') off = readFlag(d, 'disable', value) === true;
    else if (probe !== null)
      wrong(d, key.span, `cannot use \`${key.text}\` beside \`${probe.key.text}\``);
    else {
      probe = entry;
      const read = key.text === 'test' ? readTest(d, value) : repeatable[key.text]?.(d, value, at);
      health = { ...health, probe: read ?? null };
    }
  }
  return off || health.probe?.type === 'none' ? null : health;
}

/** `{delay: 2s}`, `{exec: [..]}`, `{http: /drain}` or `{http: {method, port, path}}`. */
export function decodePreStop(d: Decoder, tree: Tree, path: string): PlannedPreStop | null {
  const entries = tree.type === 'map' ? tree.entries : [];
  const first = entries[0];
  let method = 'GET';
  let given = tree;
  if (first?.key.text === 'http' && first.value.type === 'map') {
    const rest = first.value.entries.filter(({ key, value }) => {
      if (key.text !== 'method') return true;
      method = readText(d, 'method', value)?.text ?? method;
      return false;
    });
    given = {
      ...tree,
      type: 'map',
      entries: [{ key: first.key, value: { ...first.value, entries: rest } }, ...entries.slice(1)],
    };
  }
  const probe = readKind(d, 'pre_stop', given, { delay, exec, http }, path);
  if (probe === null) return null;
  if (probe.type === 'delay') return { type: 'delay', delayMs: probe.delayMs };
  return { type: 'probe', method, probe };
}
