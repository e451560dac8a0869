/** The two client libraries that people have, in a page; bundled for the browser by the test. */
import { create, createFileRegistry, type DescService, toBinary } from '@bufbuild/protobuf';
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';
import { type Client, ConnectError, createClient } from '@connectrpc/connect';
import { createGrpcWebTransport } from '@connectrpc/connect-web';
import { GrpcWebClientBase, MethodDescriptor, MethodType, type RpcError } from 'grpc-web';

/** Of the browser, whose types the rest of the repository has no use for. */
declare const location: { readonly origin: string };
declare const window: object;

/** `message Text { string text = 1; }`, without the test's Buffer. */
function encode(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length === 0) return new Uint8Array();
  const length: number[] = [];
  let left = bytes.length;
  for (; left > 127; left = Math.floor(left / 128)) length.push((left % 128) + 128);
  return new Uint8Array([0x0a, ...length, left, ...bytes]);
}

function decode(bytes: Uint8Array): string {
  if (bytes.length === 0) return '';
  let at = 1;
  while (((bytes[at] ?? 0) & 128) !== 0) at += 1;
  return new TextDecoder().decode(bytes.subarray(at + 1));
}

type Told = {
  readonly messages: readonly string[];
  readonly code: number;
  readonly text: string;
  readonly first: Readonly<Record<string, string>>;
};

function official(
  method: 'Say' | 'Many',
  text: string,
  mode: string,
  metadata: Record<string, string>,
): Promise<Told> {
  const client = new GrpcWebClientBase({ format: mode });
  const type = method === 'Say' ? MethodType.UNARY : MethodType.SERVER_STREAMING;
  // The library makes requests by this constructor only in generated code.
  const nothing = ((): void => {}) as unknown as new () => string;
  const descriptor = new MethodDescriptor<string, string>(
    `/echo.Echo/${method}`,
    type,
    nothing,
    nothing,
    encode as never,
    decode as never,
  );
  return new Promise((done) => {
    const messages: string[] = [];
    let first: Record<string, string> = {};
    const path = `${location.origin}/echo.Echo/${method}`;
    if (method === 'Say') {
      const call = client.rpcCall(
        path,
        text,
        metadata,
        descriptor,
        (error: RpcError | null, answer: string) => {
          if (error !== null) done({ messages, code: error.code, text: error.message, first });
          else done({ messages: [answer], code: 0, text: '', first });
        },
      );
      call.on('metadata', (got) => {
        first = got as Record<string, string>;
      });
      return;
    }
    const stream = client.serverStreaming(path, text, metadata, descriptor);
    stream.on('metadata', (got) => {
      first = got as Record<string, string>;
    });
    stream.on('data', (one) => {
      messages.push(one as string);
      if (text === 'forever' && messages.length === 3) {
        stream.cancel();
        done({ messages, code: 1, text: 'cancelled', first });
      }
    });
    stream.on('error', (error) => done({ messages, code: error.code, text: error.message, first }));
    stream.on('end', () => done({ messages, code: 0, text: '', first }));
  });
}

function service(): DescService {
  const field = {
    name: 'text',
    number: 1,
    label: FieldDescriptorProto_Label.OPTIONAL,
    type: FieldDescriptorProto_Type.STRING,
  };
  const method = (name: string, serverStreaming: boolean) => ({
    name,
    inputType: '.echo.Text',
    outputType: '.echo.Text',
    serverStreaming,
  });
  const file = create(FileDescriptorProtoSchema, {
    name: 'echo.proto',
    package: 'echo',
    syntax: 'proto3',
    messageType: [{ name: 'Text', field: [field] }],
    service: [{ name: 'Echo', method: [method('Say', false), method('Many', true)] }],
  });
  const set = create(FileDescriptorSetSchema, { file: [file] });
  if (toBinary(FileDescriptorSetSchema, set).length === 0) throw new Error('no descriptors');
  const found = createFileRegistry(set).getService('echo.Echo');
  if (found === undefined) throw new Error('no service');
  return found;
}

type Loose = {
  say(message: { text: string }, options: object): Promise<{ text: string }>;
  many(message: { text: string }, options: object): AsyncIterable<{ text: string }>;
};

async function connect(
  method: 'Say' | 'Many',
  text: string,
  mode: string,
  metadata: Record<string, string>,
): Promise<Told> {
  const transport = createGrpcWebTransport({
    baseUrl: location.origin,
    useBinaryFormat: mode !== 'json',
  });
  const client = createClient(service(), transport) as Client<DescService> as unknown as Loose;
  const messages: string[] = [];
  let first: Record<string, string> = {};
  const stop = new AbortController();
  const options = {
    headers: metadata,
    signal: stop.signal,
    onHeader: (headers: Headers) => {
      first = Object.fromEntries(headers.entries());
    },
  };
  try {
    if (method === 'Say') messages.push((await client.say({ text }, options)).text);
    else
      for await (const one of client.many({ text }, options)) {
        messages.push(one.text);
        if (text === 'forever' && messages.length === 3) stop.abort();
      }
    return { messages, code: 0, text: '', first };
  } catch (error) {
    const { code, rawMessage } = ConnectError.from(error);
    return { messages, code, text: rawMessage, first };
  }
}

Object.assign(window, { clients: { official, connect } });
