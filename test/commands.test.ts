/**
 * Goal: commands on the line are processes, and the ones without a port wait for those with one.
 * Method: the real nginx line of the first page, and small shells.
 */
import { existsSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { cleanUp, folder, places, run, start, tandem, until } from './binary.ts';
import { ask, freePort } from './http.ts';

afterEach(cleanUp);

const slowApp = `
import http.server, os, time
time.sleep(0.4)
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"app")
    def log_message(self, *a): pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), H).serve_forever()
`;

describe.skipIf(!existsSync('/usr/sbin/nginx'))('nginx and an app as two commands', () => {
  for (const place of places)
    test(`as ${place}: nginx waits for the app, and no client sees a 502`, async () => {
      const [port, appPort, dir] = [await freePort(), await freePort(), folder()];
      writeFileSync(join(dir, 'app.py'), slowApp);
      writeFileSync(
        join(dir, 'conf'),
        `pid ${dir}/pid; error_log stderr; events {} http { access_log off;
         client_body_temp_path ${dir}/b; proxy_temp_path ${dir}/p; fastcgi_temp_path ${dir}/f;
         uwsgi_temp_path ${dir}/u; scgi_temp_path ${dir}/s;
         server { listen ${port}; location / { proxy_pass http://127.0.0.1:${appPort}; } } }`,
      );
      const nginx = `nginx -e stderr -c ${dir}/conf -g 'daemon off; user root;'`;
      const app = `PORT=${appPort} /usr/bin/python3 ${dir}/app.py`;
      const running = start(['run', nginx, app], {
        place,
        env: { PATH: '/usr/sbin:/usr/bin:/bin' },
      });
      const seen: string[] = [];
      await until(
        'ten answers',
        () => {
          ask(port, '/').then((one) =>
            seen.push(one.type === 'answer' ? `${one.status}` : one.why),
          );
          return seen.filter((one) => one === '200').length >= 10;
        },
        () => `${[...new Set(seen)]} ${running.err()}`,
      );
      expect([...new Set(seen)].sort()).toEqual(['200', 'refused']);
      running.signal('SIGTERM');
      expect((await running.ended).code).toBe(0);
      expect(running.err()).toMatch(/ready in .*: nginx, python3/);
    });
});

describe('what a command line means', () => {
  test('words before the command are its environment', async () => {
    const end = await run(['run', `A=1 B="x y" sh -c 'echo "$A,$B,$HOME"'`, 'sleep 9'], {
      env: { HOME: '/h' },
    });
    expect(end.out).toContain('1,x y,/h');
  });

  test('one plain command is init: its output is not touched, its code is passed on', async () => {
    const end = await run(['sh', '-c', 'echo out; echo err >&2; exit 3']);
    expect(end).toMatchObject({ code: 3, out: 'out\n', err: 'err\n' });
  });

  test.each(['tini', 'dumb-init'])('called %s, it is that tool', async (name) => {
    const link = join(folder(), name);
    symlinkSync(tandem, link);
    const end = await run(['--', 'sh', '-c', 'exit 5'], { binary: link });
    expect(end.code).toBe(5);
  });

  test('without a file and without commands it says so in three lines, with 64', async () => {
    const end = await run([], { cwd: folder() });
    expect(end.code).toBe(64);
    expect(end.err.trimEnd().split('\n')).toHaveLength(3);
    expect(end.err).toContain('no tandem.yaml');
  });

  test.each([
    [['run', '--nope'], 64],
    [['--logs', 'syslog', 'x y'], 64],
    [['-f', 'a', 'b'], 64],
    [['restart'], 64],
    [['version'], 0],
    [['help'], 0],
  ])('%j ends with %i', async (args, code) => {
    expect((await run(args)).code).toBe(code);
  });

  test.each([
    ['tandem.yaml', 'processes:\n  a:\n    command: echo from yaml\n', 'from yaml'],
    ['tandem.json', '{"processes": {"a": {"command": ["echo", "from json"]}}}', 'from json'],
    ['Procfile', 'a: echo from $PORT | cat\n', 'from 5000'],
  ])('%s is found in the working directory', async (name, text, out) => {
    const dir = folder();
    writeFileSync(join(dir, name), text);
    const end = await run([], { cwd: dir });
    expect(end.out).toContain(out);
    expect(end.code).toBe(0);
  });

  test('arguments and variables that are no UTF-8 arrive byte for byte', async () => {
    const script = `printf 'printf %%s "$1$X" | od -An -tx1' > s; export X=$(printf '\\377\\300a')
      A=$(printf '\\200bé')
      "$0" sh s "$A" && "$0" run --logs inherit "sh s $A"`;
    const end = await run([], { as: ['sh', '-c', script], cwd: folder() });
    expect(end.out.trim().split(/\s*\n\s*/)).toEqual(Array(2).fill('80 62 c3 a9 ff c0 61'));
  });
});
