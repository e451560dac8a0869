/**
 * Goal: what a file says becomes a plan, and everything that is wrong with it is said at its place.
 * Method: files as people write them; the diagnostics are compared as text.
 */
import { expect, test } from 'vitest';
import { checkPlan } from '../plan/compile.ts';
import { newDirectory, newFront, newUpstream } from '../plan/planned-front.ts';
import { type Decoded, decode } from './decode.ts';
import type { Issue } from './issue.ts';
import { parseYaml } from './parse.ts';
import { locateIssue } from './place.ts';
import { decodeProcfile } from './procfile.ts';
import { render } from './render.ts';

function read(text: string): Decoded {
  const { tree, issues } = parseYaml(text);
  const decoded = decode(tree);
  return tree === null && issues.length > 0
    ? { ...decoded, issues }
    : { ...decoded, issues: [...issues, ...decoded.issues] };
}

function said(text: string): string {
  const { plan, issues, places } = read(text);
  const found: readonly Issue[] = checkPlan(plan).map((issue) => locateIssue(places, issue));
  const all = [...issues, ...found];
  return render([{ name: 't.yaml', text, start: 0, isArguments: false }], all);
}

/** A file of one process with these lines. */
function one(...lines: readonly string[]): string {
  return `processes:\n  app:\n    command: x\n${lines.map((line) => `    ${line}\n`).join('')}`;
}

test('the example of the first page is read as meant', () => {
  const { plan, issues } = read(`processes:
  app:
    command: flask --app app run --port \${app.port}
    port: 8081
front:
  port: \${PORT:-8080}
  routes:
    /static/*: ./static/
    /*: app
`);
  expect(issues).toEqual([]);
  expect(plan.processes[0]).toMatchObject({
    name: 'app',
    command: ['flask', '--app', 'app', 'run', '--port', '${app.port}'],
    port: 8081,
  });
  expect(plan.front).toEqual({
    ...newFront,
    routes: [newDirectory('/static/', './static/'), newUpstream('/', 'app')],
  });
});

test('every key of a process is read', () => {
  const { plan, issues } = read(
    one(
      'working_dir: ./sub',
      'environment: {A: "1", B: 1.10}',
      'port: ${P:-1}',
      'essential: false',
      'depends_on: {db: {condition: service_started}}',
      'ready_timeout: 1m',
      'stop_signal: SIGINT',
      'stop_grace_period: ${G}',
      'stop_signal_to: group',
      'success_codes: [1, 2]',
      'logs: prefix',
      'env_file: a.env',
      'secrets: {DB: /run/db}',
      'files: [{from: in, to: /tmp/out, mode: 0600}]',
      'user: app:web',
      'umask: 022',
      'nice: -5',
      'oom_score_adj: 100',
      'ulimits: {nofile: {soft: 10, hard: 20}, core: unlimited}',
      'stdin: inherit',
      'tty: true',
    ),
  );
  expect(issues).toEqual([]);
  expect(plan.processes[0]).toEqual({
    name: 'app',
    command: ['x'],
    shell: false,
    workingDir: './sub',
    environment: [
      ['A', '1'],
      ['B', '1.10'],
    ],
    port: { text: '${P:-1}' },
    oneshot: false,
    timeoutMs: null,
    essential: false,
    restart: { policy: 'no', max: null },
    dependsOn: [{ process: 'db', condition: 'started' }],
    ready: null,
    readyTimeoutMs: 60_000,
    healthcheck: null,
    preStop: null,
    stopSignal: 2,
    stopGraceMs: { text: '${G}' },
    stopTarget: 'group',
    envFiles: [{ path: 'a.env', required: true }],
    secrets: [['DB', '/run/db']],
    files: [{ from: 'in', to: '/tmp/out', mode: 0o600 }],
    user: 'app:web',
    umask: 0o22,
    nice: -5,
    oomScoreAdj: 100,
    limits: [
      { resource: 7, soft: 10, hard: 20 },
      { resource: 4, soft: -1, hard: -1 },
    ],
    stdin: 'inherit',
    tty: true,
    successCodes: [1, 2],
    forward: [],
    logs: { format: 'prefix', timestamps: null },
  });
});

test('anchors, merges and extensions work as in Compose', () => {
  const { plan, issues } = read(`x-base: &base
  environment: {A: "1"}
  essential: false
processes:
  a:
    <<: *base
    command: [x]
  b:
    <<: [*base]
    command: [y]
    essential: true
`);
  expect(issues).toEqual([]);
  expect(plan.processes.map((one) => one.essential)).toEqual([false, true]);
  expect(plan.processes[1]?.environment).toEqual([['A', '1']]);
});

test('a shell gets the whole text, and its group the signal', () => {
  const { plan, issues } = read('processes:\n  a:\n    shell: true\n    command: x | y $Z\n');
  expect(issues).toEqual([]);
  expect(plan.processes[0]).toMatchObject({
    command: ['x | y $Z'],
    shell: true,
    stopTarget: 'group',
  });
});

test('JSON with tabs is a file like any other', () => {
  const { plan, issues } = read(
    '{\n\t"processes": {\n\t\t"a": {"command": ["x", "y z"]}\n\t}\n}\n',
  );
  expect(issues).toEqual([]);
  expect(plan.processes[0]?.command).toEqual(['x', 'y z']);
});

test('everything wrong is said at once, in the order of the file', () => {
  expect(
    said(`processes:
  app:
    comand: flask run
    command: flask run
    port: 8081
    depends_on: [cache]
    essential: yes
  cache:
    command: memcached -u $USER
    port: 8081
    depends_on: [app]
    stop_signal: TERN
    ready_timeout: 30
front:
  port: 80800
  routes:
    /x: app
    /*: ap
`),
  ).toBe(`t.yaml:3:5: error: cannot use \`comand\`: a process has no such key
  3 |     comand: flask run
    |     ^^^^^^
  hint: did you mean \`command\`?
t.yaml:6:17: error: cannot order the processes: they wait for each other: app → cache → app
  6 |     depends_on: [cache]
    |                 ^^^^^^^
  hint: remove one of these dependencies
t.yaml:7:16: error: cannot read \`essential\`: \`true\` or \`false\` is needed, and this is \`yes\`
  7 |     essential: yes
    |                ^^^
t.yaml:9:27: error: cannot run the command: \`$USER\` needs a shell, and none runs
  9 |     command: memcached -u $USER
    |                           ^^^^^
  hint: write \`\${USER}\`, or \`$$USER\` for the text itself
t.yaml:10:11: error: cannot use port 8081 twice
  10 |     port: 8081
     |           ^^^^
  hint: give one of them another port
  t.yaml:5:11: first used here
  5 |     port: 8081
    |           ^^^^
t.yaml:12:18: error: cannot stop with \`TERN\`: there is no such signal
  12 |     stop_signal: TERN
     |                  ^^^^
  hint: did you mean \`TERM\`?
t.yaml:13:20: error: cannot read \`ready_timeout\`: a duration such as \`5s\`, \`500ms\` or \`1m30s\` is needed, and this is \`30\`
  13 |     ready_timeout: 30
     |                    ^^
  hint: did you mean \`30s\`?
t.yaml:15:9: error: cannot read \`port\`: a port from 1 to 65535 is needed, and this is \`80800\`
  15 |   port: 80800
     |         ^^^^^
t.yaml:17:5: error: cannot route \`/x\`: a route ends with \`/*\`
  17 |     /x: app
     |     ^^
  hint: write \`/x/*\`
t.yaml:18:9: error: cannot route to \`ap\`: there is no such process
  18 |     /*: ap
     |         ^^
  hint: did you mean \`app\`?
`);
});

test.each([
  ['a tab', 'processes:\n  a:\n\tcommand: x\n', '3:1', 'a tab cannot indent'],
  ['a second colon', 'a: b: c\n', '1:4', 'a second `: `'],
  ['an open bracket', 'processes: [a\nb: c\n', '2:1', 'is not closed'],
  ['${ in a flow list', 'processes:\n  a: {command: [s, ${X}]}\n', '2:20', 'reads `{` as a map'],
  ['a key twice', `${one()}    command: y\n`, '4:5', 'the same key stands here twice'],
  ['an alias to nothing', 'processes: *no\n', '1:12', 'the alias names no anchor'],
  ['two documents', `${one()}---\n${one()}`, '4:1', 'a second document'],
  ['nothing', '', '1:1', 'it names no processes'],
  ['a list at the top', '- a\n', '1:1', '`the file`: a map is needed'],
  ['other tools’ words', 'services:\n  a: {}\n', '1:1', 'cannot use `services`'],
  ['a process without a command', 'processes:\n  a:\n    port: 1\n', '2:3', 'has no `command`'],
  ['an empty process', 'processes:\n  a:\n', '2:3', 'has no `command`'],
  ['a taken name', 'processes:\n  front:\n    command: x\n', '2:3', 'that name is taken'],
  ['a bad name', 'processes:\n  1a:\n    command: x\n', '2:3', 'make a name'],
  ['a mask', one('umask: 8'), '4:12', 'permission bits in octal'],
  ['a port mapping', one('ports: "80:80"'), '4:5', 'has no such key'],
  ['a list for a text', one('working_dir: [a]'), '4:18', 'a text is needed'],
  ['no dependency', one('depends_on: [ap]'), '4:18', 'there is no such process'],
  ['itself', one('depends_on: [app]'), '4:17', 'app → app'],
  ['a condition', one('depends_on: {app: {condition: x}}'), '4:35', '`started` or `ready`'],
  ['a bad variable', one('environment: {1: x}'), '4:19', 'make a name'],
  ['a variable without value', one('environment:', '  A:'), '5:7', 'no value'],
  ['a code', one('success_codes: [256]'), '4:21', 'from 0 to 255'],
  ['a list with a shell', one('shell: true').replace('x', '[x]'), '3:14', 'cannot give a list'],
  ['a front without routes', `${one()}front:\n  port: 80\n`, '4:1', 'it has no `routes`'],
  ['a star inside', `${one()}front: {routes: {/a*b/: app}}\n`, '4:18', 'only be the end'],
  ['no slash', `${one()}front: {routes: {a/*: app}}\n`, '4:18', 'begins with `/`'],
  ['no port', `${one()}front: {routes: {/*: app}}\n`, '4:22', 'it has no `port`'],
  [
    'one route in two words',
    `${one('port: 1')}front: {routes: {/a/: app, /a/*: app}}\n`,
    '5:28',
    'twice',
  ],
  ['a merge of no map', `${one('<<: x')}`, '4:9', 'cannot merge'],
])('%s is refused at its place', (_what, text, place, why) => {
  const out = said(text);
  expect(out).toContain(why);
  expect(out).toContain(`t.yaml:${place}: error: `);
});

test('a file of aliases upon aliases is refused before it grows', () => {
  const lines = ['a0: &a0 [x,x,x,x,x,x,x,x,x,x]'];
  for (let i = 1; i < 9; i += 1) {
    const to = Array.from({ length: 10 }, () => `*a${i - 1}`).join(',');
    lines.push(`a${i}: &a${i} [${to}]`);
  }
  expect(said(`${lines.join('\n')}\n`)).toContain('more than 20000 values');
});

test('columns count characters, and the caret keeps tabs', () => {
  const source = { name: 't', text: 'é\tx', start: 0, isArguments: false };
  const issue = { severity: 'error', text: 'm', hint: null, related: null } as const;
  expect(render([source], [{ ...issue, span: { start: 2, end: 3 } }])).toBe(
    't:1:3: error: m\n  1 | é\tx\n    |  \t^\n',
  );
});

test('a Procfile line runs directly where it is plain words, through a shell where it needs one', () => {
  const { plan, issues } = decodeProcfile(
    '# a comment\nweb: gunicorn -b :$PORT app\n\nworker: A=1 python work.py "$B"\nx: a | b\ny: a $(b)\n',
  );
  expect(issues).toEqual([]);
  expect(plan.processes.map(({ name, command, shell }) => ({ name, command, shell }))).toEqual([
    { name: 'web', command: ['gunicorn', '-b', ':${PORT:-5000}', 'app'], shell: false },
    { name: 'worker', command: ['python', 'work.py', '${B:-}'], shell: false },
    { name: 'x', command: ['a | b'], shell: true },
    { name: 'y', command: ['a $(b)'], shell: true },
  ]);
  expect(plan.processes.map((one) => one.environment)).toEqual([
    [['PORT', '${PORT:-5000}']],
    [
      ['PORT', '5100'],
      ['A', '1'],
    ],
    [['PORT', '5200']],
    [['PORT', '5300']],
  ]);
});

test('a server that TERM cuts short is stopped with its own signal, unless another is written', () => {
  const signals = (text: string): number[] =>
    decodeProcfile(text).plan.processes.map((one) => one.stopSignal);
  expect(signals('a: /usr/sbin/nginx -x\nb: php-fpm8.2 -F\nc: haproxy -W\nd: node x\n')).toEqual([
    3, 3, 10, 15,
  ]);
  // Who runs in a shell is not known.
  expect(signals('a: nginx -x | cat\n')).toEqual([15]);
  const { plan } = read(
    'processes:\n  a: {command: nginx}\n  b: {command: nginx, stop_signal: TERM}\n  c: {command: postgres}\n  d: {command: nginx, shell: true}\n',
  );
  expect(plan.processes.map((one) => one.stopSignal)).toEqual([3, 15, 2, 15]);
});

test('a Procfile’s `release` finishes before the others start, and takes no port from them', () => {
  const { plan, issues } = decodeProcfile('release: ./migrate\nweb: ./serve\nworker: ./work\n');
  expect(issues).toEqual([]);
  expect(plan.processes.map(({ name, oneshot, dependsOn }) => [name, oneshot, dependsOn])).toEqual([
    ['release', true, []],
    ['web', false, [{ process: 'release', condition: null }]],
    ['worker', false, [{ process: 'release', condition: null }]],
  ]);
  expect(plan.processes.map((one) => one.environment)).toEqual([
    [['PORT', '${PORT:-5000}']],
    [['PORT', '${PORT:-5000}']],
    [['PORT', '5100']],
  ]);
});

test.each([
  ['web gunicorn\n', '1:1', '`name: command` is needed'],
  ['a: x\na: y\n', '2:1', 'twice'],
  ['front: x\n', '1:1', 'taken'],
  ['', '1:1', 'names no processes'],
])('the Procfile %j is refused', (text, place, why) => {
  const out = render(
    [{ name: 'Procfile', text, start: 0, isArguments: false }],
    decodeProcfile(text).issues,
  );
  expect(out).toContain(`Procfile:${place}: error`);
  expect(out).toContain(why);
});
