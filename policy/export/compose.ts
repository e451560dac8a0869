/** Compose: one service for each process, all in the network namespace of the first. */
import { limitNames } from '../config/decode-attributes.ts';
import { signalNames } from '../config/signal.ts';
import type { PlannedProbe, PlannedProcess } from '../plan/plan.ts';
import {
  argvOf,
  environmentOf,
  inOrder,
  lost,
  msOf,
  probePort,
  publicPort,
  readyOf,
  render,
  type Target,
  type Variable,
  warn,
} from './model.ts';
import { noted, type Value } from './yaml.ts';

/** Compose has the same words for variables, and reads them where it is started. */
const variable: Variable = (name, byDefault) =>
  byDefault === null ? `\${${name}}` : `\${${name}:-${byDefault}}`;

/** A dollar that is meant as one is doubled: Compose reads every text for variables. */
function escaped(target: Target, template: string): string {
  return render(target, template, variable, '$$');
}

function testOf(target: Target, process: PlannedProcess, probe: PlannedProbe): Value | null {
  switch (probe.type) {
    case 'tcp':
      return ['CMD', 'tandem', 'probe', `tcp:${probePort(target, process, probe.port)}`];
    case 'http': {
      if (probe.headers.length > 0)
        warn(
          target,
          `cannot send the headers of \`${process.name}\`'s probe: tandem probe has none`,
        );
      const port = probePort(target, process, probe.port);
      return ['CMD', 'tandem', 'probe', `http://127.0.0.1:${port}${escaped(target, probe.path)}`];
    }
    case 'grpc': {
      const service = probe.service === '' ? '' : `/${escaped(target, probe.service)}`;
      const port = probePort(target, process, probe.port);
      return ['CMD', 'tandem', 'probe', `grpc:${port}${service}`];
    }
    case 'unix':
    case 'file':
      return ['CMD', 'tandem', 'probe', `${probe.type}:${escaped(target, probe.path)}`];
    case 'exec':
      return ['CMD', ...probe.argv.map((word) => escaped(target, word))];
    case 'log':
    case 'notify':
    case 'fd':
    case 'delay':
      warn(target, `cannot say \`ready: ${probe.type}\` of \`${process.name}\` in Compose`);
      return null;
    case 'none':
      return null;
    default:
      return probe satisfies never;
  }
}

const ms = (value: number): string => (value % 1000 === 0 ? `${value / 1000}s` : `${value}ms`);

function healthOf(target: Target, process: PlannedProcess): Value | undefined {
  const ready = readyOf(process);
  const health = process.healthcheck;
  const test = testOf(target, process, health?.probe ?? ready ?? { type: 'none' });
  if (test === null) return undefined;
  if (health === null)
    return { test, interval: '1s', timeout: '1s', retries: 240, start_period: '0s' };
  return {
    test,
    interval: ms(msOf(health.intervalMs) ?? 30_000),
    timeout: ms(msOf(health.timeoutMs) ?? 30_000),
    retries: health.retries,
    start_period: ms(msOf(health.startPeriodMs) ?? 0),
  };
}

const conditions = {
  started: 'service_started',
  ready: 'service_healthy',
  completed: 'service_completed_successfully',
} as const;

function serviceOf(target: Target, process: PlannedProcess, owner: string): Value {
  const { plan } = target;
  const kept =
    'env_file user oom_score_adj ulimits stdin tty healthcheck stop_signal stop_grace_period restart working_dir';
  lost(target, 'in Compose', process, kept);
  const env = environmentOf(target, process, variable, '$$');
  const needs = process.dependsOn.map(({ process: to, condition }) => {
    const one = plan.processes.find((each) => each.name === to);
    const fits = one?.oneshot === true ? 'completed' : 'ready';
    const asked = condition ?? fits;
    const healthy = one !== undefined && readyOf(one) !== null;
    return [to, { condition: conditions[asked === 'ready' && !healthy ? 'started' : asked] }];
  });
  const { policy, max } = process.restart;
  const argv = argvOf(target, process, variable, '$$');
  const limits = process.limits.map(({ resource, soft, hard }) => [
    limitNames[resource] ?? '',
    { soft, hard },
  ]);
  const first = process.name === owner;
  return {
    image: target.image,
    entrypoint: noted('The image’s own entrypoint is Tandem.', argv),
    working_dir: process.workingDir === null ? undefined : escaped(target, process.workingDir),
    environment: env.length === 0 ? undefined : Object.fromEntries(env),
    env_file:
      process.envFiles.length === 0
        ? undefined
        : process.envFiles.map(({ path, required }) => ({ path: escaped(target, path), required })),
    user: process.user === null ? undefined : escaped(target, process.user),
    network_mode: first ? undefined : `service:${owner}`,
    ports:
      first && publicPort(target) !== null
        ? [`${publicPort(target)}:${publicPort(target)}`]
        : undefined,
    depends_on: needs.length === 0 ? undefined : Object.fromEntries(needs),
    healthcheck: healthOf(target, process),
    restart: policy === 'no' ? undefined : max === null ? policy : `${policy}:${max}`,
    stop_signal:
      process.stopSignal === 15
        ? undefined
        : `SIG${signalNames[process.stopSignal - 1] ?? `RTMIN+${process.stopSignal - 34}`}`,
    stop_grace_period:
      msOf(process.stopGraceMs) === null ? undefined : ms(msOf(process.stopGraceMs) ?? 0),
    ulimits: limits.length === 0 ? undefined : Object.fromEntries(limits),
    oom_score_adj: process.oomScoreAdj ?? undefined,
    stdin_open: process.stdin === 'inherit' ? true : undefined,
    tty: process.tty ? true : undefined,
  };
}

export function toCompose(target: Target): Value {
  const { plan, name } = target;
  if (plan.front !== null)
    warn(
      target,
      'cannot write the front as a service: it needs an image with nginx and a configuration',
    );
  if (plan.processes.some((one) => one.essential && !one.oneshot))
    warn(target, 'a service that ends stops nobody: run it with --abort-on-container-exit');
  const owner = inOrder(plan).find((one) => !one.oneshot)?.name ?? plan.processes[0]?.name ?? '';
  const services = plan.processes.map((one) => [one.name, serviceOf(target, one, owner)] as const);
  return { name: name.toLowerCase(), services: Object.fromEntries(services) };
}
