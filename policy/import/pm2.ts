/** pm2's ecosystem files, read by whoever can evaluate them; the keys are those of its reference. */
import {
  addProcess,
  commandOf,
  type Draft,
  literal,
  say,
  seconds,
  shellSplit,
  type Value,
  type Verdict,
} from './draft.ts';
import type { Data } from './horust.ts';

type App = { readonly [key: string]: Data };
type Told = readonly [Verdict, string];

const logs: Told = ['better', 'output goes to the container’s own, in whole lines with the name'];
const watching: Told = ['lost', 'Tandem watches no files: it runs what is in the image'];
const times: Told = [
  'better',
  'the pauses between restarts grow from 0.2 s to 30 s, and begin anew after a good while',
];
const deploying: Told = ['lost', 'images are deployed by their platform'];
const source: Told = ['lost', 'Node does it itself: `node --enable-source-maps`'];

const told: Readonly<Record<string, Told>> = {
  error_file: logs,
  err_file: logs,
  err_log: logs,
  out_file: logs,
  out_log: logs,
  output: logs,
  error: logs,
  log_file: logs,
  log: logs,
  combine_logs: logs,
  merge_logs: logs,
  pid_file: logs,
  pid: logs,
  log_date_format: ['better', 'the platform gives each line its time'],
  log_type: ['better', '`logs: json` for all, or by the platform'],
  disable_logs: ['lost', 'write `>/dev/null` with `shell: true` to be rid of output'],
  watch: watching,
  ignore_watch: watching,
  watch_delay: watching,
  watch_options: watching,
  exec_mode: [
    'better',
    'a process is a process: `cluster` is node:cluster in the app, or more processes',
  ],
  execute_command: ['better', 'the command stands in the file'],
  min_uptime: times,
  restart_delay: times,
  exp_backoff_restart_delay: times,
  max_memory_restart: ['lost', 'the container has a limit; Node has --max-old-space-size'],
  cron_restart: ['lost', 'Tandem has no clock of its own: a job of the platform does it'],
  cron: ['lost', 'Tandem has no clock of its own: a job of the platform does it'],
  listen_timeout: ['better', '`ready_timeout` is 240 s unless written'],
  shutdown_with_message: ['lost', 'it is told by a signal: listen to TERM'],
  force: ['better', 'every process has a name of its own'],
  vizion: ['lost', 'no version control is looked at'],
  autostart: ['lost', 'all that is in the file starts'],
  source_map_support: source,
  disable_source_map_support: source,
  disable_trace: source,
  increment_var: ['carried', 'written out for each instance'],
  instance_var: ['carried', 'written out for each instance'],
  filter_env: ['lost', 'a process has the container’s variables'],
  treekill: ['better', 'what is left of a group is always killed'],
  post_update: ['lost', 'it belongs into the Dockerfile'],
  pmx: ['lost', '`control: {http: 127.0.0.1:9900}` answers /metrics'],
  trace: ['lost', '`control: {http: 127.0.0.1:9900}` answers /metrics'],
  automation: ['lost', 'nothing of the kind is needed'],
  namespace: ['lost', 'processes have names alone'],
  windowsHide: ['better', 'there are no windows'],
  append_env_to_name: ['lost', 'processes have the names of the file'],
  interpreter_args: ['carried', ''],
  node_args: ['carried', ''],
  node_arguments: ['carried', ''],
  gid: ['carried', ''],
  ref: deploying,
  repo: deploying,
  host: deploying,
  path: deploying,
  key: deploying,
  ssh_options: deploying,
  'pre-setup': deploying,
  'post-setup': deploying,
  'pre-deploy-local': deploying,
  'pre-deploy': deploying,
  'post-deploy': deploying,
};

const carried = [
  'name',
  'script',
  'cwd',
  'args',
  'interpreter',
  'exec_interpreter',
  'env',
  'instances',
  'user',
  'uid',
  'kill_timeout',
  'wait_ready',
  'max_restarts',
  'autorestart',
  'stop_exit_codes',
  'port',
  'env_file',
];

const interpreters: Readonly<Record<string, string>> = {
  js: 'node',
  cjs: 'node',
  mjs: 'node',
  ts: 'node',
  py: 'python3',
  sh: 'bash',
  rb: 'ruby',
  pl: 'perl',
  php: 'php',
};

function table(data: Data | undefined): App {
  return typeof data === 'object' && data !== null && !Array.isArray(data) ? (data as App) : {};
}

function wordsIn(data: Data | undefined): readonly string[] {
  if (Array.isArray(data)) return data.map(String);
  return typeof data === 'string' ? (shellSplit(data) ?? []) : [];
}

function commandFor(app: App): readonly string[] {
  const [script = '', ...own] = wordsIn(app['script']);
  const extension = /\.(\w+)$/.exec(script)?.[1] ?? '';
  const said = app['interpreter'] ?? app['exec_interpreter'];
  const chosen = typeof said === 'string' ? said : (interpreters[extension] ?? 'none');
  const flags = ['node_args', 'node_arguments', 'interpreter_args'].flatMap((key) =>
    wordsIn(app[key]),
  );
  const before = chosen === 'none' ? [] : [chosen, ...flags];
  return [...before, script, ...own, ...wordsIn(app['args'])].map(literal);
}

/** Milliseconds, or pm2's `3s`. */
function timeOf(data: Data | undefined): string | null {
  if (typeof data === 'number') return seconds(data / 1000);
  if (typeof data === 'string') return /^\d+$/.test(data) ? seconds(Number(data) / 1000) : data;
  return null;
}

function countOf(app: App): number {
  const count = Number(app['instances'] ?? 1);
  return Number.isInteger(count) && count > 1 ? Math.min(count, 100) : 1;
}

function environmentOf(app: App, n: number, count: number): Record<string, Value> {
  const env: Record<string, Value> = {};
  for (const [key, value] of Object.entries(table(app['env']))) env[key] = literal(String(value));
  if (count > 1) env[String(app['instance_var'] ?? 'NODE_APP_INSTANCE')] = String(n);
  const grows = app['increment_var'];
  if (typeof grows === 'string' && /^\d+$/.test(String(env[grows] ?? '')))
    env[grows] = String(Number(env[grows]) + n);
  return env;
}

function setKeys(app: App, keys: Record<string, Value>, n: number, count: number): void {
  keys['command'] = commandOf(commandFor(app));
  if (typeof app['cwd'] === 'string') keys['working_dir'] = literal(app['cwd']);
  const env = environmentOf(app, n, count);
  const port = env['PORT'] ?? app['port'];
  if (/^\d+$/.test(String(port ?? ''))) {
    keys['port'] = Number(port);
    delete env['PORT'];
  }
  if (Object.keys(env).length > 0) keys['environment'] = env;
  if (typeof app['env_file'] === 'string') keys['env_file'] = literal(app['env_file']);
  const user = app['user'] ?? app['uid'];
  if (user !== undefined && user !== null)
    keys['user'] = literal(`${user}${app['gid'] === undefined ? '' : `:${app['gid']}`}`);
  // `process.send('ready')` needs pm2's channel; there is no such word here.
  const grace = timeOf(app['kill_timeout']);
  if (grace !== null) keys['stop_grace_period'] = grace;
  if (app['autorestart'] === false) keys['essential'] = false;
  else
    keys['restart'] =
      typeof app['max_restarts'] === 'number' ? `on-failure:${app['max_restarts']}` : 'always';
  const codes = app['stop_exit_codes'];
  const unusual = (Array.isArray(codes) ? codes : [codes]).filter(
    (c): c is number => typeof c === 'number' && c !== 0,
  );
  if (unusual.length > 0) keys['success_codes'] = unusual;
}

function sayApp(draft: Draft, file: string, app: App, name: string): void {
  for (const key of Object.keys(app)) {
    const at = `${name}.${key}`;
    if (key === 'wait_ready')
      say(
        draft,
        file,
        at,
        'lost',
        '`process.send` reaches nobody: `port`, or `ready: {http: /}`, tells when it can serve',
      );
    else if (key === 'instances' && countOf(app) === 1 && Number(app[key]) !== 1)
      say(
        draft,
        file,
        at,
        'lost',
        '`max` is the machine’s: write the number, or use node:cluster in the app',
      );
    else if (key === 'autorestart' && app[key] !== false) say(draft, file, at, 'carried');
    else if (/^env_/.test(key) && key !== 'env_file')
      say(
        draft,
        file,
        at,
        'lost',
        'variables by environment: write them into an env file, and `env_file` names it',
      );
    else if (told[key] !== undefined) say(draft, file, at, ...(told[key] as Told));
    else if (carried.includes(key)) say(draft, file, at, 'carried');
    else say(draft, file, at, 'unknown', 'not in pm2’s reference');
  }
}

export function importPm2(draft: Draft, data: Data, file: string): void {
  const whole = table(data);
  const list = Array.isArray(data) ? data : Array.isArray(whole['apps']) ? whole['apps'] : [data];
  for (const one of list as readonly Data[]) {
    const app = table(one);
    if (typeof app['script'] !== 'string') {
      draft.problems.push(
        `${file}: cannot carry \`${String(app['name'] ?? '?')}\`: it has no script`,
      );
      continue;
    }
    const base = String(app['name'] ?? app['script'].replace(/^.*\/|\.\w+$/g, ''));
    const count = countOf(app);
    for (let n = 0; n < count; n += 1) {
      const process = addProcess(draft, count > 1 ? `${base}-${n}` : base);
      setKeys(app, process.keys, n, count);
    }
    sayApp(draft, file, app, base);
  }
  for (const key of Object.keys(whole))
    if (key === 'deploy') say(draft, file, key, ...deploying);
    else if (key !== 'apps' && Array.isArray(whole['apps']))
      say(draft, file, key, 'unknown', 'not in pm2’s reference');
}

export const pm2Keys: readonly string[] = [...carried, ...Object.keys(told)];
