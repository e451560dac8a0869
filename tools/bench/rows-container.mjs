/** nginx before the example's app: cold start, and requests that fail at start and at stop. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import {
  end,
  folder,
  freePort,
  kill,
  root,
  run,
  sleep,
  summary,
  tandem,
  tree,
  until,
} from './lib.mjs';

const example = join(root, 'examples/nginx-flask');
const flask = '/usr/bin/python3 -m flask --app app run';
const inFlight = 20;

export function ask(port, path, agent = false) {
  return new Promise((done) => {
    const sent = request({ host: '127.0.0.1', port, path, agent }, (response) => {
      response.resume();
      response.on('end', () => done(response.complete ? `${response.statusCode}` : 'cut'));
      response.on('error', () => done('cut'));
    });
    sent.on('error', (error) => done(error.code === 'ECONNREFUSED' ? 'refused' : 'cut'));
    sent.end();
  });
}

function nginxConf(dir, port, appPort) {
  const temps = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const text =
    `pid ${dir}/pid;\nerror_log stderr;\nuser root;\nevents {}\nhttp {\n  access_log off;\n` +
    temps.map((kind) => `  ${kind}_temp_path ${dir}/${kind};\n`).join('') +
    `  server {\n    listen ${port};\n    location /static/ { alias ${example}/static/; }\n` +
    `    location / { proxy_pass http://127.0.0.1:${appPort}; }\n  }\n}\n`;
  writeFileSync(join(dir, 'nginx.conf'), text);
  return `nginx -c ${dir}/nginx.conf`;
}

const ways = {
  Tandem: (dir, port, appPort, delay) => {
    const front = `front:\n  port: ${port}\n  routes:\n    /static/*: ${example}/static/\n    /*: app\n`;
    const text = `processes:\n  app:\n    command: ${flask} --port \${app.port}\n    port: ${appPort}\n    working_dir: ${example}\n${front}`;
    const more =
      delay > 0
        ? `stop_delay: ${delay}ms\ncontrol:\n  path: ${dir}/control\n  http: 127.0.0.1:${port + 1}\n`
        : '';
    writeFileSync(join(dir, 'tandem.yaml'), text + more);
    return [tandem, 'run', '-f', join(dir, 'tandem.yaml')];
  },
  'bash under tini': (dir, port, appPort) => {
    const nginx = nginxConf(dir, port, appPort);
    writeFileSync(
      join(dir, 'start.sh'),
      `cd ${example}\n${nginx} -g 'daemon off;' &\n${flask} --port ${appPort} &\nwait -n\n`,
    );
    return ['tini', '--', 'bash', join(dir, 'start.sh')];
  },
  supervisord: (dir, port, appPort) => {
    const nginx = nginxConf(dir, port, appPort);
    const program = (name, command) =>
      `[program:${name}]\ncommand=${command}\ndirectory=${example}\nstdout_logfile=/dev/fd/1\nstdout_logfile_maxbytes=0\nredirect_stderr=true\n`;
    writeFileSync(
      join(dir, 's.conf'),
      `[supervisord]\nnodaemon=true\nuser=root\nlogfile=/dev/null\nlogfile_maxbytes=0\npidfile=${dir}/pid-s\nchildlogdir=${dir}\n` +
        program('nginx', `${nginx} -g "daemon off;"`).replace(
          'redirect',
          'stopsignal=QUIT\nredirect',
        ) +
        program('app', `${flask} --port ${appPort}`),
    );
    return ['supervisord', '-c', join(dir, 's.conf')];
  },
};

async function open(way, delay = 0) {
  const dir = folder('web');
  mkdirSync(dir, { recursive: true });
  const [port, appPort] = [await freePort(), await freePort()];
  const words = ways[way](dir, port, appPort, delay);
  const runner = () =>
    run(['unshare', '--pid', '--fork', '--kill-child', '--mount-proc', ...words]);
  return { port, appPort, runner };
}

/** Both clocks begin when the process is asked for; the app's own is when it first answers itself. */
async function coldStart(way) {
  const { port, appPort, runner } = await open(way);
  const seen = [];
  let [appAt, frontAt] = [null, null];
  let going = true;
  const asking = async (to, mark) => {
    for (; going; await sleep(1)) {
      const got = await ask(to, '/health');
      if (to === port) seen.push(got);
      if (got === '200') mark();
    }
  };
  const from = performance.now();
  const running = runner();
  const clients = [
    asking(appPort, () => {
      appAt ??= performance.now() - from;
    }),
    asking(port, () => {
      frontAt ??= performance.now() - from;
    }),
  ];
  await until(`${way}: an answer`, () => appAt !== null && frontAt !== null, 60_000);
  await sleep(150);
  going = false;
  await Promise.all(clients);
  await end(running);
  const bad = seen.filter((one) => one !== '200' && one !== 'refused').length;
  return { bad, firstMs: frontAt, beyondMs: frontAt - appAt };
}

async function stopUnderLoad(way) {
  const { port, runner } = await open(way);
  const running = runner();
  await until(`${way}: an answer`, async () => (await ask(port, '/health')) === '200', 60_000);
  const requests = Array.from({ length: inFlight }, () => ask(port, '/slow?ms=1000'));
  await sleep(400);
  kill(tree(running.child.pid)[1], 'SIGTERM');
  const answers = await Promise.all(requests);
  const { code } = await running.ended;
  return { cut: answers.filter((one) => one !== '200').length, code };
}

/** A balancer that asks /ready every 50 ms and sends nothing more once it fails. */
async function stopWithBalancer() {
  const { port, runner } = await open('Tandem', 600);
  const running = runner();
  await until('an answer', async () => (await ask(port, '/health')) === '200', 60_000);
  const agent = new Agent({ keepAlive: true, maxSockets: 20 });
  let open_ = true;
  const failed = [];
  let count = 0;
  const balancer = (async () => {
    for (; open_; await sleep(50)) if ((await ask(port + 1, '/ready')) !== '200') open_ = false;
  })();
  const clients = Array.from({ length: 20 }, async () => {
    while (open_) {
      const got = await ask(port, '/health', agent);
      count += 1;
      if (got !== '200') failed.push(got);
    }
  });
  await sleep(400);
  kill(tree(running.child.pid)[1], 'SIGTERM');
  await Promise.all([balancer, ...clients]);
  agent.destroy();
  await running.ended;
  return { count, failed: failed.length };
}

export async function containerRows(quick, say) {
  const rounds = quick ? 3 : 8;
  const out = {};
  for (let round = 0; round < rounds; round += 1)
    for (const way of Object.keys(ways)) {
      const one = await coldStart(way);
      const stop = await stopUnderLoad(way);
      out[way] ??= { bad: [], first: [], beyond: [], cut: [], code: [] };
      out[way].bad.push(one.bad);
      out[way].first.push(one.firstMs);
      out[way].beyond.push(one.beyondMs);
      out[way].cut.push(stop.cut);
      out[way].code.push(stop.code);
      say(`containers: ${way}, round ${round + 1} of ${rounds}`);
    }
  const delayed = [];
  for (let round = 0; round < (quick ? 1 : 3); round += 1) delayed.push(await stopWithBalancer());
  return {
    inFlight,
    ways: Object.fromEntries(
      Object.entries(out).map(([way, one]) => [
        way,
        {
          bad: summary(one.bad),
          firstMs: summary(one.first),
          beyondMs: summary(one.beyond),
          cut: summary(one.cut),
          code: one.code[0],
        },
      ]),
    ),
    delayed: {
      count: delayed.reduce((n, one) => n + one.count, 0),
      failed: delayed.reduce((n, one) => n + one.failed, 0),
    },
  };
}
