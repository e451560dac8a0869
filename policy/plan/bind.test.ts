/**
 * Goal: a plan bound to an environment is exactly what the processes will see.
 * Method: small plans on a machine of a few files.
 */
import { describe, expect, test } from 'vitest';
import type { PlanIssue } from '../config/issue.ts';
import { absolute, bind, environment } from './bind.ts';
import { orderCommands } from './compile.ts';
import { newProcess } from './defaults.ts';
import type { Facts } from './facts.ts';
import { type Machine, machine } from './machine.fake.ts';
import {
  type Bound,
  type LogMode,
  type Plan,
  type PlannedLogs,
  type PlannedProcess,
  planVersion,
} from './plan.ts';
import { newFront, newUpstream } from './planned-front.ts';

const programs = ['app', 'db', 'nginx', 'memcached'];

function planOf(...given: readonly Partial<PlannedProcess>[]): Plan {
  return {
    version: planVersion,
    mode: 'processes',
    stopTimeoutMs: 9000,
    stopDelayMs: 0,
    logs: null,
    processes: given.map((one) => ({ ...newProcess('app'), command: ['app'], ...one })),
    front: null,
    control: { off: true, path: null, http: null },
  };
}

function bindOn(facts: Facts, plan: Plan): { bound: Bound | null; issues: readonly PlanIssue[] } {
  const env = environment(facts.env());
  return bind(plan, facts, {
    env,
    base: '/srv',
    flagLogs: null,
    logs: null,
    sources: [],
    dry: false,
  });
}

function good(plan: Plan, given: Machine = {}): Bound {
  const { bound, issues } = bindOn(machine({ programs, ...given }), plan);
  expect(issues).toEqual([]);
  return bound as Bound;
}

function said(plan: Plan, given: Machine = {}): readonly string[] {
  const { bound, issues } = bindOn(machine({ programs, ...given }), plan);
  expect(bound).toBeNull();
  return issues.map((issue) => `${issue.path}: ${issue.text}`);
}

describe('the environment', () => {
  test('is the container’s, then the process’s own, then PORT', () => {
    const plan = planOf({
      environment: [
        ['A', '${X}-2'],
        ['PORT', '1'],
      ],
      port: 8081,
    });
    const { launches } = good(plan, { env: ['PATH=/bin', 'X=1', 'A=0', 'NOTIFY_SOCKET=/n'] });
    expect(launches[0]?.env).toEqual(['NOTIFY_SOCKET', 'A=1-2', 'PORT=8081']);
  });

  test('has no PORT without a port of its own where a front owns the container’s', () => {
    const front = { ...newFront, port: 8080 };
    const plan: Plan = { ...planOf({}, { name: 'b', port: 8081 }), front };
    const { launches } = good(plan, { env: ['PATH=/bin', 'PORT=8080'] });
    expect(launches[0]?.env).toEqual(['PORT']);
    expect(launches[1]?.env).toEqual(['PORT=8081']);
  });

  test('keeps the container’s PORT where there is no front', () => {
    const { launches } = good(planOf({}), { env: ['PORT=8080'] });
    expect(launches[0]?.env).toEqual([]);
  });
});

describe('values', () => {
  test('a reference is another process’s port, and never splits a word', () => {
    const plan = planOf(
      { command: ['app', '--db=${db.port}', '${X}'] },
      { name: 'db', command: ['db'], port: { text: '${DBPORT:-5432}' } },
    );
    const { launches, plan: bound } = good(plan, { env: ['X=a b', 'PATH=/bin'] });
    expect(launches[0]?.argv).toEqual(['app', '--db=5432', 'a b']);
    expect(bound.processes[1]?.port).toBe(5432);
  });

  test('durations may come from the environment', () => {
    const plan = planOf({ stopGraceMs: { text: '${G}' } });
    expect(good(plan, { env: ['G=1m'] }).plan.processes[0]?.stopGraceMs).toBe(60_000);
    expect(said(plan, { env: ['G=1'] })).toEqual([
      'processes.app.stop_grace_period: cannot read `1`: a duration such as `5s` or `500ms` is needed here',
    ]);
  });

  test('a script keeps its variables for the shell', () => {
    const plan = planOf({ shell: true, command: ['x $A ${B} ${app.port}'], port: 1 });
    const { launches } = good(plan, { programs: ['/bin/sh'] });
    expect(launches[0]?.argv).toEqual(['/bin/sh', '-c', 'x $A ${B} 1']);
  });

  test('in init mode the words stay as they are', () => {
    const plan: Plan = { ...planOf({ command: ['nowhere', '${X}', '$$'] }), mode: 'init' };
    const { launches } = good(plan);
    expect(launches[0]).toMatchObject({
      argv: ['nowhere', '${X}', '$$'],
      logs: { format: 'inherit', timestamps: false },
      stdin: 'inherit',
    });
  });

  test('relative directories are relative to the file', () => {
    const files = { '/srv/sub': 'dir' };
    expect(good(planOf({ workingDir: './sub/' }), { files }).launches[0]?.cwd).toBe('/srv/sub');
    expect(absolute('/a/b', '../c/./d/')).toBe('/a/c/d');
  });
});

describe('what is missing is said', () => {
  test.each<[string, Partial<PlannedProcess>, string]>([
    [
      'a variable',
      { command: ['app', '${NOPE}'] },
      'command.1: cannot resolve `${NOPE}`: it is not set',
    ],
    ['a program', { command: ['ap'] }, 'command.0: cannot run `ap`: it is not on PATH'],
    ['a file', { command: ['./x'] }, 'command.0: cannot run `./x`: there is no such file'],
    ['a folder', { workingDir: 'no' }, 'working_dir: cannot work in `/srv/no`: no such directory'],
    [
      'a port',
      { port: { text: '${P}' } },
      'port: cannot read `0`: a port from 1 to 65535 is needed here',
    ],
  ])('%s', (_what, given, text) => {
    expect(said(planOf(given), { env: ['P=0'] })).toEqual([`processes.app.${text}`]);
  });

  test('a port used twice, once it is known', () => {
    const plan = planOf({ port: { text: '${P}' } }, { name: 'b', port: 8080 });
    expect(said(plan, { env: ['P=8080'] })).toEqual([
      'processes.b.port: cannot use port 8080 twice',
    ]);
  });

  test('nginx, with how to get it', () => {
    const front = { ...newFront, port: 8080, routes: [newUpstream('/', 'app')] };
    const plan: Plan = { ...planOf({ port: 8081 }), front };
    const { issues } = bindOn(machine({ programs: ['app'] }), plan);
    expect(issues[0]?.text).toBe('cannot start the front: nginx is not installed');
    expect(issues[0]?.hint).toContain('apt-get install nginx');
    expect(issues[0]?.hint).toContain('apk add nginx');
  });

  test('a writable folder for the front’s configuration', () => {
    const front = { ...newFront, port: 8080, routes: [newUpstream('/', 'app')] };
    const plan: Plan = { ...planOf({ port: 8081 }), front };
    const { issues } = bindOn(machine({ programs, tempDir: null }), plan);
    expect(issues[0]?.text).toContain('no temporary directory (EROFS)');
    expect(issues[0]?.hint).toContain('--tmpfs /tmp');
  });
});

test('the front is one process more, that needs what it routes to', () => {
  const routes = [newUpstream('/', 'db')];
  const plan: Plan = {
    ...planOf({ port: 8081 }, { name: 'db', command: ['db'], port: 8082 }),
    front: { ...newFront, routes },
  };
  const bound = good(plan, { env: ['PORT=9000', 'PATH=/bin'] });
  expect(bound.plan.processes[2]).toMatchObject({
    name: 'front',
    needs: [{ process: 1, condition: 'ready' }],
    port: 9000,
    ready: { type: 'probe', port: 9000 },
    stopSignal: 3,
  });
  expect(bound.launches[2]?.argv.slice(0, 3)).toEqual(['/bin/nginx', '-e', 'stderr']);
});

test('commands without a port wait for all those with one', () => {
  const [a, b, c] = orderCommands([
    { ...newProcess('a') },
    { ...newProcess('b'), port: 1 },
    { ...newProcess('c'), port: 2 },
  ]);
  const both = ['b', 'c'].map((process) => ({ process, condition: null }));
  expect(a?.dependsOn).toEqual(both);
  expect(b?.dependsOn).toEqual([]);
  expect(c?.dependsOn).toEqual([]);
});

describe('how output goes out', () => {
  const two = planOf({}, { name: 'b' });
  const logs = (format: LogMode | null, timestamps: boolean | null = null): PlannedLogs => {
    return { format, timestamps };
  };
  type Said = {
    readonly flag?: LogMode;
    readonly variable?: LogMode;
    readonly env?: readonly [string, string];
  };
  const bound = (plan: Plan, { flag, variable, env }: Said): Bound | null =>
    bind(plan, machine({ programs }), {
      env: new Map(env === undefined ? [] : [env]),
      base: '/srv',
      flagLogs: flag ?? null,
      logs: variable ?? null,
      sources: [],
      dry: false,
    }).bound;

  test.each<[string, Plan, Said, LogMode, LogMode]>([
    ['one process', planOf({}), {}, 'inherit', 'inherit'],
    ['several', two, {}, 'prefix', 'prefix'],
    ['a service', two, { env: ['K_SERVICE', 'x'] }, 'json', 'json'],
    ['a job', two, { env: ['CLOUD_RUN_JOB', 'x'] }, 'json', 'json'],
    ['a worker pool', two, { env: ['CLOUD_RUN_WORKER_POOL', 'x'] }, 'json', 'json'],
    ['an empty name', two, { env: ['K_SERVICE', ''] }, 'prefix', 'prefix'],
    ['one, in a service', planOf({}), { env: ['K_SERVICE', 'x'] }, 'inherit', 'json'],
    ['a variable', two, { variable: 'inherit', env: ['K_SERVICE', 'x'] }, 'inherit', 'inherit'],
    ['the file', { ...planOf({}), logs: logs('prefix') }, {}, 'prefix', 'prefix'],
    ['the variable', { ...two, logs: logs('prefix') }, { variable: 'json' }, 'json', 'json'],
    ['the process', planOf({ logs: logs('json') }), { variable: 'prefix' }, 'json', 'prefix'],
    ['the flag', planOf({ logs: logs('json') }), { flag: 'prefix' }, 'prefix', 'prefix'],
    ['a terminal', planOf({ tty: true }, { name: 'b' }), { flag: 'json' }, 'inherit', 'json'],
  ])('%s', (_what, plan, said, format, own) => {
    const found = bound(plan, said);
    expect(found?.launches[0]?.logs.format).toBe(format);
    expect(found?.ownLogs.format).toBe(own);
  });

  test('times are a setting of all and of each', () => {
    const plan = { ...planOf({ logs: logs(null, false) }, { name: 'b' }), logs: logs(null, true) };
    const found = bound(plan, {});
    expect(found?.launches.map((one) => one.logs)).toEqual([
      { format: 'prefix', timestamps: false },
      { format: 'prefix', timestamps: true },
    ]);
    expect(found?.ownLogs.timestamps).toBe(true);
  });
});
