/** Small HTTP clients for the tests: one request each, told apart by how they end. */
import { request } from 'node:http';
import { createServer } from 'node:net';

export type Answer =
  | {
      readonly type: 'answer';
      readonly status: number;
      readonly headers: Readonly<Record<string, string | string[] | undefined>>;
      readonly body: string;
    }
  /** `refused`, `reset`, or another word of the network. */
  | { readonly type: 'failed'; readonly why: string };

export type Ask = {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly host?: string;
  /** The request's bytes have left for the server. */
  readonly onSent?: () => void;
};

export function ask(port: number, path: string, options: Ask = {}): Promise<Answer> {
  return new Promise((done) => {
    const { method = 'GET', headers = {}, body, host = '127.0.0.1', onSent } = options;
    const sent = request({ host, port, path, method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('latin1');
      response.on('data', (data: string) => {
        text += data;
      });
      response.on('end', () => {
        const { statusCode: status = 0, headers: got, complete } = response;
        done(
          complete
            ? { type: 'answer', status, headers: got, body: text }
            : { type: 'failed', why: 'cut' },
        );
      });
      response.on('error', () => done({ type: 'failed', why: 'cut' }));
    });
    sent.on('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'ECONNREFUSED' ? 'refused' : (error.code ?? error.message);
      done({ type: 'failed', why });
    });
    if (onSent) sent.on('finish', onSent);
    sent.end(body);
  });
}

/** A port that nobody listens on at the moment. */
export function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.on('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => done(port));
    });
  });
}
