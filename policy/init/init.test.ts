/**
 * Goal: in a folder as people have them, `tandem init` writes a file that Tandem reads without a
 * complaint, and never touches what is there.
 * Method: folders of a few files; the result is read by Tandem's own decoder and checks.
 */
import { expect, test } from 'vitest';
import { decode } from '../config/decode.ts';
import { parseYaml } from '../config/parse.ts';
import type { World } from '../import/import.ts';
import { checkPlan } from '../plan/compile.ts';
import type { Plan } from '../plan/plan.ts';
import { initCommand, wanted } from './init.ts';

type Files = Readonly<Record<string, string>>;

function world(files: Files): World {
  return {
    read: (path) => files[path] ?? null,
    list: (path) => {
      const prefix = path === '.' ? '' : `${path}/`;
      const inside = Object.keys(files).filter((one) => one.startsWith(prefix));
      if (inside.length === 0) return null;
      return [...new Set(inside.map((one) => one.slice(prefix.length).split('/')[0] ?? ''))];
    },
    yaml: parseYaml,
    toml: () => ({ value: null, problem: 'no TOML here' }),
    evaluate: () => ({ value: null, problem: 'no modules here' }),
  };
}

function planOf(files: Files): { plan: Plan; dockerfile: string } {
  const found = wanted(world(files));
  if (found === null) throw new Error('nothing was found');
  const { tree, issues } = parseYaml(found.yaml);
  const decoded = decode(tree);
  expect([...issues, ...decoded.issues, ...checkPlan(decoded.plan)], found.yaml).toEqual([]);
  return { plan: decoded.plan, dockerfile: found.dockerfile };
}

test('a Node app with a build and static files', () => {
  const { plan, dockerfile } = planOf({
    'package.json': '{"scripts":{"start":"node dist/server.js","build":"tsc"}}',
    'package-lock.json': '{}',
    'static/a.css': '',
  });
  expect(plan.processes[0]).toMatchObject({
    name: 'app',
    command: ['node', 'dist/server.js'],
    port: 8081,
  });
  expect(plan.front?.routes).toMatchObject([
    { path: '/static/', directory: './static/' },
    { path: '/', process: 'app' },
  ]);
  expect(dockerfile).toContain('RUN npm ci\n');
  expect(dockerfile).toContain('RUN npm run build\n');
  expect(dockerfile).toContain('ENTRYPOINT ["tandem"]\n');
});

test('a start that needs a shell goes through npm', () => {
  const { plan } = planOf({
    'package.json': '{"scripts":{"start":"NODE_ENV=production node server.js && true"}}',
  });
  expect(plan.processes[0]?.command).toEqual(['npm', 'start']);
});

test('a package.json that is no JSON is no crash', () => {
  expect(planOf({ 'package.json': '{', 'server.js': '' }).plan.processes[0]?.command).toEqual([
    'node',
    'server.js',
  ]);
});

test('Django has its migration first', () => {
  const { plan } = planOf({
    'manage.py': "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')",
    'requirements.txt': 'Django==5\ngunicorn\n',
  });
  expect(plan.processes.map((one) => [one.name, one.oneshot])).toEqual([
    ['migrate', true],
    ['app', false],
  ]);
  expect(plan.processes[1]?.command).toEqual([
    'gunicorn',
    '--bind',
    '127.0.0.1:${app.port}',
    'shop.wsgi',
  ]);
});

test.each([
  [{ 'requirements.txt': 'flask\n', 'app.py': '' }, 'flask'],
  [{ 'requirements.txt': 'fastapi\nuvicorn\n', 'main.py': '' }, 'uvicorn'],
  [{ 'pyproject.toml': 'dependencies = ["gunicorn>=20"]', 'wsgi.py': '' }, 'gunicorn'],
  [{ 'go.mod': 'module x\n\ngo 1.22\n' }, '/srv/app'],
  [{ Gemfile: "gem 'rails'\ngem 'puma'\n" }, 'bundle'],
  [{ Gemfile: "gem 'sinatra'\n", 'config.ru': '' }, 'bundle'],
  [{ 'composer.json': '{}', 'public/index.php': '' }, 'php'],
])('the command of %o begins with %s', (files: Files, program) => {
  const { plan, dockerfile } = planOf(files);
  expect(plan.processes.find((one) => one.name === 'app')?.command[0]).toBe(program);
  // Each stage that is copied from exists.
  for (const [, stage] of dockerfile.matchAll(/--from=(\w+)/g))
    if (stage !== 'tandem') expect(dockerfile).toContain(` AS ${stage}\n`);
});

test('a folder with a first page alone is a site', () => {
  const { plan } = planOf({ 'public/index.html': '' });
  expect(plan.processes).toEqual([]);
  expect(plan.front?.routes).toMatchObject([{ path: '/', directory: './public/' }]);
});

test('a Procfile of several says what runs', () => {
  const { plan } = planOf({
    'package.json': '{}',
    Procfile: 'web: node a.js\nworker: node b.js\n',
  });
  expect(plan.processes.map((one) => one.name)).toEqual(['web', 'worker']);
});

test('an nginx configuration of its own stays in front', () => {
  const { plan } = planOf({ 'package.json': '{}', 'server.js': '', 'nginx.conf': '' });
  expect(plan.front).toBeNull();
  expect(plan.processes[1]).toMatchObject({
    name: 'nginx',
    stopSignal: 3,
    dependsOn: [{ process: 'app' }],
  });
});

test('what is there is left as it is', () => {
  const written = new Map<string, string>([['Dockerfile', 'FROM x']]);
  const create = (path: string, text: string): string | null => {
    if (written.has(path)) return 'it is there already';
    written.set(path, text);
    return null;
  };
  const result = initCommand(world({ 'package.json': '{}', 'server.js': '' }), create, []);
  expect(result.out).toContain(
    'wrote tandem.yaml\nleft Dockerfile as it is: it is there already\n',
  );
  expect(written.get('Dockerfile')).toBe('FROM x');
  expect(initCommand(world({ 'package.json': '{}' }), () => 'it is there already', []).code).toBe(
    78,
  );
});

test('a folder that says nothing is told so', () => {
  expect(initCommand(world({ 'README.md': '' }), () => null, []).err).toContain(
    'cannot begin: nothing here says what runs',
  );
  expect(initCommand(world({}), () => null, ['x']).code).toBe(64);
});
