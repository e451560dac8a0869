/** WebSocket, and whatever else is upgraded to: two sockets become one, both ways with back-pressure. */
import { type IncomingMessage, request } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FrontRoute, ProcessRoute } from '../../policy/front/model.ts';
import type { Exchange } from './exchange.ts';
import { reasonOf } from './exchange.ts';
import { requestHeaders } from './forwarded.ts';
import { pathFor } from './proxy.ts';

function refuse(socket: Duplex, status: number): void {
  const body = `${status} ${reasonOf(status)}\n`;
  const extra = status === 503 ? 'Retry-After: 1\r\n' : '';
  socket.end(
    `HTTP/1.1 ${status} ${reasonOf(status)}\r\nContent-Type: text/plain; charset=utf-8\r\n${extra}` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

function head(response: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${response.statusCode} ${response.statusMessage}`];
  for (let at = 0; at + 1 < response.rawHeaders.length; at += 2)
    lines.push(`${response.rawHeaders[at]}: ${response.rawHeaders[at + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function join(a: Duplex, b: Duplex): void {
  const end = (): void => {
    a.destroy();
    b.destroy();
  };
  for (const one of [a, b]) {
    one.on('error', end);
    one.on('close', end);
  }
  a.pipe(b);
  b.pipe(a);
}

/** `first` are bytes that came behind the request's head. */
export function upgrade(
  one: Exchange,
  route: FrontRoute & ProcessRoute,
  socket: Duplex,
  first: Buffer,
): void {
  const path = pathFor(one, route);
  if (path === null) {
    refuse(socket, 400);
    return;
  }
  const { address } = route;
  const headers: Record<string, string | string[]> = {
    Connection: 'Upgrade',
    Upgrade: String(one.req.headers.upgrade ?? 'websocket'),
  };
  for (const [name, value] of requestHeaders(one, route)) {
    const known = headers[name];
    headers[name] = known === undefined ? value : [known, value].flat();
  }
  const asked = request({
    ...(address.type === 'tcp'
      ? { host: address.host, port: address.port }
      : { socketPath: address.path }),
    method: one.req.method ?? 'GET',
    path,
    headers,
    agent: false,
  });
  socket.on('error', () => asked.destroy());
  socket.on('close', () => asked.destroy());
  asked.setTimeout(route.timeoutMs, () => asked.destroy(new Error('silent')));
  asked.on('error', () => {
    if (!socket.destroyed) refuse(socket, 503);
  });
  asked.on('upgrade', (response, upstream: Duplex, rest) => {
    (upstream as Duplex & { setTimeout(ms: number): void }).setTimeout(0);
    socket.write(head(response));
    if (rest.length > 0) socket.write(rest);
    if (first.length > 0) upstream.write(first);
    join(socket, upstream);
  });
  asked.on('response', (response) => {
    // It was refused: the answer as it is, and the connection ends with it.
    const lines = head(response)
      .replace(/\r\nConnection: [^\r]*/i, '')
      .replace(/\r\nTransfer-Encoding: [^\r]*/i, '');
    socket.write(lines.replace(/\r\n\r\n$/, '\r\nConnection: close\r\n\r\n'));
    response.pipe(socket);
  });
  asked.end();
}
