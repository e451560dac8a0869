/** What a request asks for: its path as routes are compared with it, and as it was sent. */

export type Target = {
  /** Decoded once, slashes merged, dot segments resolved; one character for each byte. */
  readonly path: string;
  /** The path as it was sent. */
  readonly sent: string;
  /** With its `?`, or empty. */
  readonly query: string;
};

/** `%41` to `A`; null: an escape is none, or it is NUL. One character for each byte. */
function decodeOnce(text: string): string | null {
  let out = '';
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] as string;
    if (char !== '%') {
      out += char;
      continue;
    }
    const hex = text.slice(at + 1, at + 3);
    if (!/^[0-9a-fA-F]{2}$/.test(hex)) return null;
    out += String.fromCharCode(Number.parseInt(hex, 16));
    at += 2;
  }
  return out.includes('\0') ? null : out;
}

/** null: it leads above `/`. */
function resolveDots(path: string): string | null {
  const kept: string[] = [];
  const parts = path.split('/').slice(1);
  for (const part of parts) {
    if (part === '..') {
      if (kept.length === 0) return null;
      kept.pop();
    } else if (part !== '' && part !== '.') kept.push(part);
  }
  const last = parts[parts.length - 1] ?? '';
  const isFolder = last === '' || last === '.' || last === '..';
  return kept.length === 0 ? '/' : `/${kept.join('/')}${isFolder ? '/' : ''}`;
}

/** null: no request for a path that there can be. */
export function readTarget(url: string): Target | null {
  // A proxy may be asked for `http://host/path`; the Host header has been looked at already.
  const origin = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#]*/.exec(url)?.[0] ?? '';
  const rest = origin === '' ? url : url.slice(origin.length) || '/';
  const whole = rest.startsWith('?') ? `/${rest}` : rest;
  if (!whole.startsWith('/')) return null;
  const end = whole.search(/[?#]/);
  const sent = end < 0 ? whole : whole.slice(0, end);
  const query = end >= 0 && whole[end] === '?' ? (whole.slice(end).split('#')[0] ?? '') : '';
  const decoded = decodeOnce(sent);
  const path = decoded === null ? null : resolveDots(decoded);
  return path === null ? null : { path, sent, query };
}

/** A route's path as bytes are compared: what is beyond ASCII stands as UTF-8 in a request. */
export function bytesOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

export function textOf(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
