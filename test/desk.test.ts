/**
 * Goal: `plan`, `graph` and `check` tell the truth about a configuration, and a saved plan runs as its file would.
 * Method: the real binary on files; its drawings compared as text, its warnings at their places.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { planVersion } from '../policy/plan/plan.ts';
import { cleanUp, folder, run, tandem } from './binary.ts';

afterEach(cleanUp);

const shop = `stop_timeout: 8s
processes:
  migrate:
    command: ./migrate
    oneshot: true
  db:
    command: ./db
  app:
    command: ./app --port \${app.port}
    port: 8081
    depends_on: [migrate, db]
  end:
    command: ./end \${SHOP_TOKEN:-none}
    essential: false
    depends_on: {app: {condition: started}}
front:
  routes:
    /*: app
`;

function at(files: Readonly<Record<string, string>>): string {
  const dir = folder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  return dir;
}

describe('tandem plan', () => {
  test('needs nothing of this machine, is stable, and keeps `${…}`', async () => {
    const dir = at({ 'tandem.yaml': shop });
    const [one, two] = [
      await run(['plan'], { cwd: dir, env: { SHOP_TOKEN: 'geheim' } }),
      await run(['plan', '-f', join(dir, 'tandem.yaml')], { cwd: '/' }),
    ];
    expect(one).toMatchObject({ code: 0, err: '' });
    expect(two.out).toBe(one.out);
    expect(JSON.parse(one.out)).toMatchObject({
      'tandem-plan': planVersion,
      content: { base: '.' },
    });
    expect(one.out).toContain('${SHOP_TOKEN:-none}');
    expect(one.out).not.toContain('geheim');
  });

  test('a saved plan runs as its file would, without it', async () => {
    const yaml =
      'processes:\n  a:\n    command: /bin/sh -c "pwd; echo ${WHO:-me}"\n    working_dir: sub\n';
    const dir = at({ 'tandem.yaml': yaml });
    mkdirSync(join(dir, 'sub'));
    expect(await run(['plan', '-o', 'tandem.plan'], { cwd: dir })).toMatchObject({
      code: 0,
      out: '',
    });
    writeFileSync(join(dir, 'tandem.yaml'), 'nonsense');
    for (const [args, env] of [
      [['-f', join(dir, 'tandem.plan')], {}],
      [[], { TANDEM_CONFIG: join(dir, 'tandem.plan') }],
    ] as const) {
      const end = await run(args, { cwd: '/', env: { ...env, WHO: 'you' } });
      expect(end.code).toBe(0);
      expect(end.out).toContain(`${dir}/sub\nyou\n`);
    }
    const piped = spawnSync(tandem, ['-f', '-'], {
      cwd: dir,
      input: readFileSync(join(dir, 'tandem.plan')),
      encoding: 'utf8',
    });
    expect(piped.stdout).toContain(`${dir}/sub\nme\n`);
  });

  test('what is printed can be run too', async () => {
    const dir = at({ 'tandem.yaml': 'processes:\n  a:\n    command: echo hello\n' });
    writeFileSync(join(dir, 'p'), (await run(['plan'], { cwd: dir })).out);
    expect((await run(['-f', 'p'], { cwd: dir })).out).toContain('hello\n');
  });

  test('a plan that was changed, or of another version, is refused with a sentence', async () => {
    const dir = at({ 'tandem.yaml': 'processes:\n  a:\n    command: echo hello\n' });
    await run(['plan', '-o', 'p'], { cwd: dir });
    const text = readFileSync(join(dir, 'p'), 'utf8');
    for (const [changed, why] of [
      [text.replace('hello', 'bye'), 'it was changed after it was made'],
      [text.slice(0, -20), 'it was changed after it was made'],
      [text.replace('"tandem-plan":2', '"tandem-plan":7'), 'it is a plan of version 7'],
    ] as const) {
      writeFileSync(join(dir, 'q'), changed);
      const end = await run(['-f', 'q'], { cwd: dir });
      expect(end.code).toBe(78);
      expect(end.err).toContain(`q: error: cannot run \`q\`: ${why}`);
      expect(end.err).toContain('hint: ');
    }
  });

  test('--bound shows what it becomes here, and hides what looks like a secret', async () => {
    const dir = at({
      pw: 'geheim',
      'tandem.yaml': `processes:
  a:
    command: /bin/echo \${app.port}
    secrets: {DB: pw}
    environment: {API_TOKEN: geheim, URL: "pg://me:geheim@db/x", PLAIN: seen}
  app:
    command: /bin/cat
    port: 8081
`,
    });
    const end = await run(['plan', '--bound'], { cwd: dir, env: { OUTER: 'x' } });
    expect(end.code).toBe(0);
    const [a] = JSON.parse(end.out).processes;
    expect(a.argv).toEqual(['/bin/echo', '8081']);
    expect(a.env).toEqual([
      'API_TOKEN=(redacted)',
      'URL=pg://me:(redacted)@db/x',
      'PLAIN=seen',
      'DB=(redacted)',
    ]);
    expect(end.out).not.toContain('geheim');
  });

  test('mistakes are said as by check, and nothing is written', async () => {
    const dir = at({ 'tandem.yaml': 'processes:\n  a:\n    comand: x\n' });
    const end = await run(['plan', '-o', 'p'], { cwd: dir });
    expect(end.code).toBe(78);
    expect(end.err).toContain('tandem.yaml:3:5: error');
    expect(existsSync(join(dir, 'p'))).toBe(false);
  });
});

describe('tandem graph', () => {
  test('text: waves of start and stop, aligned', async () => {
    const end = await run(['graph'], { cwd: at({ 'tandem.yaml': shop }) });
    expect(end).toMatchObject({ code: 0, err: '' });
    expect(end.out).toBe(`start
  1. migrate  at once (oneshot)
     db       at once
  2. app      when migrate has completed, and db is ready
  3. end      when app has started (not essential)
     front    when app is ready

stop
  1. end      at once (not essential)
     front    at once
  2. app      when end and front have ended
  3. migrate  when app has ended (oneshot)
     db       when app has ended
`);
  });

  test('Mermaid, with names that are its own words', async () => {
    const dir = at({ 'tandem.yaml': shop });
    const end = await run(['graph', '--format', 'mermaid'], { cwd: dir });
    expect(end.out).toContain('flowchart LR\n  p0(["migrate"])\n');
    expect(end.out).toContain('  p3["end"]\n  style p3 stroke-dasharray: 4 4\n');
    expect(end.out).toContain('  p0 -- completed --> p2\n');
  });

  test('DOT, as Graphviz reads it', async () => {
    const dir = at({ 'tandem.yaml': shop });
    const end = await run(['graph', '--format', 'dot'], { cwd: dir });
    expect(end.out).toMatch(/^digraph tandem \{\n/);
    expect(end.out).toContain('  "app" -> "front" [label="ready"];\n');
    expect(end.out.split('{').length).toBe(end.out.split('}').length);
  });
});

const cat = '    command: cat\n';

describe('tandem check warns', () => {
  test.each<[string, string, string, string]>([
    ['nginx', '    command: nginx -c /x\n', '3:14', '`nginx` puts itself in the background'],
    ['memcached', '    command: memcached -u x -d\n', '3:14', '`memcached` puts itself'],
    ['redis', '    command: redis-server --daemonize yes\n', '3:14', '`redis-server` puts itself'],
    [
      'a shell',
      '    shell: true\n    command: cat &\n',
      '4:14',
      'puts its program in the background',
    ],
    ['localhost', '    command: cat http://localhost:80/\n', '3:18', '`localhost` may mean ::1'],
    ['PORT', `${cat}    environment: {PORT: "81"}\n`, '4:26', 'PORT is set by hand'],
    ['shell words', '    command: [cat, a, "&&", b]\n', '3:24', '`&&` is an argument here'],
    ['home', '    command: [cat, ~/x]\n', '3:20', '`~` is a folder of that name here'],
    ['a long grace', `${cat}    stop_grace_period: 20s\n`, '4:24', '20 s cannot fit into'],
  ])('of %s, at its place', async (_what, lines, place, text) => {
    const dir = at({ 'tandem.yaml': `processes:\n  a:\n${lines}` });
    for (const name of ['nginx', 'memcached', 'redis-server']) {
      writeFileSync(join(dir, name), '#!/bin/sh\n', { mode: 0o755 });
    }
    const env = { PATH: `${dir}:/bin:/usr/bin` };
    const end = await run(['check'], { cwd: dir, env });
    expect(end.err).toContain(`tandem.yaml:${place}: warning: `);
    expect(end.err).toContain(text);
    expect(end.code).toBe(0);
    const strict = await run(['check', '--strict'], { cwd: dir, env });
    expect(strict.code).toBe(78);
    expect(strict.err).toContain('and --strict allows none');
  });

  test('of a chain of graces that is longer than the budget', async () => {
    const lines = 'stop_grace_period: 5s';
    const dir = at({
      'tandem.yaml': `processes:\n  a:\n${cat}    ${lines}\n  b:\n${cat}    ${lines}\n    depends_on: [a]\n`,
    });
    const end = await run(['check'], { cwd: dir });
    expect(end.err).toContain(
      'tandem.yaml:7:24: warning: it and the processes behind it may take 10 s',
    );
  });

  test.each([
    ['{}', '10s', 'the platforms kill after 10 s'],
    ['{"K_SERVICE":"x"}', '12s', 'Cloud Run kills after 10 s'],
    [
      '{"KUBERNETES_SERVICE_HOST":"x"}',
      '31s',
      'Kubernetes (terminationGracePeriodSeconds) kills after 30 s',
    ],
  ])('of a budget that the platform %s does not give', async (env, budget, text) => {
    const dir = at({ 'tandem.yaml': `stop_timeout: ${budget}\nprocesses:\n  a:\n${cat}` });
    const end = await run(['check'], { cwd: dir, env: { PATH: '/bin', ...JSON.parse(env) } });
    expect(end.err).toContain('tandem.yaml:1:15: warning: ');
    expect(end.err).toContain(text);
  });

  test('of routes that nothing reaches', async () => {
    const dir = at({
      'tandem.yaml': `processes:\n  a:\n${cat}    port: 8081\nfront:\n  port: 8085\n  routes:\n    /a%20b/*: a\n    /x//y/*: a\n    /*: a\n`,
    });
    const end = await run(['check'], { cwd: dir });
    expect(end.err).toMatch(/tandem\.yaml:8:5: warning: nothing reaches `\/a%20b\/`/);
    expect(end.err).toMatch(/tandem\.yaml:9:5: warning: nothing reaches/);
  });

  test('not of an nginx whose own configuration, or the template of it, keeps it in the foreground', async () => {
    const dir = at({
      nginx: '#!/bin/sh\nexit 1\n',
      'nginx.conf.in': 'daemon off;\nlisten ${PORT};\n',
    });
    chmodSync(join(dir, 'nginx'), 0o755);
    const command = `${dir}/nginx -c ${dir}/nginx.conf`;
    const lines = `    command: ${command}\n    environment: {PORT: "\${P:-80}"}\n`;
    const files = `    files: [{from: nginx.conf.in, to: ${dir}/nginx.conf}]\n`;
    writeFileSync(join(dir, 'tandem.yaml'), `processes:\n  a:\n${lines}${files}`);
    expect(await run(['check', '--strict'], { cwd: dir })).toMatchObject({ code: 0, err: '' });
    writeFileSync(join(dir, 'tandem.yaml'), `processes:\n  a:\n${lines}`);
    const none = await run(['check'], { cwd: dir });
    expect(none.err).toContain('puts itself in the background');
    expect(none.err).toContain('nginx refuses its configuration');
  });

  test('not of the PORT that a Procfile gives', async () => {
    const dir = at({ Procfile: 'release: /bin/true\na: /bin/cat\nb: /bin/cat\n' });
    expect(await run(['check', '--strict'], { cwd: dir })).toMatchObject({ code: 0, err: '' });
  });

  test.skipIf(process.getuid?.() !== 0)('of what the process’s user may not do', async () => {
    const dir = at({
      own: '#!/bin/sh\n',
      'tandem.yaml':
        'processes:\n  a:\n    command: ./own\n    user: nobody\n    working_dir: shut\n    port: 80\n',
    });
    mkdirSync(join(dir, 'shut'), { mode: 0o700 });
    writeFileSync(join(dir, 'shut/own'), '#!/bin/sh\n');
    chmodSync(join(dir, 'shut/own'), 0o700);
    const end = await run(['check'], { cwd: dir });
    expect(end.err).toContain('user 65534 may not enter');
    expect(end.err).toContain('user 65534 may not run');
  });

  test('nothing of the example, and nothing at the start of a container', async () => {
    const end = await run(['check', '-f', 'examples/nginx-flask/tandem.yaml']);
    if (end.code === 0) expect(end.err).toBe('');
    const dir = at({ 'tandem.yaml': 'processes:\n  a:\n    command: /bin/echo localhost:1\n' });
    expect((await run([], { cwd: dir })).err).not.toContain('warning');
  });
});
