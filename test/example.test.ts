/**
 * Goal: the example does what the first page says: no 502 at a cold start, no request cut at a stop.
 * Method: the example itself, real nginx and Flask, on ports of its own.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { cleanUp, folder, places, run, start, until } from './binary.ts';
import { type Answer, ask, freePort } from './http.ts';

afterEach(cleanUp);

const example = resolve('examples/nginx-flask');
const missing = ['/usr/sbin/nginx', '/usr/lib/python3/dist-packages/flask/__init__.py'].filter(
  (file) => !existsSync(file),
);
const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The example's own file with the app on another port, so that tests don't meet. */
async function own(): Promise<{ file: string; port: number; env: Record<string, string> }> {
  const [port, appPort] = [await freePort(), await freePort()];
  const text = readFileSync(join(example, 'tandem.yaml'), 'utf8')
    .replace('port: 8081', `port: ${appPort}\n    working_dir: ${example}`)
    .replace('./static/', join(example, 'static/'))
    // Debian's, whatever else this machine has on its PATH.
    .replace('flask --app', '/usr/bin/python3 -m flask --app');
  const file = join(folder(), 'tandem.yaml');
  writeFileSync(file, text);
  return { file, port, env: { PORT: `${port}`, PATH: path } };
}

describe.skipIf(missing.length > 0)('the example', () => {
  for (const place of places) {
    test(`as ${place}: a client in a loop sees refusals and then 200s, never a 502`, async () => {
      const { file, port, env } = await own();
      const seen: string[] = [];
      let going = true;
      const client = (async () => {
        while (going) {
          const answer = await ask(port, '/health');
          seen.push(answer.type === 'answer' ? `${answer.status}` : answer.why);
          await new Promise((next) => setTimeout(next, 2));
        }
      })();
      await until('a first refusal', () => seen.includes('refused'));
      const running = start(['-f', file], { place, env });
      await until(
        '20 answers',
        () => seen.filter((one) => one === '200').length >= 20,
        running.err,
      );
      going = false;
      await client;
      running.signal('SIGTERM');
      expect((await running.ended).code).toBe(0);
      const kinds = new Set(seen);
      // Between the bind and the accept of the last worker nothing else may be seen either.
      expect([...kinds].sort()).toEqual(['200', 'refused']);
      expect(seen.lastIndexOf('refused')).toBeLessThan(seen.indexOf('200'));
    });

    test(`as ${place}: every request that was read before TERM is answered`, async () => {
      const { file, port, env } = await own();
      const running = start(['-f', file], { place, env });
      await until('the start', () => running.err().includes('ready in'), running.err);
      const inFlight = Array.from({ length: 30 }, (_, i) => ask(port, `/slow?ms=${300 + 40 * i}`));
      // The app logs nothing before it answers; /health answered after them tells they were read.
      await new Promise((next) => setTimeout(next, 200));
      expect(await ask(port, '/health')).toMatchObject({ status: 200 });
      running.signal('SIGTERM');
      const answers = await Promise.all(inFlight);
      expect(answers.map((one: Answer) => (one.type === 'answer' ? one.status : one.why))).toEqual(
        inFlight.map(() => 200),
      );
      expect((await running.ended).code).toBe(0);
      expect(running.err()).toMatch(/stopped on SIGTERM in .*: all ended well; exit code 0/);
    });
  }

  test('nginx serves the files, the app everything else', async () => {
    const { file, port, env } = await own();
    const running = start(['-f', file], { env });
    await until('the start', () => running.err().includes('ready in'), running.err);
    const page = await ask(port, '/', { headers: { 'X-Forwarded-Proto': 'https' } });
    expect(page).toMatchObject({ status: 200 });
    const body = page.type === 'answer' ? page.body : '';
    expect(body).toContain('<dt>Scheme</dt><dd>https</dd>');
    expect(body).toContain(`<dt>Host</dt><dd>127.0.0.1:${port}</dd>`);
    const style = await ask(port, '/static/style.css');
    expect(style).toMatchObject({
      status: 200,
      headers: { 'content-type': 'text/css; charset=utf-8' },
      body: readFileSync(join(example, 'static/style.css'), 'latin1'),
    });
    const picture = await ask(port, '/static/tandem.svg');
    expect(picture).toMatchObject({ status: 200, headers: { 'content-type': 'image/svg+xml' } });
    expect(await ask(port, '/static/nope')).toMatchObject({ status: 404 });
    running.signal('SIGTERM');
    await running.ended;
    expect(running.out()).not.toContain('/static/');
  });

  test('the death of the app stops nginx and gives the app’s code, with its last words', async () => {
    const { file, port, env } = await own();
    const code = [
      'import http.server, os, sys, threading, time',
      's = http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), http.server.BaseHTTPRequestHandler)',
      'threading.Thread(target=s.serve_forever, daemon=True).start()',
      'time.sleep(0.5); print("out of tape", file=sys.stderr, flush=True); os._exit(9)',
    ].join('\n');
    const text = readFileSync(file, 'utf8').replace('-m flask --app app', () => '-c "${CODE}"');
    writeFileSync(file, text);
    const end = await run(['-f', file], { env: { ...env, CODE: code } });
    expect(end.code).toBe(9);
    expect(end.err).toMatch(/tandem: app exited with code 9 after .*; stopped front; exit code 9/);
    expect(end.err).toMatch(/ {4}out of tape/);
    expect(await ask(port, '/')).toEqual({ type: 'failed', why: 'refused' });
  });

  test('the demo runs it as it stands, and a TERM stops it', async () => {
    const port = await freePort();
    const demo = spawn(process.execPath, ['tools/demo.mjs'], {
      env: { PATH: path, PORT: `${port}` },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let err = '';
    demo.stderr.on('data', (data) => {
      err += data;
    });
    const ended = new Promise((done) => demo.on('exit', done));
    await until(
      'the start',
      () => err.includes('ready in'),
      () => err,
    );
    const page = await ask(port, '/');
    expect(page.type === 'answer' && page.body).toContain('<h1>Two on one frame</h1>');
    demo.kill('SIGTERM');
    expect(await ended).toBe(0);
  });

  test('nothing is left in the temporary folder', async () => {
    const { file, env } = await own();
    const dir = folder();
    const running = start(['-f', file], { env: { ...env, TMPDIR: dir } });
    await until('the start', () => running.err().includes('ready in'), running.err);
    expect(readdirSync(dir)).toHaveLength(1);
    running.signal('SIGINT');
    expect((await running.ended).code).toBe(0);
    expect(readdirSync(dir)).toEqual([]);
    expect(tmpdir()).not.toBe(dir);
  });
});
