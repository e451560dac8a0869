/**
 * What `tandem check` knows beyond what would stop the start: things that
 * start and then go wrong. All of them are warnings.
 */
import { type PlanIssue, planWarning } from '../config/issue.ts';
import { absolute } from '../plan/bind.ts';
import type { Facts } from '../plan/facts.ts';
import type { Bound, BoundProcess, Launch, Plan, PlannedProcess } from '../plan/plan.ts';
import { reserveMs } from '../plan/share.ts';
import { goesToBackground } from './background.ts';

/** `base`: where relative paths begin. */
export type From = { readonly base: string; readonly isProcfile: boolean };

type Lint = {
  readonly facts: Facts;
  readonly plan: Plan;
  readonly env: ReadonlyMap<string, string>;
  readonly from: From;
  readonly issues: PlanIssue[];
};

function warn(lint: Lint, path: string, text: string, hint: string | null = null): void {
  lint.issues.push(planWarning(path, text, hint));
}

const platforms = [
  ['K_SERVICE', 'Cloud Run', 10_000],
  ['CLOUD_RUN_JOB', 'Cloud Run', 10_000],
  ['FLY_APP_NAME', 'Fly (kill_timeout)', 5000],
  ['ECS_CONTAINER_METADATA_URI_V4', 'ECS (stopTimeout)', 30_000],
  ['KUBERNETES_SERVICE_HOST', 'Kubernetes (terminationGracePeriodSeconds)', 30_000],
] as const;

function budget(lint: Lint): void {
  const { plan, env } = lint;
  const { stopTimeoutMs } = plan;
  if (typeof stopTimeoutMs !== 'number') return;
  const known = platforms.find(([name]) => env.has(name));
  const [, who, limitMs] = known ?? ['', 'the platforms', 10_000];
  if (stopTimeoutMs < limitMs) return;
  const text = `the stop may take ${stopTimeoutMs / 1000} s, and ${who} kill after ${limitMs / 1000} s`;
  const verb = known === undefined ? text : text.replace(' kill ', ' kills ');
  const hint =
    known === undefined
      ? 'keep a second below, or tell the platform: docker stop --time, terminationGracePeriodSeconds'
      : `stop_timeout: ${limitMs / 1000 - 1}s, unless you told it otherwise`;
  warn(lint, 'stop_timeout', `${verb} unless told otherwise`, hint);
}

function graces(lint: Lint): void {
  const { plan } = lint;
  if (typeof plan.stopTimeoutMs !== 'number') return;
  const room = plan.stopTimeoutMs - reserveMs;
  const graceOf = (process: PlannedProcess): number =>
    typeof process.stopGraceMs === 'number' ? process.stopGraceMs : 0;
  const behind = (process: PlannedProcess): number =>
    graceOf(process) +
    Math.max(
      0,
      ...process.dependsOn.map((need) => {
        const next = plan.processes.find((one) => one.name === need.process);
        return next === undefined ? 0 : behind(next);
      }),
    );
  for (const process of plan.processes) {
    const at = `processes.${process.name}.stop_grace_period`;
    const grace = graceOf(process);
    const whole = grace === 0 ? 0 : behind(process);
    const budgetText = `the ${plan.stopTimeoutMs / 1000} s of \`stop_timeout\``;
    if (grace > room)
      warn(
        lint,
        at,
        `${grace / 1000} s cannot fit into ${budgetText}`,
        'it is cut to what is left',
      );
    else if (whole > room)
      warn(
        lint,
        at,
        `it and the processes behind it may take ${whole / 1000} s, more than ${budgetText}`,
        'each is cut to what is left when its turn comes',
      );
  }
}

const shellWords = /^(&&|\|\|?|;|&|[12]?>{1,2}|<|2>&1)$/;

function words(lint: Lint, process: PlannedProcess): void {
  const at = `processes.${process.name}.command`;
  process.command.forEach((word, i) => {
    if (/(^|[/@=:,])localhost(:|\/|,|$)/.test(word))
      warn(
        lint,
        `${at}.${i}`,
        '`localhost` may mean ::1 first, where others look at 127.0.0.1',
        `write ${word.replace(/localhost/g, '127.0.0.1')}`,
      );
    if (process.shell) return;
    if (shellWords.test(word))
      warn(
        lint,
        `${at}.${i}`,
        `\`${word}\` is an argument here: no shell runs`,
        'set `shell: true`',
      );
    else if (word.startsWith('~/'))
      warn(lint, `${at}.${i}`, '`~` is a folder of that name here: no shell runs', 'write ${HOME}');
  });
  if (process.shell && /&\s*$/.test(process.command[0] ?? ''))
    warn(
      lint,
      `${at}.0`,
      'the script puts its program in the background and ends',
      'remove the `&`',
    );
}

function port(lint: Lint, process: PlannedProcess): void {
  const by = process.environment.find(([name]) => name === 'PORT');
  // A Procfile's PORT is Tandem's own doing.
  if (by === undefined || lint.plan.mode !== 'processes' || lint.from.isProcfile) return;
  const at = `processes.${process.name}.environment.PORT`;
  const text =
    process.port === null
      ? 'PORT is set by hand, so nobody knows that it listens there'
      : '`port` sets PORT, and this value is lost';
  if (process.port !== null || /^\d+$/.test(by[1]))
    warn(lint, at, text, `write \`port: ${by[1]}\``);
}

function privileged(lint: Lint, one: BoundProcess, launch: Launch): void {
  const { facts } = lint;
  const uid = launch.attributes?.user?.uid ?? facts.uid();
  const from = facts.read('/proc/sys/net/ipv4/ip_unprivileged_port_start').value ?? '1024';
  if (uid === 0 || one.port === null || one.port >= Number(from.trim())) return;
  const at = one.name === 'front' ? 'front.port' : `processes.${one.name}.port`;
  warn(lint, at, `port ${one.port} needs root, and user ${uid} is not`, 'use a port from 1024 on');
}

/** Whether `uid` has `bit` (4 read, 1 execute or pass) on what `stat` tells. */
function may(
  facts: Facts,
  path: string,
  user: { uid: number; groups: readonly number[] },
  bit: number,
) {
  const stat = facts.stat(path).value;
  if (stat === null || user.uid === 0) return true;
  const shift = stat.uid === user.uid ? 6 : user.groups.includes(stat.gid) ? 3 : 0;
  return ((stat.mode >> shift) & bit) !== 0;
}

function pathOf({ env }: Lint, launch: Launch): string {
  const own = launch.env.find((line) => line.startsWith('PATH='))?.slice('PATH='.length);
  return own ?? env.get('PATH') ?? '/bin:/usr/bin';
}

function access(lint: Lint, one: BoundProcess, launch: Launch): void {
  const { facts } = lint;
  const user = launch.attributes?.user;
  if (user === null || user === undefined) return;
  const at = `processes.${one.name}`;
  const who = `user ${user.uid}`;
  if (launch.cwd !== null && !may(facts, launch.cwd, user, 1))
    warn(
      lint,
      `${at}.working_dir`,
      `${who} may not enter \`${launch.cwd}\``,
      `chmod o+x ${launch.cwd}`,
    );
  const path = pathOf(lint, launch);
  const [program = ''] = launch.argv;
  const named = program.includes('/') ? absolute(launch.cwd ?? facts.cwd(), program) : program;
  const file = facts.find(named, path).value;
  if (file !== null && !may(facts, file, user, 1))
    warn(lint, `${at}.command.0`, `${who} may not run \`${file}\``, `chmod o+x ${file}`);
}

type Configuration = { readonly isRendered: boolean; readonly text: string };

/** What `-c` names: a file, or one that is rendered from a template before the start. */
function configurationOf(lint: Lint, argv: readonly string[]): Configuration {
  const named = argv[argv.indexOf('-c') + 1] ?? '';
  const files = lint.plan.processes.flatMap((one) => one.files);
  const made = argv.includes('-c') ? files.find((one) => one.to === named) : undefined;
  const path = made === undefined ? named : absolute(lint.from.base, made.from);
  const text = argv.includes('-c') ? (lint.facts.read(path).value ?? '') : '';
  return { isRendered: made !== undefined, text };
}

/** What its command says of it, and for nginx its configuration. */
function background(lint: Lint, process: PlannedProcess): void {
  const argv = process.shell ? (process.command[0] ?? '').trim().split(/\s+/) : process.command;
  const hint = goesToBackground(argv[0] === 'exec' ? argv.slice(1) : argv);
  if (hint === null || process.oneshot) return;
  if (/^\s*daemon\s+off\s*;/m.test(configurationOf(lint, argv).text)) return;
  const why = `\`${argv[0]}\` puts itself in the background, and its end would stop everything`;
  warn(lint, `processes.${process.name}.command`, why, hint);
}

/** nginx knows best what is wrong with a configuration of its own. */
function ownNginx(lint: Lint, one: BoundProcess, launch: Launch): void {
  const [program = '', ...rest] = launch.argv;
  if (one.name === 'front' || program.slice(program.lastIndexOf('/') + 1) !== 'nginx') return;
  const planned = lint.plan.processes.find(({ name }) => name === one.name);
  // It is not there before the start.
  if (planned !== undefined && configurationOf(lint, planned.command).isRendered) return;
  const path = pathOf(lint, launch);
  const file = lint.facts.find(program, path).value;
  if (file === null) return;
  const test = lint.facts.run([file, '-t', '-q', ...rest], 10_000);
  if (test.error !== null || test.value.code === 0) return;
  const said = test.value.output.trim().split('\n')[0] ?? '';
  warn(lint, `processes.${one.name}.command`, `nginx refuses its configuration: ${said}`);
}

/** nginx compares paths that it has decoded and cleaned; these can never be one. */
const neverAsked = /%[0-9A-Fa-f]{2}|\/\/|\/\.\.?\/|[?#]/;

function routes(lint: Lint): void {
  const { plan, env } = lint;
  plan.front?.routes.forEach((route, i) => {
    const at = `front.routes.${i}.key`;
    if (neverAsked.test(route.path))
      warn(
        lint,
        at,
        `nothing reaches \`${route.path}\`: paths are compared decoded, and without \`//\` and \`..\``,
        'write the path as it is shown in an address bar, decoded',
      );
    if (env.has('K_SERVICE') && /z\/?$/.test(route.path))
      warn(lint, at, 'Cloud Run keeps paths that end in z for itself', 'use another name');
  });
}

export function lint(
  facts: Facts,
  plan: Plan,
  bound: Bound | null,
  from: From,
): readonly PlanIssue[] {
  const env = new Map(
    facts.env().map((line): [string, string] => {
      const at = line.indexOf('=');
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
  const found: Lint = { facts, plan, env, from, issues: [] };
  budget(found);
  graces(found);
  routes(found);
  for (const process of plan.processes) {
    words(found, process);
    port(found, process);
    background(found, process);
  }
  bound?.plan.processes.forEach((one, i) => {
    const launch = bound.launches[i];
    if (launch === undefined) return;
    privileged(found, one, launch);
    if (one.name !== 'front') access(found, one, launch);
    ownNginx(found, one, launch);
  });
  return found.issues;
}
