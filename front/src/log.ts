/** One line for each request, on stdout. */
import type { Exchange } from './exchange.ts';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function clock(now: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = `${two(now.getUTCDate())}/${months[now.getUTCMonth()]}/${now.getUTCFullYear()}`;
  return `${day}:${two(now.getUTCHours())}:${two(now.getUTCMinutes())}:${two(now.getUTCSeconds())} +0000`;
}

/** What comes from outside must not end the line or the quotes. */
function quoted(text: string): string {
  return text.replace(
    /[\x00-\x1f"\\\x7f-\uffff]/g,
    (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

/** The shape that nginx calls combined. */
function line(one: Exchange, bytes: number): string {
  const { req, res, client } = one;
  const agent = quoted(String(req.headers['user-agent'] ?? '-'));
  const referer = quoted(String(req.headers.referer ?? '-'));
  const what = quoted(`${req.method} ${req.url} HTTP/${req.httpVersion}`);
  return `${client.real} - - [${clock(new Date())}] "${what}" ${res.statusCode} ${bytes} "${referer}" "${agent}"`;
}

/** `TRACE/SPAN;o=1`, or traceparent: `00-TRACE-SPAN-01`. */
function traceOf(one: Exchange): { id: string; span: string; sampled: boolean } | null {
  const cloud = /^([0-9a-f]{32})\/(\d+)(?:;o=(\d))?/.exec(
    String(one.req.headers['x-cloud-trace-context'] ?? ''),
  );
  if (cloud !== null) {
    const span = BigInt(cloud[2] as string)
      .toString(16)
      .padStart(16, '0');
    return { id: cloud[1] as string, span, sampled: cloud[3] === '1' };
  }
  const w3c = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})/.exec(
    String(one.req.headers.traceparent ?? ''),
  );
  if (w3c === null) return null;
  return {
    id: w3c[1] as string,
    span: w3c[2] as string,
    sampled: (Number.parseInt(w3c[3] as string, 16) & 1) === 1,
  };
}

function urlOf({ req }: Exchange): string {
  const host = req.headers.host ?? req.headers[':authority'] ?? '';
  return `${req.headers['x-forwarded-proto'] ?? 'http'}://${host}${req.url}`;
}

function json(one: Exchange, bytes: number, ms: number): string {
  const { req, res, client, plan } = one;
  const { statusCode: status } = res;
  const trace = traceOf(one);
  return JSON.stringify({
    severity: status >= 500 ? 'ERROR' : status >= 400 ? 'WARNING' : 'INFO',
    message: `${req.method} ${req.url} ${status}`,
    httpRequest: {
      requestMethod: req.method,
      requestUrl: urlOf(one),
      status,
      responseSize: String(bytes),
      userAgent: String(req.headers['user-agent'] ?? ''),
      remoteIp: client.real,
      referer: String(req.headers.referer ?? ''),
      latency: `${(ms / 1000).toFixed(3)}s`,
      protocol: `HTTP/${req.httpVersion}`,
    },
    ...(trace === null
      ? {}
      : {
          'logging.googleapis.com/trace':
            plan.traceProject === null
              ? trace.id
              : `projects/${plan.traceProject}/traces/${trace.id}`,
          'logging.googleapis.com/spanId': trace.span,
          'logging.googleapis.com/trace_sampled': trace.sampled,
        }),
  });
}

export function logWhenDone(one: Exchange): void {
  if (one.plan.accessLog === 'off') return;
  const { res } = one;
  let bytes = 0;
  const counted =
    <T>(pass: (...args: never[]) => T) =>
    (...args: unknown[]): T => {
      const [chunk] = args;
      if (typeof chunk === 'string' || Buffer.isBuffer(chunk)) bytes += Buffer.byteLength(chunk);
      return pass.apply(res, args as never[]);
    };
  Object.assign(res, {
    write: counted(res.write as (...args: never[]) => boolean),
    end: counted(res.end as (...args: never[]) => typeof res),
  });
  res.once('close', () => {
    const ms = performance.now() - one.startedMs;
    const text = one.plan.accessLog === 'json' ? json(one, bytes, ms) : line(one, bytes);
    process.stdout.write(`${text}\n`);
  });
}
