/** One connection to a front, byte for byte: what no well-behaved client would send. */
import { connect } from 'node:net';

export type Raw = {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** All that came, in latin1. */
  readonly text: string;
};

/**
 * Sends and reads until the other side closes, or until `enough` says so; nothing in `deadlineMs`
 * is an error. With a status of 0 nothing came.
 */
export function exchange(
  port: number,
  bytes: string | Buffer,
  enough: (text: string) => boolean = () => false,
  deadlineMs = 10_000,
): Promise<Raw> {
  return new Promise((done, fail) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    let over = false;
    const finish = (): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      socket.destroy();
      done(parse(text));
    };
    const timer = setTimeout(() => {
      if (over) return;
      over = true;
      socket.destroy();
      fail(new Error(`waited in vain for the end of an answer; there was:\n${text}`));
    }, deadlineMs);
    socket.on('data', (data) => {
      text += data.toString('latin1');
      if (enough(text)) finish();
    });
    socket.on('error', finish);
    socket.on('close', finish);
    socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  });
}

export function parse(text: string): Raw {
  const split = text.indexOf('\r\n\r\n');
  const [first = '', ...lines] = text.slice(0, split < 0 ? text.length : split).split('\r\n');
  const headers = new Map(
    lines.map((line): [string, string] => {
      const at = line.indexOf(':');
      return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()];
    }),
  );
  const rest = split < 0 ? '' : text.slice(split + 4);
  const body = headers.get('transfer-encoding') === 'chunked' ? unchunk(rest) : rest;
  return { status: Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1] ?? 0), headers, body, text };
}

function unchunk(text: string): string {
  let out = '';
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\r\n', at);
    const size = Number.parseInt(text.slice(at, end), 16);
    if (!(size > 0)) break;
    out += text.slice(end + 2, end + 2 + size);
    at = end + 2 + size + 2;
  }
  return out;
}

/** A whole request whose target goes over the wire as it is. */
export function get(port: number, target: string, headers: readonly string[] = []): Promise<Raw> {
  const more = headers.map((line) => `${line}\r\n`).join('');
  return exchange(
    port,
    `GET ${target} HTTP/1.1\r\nHost: shop.example\r\n${more}Connection: close\r\n\r\n`,
  );
}
