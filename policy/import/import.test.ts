/**
 * Goal: what other tools' configurations say becomes a tandem.yaml that Tandem reads without a
 * complaint, and each of their keys is told of.
 * Method: files of each tool in the shape and size that people have, written after its reference;
 * the result is read by Tandem's own decoder and checks.
 */
import fc from 'fast-check';
import { parse as parseToml } from 'smol-toml';
import { describe, expect, test } from 'vitest';
import { decode } from '../config/decode.ts';
import { parseYaml } from '../config/parse.ts';
import { checkPlan } from '../plan/compile.ts';
import type { Plan, PlannedProcess } from '../plan/plan.ts';
import { importCommand } from './command.ts';
import { composeServiceKeys, composeTopKeys } from './compose.ts';
import type { Draft, Said } from './draft.ts';
import { emit } from './emit.ts';
import { type Data, horustKeys } from './horust.ts';
import { fileOf, importFrom, type Kind, kindOf, reportOf, type World } from './import.ts';
import { pm2Keys } from './pm2.ts';
import { s6Files } from './s6.ts';
import { supervisordKeys } from './supervisord-keys.ts';

type Files = Readonly<Record<string, string>>;

function world(files: Files): World {
  return {
    read: (path) => files[path] ?? null,
    list: (path) => {
      const inside = Object.keys(files).filter((one) => one.startsWith(`${path}/`));
      if (inside.length === 0) return null;
      return [...new Set(inside.map((one) => one.slice(path.length + 1).split('/')[0] ?? ''))];
    },
    yaml: parseYaml,
    toml: (text) => {
      try {
        return { value: parseToml(text) as Data, problem: null };
      } catch (error) {
        return { value: null, problem: String(error).split('\n')[0] ?? '' };
      }
    },
    evaluate: (path) => {
      try {
        return { value: JSON.parse(files[path] ?? '') as Data, problem: null };
      } catch (error) {
        return { value: null, problem: String(error) };
      }
    },
  };
}

/** The plan of what was imported; nothing in it may be wrong for Tandem. */
function planOf(draft: Draft): Plan {
  const text = fileOf(draft, 'x');
  const { tree, issues } = parseYaml(text);
  const decoded = decode(tree);
  expect([...issues, ...decoded.issues, ...checkPlan(decoded.plan)], text).toEqual([]);
  return decoded.plan;
}

function carry(kind: Kind, files: Files, path: string): { draft: Draft; plan: Plan } {
  const draft = importFrom(world(files), kind, path);
  expect(draft.problems).toEqual([]);
  return { draft, plan: planOf(draft) };
}

function get(plan: Plan, name: string): PlannedProcess {
  const found = plan.processes.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no ${name} in ${plan.processes.map((p) => p.name)}`);
  return found;
}

function saidOf(draft: Draft, key: string): readonly Said[] {
  return draft.said.filter((one) => one.key === key);
}

describe('supervisord', () => {
  const text = `
; the usual two programs and a worker
[supervisord]
nodaemon=true
user=root
logfile=/dev/null
environment=STAGE="prod"

[unix_http_server]
file=/run/supervisor.sock

[supervisorctl]
serverurl=unix:///run/supervisor.sock

[program:migrate]
command=python manage.py migrate --noinput
autorestart=false
startsecs=0
priority=1

[program:web]
command=gunicorn --bind 0.0.0.0:%(ENV_PORT)s --workers 2
    app.wsgi ; continued
directory=/srv/app
user=www-data
environment=DEBUG="0",SECRET="a,b $x"
priority=10
stopwaitsecs=8
stopsignal=QUIT
stdout_logfile=/dev/stdout
stdout_logfile_maxbytes=0
redirect_stderr=true

[program:worker]
command=python -m worker --id %(process_num)02d
process_name=%(program_name)s_%(process_num)02d
numprocs=2
autorestart=true
stopasgroup=true
killasgroup=true
priority=20
umask=022

[program:idle]
command=/bin/later
autostart=false

[group:all]
programs=web,worker

[eventlistener:mail]
command=crashmail -a -m ops@example.org
events=PROCESS_STATE
`;

  test('programs become processes in the order of their priority', () => {
    const { draft, plan } = carry('supervisord', { 'supervisord.conf': text }, 'supervisord.conf');
    expect(plan.processes.map((one) => one.name)).toEqual([
      'migrate',
      'web',
      'worker_00',
      'worker_01',
    ]);
    expect(get(plan, 'migrate')).toMatchObject({ oneshot: true });
    const web = get(plan, 'web');
    expect(web).toMatchObject({
      command: ['gunicorn', '--bind', '0.0.0.0:${PORT}', '--workers', '2', 'app.wsgi'],
      workingDir: '/srv/app',
      restart: { policy: 'on-failure', max: 3 },
      stopSignal: 3,
      stopGraceMs: 8000,
      dependsOn: [{ process: 'migrate', condition: 'completed' }],
    });
    expect(web.environment).toEqual([
      ['STAGE', 'prod'],
      ['DEBUG', '0'],
      ['SECRET', 'a,b $$x'],
    ]);
    expect(get(plan, 'worker_01')).toMatchObject({
      command: ['python', '-m', 'worker', '--id', '01'],
      stopTarget: 'group',
      restart: { policy: 'always' },
      dependsOn: [{ process: 'web', condition: 'started' }],
    });
    expect(saidOf(draft, 'autostart')[0]).toMatchObject({
      verdict: 'lost',
      place: 'supervisord.conf:46',
    });
    expect(saidOf(draft, 'eventlistener:mail')[0]).toMatchObject({ verdict: 'lost' });
  });

  test('files of an [include] are read, and say their own lines', () => {
    const files = {
      'etc/supervisord.conf': '[supervisord]\nnodaemon=true\n[include]\nfiles = conf.d/*.conf\n',
      'etc/conf.d/a.conf': '[program:a]\ncommand=sleep 1\nbogus=1\n',
    };
    const { draft, plan } = carry('supervisord', files, 'etc/supervisord.conf');
    expect(plan.processes.map((one) => one.name)).toEqual(['a']);
    expect(saidOf(draft, 'bogus')[0]).toMatchObject({
      verdict: 'unknown',
      place: 'etc/conf.d/a.conf:3',
    });
  });

  test('every key of its reference is told of, and none is unknown', () => {
    for (const [section, keys] of Object.entries(supervisordKeys)) {
      const named = ['program', 'fcgi-program', 'eventlistener'].includes(section);
      for (const key of keys) {
        const lines = key === 'command' ? [] : ['command=sleep 1'];
        const value = { priority: '5', numprocs: '1', umask: '022', exitcodes: '0,2' }[key] ?? 'x';
        const own = named
          ? `[${section}:p]\n${lines.join('\n')}\n${key}=${value}\n`
          : `[${section}]\n${key}=${value}\n`;
        const draft = importFrom(
          world({ 's.conf': `${own}[program:q]\ncommand=sleep 1\n` }),
          'supervisord',
          's.conf',
        );
        const said = draft.said.filter(
          (one) => one.key === key || one.key.startsWith('eventlistener'),
        );
        expect(said.length, `${section}.${key}`).toBeGreaterThan(0);
        expect(
          said.every((one) => one.verdict !== 'unknown'),
          `${section}.${key}`,
        ).toBe(true);
      }
    }
  });

  test('what cannot be read is said with its line', () => {
    const draft = importFrom(
      world({ 's.conf': '[program:a]\ncommand=sh -c "x\n[program:b]\nuser=x\n' }),
      'supervisord',
      's.conf',
    );
    expect(draft.problems).toEqual([
      's.conf:2: cannot carry `a`: a quote of its command is open',
      's.conf:3: cannot carry `b`: it has no command',
    ]);
  });
});

describe('compose', () => {
  const text = `
name: shop
services:
  web:
    build: .
    image: shop:latest
    command: gunicorn --bind 0.0.0.0:8000 "shop.wsgi:application"
    ports: ["8080:8000"]
    environment:
      DATABASE_URL: postgres://shop:\${DB_PASSWORD?unset}@db:5432/shop
      REDIS_HOST: cache
      DEBUG: \${DEBUG-0}
      PASSED:
    env_file: [.env, {path: local.env, required: false}]
    depends_on:
      cache: {condition: service_healthy, restart: true}
      migrate: {condition: service_completed_successfully}
    healthcheck:
      test: ["CMD", "curl", "-f", "http://127.0.0.1:8000/health"]
      interval: 30s
      start_interval: 1s
    restart: unless-stopped
    ulimits: {nofile: {soft: 1024, hard: 2048}, nproc: 64}
    stop_grace_period: 5s
    deploy: {replicas: 2}
    cap_drop: [ALL]
    user: "1000:1000"
  migrate:
    image: shop:latest
    command: ["python", "manage.py", "migrate"]
    depends_on: [cache]
  cache:
    image: docker.io/library/redis:7-alpine
    volumes: [cache:/data]
  db:
    image: postgres:16
    command: postgres -D /data
  debug:
    image: adminer
    profiles: [dev]
volumes:
  cache: {}
x-note: nothing
`;

  test('services that can share a container become processes of one', () => {
    const { draft, plan } = carry('compose', { 'compose.yaml': text }, 'compose.yaml');
    expect(plan.processes.map((one) => one.name)).toEqual(['web', 'migrate', 'cache', 'db']);
    const web = get(plan, 'web');
    expect(web).toMatchObject({
      command: ['gunicorn', '--bind', '0.0.0.0:8000', 'shop.wsgi:application'],
      port: 8000,
      user: '1000:1000',
      restart: { policy: 'always' },
      stopGraceMs: 5000,
      dependsOn: [
        { process: 'cache', condition: 'ready' },
        { process: 'migrate', condition: 'completed' },
      ],
    });
    expect(web.environment).toEqual([
      ['DATABASE_URL', 'postgres://shop:${DB_PASSWORD:?unset}@127.0.0.1:5432/shop'],
      ['REDIS_HOST', '127.0.0.1'],
      ['DEBUG', '${DEBUG:-0}'],
    ]);
    expect(get(plan, 'migrate')).toMatchObject({ oneshot: true });
    expect(get(plan, 'cache')).toMatchObject({ command: ['redis-server'], port: 6379 });
    expect(saidOf(draft, 'debug.profiles')[0]?.verdict).toBe('lost');
    expect(saidOf(draft, 'web.deploy')[0]).toMatchObject({
      verdict: 'lost',
      place: 'compose.yaml:25',
    });
  });

  test('every key of a service and of the file is told of, and none is unknown', () => {
    for (const key of composeServiceKeys) {
      const body = `services: {a: {command: sleep 1, ${key === 'command' ? 'tty: true' : `${key}: {}`}}}`;
      const draft = importFrom(world({ 'c.yaml': body }), 'compose', 'c.yaml');
      const said = draft.said.filter(
        (one) => one.key.startsWith(`a.${key}`) || key === 'profiles' || key === 'secrets',
      );
      if (!['profiles', 'secrets', 'entrypoint', 'command'].includes(key))
        expect(said.length, key).toBeGreaterThan(0);
      expect(draft.said.filter((one) => one.text === 'not in the reference of a service')).toEqual(
        [],
      );
    }
    for (const key of composeTopKeys.filter((one) => one !== 'services')) {
      const draft = importFrom(
        world({ 'c.yaml': `services: {a: {command: x}}\n${key}: {}` }),
        'compose',
        'c.yaml',
      );
      expect(
        draft.said.filter((one) => one.key === key && one.verdict !== 'unknown'),
        key,
      ).toHaveLength(1);
    }
  });

  test('a command nobody knows is asked for, with the image that had it', () => {
    const draft = importFrom(
      world({ 'c.yaml': 'services: {a: {image: acme/thing:1}}' }),
      'compose',
      'c.yaml',
    );
    expect(saidOf(draft, 'a.command')[0]?.text).toBe(
      'it has no command, and that of `acme/thing:1` is not known here: write it',
    );
  });
});

describe('s6', () => {
  const root = 'etc';
  const rc = `${root}/s6-overlay/s6-rc.d`;
  const files: Files = {
    [`${rc}/init-db/type`]: 'oneshot\n',
    [`${rc}/init-db/up`]: 'with-contenv /usr/local/bin/init-db --force\n',
    [`${rc}/app/type`]: 'longrun\n',
    [`${rc}/app/run`]:
      '#!/command/execlineb -P\nwith-contenv\ns6-setuidgid www-data\nfdmove -c 2 1\n/srv/app --port 8081\n',
    [`${rc}/app/notification-fd`]: '3\n',
    [`${rc}/app/dependencies.d/init-db`]: '',
    [`${rc}/app/down-signal`]: 'SIGINT\n',
    [`${rc}/app/timeout-kill`]: '4000\n',
    [`${rc}/app/finish`]: '#!/bin/sh\nexit 125\n',
    [`${rc}/nginx/type`]: 'longrun\n',
    [`${rc}/nginx/run`]:
      '#!/command/with-contenv bash\nset -e\nif [ -n "$X" ]; then echo x; fi\nexec nginx -g "daemon off;"\n',
    [`${rc}/nginx/dependencies.d/app`]: '',
    [`${rc}/user/type`]: 'bundle\n',
    [`${rc}/user/contents.d/nginx`]: '',
    [`${root}/cont-init.d/10-fix.sh`]: '#!/bin/sh\nexec chown -R www-data /data\n',
  };

  test('service directories become processes, and scripts that say more stay scripts', () => {
    const { draft, plan } = carry('s6', files, root);
    expect(plan.processes.map((one) => one.name)).toEqual(['fix', 'app', 'init-db', 'nginx']);
    expect(get(plan, 'app')).toMatchObject({
      command: ['/srv/app', '--port', '8081'],
      user: 'www-data',
      ready: { fd: 3 },
      restart: { policy: 'always' },
      stopSignal: 2,
      stopGraceMs: 4000,
    });
    expect(get(plan, 'app').dependsOn.map((one) => one.process)).toEqual(['fix', 'init-db']);
    expect(get(plan, 'init-db')).toMatchObject({
      oneshot: true,
      command: ['/usr/local/bin/init-db', '--force'],
    });
    expect(get(plan, 'nginx').command).toEqual(['bash', `${rc}/nginx/run`]);
    expect(saidOf(draft, 'finish')[0]?.verdict).toBe('better');
  });

  test('every file of a service directory is told of', () => {
    for (const file of s6Files) {
      const type = file === 'up' ? 'oneshot' : 'longrun';
      const own: Files = {
        'd/a/type': type,
        'd/a/run': '#!/bin/sh\nexec x\n',
        'd/a/up': 'x\n',
        [`d/a/${file}`]: file === 'type' ? type : file === 'run' ? 'x' : '1',
      };
      const draft = importFrom(world(own), 's6', 'd');
      expect(
        saidOf(draft, file).some((one) => one.verdict !== 'unknown'),
        file,
      ).toBe(true);
    }
  });
});

describe('pm2', () => {
  const config = {
    apps: [
      {
        name: 'api',
        script: 'dist/server.js',
        instances: 2,
        exec_mode: 'cluster',
        node_args: '--enable-source-maps',
        env: { NODE_ENV: 'production', PORT: 3000 },
        increment_var: 'PORT',
        kill_timeout: 3000,
        wait_ready: true,
        max_memory_restart: '300M',
        watch: false,
        error_file: 'err.log',
        stop_exit_codes: [0, 3],
      },
      {
        script: 'worker.py',
        args: ['--queue', 'a b'],
        autorestart: false,
        cwd: '/srv',
        surprise: 1,
      },
    ],
    deploy: {},
  };

  test('apps become processes, one for each instance', () => {
    const files = { 'ecosystem.config.json': JSON.stringify(config) };
    const { draft, plan } = carry('pm2', files, 'ecosystem.config.json');
    expect(plan.processes.map((one) => [one.name, one.port])).toEqual([
      ['api-0', 3000],
      ['api-1', 3001],
      ['worker', null],
    ]);
    expect(get(plan, 'api-1')).toMatchObject({
      command: ['node', '--enable-source-maps', 'dist/server.js'],
      stopGraceMs: 3000,
      successCodes: [3],
      restart: { policy: 'always' },
    });
    expect(get(plan, 'worker')).toMatchObject({
      command: ['python3', 'worker.py', '--queue', 'a b'],
      essential: false,
    });
    expect(saidOf(draft, 'worker.surprise')[0]?.verdict).toBe('unknown');
    expect(saidOf(draft, 'api.wait_ready')[0]?.verdict).toBe('lost');
  });

  test('every key of its reference is told of', () => {
    for (const key of pm2Keys) {
      const draft = importFrom(
        world({
          'p.json': JSON.stringify({
            apps: [
              {
                name: 'a',
                script: 'a.js',
                [key]: key === 'script' ? 'a.js' : key === 'name' ? 'a' : 1,
              },
            ],
          }),
        }),
        'pm2',
        'p.json',
      );
      expect(
        saidOf(draft, `a.${key}`).some((one) => one.verdict !== 'unknown'),
        key,
      ).toBe(true);
    }
  });
});

describe('horust', () => {
  test('services become processes that wait for each other', () => {
    const files = {
      'services/db.toml':
        'command = "/usr/bin/redis-server --port 6379"\n[healthiness]\ncommand = "redis-cli ping"\nmax-failed = 3\n[termination]\nsignal = "INT"\nwait = "5 s"\n',
      'services/api.toml':
        'command = "node server.js"\nstart-after = ["db.toml"]\nuser = "node"\n[restart]\nstrategy = "on-failure"\nattempts = 4\n[failure]\nsuccessful-exit-code = [0, 3]\nstrategy = "shutdown"\n[environment]\nkeep-env = true\nadditional = { KEY = "va$lue" }\n',
    };
    const { plan } = carry('horust', files, 'services');
    expect(get(plan, 'api')).toMatchObject({
      command: ['node', 'server.js'],
      user: 'node',
      essential: true,
      successCodes: [3],
      restart: { policy: 'on-failure', max: 4 },
      environment: [['KEY', 'va$$lue']],
    });
    expect(get(plan, 'db')).toMatchObject({ essential: false, stopSignal: 2, stopGraceMs: 5000 });
    expect(horustKeys.length).toBeGreaterThan(25);
  });

  test('TOML that is none is said', () => {
    expect(importFrom(world({ 'a.toml': 'x = ' }), 'horust', 'a.toml').problems[0]).toMatch(
      /^a\.toml: cannot read it: /,
    );
  });
});

describe('a bash entrypoint', () => {
  test('a & b & wait -n', () => {
    const text = `#!/bin/bash
set -euo pipefail
export STAGE=prod LEVEL="\${LEVEL:-info}"
python manage.py migrate
PORT=8081 gunicorn --bind 127.0.0.1:8081 app:app 2>&1 &
while ! nc -z 127.0.0.1 8081; do
  sleep 0.1
done
nginx &
trap 'kill $(jobs -p)' TERM
wait -n
exit $?
`;
    const { plan } = carry('bash', { 'entrypoint.sh': text }, 'entrypoint.sh');
    expect(plan.processes.map((one) => one.name)).toEqual(['manage', 'gunicorn', 'nginx']);
    expect(get(plan, 'manage').oneshot).toBe(true);
    expect(get(plan, 'gunicorn')).toMatchObject({
      command: ['gunicorn', '--bind', '127.0.0.1:8081', 'app:app'],
      port: 8081,
      environment: [
        ['STAGE', 'prod'],
        ['LEVEL', '${LEVEL:-info}'],
      ],
      dependsOn: [{ process: 'manage' }],
    });
    expect(get(plan, 'nginx')).toMatchObject({
      command: ['nginx', '-g', 'daemon off;'],
      dependsOn: [{ process: 'manage' }, { process: 'gunicorn' }],
    });
  });

  test('all on one line', () => {
    const { plan } = carry('bash', { 'run.sh': '#!/bin/sh\na --x & b "c d" & wait\n' }, 'run.sh');
    expect(plan.processes.map((one) => one.command)).toEqual([
      ['a', '--x'],
      ['b', 'c d'],
    ]);
  });

  test('what is not that simple is explained, with its line', () => {
    const text =
      '#!/bin/bash\nif [ -f x ]; then\n  a &\nfi\nfor i in 1 2; do\n w $i & \ndone\nb &\nwait -n\n';
    const draft = importFrom(world({ 'e.sh': text }), 'bash', 'e.sh');
    expect(draft.problems).toEqual([
      'e.sh:2: cannot carry `if [ -f x ]; then; a &; fi`: it is a decision: make it in the Dockerfile, or keep it as a script that is a oneshot',
      'e.sh:5: cannot carry `for i in 1 2; do; w $i &; done`: it is a loop: waiting is `ready` and `depends_on`, starting again is `restart`',
    ]);
  });
});

test('a Procfile is the same plan as Tandem reads from it', () => {
  const { plan } = carry(
    'procfile',
    {
      Procfile:
        'release: ./migrate\nweb: gunicorn -b :$PORT app\nworker: cd x && python w.py | tee log\n',
    },
    'Procfile',
  );
  expect(get(plan, 'release')).toMatchObject({ oneshot: true, dependsOn: [] });
  expect(get(plan, 'web').dependsOn.map((one) => one.process)).toEqual(['release']);
  expect(get(plan, 'web')).toMatchObject({
    command: ['gunicorn', '-b', ':${PORT:-5000}', 'app'],
    environment: [['PORT', '${PORT:-5000}']],
  });
  expect(get(plan, 'worker')).toMatchObject({
    shell: true,
    command: ['cd x && python w.py | tee log'],
  });
});

test('the kind is told from the name and the text', () => {
  const files = {
    'docker-compose.yml': '',
    'a/ecosystem.config.js': '',
    'h/a.toml': '',
    Procfile: '',
    'x.conf': '',
    's/app/run': '',
    'e.sh': '#!/bin/bash\n',
    'v.yaml': 'services:\n',
  };
  const kinds = [
    'docker-compose.yml',
    'a/ecosystem.config.js',
    'h',
    'Procfile',
    'x.conf',
    's',
    'e.sh',
    'v.yaml',
  ].map((path) => kindOf(world(files), path));
  expect(kinds).toEqual([
    'compose',
    'pm2',
    'horust',
    'procfile',
    'supervisord',
    's6',
    'bash',
    'compose',
  ]);
});

test('the command says what it could not do, and never overwrites', () => {
  const files = { 'e.sh': '#!/bin/bash\na &\nwait\n' };
  const run = (...args: readonly string[]) =>
    importCommand(world(files), () => 'it is there already', args);
  expect(run()).toMatchObject({ code: 64 });
  expect(run('e.sh', '--from', 'superviserd').err).toContain('did you mean `supervisord`?');
  expect(run('no')).toMatchObject({
    code: 78,
    err: 'tandem: cannot import `no`: there is no such file or folder\n',
  });
  expect(run('e.sh', '-o', 'tandem.yaml').err).toContain(
    'cannot write `tandem.yaml`: it is there already',
  );
  expect(run('e.sh').out).toContain('  a:\n    command: a\n');
  expect(JSON.parse(run('e.sh', '--json').out)).toMatchObject({ kind: 'bash' });
});

test('the report stands in columns and counts', () => {
  const draft = importFrom(
    world({ 's.conf': '[program:a]\ncommand=a\nuser=u\nbad=1\n' }),
    'supervisord',
    's.conf',
  );
  expect(reportOf(draft).split('\n').slice(-2)).toEqual([
    '2 carried, 1 better, 0 lost, 1 unknown',
    '',
  ]);
});

test('whatever a text is, it comes back from the YAML as it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (value, word) => {
      const draft: Draft = {
        top: {},
        said: [],
        problems: [],
        processes: [{ name: 'a', keys: { command: ['x', word], environment: { A: value } } }],
      };
      const { tree, issues } = parseYaml(emit(draft, []));
      expect(issues).toEqual([]);
      const processes = tree?.type === 'map' ? tree.entries[0]?.value : undefined;
      const a = processes?.type === 'map' ? processes.entries[0]?.value : undefined;
      const [command, environment] = a?.type === 'map' ? a.entries.map((one) => one.value) : [];
      expect(
        command?.type === 'list' && command.items[1]?.type === 'scalar' && command.items[1].text,
      ).toBe(word);
      const first = environment?.type === 'map' ? environment.entries[0]?.value : undefined;
      expect(first?.type === 'scalar' && first.text).toBe(value);
    }),
    { numRuns: 2000 },
  );
});

test('any bytes as any tool’s file give processes or problems, never a crash', () => {
  const kinds: readonly Kind[] = ['supervisord', 'compose', 'pm2', 'horust', 'procfile', 'bash'];
  const piece = fc.constantFrom(
    '[program:a]\n',
    'command=',
    'services:\n',
    '  a:\n',
    '    command: x\n',
    '${A',
    '%(ENV_X)s',
    '"',
    "'",
    '&',
    'wait -n\n',
    'if ',
    'a = 1\n',
    '\\',
    '{',
    '- ',
    '\t',
    '\n',
    'x',
    '=',
    ':',
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...kinds),
      fc.array(fc.oneof(piece, fc.string())),
      (kind, parts) => {
        const draft = importFrom(world({ 'f.yaml': parts.join('') }), kind, 'f.yaml');
        // Nothing to run and nothing said about it would leave a person alone with their file.
        expect(draft.processes.length + draft.problems.length).toBeGreaterThan(0);
        expect(parseYaml(fileOf(draft, 'x')).issues).toEqual([]);
      },
    ),
    { numRuns: 3000 },
  );
});
