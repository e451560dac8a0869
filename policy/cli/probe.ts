/** `tandem probe URL`: HEALTHCHECK for images that have no shell and no curl. */
import { parseDuration } from '../config/duration.ts';
import type { Facts } from '../plan/facts.ts';
import type { ProbeSpec } from '../plan/plan.ts';
import type { Outcome } from './outcome.ts';
import { usage } from './start.ts';

const forms =
  'ready, tcp:8080, http://127.0.0.1:8080/health, grpc:50051/Service, unix:/path, file:/path';

function portOf(text: string): number | null {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : null;
}

/** Tandem asks on the loopback interface only: what it asks for is its own container. */
const local = /^(127\.0\.0\.1|localhost|\[::1\])?$/;

function parse(url: string): ProbeSpec | null {
  const http = /^http:\/\/([^/:]*|\[[^\]]*\])(?::(\d+))?(\/[^\s]*)?$/.exec(url);
  if (http !== null) {
    const port = portOf(http[2] ?? '80');
    if (port === null || !local.test(http[1] ?? '')) return null;
    const host = `127.0.0.1:${port}`;
    const head = `Host: ${host}\r\nUser-Agent: tandem\r\nConnection: close\r\n`;
    const request = `GET ${http[3] ?? '/'} HTTP/1.1\r\n${head}\r\n`;
    return { type: 'http', port, request, statusMin: 200, statusMax: 399 };
  }
  const match = /^(tcp|grpc|unix|file):(?:\/\/)?([\s\S]+)$/.exec(url);
  const [, kind, rest = ''] = match ?? [];
  if (kind === 'unix' || kind === 'file') return { type: kind, path: rest };
  const at = /^(?:127\.0\.0\.1:|localhost:)?(\d+)(?:\/(.*))?$/.exec(rest);
  const port = portOf(at?.[1] ?? '');
  if (port === null) return null;
  if (kind === 'grpc') return { type: 'grpc', port, service: at?.[2] ?? '' };
  return kind === 'tcp' && at?.[2] === undefined ? { type: 'tcp', port } : null;
}

export function probe(facts: Facts, url: string, timeout: string | null): Outcome {
  const spec = parse(url);
  const itself = url === 'ready';
  if (spec === null && !itself) return usage(`cannot probe \`${url}\``, `one of: ${forms}`);
  const timeoutMs = timeout === null ? 1000 : parseDuration(timeout);
  if (timeoutMs === null) return usage(`cannot wait \`${timeout}\``, 'a duration: 2s, 500ms');
  if (spec === null) return facts.library('live').askReady(facts, timeoutMs);
  return { type: 'probe', spec, timeoutMs };
}
