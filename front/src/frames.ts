/** gRPC-Web's frames and its text mode, as pure steps over bytes (PROTOCOL-WEB.md of gRPC). */

/** Base64 that comes in pieces, each with padding of its own or none: what is whole, and what is left. */
export function takeBase64(
  pending: string,
  chunk: Buffer,
): { readonly bytes: Buffer; readonly pending: string } | null {
  const text = pending + chunk.toString('latin1');
  if (/[^A-Za-z0-9+/=]/.test(text)) return null;
  const whole = text.length - (text.length % 4);
  const parts: Buffer[] = [];
  for (let at = 0; at < whole; ) {
    // Four characters with padding end a piece; the next begins anew.
    const pad = text.indexOf('=', at);
    const end = pad < 0 || pad >= whole ? whole : pad - (pad % 4) + 4;
    const piece = text.slice(at, end);
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(piece)) return null;
    parts.push(Buffer.from(piece, 'base64'));
    at = end;
  }
  return { bytes: Buffer.concat(parts), pending: text.slice(whole) };
}

/** Trailers as the frame that ends a gRPC-Web answer: names in lower case, CRLF, no blank line. */
export function trailerFrame(
  trailers: Readonly<Record<string, string | readonly string[]>>,
): Buffer {
  const lines = Object.entries(trailers).flatMap(([name, value]) =>
    [value]
      .flat()
      .map((one) => `${name.toLowerCase()}: ${String(one).replace(/[\r\n]+/g, ' ')}\r\n`),
  );
  const body = Buffer.from(lines.join(''), 'latin1');
  const head = Buffer.alloc(5);
  head.writeUInt8(0x80, 0);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}

/** Whether bytes that came are frames of data so far; `left` is what is still to come of the present one. */
export type FrameState = { readonly left: number; readonly head: Buffer };

export const noFrame: FrameState = { left: 0, head: Buffer.alloc(0) };

/** null: a frame that no request may have (a trailer, or bits that are not known). */
export function followFrames(state: FrameState, chunk: Buffer): FrameState | null {
  let { left, head } = state;
  for (let at = 0; at < chunk.length; ) {
    if (left > 0) {
      const taken = Math.min(left, chunk.length - at);
      left -= taken;
      at += taken;
      continue;
    }
    const taken = Math.min(5 - head.length, chunk.length - at);
    head = Buffer.concat([head, chunk.subarray(at, at + taken)]);
    at += taken;
    if ((head[0] ?? 0) > 1) return null;
    if (head.length === 5) {
      left = head.readUInt32BE(1);
      head = Buffer.alloc(0);
    }
  }
  return { left, head };
}
