/** Those who ask a running Tandem, in the tests: over its socket, well or badly. */
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { exists, folder, type Options, type Running, run, start, until } from './binary.ts';

export type Fields = { readonly [key: string]: unknown };

export type Control = Running & {
  readonly path: string;
  /** The answer to one request, on a connection of its own; what came before it are its lines. */
  readonly ask: (request: Fields | string) => Promise<Fields>;
  /** A command of the same binary, which asks it. */
  readonly command: (...args: readonly string[]) => ReturnType<typeof run>;
  readonly process: (name: string) => Promise<Fields>;
  readonly reaches: (name: string, state: string) => Promise<Fields>;
};

const sockets = new Set<Socket>();

export function open(path: string): Socket {
  const socket = connect({ path });
  sockets.add(socket);
  // A connection that Tandem ends is no failure of the test.
  socket.on('error', () => {});
  socket.on('close', () => sockets.delete(socket));
  return socket;
}

export function hangUp(): void {
  for (const socket of sockets) socket.destroy();
}

/** All that comes back for these bytes, until an answer is there or the other side hangs up. */
export function exchange(path: string, bytes: string | Uint8Array): Promise<string> {
  return new Promise((done) => {
    const socket = open(path);
    let text = '';
    socket.setEncoding('latin1');
    socket.on('data', (data: string) => {
      text += data;
      if (/(^|\n)\{"(answer|error)"[^\n]*\n/.test(text)) socket.destroy();
    });
    socket.on('close', () => done(text));
    socket.write(bytes);
  });
}

/** Runs it with a control socket of its own, and waits until that is there. */
export async function controlled(args: readonly string[], options: Options = {}): Promise<Control> {
  const path = join(folder(), 'c', 'control');
  const env = { ...options.env, TANDEM_CONTROL: path };
  const running = start(args, { ...options, env });
  await until('the control socket', () => exists(path), running.err);
  const ask = async (request: Fields | string): Promise<Fields> => {
    const text = typeof request === 'string' ? request : JSON.stringify(request);
    const lines = (await exchange(path, `${text}\n`)).trimEnd().split('\n');
    return JSON.parse(lines.at(-1) || '{"gone":true}');
  };
  const process = async (name: string): Promise<Fields> => {
    const giveUp = performance.now() + 15_000;
    for (;;) {
      // The socket is there before anybody listens, and who finds no room is hung up on.
      const answer = await ask({ ask: 'status' });
      const processes = answer['processes'] as readonly Fields[] | undefined;
      if (processes !== undefined) return processes.find((one) => one['name'] === name) ?? {};
      if (performance.now() > giveUp) throw new Error(`no status: ${JSON.stringify(answer)}`);
      await new Promise((next) => setTimeout(next, 10));
    }
  };
  const reaches = async (name: string, state: string): Promise<Fields> => {
    const giveUp = performance.now() + 15_000;
    for (;;) {
      const now = await process(name);
      if (now['state'] === state) return now;
      if (performance.now() > giveUp)
        throw new Error(`waited in vain for ${name} to be ${state}: ${JSON.stringify(now)}`);
      await new Promise((next) => setTimeout(next, 10));
    }
  };
  const command = (...words: readonly string[]) =>
    run(words, { env: { TANDEM_CONTROL: path, NO_COLOR: '1' } });
  return { ...running, path, ask, command, process, reaches };
}
