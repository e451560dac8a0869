/**
 * Goal: what npm installs is what this repository builds: the right binary, the same answers from
 * the commands for the desk, and a typed configuration that becomes the plan of its JSON.
 * Method: the tarballs, installed offline into an empty folder; each command beside the binary.
 */
import { execFile, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cleanUp, folder, until } from './binary.ts';
import { ask, freePort } from './http.ts';

const place = folder();
const app = join(place, 'app');
const binary = join(app, 'node_modules/@tandem-init/linux-x64/bin/tandem');
const command = join(app, 'node_modules/.bin/tandem');

type End = { readonly code: number | null; readonly out: string; readonly err: string };

/** Not spawnSync: a runner that is not answered for a minute gives up. */
function run(program: string, args: readonly string[], cwd = app): Promise<End> {
  const { PATH = '', HOME = '/' } = process.env;
  const env = { PATH, HOME, npm_config_cache: join(place, 'cache') };
  return new Promise((done) => {
    const child = execFile(program, args, { cwd, env }, (error, out, err) => {
      done({ code: error === null ? 0 : (child.exitCode ?? -1), out, err });
    });
    child.stdin?.end();
  });
}

async function pack(out: string): Promise<readonly string[]> {
  const end = await run('node', ['tools/npm.mjs', '--out', out], process.cwd());
  expect([end.code, end.err]).toEqual([0, '']);
  return end.out.trim().split('\n');
}

function write(name: string, text: string): string {
  const path = join(app, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return name;
}

const supported = process.arch === 'x64' && existsSync('build/tandem');

describe.skipIf(!supported)('installed from its tarballs', () => {
  let tarballs: readonly string[] = [];

  beforeAll(async () => {
    tarballs = await pack(join(place, 'packed'));
    write('package.json', '{"private": true, "type": "module"}');
    // That of another architecture is optional, and nobody may be asked for it.
    const wanted = tarballs.filter((path) => !/arm64/.test(path));
    const flags = ['--offline', '--no-audit', '--no-fund', '--loglevel=error'];
    const end = await run('npm', ['install', ...flags, ...wanted]);
    expect([end.code, end.err]).toEqual([0, '']);
  }, 600_000);

  afterAll(cleanUp);

  test('npx tandem is there, and so is the binary that was built', async () => {
    const built = spawnSync('build/tandem', ['version'], { encoding: 'utf8' }).stdout;
    expect(await run('npx', ['--offline', 'tandem', 'version'])).toEqual({
      code: 0,
      out: built,
      err: '',
    });
    expect((await run(command, ['--binary'])).out.trim()).toBe(binary);
    const hash = (path: string): string =>
      createHash('sha256').update(readFileSync(path)).digest('hex');
    expect(hash(binary)).toBe(hash('build/tandem'));
  });

  test('packing again gives the same bytes', async () => {
    const again = await pack(join(place, 'again'));
    const bytes = (paths: readonly string[]): readonly string[] =>
      paths.map((path) => createHash('sha256').update(readFileSync(path)).digest('hex'));
    expect(bytes(again)).toEqual(bytes(tarballs));
  });

  test('what is bundled is named with its licence', async () => {
    const notices = readFileSync(join(app, 'node_modules/tandem-init/THIRD-PARTY-NOTICES'), 'utf8');
    expect(notices).toMatch(/^yaml \S+ \(ISC\)/m);
    expect(notices).toMatch(/^sucrase \S+ \(MIT\)/m);
    for (const name of readdirSync(join(app, 'node_modules/tandem-init')))
      if (name.endsWith('.mjs'))
        expect(readFileSync(join(app, 'node_modules/tandem-init', name), 'utf8')).not.toContain(
          process.cwd(),
        );
  });

  const good = `processes:
  app:
    command: sleep \${app.port}
    port: 8081
    ready: {log: '^up (\\d{1,3}|[[:alpha:]]+)$'}
  job: {command: "true", oneshot: true, environment: {A: "ä"}}
`;
  const bad = `processes:
  app:
    comand: sleep 1
    ready: {log: 'a{2,1}'}
  b: {command: localhost:80, working_dir: ./no, depends_on: [appp]}
`;
  // Every way to be wrong that regcomp(3) has words for, and some that are well.
  const patterns = [
    '(',
    '[a',
    '[[:no:]]',
    'a\\',
    '*a',
    'a{1',
    'a{x}',
    'a{2,1}',
    '[z-a]',
    'a|b',
    ')',
  ];
  const regexes = `processes:\n${patterns
    .map((one, i) => `  p${i}: {command: sleep 1, ready: {log: ${JSON.stringify(one)}}}\n`)
    .join('')}`;
  const asked: readonly (readonly string[])[] = [
    ...['good.yaml', 'bad.yaml', 'regexes.yaml', 'no.yaml', 'broken.yaml'].flatMap((file) => [
      ['check', '-f', file],
      ['check', '--json', '-f', file],
      ['plan', '-f', file],
      ['graph', '-f', file],
    ]),
    ...['mermaid', 'dot'].map((format) => ['graph', '--format', format, '-f', 'good.yaml']),
    ...['bash', 'zsh', 'fish'].map((shell) => ['completion', shell]),
    ...[['schema'], ['help'], ['help', 'port'], ['help', 'grpah'], ['check', '--no'], ['check']],
  ];

  test('the commands for the desk answer as the binary does', async () => {
    write('good.yaml', good);
    write('bad.yaml', bad);
    write('regexes.yaml', regexes);
    write('broken.yaml', 'processes: {a: [\n');
    for (const args of asked)
      expect([args, await run(command, args)]).toEqual([args, await run(binary, args)]);
  }, 600_000);

  test('export writes what it says, and overwrites nothing', async () => {
    write('out.yaml', 'processes: {app: {command: ./app, port: 8081, nice: 5}}\n');
    const args = ['export', 'compose', '-f', 'out.yaml', '--image', 'shop:1'];
    const shown = await run(command, args);
    expect(shown.code).toBe(0);
    expect(shown.err).toContain('tandem: warning: cannot say `nice` of `app` in Compose');
    const written = await run(command, [...args, '-o', 'exported']);
    expect([written.code, written.out]).toEqual([0, '']);
    expect(readFileSync(join(app, 'exported/compose.yaml'), 'utf8')).toBe(shown.out);
    const again = await run(command, [...args, '-o', 'exported']);
    expect([again.code, again.out]).toEqual([78, '']);
    const wrong = await run(command, ['export', 'compose', '-f', 'missing.yaml']);
    expect(wrong.code).toBe(78);
  }, 300_000);

  test('init in the folder of a Node app, then check, then a request through its front', async () => {
    const shop = folder();
    // nginx's workers are another user.
    chmodSync(shop, 0o755);
    mkdirSync(join(shop, 'static'), { recursive: true });
    const scripts = { start: 'node server.js' };
    writeFileSync(join(shop, 'package.json'), JSON.stringify({ name: 'shop', scripts }));
    writeFileSync(join(shop, 'static/hello.txt'), 'a file\n');
    writeFileSync(
      join(shop, 'server.js'),
      `require('http').createServer((q, r) => r.end('the app\\n')).listen(process.env.PORT, '127.0.0.1');\n`,
    );
    const made = await run(command, ['init'], shop);
    expect([made.code, made.err]).toEqual([0, '']);
    expect(made.out).toContain('wrote tandem.yaml\nwrote Dockerfile\n');
    expect(await run(command, ['check', '--strict'], shop)).toMatchObject({ code: 0, err: '' });
    const file = join(shop, 'tandem.yaml');
    const written = readFileSync(file, 'utf8');
    // A second time it leaves everything as it is.
    expect(await run(command, ['init'], shop)).toMatchObject({ code: 78 });
    expect(readFileSync(file, 'utf8')).toBe(written);
    // Other tests may have the usual port at this moment.
    expect(written).toContain('8081');
    writeFileSync(file, written.replaceAll('8081', `${await freePort()}`));
    const port = await freePort();
    const env = { ...process.env, PORT: `${port}` };
    const child = spawn(binary, [], { cwd: shop, env, stdio: ['ignore', 'ignore', 'pipe'] });
    let err = '';
    child.stderr.on('data', (data: Buffer) => {
      err += data.toString();
    });
    const ended = new Promise((done) => child.on('exit', (code) => done(code)));
    await until(
      'the start',
      () => err.includes('ready in'),
      () => err,
      60_000,
    );
    expect(await ask(port, '/')).toMatchObject({ status: 200, body: 'the app\n' });
    expect(await ask(port, '/static/hello.txt')).toMatchObject({ status: 200, body: 'a file\n' });
    child.kill('SIGTERM');
    expect(await ended, err).toBe(0);
  }, 300_000);

  test('what runs processes is the binary, with its exit code', async () => {
    expect((await run(command, ['--', 'sh', '-c', 'exit 7'])).code).toBe(7);
    expect((await run(command, ['run', "sh -c 'exit 3'", 'sleep 30'])).code).toBe(3);
  });

  test('a stop reaches it through Node', async () => {
    const child = spawn(command, ['-v', 'run', 'sleep 30', 'sleep 31'], {
      cwd: app,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let err = '';
    child.stderr.on('data', (data: Buffer) => {
      err += data.toString();
    });
    const ended = new Promise((done) => child.on('exit', (code) => done(code)));
    await until(
      'the start',
      () => /ready/.test(err),
      () => err,
      60_000,
    );
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });

  test('without its platform package it says which one is missing', async () => {
    const alone = join(place, 'alone');
    mkdirSync(join(alone, 'node_modules'), { recursive: true });
    spawnSync('cp', ['-r', join(app, 'node_modules/tandem-init'), join(alone, 'node_modules')]);
    const cli = join(alone, 'node_modules/tandem-init/cli.mjs');
    const end = await run('node', [cli, 'run', 'sleep 1', 'sleep 2'], alone);
    expect(end.code).toBe(64);
    expect(end.err).toContain('the package @tandem-init/linux-x64 is not installed');
  });

  const typed = `import { defineConfig, type Process } from 'tandem-init';
import { port } from './config/port.ts';

const app = (more: Partial<Process> = {}): Process => ({ command: 'sleep 30', port, ...more });
export default defineConfig(async () => ({
  processes: { app: app({ environment: { N: 1, F: true } }), job: { command: 'true', oneshot: true } },
  stop_timeout: '5s',
}));
`;

  test('a typed configuration becomes the plan of its JSON, and runs', async () => {
    write('config/port.ts', 'export const port: number = Number("8081") satisfies number;\n');
    write('tandem.config.ts', typed);
    const json = {
      processes: {
        app: { command: 'sleep 30', port: 8081, environment: { N: 1, F: true } },
        job: { command: 'true', oneshot: true },
      },
      stop_timeout: '5s',
    };
    write('same.json', JSON.stringify(json));
    const none = { code: 0, out: '', err: '' };
    expect(await run(command, ['plan', 'tandem.config.ts', '-o', 'typed.plan'])).toEqual(none);
    expect(await run(binary, ['plan', '-f', 'same.json', '-o', 'json.plan'])).toEqual(none);
    const read = (name: string): string => readFileSync(join(app, name), 'utf8');
    expect(read('typed.plan')).toBe(read('json.plan'));
    expect((await run(binary, ['graph', '-f', 'typed.plan'])).code).toBe(0);
    // It is found where no file is named and no other is there.
    expect(await run(command, ['graph'])).toEqual(await run(command, ['graph', '-f', 'same.json']));
  });

  test.each([
    ['{ processes: { app: { comand: "x" } } }', 'did you mean `command`?'],
    ['{ processes: { app: { command: "x", umask: 0o27 } } }', "a text here, such as '027'"],
    ['{ processes: { app: { command: () => 1 } } }', '`processes.app.command`: it is a function'],
    ['{ processes: { app: { command: "x", port: 0 / 0 } } }', '`processes.app.port`: it is NaN'],
    ['{ processes: new Map() }', '`processes`: it is an instance of Map'],
    ['[]', 'what it exports is no map of keys'],
    ['(() => { throw new Error("no luck") })', 'cannot load wrong.config.ts: Error: no luck'],
    ['{ processes: { app: { command: ', 'cannot load wrong.config.ts: SyntaxError'],
  ])('a typed configuration that exports %s is refused in a sentence', async (value, said) => {
    write('wrong.config.ts', `export default ${value};\n`);
    const end = await run(command, ['check', 'wrong.config.ts']);
    expect([end.code, end.out]).toEqual([78, '']);
    expect(end.err).toContain(said);
  });

  test('the binary, given a program, names the command that compiles it', async () => {
    const end = await run(binary, ['-f', 'tandem.config.ts']);
    expect(end.code).toBe(78);
    expect(end.err).toContain('npx tandem plan tandem.config.ts -o tandem.plan');
  });

  test('tsc finds the types of the package, and a mistake by them', async () => {
    const tsc = join(process.cwd(), 'node_modules/typescript/bin/tsc');
    write('config/port.ts', 'export const port = 8081;\n');
    write('right.ts', typed.replace("'./config/port.ts'", "'./config/port.js'"));
    write(
      'wrong.ts',
      "import { defineConfig } from 'tandem-init';\nexport default defineConfig({ processes: { app: { comand: 'x' } } });\n",
    );
    for (const module of ['nodenext', 'preserve']) {
      const flags = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--module', module];
      const types = ['--target', 'es2022', '--lib', 'es2022', '--skipLibCheck'];
      expect(await run('node', [tsc, ...flags, ...types, 'right.ts'])).toEqual({
        code: 0,
        out: '',
        err: '',
      });
      const end = await run('node', [tsc, ...flags, ...types, 'wrong.ts']);
      expect(end.out).toContain("'comand' does not exist in type 'Process'");
    }
  }, 600_000);
});

test.each(['export', 'import', 'init'])(
  'the binary, asked for %s, names the npx command',
  (name) => {
    const end = spawnSync('build/tandem', [name], { encoding: 'utf8' });
    expect(end.status).toBe(64);
    expect(end.stderr).toContain(`npx tandem-init ${name}`);
  },
);
