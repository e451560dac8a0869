/** `message Text { string text = 1; }`, as its bytes. */

export function encode(text: string): Buffer {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length === 0) return Buffer.alloc(0);
  const length: number[] = [];
  for (let left = bytes.length; ; left = Math.floor(left / 128)) {
    if (left < 128) {
      length.push(left);
      break;
    }
    length.push((left % 128) + 128);
  }
  return Buffer.concat([Buffer.from([0x0a, ...length]), bytes]);
}

export function decode(bytes: Uint8Array): string {
  if (bytes.length === 0) return '';
  let at = 1;
  while (((bytes[at] ?? 0) & 128) !== 0) at += 1;
  return new TextDecoder().decode(bytes.subarray(at + 1));
}

/** A frame of data. */
export function frame(text: string): Buffer {
  const body = encode(text);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}

export type Frame =
  | { readonly type: 'data'; readonly text: string }
  | { readonly type: 'trailers'; readonly lines: readonly string[] };

export function framesOf(bytes: Buffer): readonly Frame[] {
  const out: Frame[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at + 1);
    const body = bytes.subarray(at + 5, at + 5 + length);
    if (body.length < length) throw new Error('a frame ends early');
    const isTrailers = ((bytes[at] ?? 0) & 0x80) !== 0;
    out.push(
      isTrailers
        ? {
            type: 'trailers',
            lines: body
              .toString('latin1')
              .split('\r\n')
              .filter((line) => line !== ''),
          }
        : { type: 'data', text: decode(body) },
    );
    at += 5 + length;
  }
  return out;
}
