/**
 * Goal: however the bytes of a gRPC-Web message are cut, it is the same message; and bytes that
 * are none are told from it.
 * Method: properties over the pure steps.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { followFrames, noFrame, takeBase64, trailerFrame } from '../../front/src/frames.ts';

/** `bytes` in pieces that end where `cuts` say. */
function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...cuts.map((n) => n % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  let from = 0;
  return ends.map((end) => {
    const piece = bytes.subarray(from, end);
    from = end;
    return piece;
  });
}

const bytes = fc.uint8Array({ maxLength: 300 }).map((one) => Buffer.from(one));

test('base64 with padding in its middle is read, however it is cut', () => {
  fc.assert(
    fc.property(fc.array(bytes), fc.array(fc.nat()), (messages, cuts) => {
      const text = messages.map((one) => one.toString('base64')).join('');
      let pending = '';
      const out: Buffer[] = [];
      for (const piece of cutAt(Buffer.from(text), cuts)) {
        const taken = takeBase64(pending, piece);
        if (taken === null) throw new Error('refused');
        out.push(taken.bytes);
        pending = taken.pending;
      }
      expect(pending).toBe('');
      expect(Buffer.concat(out)).toEqual(Buffer.concat(messages));
    }),
  );
});

test('what is no base64 is refused', () => {
  for (const text of ['!!!!', 'ab=c', '====', 'a===', 'AAAA AAAA'])
    expect(takeBase64('', Buffer.from(text)), text).toBeNull();
});

test('frames are followed, however they are cut', () => {
  fc.assert(
    fc.property(fc.array(bytes), fc.array(fc.nat()), (messages, cuts) => {
      const all = messages.map((one) => {
        const head = Buffer.alloc(5);
        head.writeUInt8(one.length % 2, 0);
        head.writeUInt32BE(one.length, 1);
        return Buffer.concat([head, one]);
      });
      let state = noFrame;
      for (const piece of cutAt(Buffer.concat(all), cuts)) {
        const next = followFrames(state, piece);
        if (next === null) throw new Error('refused');
        state = next;
      }
      expect([state.left, state.head.length]).toEqual([0, 0]);
    }),
  );
});

test('a request has no trailers, and no bits that nobody knows', () => {
  for (const flag of [0x80, 0x02, 0xff])
    expect(followFrames(noFrame, Buffer.from([flag]))).toBeNull();
});

test('a trailer cannot make another one', () => {
  const frame = trailerFrame({ 'Grpc-Status': '3', 'grpc-message': 'a\r\ngrpc-status: 0' });
  expect(frame.subarray(5).toString()).toBe('grpc-status: 3\r\ngrpc-message: a grpc-status: 0\r\n');
  expect(frame.readUInt32BE(1)).toBe(frame.length - 5);
});

test('any bytes are taken or refused, and never more than came comes out', () => {
  fc.assert(
    fc.property(fc.array(bytes), (pieces) => {
      let pending = '';
      let out = 0;
      for (const piece of pieces) {
        const taken = takeBase64(pending, piece);
        if (taken === null) return;
        out += taken.bytes.length;
        pending = taken.pending;
      }
      expect(out).toBeLessThanOrEqual(pieces.reduce((sum, one) => sum + one.length, 0));
    }),
  );
});
