/**
 * Goal: the HTTP endpoint answers probes and scrapers truly, in their formats, whoever else talks to it.
 * Method: the real binary; Node's client, raw sockets, and Prometheus' own parser of OpenMetrics.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { controlled, hangUp } from './asking.ts';
import { cleanUp, folder, places, start } from './binary.ts';
import { ask, freePort } from './http.ts';

afterEach(() => {
  hangUp();
  cleanUp();
});

async function served(app: string, more = '', place?: 'pid1' | 'child') {
  const cwd = folder();
  const port = await freePort();
  const file = `processes:\n  app: {command: [sh, -c, ${JSON.stringify(app)}]}\n${more}control: {http: ${port}}\n`;
  writeFileSync(join(cwd, 'tandem.yaml'), file);
  const tandem = start([], { cwd, env: { TANDEM_CONTROL: 'off' }, ...(place && { place }) });
  const giveUp = performance.now() + 15_000;
  while ((await ask(port, '/live')).type === 'failed' && performance.now() < giveUp);
  return { tandem, port };
}

const stays = 'trap "exit 0" TERM; while :; do sleep 0.05; done';

/** All that comes back for these bytes until the other side closes, and how it ended. */
function raw(port: number, bytes: string | Buffer): Promise<{ text: string; reset: boolean }> {
  return new Promise((done) => {
    let text = '';
    let reset = false;
    const socket = connect({ port, host: '127.0.0.1' });
    socket.setEncoding('latin1');
    socket.on('data', (data: string) => {
      text += data;
    });
    socket.on('error', () => {
      reset = true;
    });
    socket.on('close', () => done({ text, reset }));
    socket.write(bytes);
  });
}

describe.each(places)('as %s', (place) => {
  test('/ready and /live answer, without the socket too', async () => {
    const { tandem, port } = await served(stays, '', place);
    const ready = async (): Promise<number> => {
      const answer = await ask(port, '/ready');
      return answer.type === 'answer' ? answer.status : 0;
    };
    const giveUp = performance.now() + 10_000;
    while ((await ready()) !== 200 && performance.now() < giveUp);
    expect(await ask(port, '/ready?full=1')).toMatchObject({ status: 200, body: 'ready\n' });
    expect(await ask(port, '/live')).toMatchObject({ status: 200, body: 'alive\n' });
    tandem.signal('SIGTERM');
    expect((await tandem.ended).code).toBe(0);
  });
});

test('while it is not ready it is 503, with the names of those that are not', async () => {
  const { port } = await served(stays, '  slow: {command: sleep 1000, ready: {file: /nowhere}}\n');
  const answer = await ask(port, '/ready');
  expect(answer).toMatchObject({ status: 503, body: 'not ready: slow\n' });
});

test('through stop_delay it is not ready any more, and everything still serves', async () => {
  const cwd = folder();
  const [port, own] = [await freePort(), await freePort()];
  writeFileSync(
    join(cwd, 'tandem.yaml'),
    `stop_delay: 4s
control: {http: ${port}}
processes:
  app:
    command: /usr/bin/python3 -m http.server ${own} --bind 127.0.0.1 --directory ${cwd}
    port: ${own}
`,
  );
  const tandem = await controlled([], { cwd });
  await tandem.reaches('app', 'ready');
  expect(await ask(port, '/ready')).toMatchObject({ status: 200 });
  tandem.signal('SIGTERM');
  let status = 200;
  const giveUp = performance.now() + 3000;
  while (status === 200 && performance.now() < giveUp) {
    const answer = await ask(port, '/ready');
    status = answer.type === 'answer' ? answer.status : 0;
  }
  expect(await ask(port, '/ready')).toMatchObject({ status: 503, body: 'not ready: stopping\n' });
  expect((await tandem.command('probe', 'ready')).err).toContain('not ready: stopping');
  expect(await ask(port, '/live')).toMatchObject({ status: 200 });
  expect(await ask(own, '/tandem.yaml')).toMatchObject({ status: 200 });
  expect(await tandem.ask({ ask: 'restart', process: 'app' })).toEqual({
    error: 'cannot restart `app`: everything is stopping',
  });
  expect((await tandem.ended).code).toBe(0);
});

describe('HTTP as it is written', () => {
  test('HEAD has no body, other methods and paths are refused, each with its status', async () => {
    const { port } = await served(stays);
    expect(await ask(port, '/live', { method: 'HEAD' })).toMatchObject({
      status: 200,
      body: '',
      headers: { 'content-length': '6', connection: 'close' },
    });
    const post = await ask(port, '/live', { method: 'POST', body: 'x=1' });
    expect(post).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
    expect(await ask(port, '/nothing')).toMatchObject({ status: 404 });
  });

  test.each([
    ['no HTTP at all', 'hello\r\n\r\n', '400'],
    ['no path', 'GET live HTTP/1.1\r\n\r\n', '400'],
    ['another version', 'GET /live HTTP/2.0\r\n\r\n', '400'],
    ['bytes of TLS', '\u0016\u0003\u0001\u0002\u0000\u0001', '400'],
    ['a head without an end', `GET /live HTTP/1.1\r\nX: ${'a'.repeat(9000)}`, '431'],
    ['lines that end with LF', 'GET /live HTTP/1.1\n\n', '200'],
  ])('%s', async (_, bytes, status) => {
    const { port } = await served(stays);
    const { text } = await raw(port, Buffer.from(bytes, 'latin1'));
    expect(text.split('\r\n')[0]).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  test('an answer arrives whole though its request had more to say', async () => {
    const { port } = await served(stays);
    const body = 'x'.repeat(60_000);
    const head = `POST /live HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`;
    for (let i = 0; i < 20; i += 1) {
      const { text } = await raw(port, head + body);
      expect(text).toMatch(/^HTTP\/1\.1 405 [\s\S]*read only\n$/);
    }
  });

  test('those who connect and say nothing keep nobody out', async () => {
    const { port } = await served(stays);
    const silent = Array.from({ length: 40 }, () => {
      const socket = connect({ port, host: '127.0.0.1' });
      socket.on('error', () => {});
      socket.write('GET /re');
      return socket;
    });
    for (let i = 0; i < 5; i += 1) expect(await ask(port, '/live')).toMatchObject({ status: 200 });
    for (const socket of silent) socket.destroy();
  });
});

test('/metrics is OpenMetrics, by the parser of Prometheus', async ({ skip }) => {
  const { port } = await served(stays, '  rest: {command: "true", essential: false}\n');
  const answer = await ask(port, '/metrics');
  if (answer.type !== 'answer') throw new Error(answer.why);
  expect(answer.headers['content-type']).toBe(
    'application/openmetrics-text; version=1.0.0; charset=utf-8',
  );
  expect(answer.body.endsWith('\n# EOF\n')).toBe(true);
  const script = `import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
families = list(parse(sys.stdin.read()))
print(json.dumps([[f.name, f.type, f.unit, [[s.name, s.labels, s.value] for s in f.samples]] for f in families]))`;
  const read = spawnSync('/usr/bin/python3', ['-c', script], {
    input: answer.body,
    encoding: 'utf8',
  });
  skip(/No module named/.test(read.stderr), 'python3-prometheus-client is not installed');
  expect(read.stderr).toBe('');
  type Family = [string, string, string, [string, Record<string, string>, number][]];
  const families: Family[] = JSON.parse(read.stdout);
  const value = (name: string, process?: string): number | undefined =>
    families
      .flatMap(([, , , samples]) => samples)
      .find(([sample, labels]) => sample === name && labels['process'] === process)?.[2];
  expect(value('tandem_resident_memory_bytes')).toBeGreaterThan(100_000);
  expect(value('tandem_process_restarts_total', 'app')).toBe(0);
  expect(value('tandem_process_resident_memory_bytes', 'app')).toBeGreaterThan(50_000);
  expect(value('tandem_process_cpu_seconds_total', 'app')).toBeGreaterThanOrEqual(0);
  expect(families.find(([name]) => name === 'tandem_process_cpu_seconds')?.slice(1, 3)).toEqual([
    'counter',
    'seconds',
  ]);
});
