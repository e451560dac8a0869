/** What the process is told of the client, and what of a stranger's word is dropped. */

import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv6 } from 'node:net';
import type { Header, ProcessRoute } from '../../policy/front/model.ts';
import type { Client, Exchange } from './exchange.ts';

export type Trust = (address: string) => boolean;

/** `::ffff:10.0.0.1`, as a socket for both families names a client of IPv4. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}

export function trustOf(networks: readonly string[]): Trust {
  const list = new BlockList();
  for (const network of networks) {
    const [base = '', bits] = network.split('/');
    const family = isIPv6(base) ? 'ipv6' : 'ipv4';
    list.addSubnet(base, Number(bits ?? (family === 'ipv6' ? 128 : 32)), family);
  }
  return (address) => list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

export function clientOf(req: IncomingMessage, trust: Trust): Client {
  const address = plainAddress(req.socket?.remoteAddress ?? '');
  // Behind a socket there is the front that Tandem started, and nobody else.
  const trusted = address === '' || trust(address);
  const line = trusted ? [req.headers['x-forwarded-for'] ?? []].flat().join(',') : '';
  // Each proxy adds whom it saw at the end: the last that is none of ours is the client.
  const chain = line
    .split(',')
    .map((one) => one.trim())
    .filter((one) => isIP(one) > 0);
  const real = [...chain].reverse().find((one) => !trust(plainAddress(one))) ?? chain[0] ?? address;
  return { address, trusted, real };
}

/** Of the connection, never of the message (RFC 9110, 7.6.1). */
const ofTheConnection = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'expect',
]);

function namedIn(connection: string | undefined): ReadonlySet<string> {
  return new Set((connection ?? '').split(',').map((name) => name.trim().toLowerCase()));
}

/** Set anew for the process, or kept from one whose word counts. */
const setAnew = new Set([
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-real-ip',
]);

/** `Proxy` would be HTTP_PROXY to a script (httpoxy); a stranger may say nothing of forwarding. */
function isBelieved(key: string, client: Client): boolean {
  if (key === 'proxy' || setAnew.has(key)) return false;
  return client.trusted || !key.startsWith('x-forwarded-');
}

function first(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}

/** The request's headers as the process gets them, in the order in which they came. */
export function requestHeaders(one: Exchange, route: ProcessRoute): [string, string][] {
  const { req, client } = one;
  const dropped = namedIn(first(req.headers.connection));
  const own = new Set(route.requestHeaders.map(([name]) => name.toLowerCase()));
  const out: [string, string][] = [];
  const raw = req.rawHeaders;
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const [name, value] = [raw[at] as string, raw[at + 1] as string];
    const key = name.toLowerCase();
    // `X_Forwarded_For` and `X-Forwarded-For` are one variable in CGI and WSGI.
    if (key.startsWith(':') || key.includes('_')) continue;
    if (ofTheConnection.has(key) || dropped.has(key) || own.has(key)) continue;
    if (!isBelieved(key, client)) continue;
    out.push([name, value]);
  }
  if (req.headers.host === undefined && one.http2)
    out.push(['Host', String(req.headers[':authority'] ?? '')]);
  out.push(
    ...forwarding(req, client),
    ...route.requestHeaders.map(([n, v]: Header): [string, string] => [n, v]),
  );
  return out;
}

function forwarding(req: IncomingMessage, client: Client): [string, string][] {
  const said = (name: string): string | undefined =>
    client.trusted ? first(req.headers[name]) : undefined;
  const before = client.trusted
    ? [req.headers['x-forwarded-for']].flat().filter((one) => one !== undefined)
    : [];
  const host =
    said('x-forwarded-host') ??
    req.headers.host ??
    first(req.headers[':authority'] as string | undefined) ??
    '';
  const out: [string, string][] = [
    ['X-Forwarded-For', [...before, client.address].filter((one) => one !== '').join(', ')],
    ['X-Forwarded-Proto', said('x-forwarded-proto') ?? 'http'],
    ['X-Forwarded-Host', host],
    ['X-Real-IP', client.real],
  ];
  const forwarded = said('forwarded');
  if (forwarded !== undefined) out.push(['Forwarded', forwarded]);
  return out;
}

/** The answer's headers without those of the connection to the process. */
export function responseHeaders(raw: readonly (Buffer | string)[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < raw.length; at += 2)
    pairs.push([String(raw[at]), Buffer.from(raw[at + 1] as Buffer).toString('latin1')]);
  const connection = pairs.find(([name]) => name.toLowerCase() === 'connection')?.[1];
  const dropped = namedIn(connection);
  return pairs.filter(([name]) => {
    const key = name.toLowerCase();
    return !ofTheConnection.has(key) && !dropped.has(key);
  });
}

/** Headers of several lines stay several (Set-Cookie). */
export function grouped(
  pairs: readonly (readonly [string, string])[],
): Map<string, string | string[]> {
  const out = new Map<string, [string, string | string[]]>();
  for (const [name, value] of pairs) {
    const key = name.toLowerCase();
    const known = out.get(key);
    out.set(key, [known?.[0] ?? name, known === undefined ? value : [known[1], value].flat()]);
  }
  return new Map([...out.values()]);
}
