/**
 * Goal: every kind of readiness, asked or told, on real programs.
 * Method: nginx, memcached, Python with sd_notify, a Node gRPC health server and shells; what
 * waits for them tells when they counted as ready.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { cleanUp, folder, type Options, type Running, run, start, until } from './binary.ts';
import { freePort } from './http.ts';

afterEach(cleanUp);

const node = process.execPath;

/** Runs a process with this readiness, and one behind it that says when it starts. */
async function waits(
  command: string,
  ready: string,
  options: Options & { readonly files?: Readonly<Record<string, string>> } = {},
): Promise<Running & { readonly dir: string }> {
  const dir = folder();
  for (const [name, text] of Object.entries(options.files ?? {}))
    writeFileSync(join(dir, name), text);
  const file = join(dir, 'tandem.yaml');
  writeFileSync(
    file,
    `processes:
  app:
    working_dir: .
    command: ${command}
    ${ready}
  after:
    command: [sh, -c, "echo after; exec sleep 30"]
    depends_on: [app]
`,
  );
  const running = start(['-f', file], { cwd: dir, ...options });
  return { ...running, dir };
}

async function endsWell(running: Running): Promise<void> {
  await until('what waits for it', () => running.out().includes('after | after'), running.err);
  running.signal('SIGTERM');
  const end = await running.ended;
  expect(running.err()).toMatch(/stopped on SIGTERM/);
  expect([0, 143]).toContain(end.code);
}

const shell = (script: string): string => `[sh, -c, ${JSON.stringify(script)}]`;

test('http: not before the status fits', async () => {
  const port = await freePort();
  const server = `
let n = 0;
require('node:http').createServer((q, r) => {
  n += 1;
  r.statusCode = q.url === '/health' && q.headers['x-probe'] === 'yes' && n > 5 ? 204 : 503;
  if (r.statusCode === 204) console.log('well after', n);
  r.end();
}).listen(${port}, '127.0.0.1');`;
  const running = await waits(
    `["${node}", s.cjs]`,
    `ready: {http: {port: ${port}, path: /health, status: 204, headers: {X-Probe: yes}}}`,
    { files: { 's.cjs': server } },
  );
  await endsWell(running);
  expect(running.out()).toMatch(/well after 6[\s\S]*after \| after/);
});

test('http in short, on the process’s own port, answered by real nginx', async () => {
  const port = await freePort();
  const conf = (dir: string): string =>
    `pid ${dir}/pid; daemon off; user root; error_log stderr; events {} http { access_log off;
     client_body_temp_path ${dir}/b; proxy_temp_path ${dir}/p; fastcgi_temp_path ${dir}/f;
     uwsgi_temp_path ${dir}/u; scgi_temp_path ${dir}/s;
     server { listen 127.0.0.1:${port}; location / { return 200 ok; } } }`;
  const dir = folder();
  writeFileSync(join(dir, 'conf'), conf(dir));
  const running = await waits(
    `[/usr/sbin/nginx, -e, stderr, -c, ${dir}/conf]`,
    `port: ${port}\n    stop_signal: QUIT\n    ready: {http: /}`,
  );
  await endsWell(running);
});

test('unix: when the socket accepts, by real memcached', async () => {
  const socket = join(folder(), 'm.sock');
  await endsWell(await waits(`[memcached, -u, root, -s, ${socket}]`, `ready: {unix: ${socket}}`));
});

test('tcp: a port that is not its own', async () => {
  const port = await freePort();
  await endsWell(
    await waits(`[memcached, -u, root, -l, 127.0.0.1, -p, "${port}"]`, `ready: {tcp: ${port}}`),
  );
});

test('::1 alone counts, and is said', async () => {
  const port = await freePort();
  const running = await waits(
    `["${node}", -e, "require('node:net').createServer().listen(${port}, '::1')"]`,
    `port: ${port}`,
  );
  await endsWell(running);
  expect(running.err()).toContain('app listens on ::1 and not on 127.0.0.1');
});

test('file: when it is there', async () => {
  await endsWell(
    await waits(shell('sleep 0.2; touch done; exec sleep 30'), 'ready: {file: ./done}'),
  );
});

test('exec: when the program ends with 0, in the process’s own folder and environment', async () => {
  const running = await waits(
    shell('sleep 0.2; touch "$NAME"; exec sleep 30'),
    `environment: {NAME: mark}\n    ready: {exec: [sh, -c, 'test -e "$$NAME"']}`,
  );
  await endsWell(running);
});

test('an exec that hangs is killed with its whole group', async () => {
  const time = `6${process.pid}.25`;
  const running = await waits(
    shell('trap "exit 0" TERM; while :; do sleep 0.02; done'),
    `ready_timeout: 1500ms\n    ready: {exec: [sh, -c, "sleep ${time} & sleep ${time}"]}`,
  );
  const end = await running.ended;
  expect(end.code).toBe(124);
  expect(spawnSync('pgrep', ['-f', `sleep ${time}`]).stdout.toString()).toBe('');
});

test('log: a line that fits, whichever way the output goes out', async () => {
  for (const logs of ['prefix', 'inherit']) {
    const running = await waits(
      shell(
        'echo starting; sleep 0.1; printf "Listen"; sleep 0.1; echo "ing on 80"; exec sleep 30',
      ),
      `logs: ${logs}\n    ready: {log: "^Listening on [0-9]+$"}`,
    );
    await endsWell(running);
    expect(running.out()).toMatch(/starting[\s\S]*Listen[\s\S]*after/);
  }
});

test('fd: a newline on the descriptor that it was promised', async () => {
  await endsWell(await waits(shell('sleep 0.2; echo >&3; exec sleep 30'), 'ready: {fd: 3}'));
  const closed = await waits(
    shell('exec 5>&-; trap "exit 0" TERM; while :; do sleep 0.02; done'),
    'ready_timeout: 400ms\n    ready: {fd: 5}',
  );
  expect((await closed.ended).code).toBe(124);
});

test('delay: so long after its start', async () => {
  const from = performance.now();
  await endsWell(await waits('sleep 30', 'ready: {delay: 300ms}'));
  expect(performance.now() - from).toBeGreaterThan(290);
});

test('none: at once, though it has a port', async () => {
  await endsWell(await waits('sleep 30', 'port: 1\n    ready: none'));
});

const notifier = (body: string): string => `
import os, socket, sys, time, signal
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(os.environ["NOTIFY_SOCKET"])
def say(text): s.send(text.encode())
${body}
`;

describe('sd_notify', () => {
  test('READY=1 counts, and nothing before it', async () => {
    const running = await waits('[python3, n.py]', 'ready: {notify: true}', {
      files: {
        'n.py': notifier(
          'say("STATUS=loading")\ntime.sleep(0.2)\nprint("told", flush=True)\nsay("STATUS=up\\nREADY=1")\ntime.sleep(30)',
        ),
      },
    });
    await endsWell(running);
    expect(running.out()).toMatch(/told[\s\S]*after \| after/);
  });

  test('a datagram of another user is not believed', async () => {
    const running = await waits('[python3, n.py]', 'ready_timeout: 600ms\n    ready: notify', {
      files: { 'n.py': notifier('os.setuid(65534)\nsay("READY=1")\ntime.sleep(30)') },
    });
    expect((await running.ended).code).toBe(124);
  });

  test('EXTEND_TIMEOUT_USEC gives it the time that it asks for', async () => {
    const running = await waits('[python3, n.py]', 'ready_timeout: 400ms\n    ready: notify', {
      files: {
        'n.py': notifier(
          'say("EXTEND_TIMEOUT_USEC=5000000")\ntime.sleep(0.9)\nsay("READY=1")\ntime.sleep(30)',
        ),
      },
    });
    await endsWell(running);
  });

  test.each([
    ['a watchdog that hears nothing', 'say("WATCHDOG_USEC=200000")\ntime.sleep(30)'],
    ['WATCHDOG=trigger', 'say("WATCHDOG=trigger")\ntime.sleep(30)'],
  ])('%s is an end with 124', async (_what, body) => {
    const running = await waits('[python3, n.py]', 'ready: notify', {
      files: { 'n.py': notifier(`say("READY=1")\n${body}`) },
    });
    expect((await running.ended).code).toBe(124);
    expect(running.err()).toContain('gave no sign of life');
  });

  test('signs of life keep it', async () => {
    const body =
      'say("READY=1\\nWATCHDOG_USEC=300000")\nfor i in range(8):\n    time.sleep(0.1); say("WATCHDOG=1")\nsys.exit(6)';
    const running = await waits('[python3, n.py]', 'ready: notify', {
      files: { 'n.py': notifier(body) },
    });
    expect((await running.ended).code).toBe(6);
  });

  test('MAINPID moves the main process to a child of its own, whose end is the end', async () => {
    const body = `
pid = os.fork()
if pid == 0:
    os.setsid()
    time.sleep(0.6)
    os._exit(23)
say("MAINPID=%d\\nREADY=1" % pid)
time.sleep(0.2)
`;
    const running = await waits('[python3, n.py]', 'ready: notify', {
      files: { 'n.py': notifier(body) },
    });
    expect((await running.ended).code).toBe(23);
  });
});

test.skipIf(!existsSync('/usr/bin/gunicorn'))(
  'gunicorn tells by sd_notify',
  async () => {
    const port = await freePort();
    const running = await waits(
      `[/usr/bin/python3, /usr/bin/gunicorn, --bind, "127.0.0.1:${port}", "w:app"]`,
      'ready: notify',
      {
        env: { PATH: '/usr/bin:/bin' },
        files: {
          'w.py':
            'import time\ntime.sleep(0.3)\ndef app(e, s):\n    s("200 OK", []); return [b"x"]\n',
        },
      },
    );
    await endsWell(running);
  },
  30_000,
);

/** grpc.health.v1 by hand on Node's HTTP/2, with the answers that the protocol allows. */
const grpcServer = (port: number): string => `
const http2 = require('node:http2');
let n = 0;
http2.createServer().on('stream', (stream, headers) => {
  let body = Buffer.alloc(0);
  stream.on('data', (d) => { body = Buffer.concat([body, d]); });
  stream.on('end', () => {
    n += 1;
    const service = body.length > 5 ? body.subarray(7).toString() : '';
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    const status = n < 4 ? 2 : 1;
    if (service === process.argv[2] && headers[':path'] === '/grpc.health.v1.Health/Check') {
      if (status === 1) console.log('SERVING', n);
      stream.end(Buffer.from([0, 0, 0, 0, 2, 8, status]));
    } else stream.end();
  });
}).listen(${port}, '127.0.0.1');
`;

test.each(['', 'shop.Orders'])('grpc: when %j is SERVING', async (service) => {
  const port = await freePort();
  const running = await waits(
    `["${node}", g.cjs, "${service}"]`,
    `port: ${port}\n    ready: {grpc: {service: "${service}"}}`,
    { files: { 'g.cjs': grpcServer(port) } },
  );
  await endsWell(running);
  expect(running.out()).toMatch(/SERVING 4[\s\S]*after \| after/);
});

test('a server that does not speak the protocol never counts', async () => {
  for (const kind of ['http: /', 'grpc: true']) {
    const port = await freePort();
    const script = `require('node:net').createServer((s) => s.on('error', () => {}).end('220 smtp\\\\r\\\\n')).listen(${port})`;
    const running = await waits(
      `["${node}", -e, "${script}"]`,
      `port: ${port}\n    ready_timeout: 500ms\n    ready: {${kind}}`,
    );
    expect((await running.ended).code).toBe(124);
  }
});

test('a probe that hangs holds up nobody else', async () => {
  const [hung, good] = [await freePort(), await freePort()];
  const dir = folder();
  writeFileSync(
    join(dir, 'tandem.yaml'),
    `processes:
  hung:
    command: ["${node}", -e, "require('node:net').createServer(() => {}).listen(${hung})"]
    port: ${hung}
    ready: {http: /}
  good:
    command: ["${node}", -e, "require('node:net').createServer().listen(${good})"]
    port: ${good}
  after: {command: [sh, -c, "echo after; exec sleep 30"], depends_on: [good]}
`,
  );
  const running = start(['-v', '-f', join(dir, 'tandem.yaml')]);
  await until('what waits for the good one', () => running.out().includes('after'), running.err);
  expect(running.err()).not.toContain('hung ready');
  running.signal('SIGTERM');
  await running.ended;
});

test('a stranger on the port fails the start, with what to do', async () => {
  const server = createServer();
  await new Promise<void>((next) => server.listen(0, '127.0.0.1', next));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const end = await run(['run', `PORT=${port} sleep 30`, 'sleep 30']);
  server.close();
  expect(end.code).toBe(1);
  expect(end.err).toContain(`port ${port} is in use by somebody else`);
});

test('what a process says about its readiness needs a folder: without one the reason is said', async () => {
  const dir = folder();
  writeFileSync(join(dir, 'tandem.yaml'), 'processes: {a: {command: cat, ready: notify}}\n');
  // The binary may itself be below what is covered.
  const script = `exec 9<"$0"; for d in /tmp /dev/shm /run; do mount -t tmpfs -o ro none $d; done; exec /proc/self/fd/9 "$@"`;
  if (process.getuid?.() !== 0 || !existsSync('/dev/shm')) return;
  const hidden = join('/var/tmp', `tandem-${process.pid}.yaml`);
  writeFileSync(hidden, readFileSync(join(dir, 'tandem.yaml')));
  chmodSync(hidden, 0o644);
  const end = await run(['check', '-f', hidden], {
    as: ['unshare', '--mount', 'sh', '-c', script],
    cwd: '/',
  });
  spawnSync('rm', [hidden]);
  expect(end.code).toBe(78);
  expect(end.err).toContain('no temporary directory');
  expect(end.err).toContain('--tmpfs /tmp');
});

test.skipIf(process.getuid?.() !== 0)(
  'a connection to itself is not a process that listens',
  async () => {
    // With one port to choose from, the kernel connects a probe to itself (TCP simultaneous open).
    const script =
      'ip link set lo up; echo "40000 40000" > /proc/sys/net/ipv4/ip_local_port_range; exec "$0" "$@"';
    const dir = folder();
    writeFileSync(
      join(dir, 'tandem.yaml'),
      'processes:\n  app: {command: sleep 30, port: 40000, ready_timeout: 400ms}\n  other: {command: sleep 30}\n',
    );
    const end = await run(['-f', join(dir, 'tandem.yaml')], {
      as: ['unshare', '--net', 'sh', '-c', script],
    });
    expect(end.code).toBe(124);
    expect(end.err).toContain('app was not ready');
  },
);
