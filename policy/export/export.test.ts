/**
 * Goal: every export is valid by the schema of what it is for, stable, and says what it can't say.
 * Method: the examples of this repository and one plan that has everything, through the models of
 * Kubernetes and Knative, `systemd-analyze verify`, and by eye where no schema is.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Service as CloudRunService } from '@kubernetes-models/knative/serving.knative.dev/v1';
import { Deployment } from 'kubernetes-models/apps/v1';
import { Job } from 'kubernetes-models/batch/v1';
import { Ingress } from 'kubernetes-models/networking.k8s.io/v1';
import { Service } from 'kubernetes-models/v1';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { decode } from '../config/decode.ts';
import { parseYaml } from '../config/parse.ts';
import { checkPlan } from '../plan/compile.ts';
import type { Plan } from '../plan/plan.ts';
import { type Exported, exportPlan, formats, type Options, readExport, shapes } from './export.ts';
import { toYaml } from './yaml.ts';

function planOf(text: string): Plan {
  const { tree, issues } = parseYaml(text);
  const decoded = decode(tree);
  expect([...issues, ...decoded.issues, ...checkPlan(decoded.plan)]).toEqual([]);
  return decoded.plan;
}

const everything = `
stop_timeout: 25s
processes:
  migrate: {command: ./migrate --to "a b", oneshot: true, timeout: 2m, env_file: [a.env]}
  cache: {command: "memcached -l 127.0.0.1 -p \${cache.port}", port: 11211, user: "1000:1000", nice: 5}
  app:
    command: ./app --cache 127.0.0.1:\${cache.port} --level \${LEVEL:-info} --key \${KEY}
    working_dir: ./api
    port: \${APP_PORT:-8081}
    environment: {A: "x: y", B: "\${HOME}", C: "$$5", D: "yes"}
    depends_on: [migrate, cache]
    ready: {http: {path: /health, headers: {X-Probe: "1"}}}
    healthcheck: {http: /live, interval: 10s, retries: 2}
    pre_stop: {http: {method: POST, path: /drain}}
    stop_grace_period: 1500ms
    stop_signal: QUIT
    restart: on-failure:3
    ulimits: {nofile: {soft: 1024, hard: 4096}, core: unlimited}
    umask: 027
    secrets: {DB: /run/secrets/db}
    files: [{from: a, to: b}]
    forward: [HUP]
    success_codes: [143]
    oom_score_adj: 100
  worker: {command: "while :; do sleep 1; done; echo %d", shell: true, essential: false, depends_on: [app], ready: {log: up}}
front:
  routes: {/static/*: ./static/, /*: app}
`;

const plans: readonly (readonly [string, Plan])[] = [
  ['everything', planOf(everything)],
  ['a job', planOf('processes: {a: {command: "true", oneshot: true}}')],
  ['no port', planOf('processes: {a: {command: sleep 5}, b: {command: sleep 6, depends_on: [a]}}')],
  ...readdirSync('examples')
    .map((name) => join('examples', name, 'tandem.yaml'))
    .filter((path) => existsSync(path))
    .map((path): [string, Plan] => [path, planOf(readFileSync(path, 'utf8'))]),
];

const base: Options = { format: 'kubernetes', shape: 'one', name: 'shop', image: 'shop:1' };

const models = { Deployment, Service, Job, Ingress };
type Resource = { readonly kind: string; readonly apiVersion: string };

function resources({ files }: Exported): readonly Resource[] {
  const documents = parseAllDocuments(files[0]?.text ?? '');
  return documents.map((one) => {
    expect(one.errors).toEqual([]);
    return one.toJS();
  });
}

describe.each(plans)('%s', (_name, plan) => {
  test.each(shapes)('as Kubernetes in shape %s is valid by its models', (shape) => {
    const made = exportPlan(plan, { ...base, shape });
    const all = resources(made);
    expect(all.length).toBeGreaterThan(0);
    for (const one of all) {
      const model = models[one.kind as keyof typeof models];
      expect(model, one.kind).toBeDefined();
      new model(one as never).validate();
    }
  });

  test('as a Cloud Run service is valid by Knative’s model', () => {
    for (const one of resources(exportPlan(plan, { ...base, format: 'cloud-run' })))
      if (one.kind === 'Service') new CloudRunService(one as never).validate();
      else expect(one).toMatchObject({ apiVersion: 'run.googleapis.com/v1', kind: 'Job' });
  });

  test.each(formats)(
    'as %s is the same bytes again, and warns in the file as on stderr',
    (format) => {
      const made = exportPlan(plan, { ...base, format });
      expect(exportPlan(plan, { ...base, format })).toEqual(made);
      for (const warning of made.warnings)
        expect(made.files[0]?.text).toContain(`# not carried over: ${warning}\n`);
    },
  );

  test('as Compose every service is there, in one network namespace', () => {
    const text = exportPlan(plan, { ...base, format: 'compose' }).files[0]?.text ?? '';
    const { services } = parse(text);
    const names = plan.processes.map((one) => one.name);
    expect(Object.keys(services)).toEqual(names);
    const own = names.filter((name) => services[name].network_mode === undefined);
    expect(own.length).toBe(1);
    for (const name of names)
      for (const [to, { condition }] of Object.entries<{ condition: string }>(
        services[name].depends_on ?? {},
      ))
        if (condition === 'service_healthy') expect(services[to].healthcheck).toBeDefined();
  });
});

test('systemd accepts the units', ({ skip }) => {
  const there = spawnSync('systemd-analyze', ['--version']).status === 0;
  skip(!there, 'there is no systemd-analyze here');
  const folder = mkdtempSync(join(tmpdir(), 'tandem-units-'));
  const text = everything
    .replaceAll('./', '/bin/')
    .replaceAll('{command: "memcached', '{command: "/usr/bin/env');
  const { files } = exportPlan(planOf(text), { ...base, format: 'systemd' });
  for (const { name, text: unit } of files) writeFileSync(join(folder, name), unit);
  const args = ['verify', '--man=no', ...files.map(({ name }) => join(folder, name))];
  const end = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  const own = end.stderr.split('\n').filter((line) => /shop/.test(line));
  // The programs of the example are on no machine.
  expect(own.filter((line) => !/is not executable/.test(line))).toEqual([]);
});

test('the units keep order, limits and stop signals', () => {
  const { files } = exportPlan(planOf(everything), { ...base, format: 'systemd' });
  const unit = files.find(({ name }) => name === 'shop-app.service')?.text ?? '';
  for (const line of [
    'After=shop-migrate.service shop-cache.service',
    'ExecStart=./app --cache 127.0.0.1:11211 --level info --key ${KEY}',
    'Environment=PORT=8081',
    'Environment="A=x: y"',
    'LimitNOFILE=1024:4096',
    'LimitCORE=infinity:infinity',
    'KillSignal=SIGQUIT',
    'TimeoutStopSec=1500ms',
    'UMask=0027',
    'Restart=on-failure',
    'SuccessExitStatus=143',
  ])
    expect(unit.split('\n')).toContain(line);
});

test('sidecars start in order: oneshots and what others need before the rest', () => {
  const [deployment] = resources(exportPlan(planOf(everything), { ...base, shape: 'sidecars' }));
  const { spec } = (deployment as unknown as { spec: { template: { spec: Pod } } }).spec.template;
  type Pod = { initContainers: readonly Container[]; containers: readonly Container[] };
  type Container = { name: string; restartPolicy?: string; startupProbe?: object };
  expect(spec.initContainers.map((one) => [one.name, one.restartPolicy])).toEqual([
    ['migrate', undefined],
    ['cache', 'Always'],
    ['app', 'Always'],
  ]);
  expect(spec.initContainers.map((one) => one.startupProbe !== undefined)).toEqual([
    false,
    true,
    true,
  ]);
  expect(spec.containers.map((one) => one.name)).toEqual(['worker']);
});

test('what a Procfile can say is read back as it was', () => {
  const plan = planOf(
    'processes: {a: {command: "x --n 1 \'b c\'"}, b: {command: "y | z", shell: true}}',
  );
  const { files, warnings } = exportPlan(plan, { ...base, format: 'procfile' });
  expect(files[0]?.text).toBe("# Made by `tandem export procfile`.\na: x --n 1 'b c'\nb: y | z\n");
  expect(warnings).toEqual([]);
});

test('a dollar that is one stays one, in each target’s own way', () => {
  const plan = planOf(
    [
      'processes:',
      `  a: {command: 'x $$5 \${A} "$$6 \${B}"', environment: {C: $$7}}`,
      '  b: {command: "echo $X $(date) ${c.port}", shell: true}',
      '  c: {command: x, port: 1}',
    ].join('\n'),
  );
  const text = (format: Options['format'], shape: Options['shape'] = 'one'): string =>
    exportPlan(plan, { ...base, format, shape })
      .files.map((file) => file.text)
      .join('');
  expect(text('procfile')).toContain(`a: C=\\$7 x \\$5 $A "\\$6 $B"\nb: echo $X $(date) 1\n`);
  const { services } = parse(text('compose'));
  expect(services.a.entrypoint).toEqual(['x', '$$5', '${A}', '$$6 ${B}']);
  expect(services.a.environment).toEqual({ C: '$$7' });
  expect(services.b.entrypoint).toEqual(['/bin/sh', '-c', 'echo $$X $$(date) 1']);
  expect(text('systemd')).toContain('ExecStart=x $$5 ${A} "$$6 ${B}"\n');
  expect(text('kubernetes', 'split')).toContain('"echo $X $$(date) 1"');
});

test('YAML holds any text as it is', () => {
  for (const text of [
    'yes',
    '1.10',
    'a: b',
    '# c',
    '- d',
    '',
    ' e',
    'a\nb\n',
    '\n',
    'ä',
    "it's",
    '~',
    '0x1',
  ])
    expect(parse(toYaml({ a: text, b: [text], [`k${text}`]: 1 })), text).toEqual({
      a: text,
      b: [text],
      [`k${text}`]: 1,
    });
});

test.each([
  [[], 'cannot export: to what?'],
  [['kubernets'], 'cannot export to `kubernets`'],
  [['compose', 'systemd'], 'cannot export to `systemd` too'],
  [['compose', '--shape', 'two'], 'cannot use `--shape two`'],
  [['compose', '--name', 'A b'], 'cannot use `--name A b`'],
  [['compose', '--image'], 'it needs a value'],
  [['compose', '--all'], 'no such option'],
])('export %j is refused', (words, said) => {
  expect(readExport(words)).toMatchObject({ problem: expect.stringContaining(said) });
});
