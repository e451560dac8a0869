/** A real gRPC server (grpc-js) whose answers are asked for by the text of the message. */
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { decode, encode } from './message.ts';

export type Echo = {
  readonly port: number;
  readonly cancelled: () => number;
  readonly stop: () => void;
};

/** An object, since grpc-js takes a message that is false for none. */
type Message = { readonly text: string };
type Call = ServerUnaryCall<Message, string>;

function headers(call: { metadata: Metadata }): string {
  const shown: Record<string, string> = {};
  for (const [name, value] of Object.entries(call.metadata.getMap()))
    shown[name] = Buffer.isBuffer(value) ? value.toString('base64') : String(value);
  return JSON.stringify(shown);
}

/** `fail:CODE:TEXT`: the status of an answer that has nothing else. */
function failure(text: string): { code: number; details: string; metadata: Metadata } | null {
  const match = /^fail:(\d+):([\s\S]*)$/.exec(text);
  if (match === null) return null;
  const metadata = new Metadata();
  metadata.set('x-why', 'asked for');
  metadata.set('x-why-bin', Buffer.from([0, 255, 1]));
  return { code: Number(match[1]), details: match[2] ?? '', metadata };
}

export function startEcho(): Promise<Echo> {
  const server = new Server();
  let cancelled = 0;
  const say = (call: Call, done: sendUnaryData<string>): void => {
    const { text } = call.request;
    const failed = failure(text);
    const size = /^size:(\d+)$/.exec(text);
    if (failed !== null) done(failed);
    else if (text === 'headers') {
      const first = new Metadata();
      first.set('x-first', 'one');
      first.set('x-first-bin', Buffer.from('bytes'));
      call.sendMetadata(first);
      const last = new Metadata();
      last.set('x-last', 'two');
      last.set('x-last-bin', Buffer.from([0, 255]));
      done(null, headers(call), last);
    } else if (text === 'sleep')
      call.on('cancelled', () => {
        cancelled += 1;
      });
    else done(null, size === null ? text : 'x'.repeat(Number(size[1])));
  };
  const many = (call: ServerWritableStream<Message, string>): void => {
    const match = /^(\d+)(?::(\d+):(.*))?$/.exec(call.request.text);
    call.on('cancelled', () => {
      cancelled += 1;
    });
    if (call.request.text === 'forever') {
      const each = setInterval(() => call.write('tick'), 20);
      call.on('cancelled', () => clearInterval(each));
      return;
    }
    for (let n = 0; n < Number(match?.[1] ?? 0); n += 1) call.write(`number ${n}`);
    if (match?.[2] === undefined) call.end();
    else call.emit('error', { code: Number(match[2]), details: match[3] });
  };
  const shape = {
    requestSerialize: encode,
    requestDeserialize: (bytes: Buffer): Message => ({ text: decode(bytes) }),
    responseSerialize: encode,
    responseDeserialize: decode,
    requestStream: false,
  };
  server.addService(
    {
      say: { ...shape, path: '/echo.Echo/Say', responseStream: false },
      many: { ...shape, path: '/echo.Echo/Many', responseStream: true },
    },
    { say, many },
  );
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
      if (error !== null) reject(error);
      else resolve({ port, cancelled: () => cancelled, stop: () => server.forceShutdown() });
    });
  });
}
