/** Kubernetes: one container that runs Tandem, or one for each process, in a pod or each its own. */
import type { PlannedProcess } from '../plan/plan.ts';
import {
  argvOf,
  environmentOf,
  inOrder,
  lost,
  msOf,
  processPort,
  publicPort,
  readyOf,
  render,
  seconds,
  type Target,
  warn,
} from './model.ts';
import { handlerOf, kubernetesVariable, liveness, startup } from './probe.ts';
import { noted, type Value } from './yaml.ts';

export type Shape = 'one' | 'sidecars' | 'split';
type Map = { readonly [key: string]: Value | undefined };

/** Kubernetes kills after the grace period; Tandem has to be done before. */
const marginSeconds = 2;

const resources = noted('A guess: measure, and write what it needs.', {
  requests: { cpu: '100m', memory: '128Mi' },
  limits: { memory: '512Mi' },
});
const closed = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
};
const temporary = noted('The root is read-only; files that are rendered go here.', [
  { name: 'tmp', emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } },
]);
const mounts = [{ name: 'tmp', mountPath: '/tmp' }];

function labels(name: string): { readonly [key: string]: Value } {
  return { 'app.kubernetes.io/name': name };
}

function podSecurity(target: Target): Value {
  const users = target.plan.processes.filter((one) => one.user !== null);
  if (users.length === 0)
    return { runAsNonRoot: true, runAsUser: 10001, runAsGroup: 10001, fsGroup: 10001 };
  const names = users.map((one) => `\`${one.name}\``).join(', ');
  warn(target, `the pod runs as root, because ${names} changes its user`);
  return noted('Not runAsNonRoot: a process changes its user.', { runAsUser: 0 });
}

function podOf(target: Target, containers: readonly Value[], more: Map): Map {
  const stop = msOf(target.plan.stopTimeoutMs) ?? 9000;
  return {
    terminationGracePeriodSeconds: noted(
      `The budget of the stop, ${stop / 1000} s, and a margin.`,
      seconds(stop) + marginSeconds,
    ),
    securityContext: podSecurity(target),
    ...more,
    containers,
    volumes: temporary,
  };
}

function deployment(name: string, pod: Map): Value {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, labels: labels(name) },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels(name) },
      template: { metadata: { labels: labels(name) }, spec: pod },
    },
  };
}

function job(name: string, pod: Map): Value {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, labels: labels(name) },
    spec: {
      template: { metadata: { labels: labels(name) }, spec: { ...pod, restartPolicy: 'Never' } },
    },
  };
}

function service(name: string, port: number, targetPort: Value = 'http'): Value {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, labels: labels(name) },
    spec: { selector: labels(name), ports: [{ name: 'http', port, targetPort }] },
  };
}

/** Whether it ends by itself: nothing in it is meant to stay. */
export function endsByItself(target: Target): boolean {
  const { front, processes } = target.plan;
  return front === null && processes.every((one) => one.oneshot || !one.essential);
}

/** Where the front leads `/`, and what is ready there by HTTP. */
function publicProbe(target: Target, port: number): { readonly [key: string]: Value } {
  const { front, processes } = target.plan;
  for (const route of front?.routes ?? []) {
    const one =
      route.type === 'process' ? processes.find((each) => each.name === route.process) : undefined;
    const ready = one?.ready;
    if (ready?.type !== 'http' || route.path !== '/' || ready.headers.length > 0) continue;
    return { httpGet: { path: render(target, ready.path, kubernetesVariable), port } };
  }
  return { tcpSocket: { port } };
}

function one(target: Target): readonly Value[] {
  const { name, image } = target;
  const port = publicPort(target);
  const ready = Math.max(...target.plan.processes.map((each) => msOf(each.readyTimeoutMs) ?? 0), 1);
  const container: Map = {
    name,
    image,
    securityContext: closed,
    ...(port === null
      ? {}
      : {
          ports: [{ name: 'http', containerPort: port }],
          env: [{ name: 'PORT', value: `${port}` }],
          startupProbe: noted('The public port opens when everything behind it is ready.', {
            tcpSocket: { port },
            ...startup(ready),
          }),
          readinessProbe: noted('No livenessProbe: Tandem ends when a process does.', {
            ...publicProbe(target, port),
            periodSeconds: 5,
          }),
        }),
    resources,
    volumeMounts: mounts,
  };
  const pod = podOf(target, [container], {});
  if (endsByItself(target)) return [job(name, pod)];
  if (port !== null && msOf(target.plan.stopDelayMs) === 0)
    warn(
      target,
      'clients may be refused at a stop: `stop_delay: 5s` gives balancers time to notice',
    );
  return [deployment(name, pod), ...(port === null ? [] : [service(name, 80)])];
}

const kept =
  'user working_dir pre_stop healthcheck stop_grace_period essential restart secrets env_file';

function preStopOf(target: Target, process: PlannedProcess): Map {
  const { preStop } = process;
  if (preStop === null) return {};
  if (preStop.type === 'delay')
    return { lifecycle: { preStop: { sleep: { seconds: seconds(msOf(preStop.delayMs) ?? 0) } } } };
  if (preStop.method !== 'GET' && preStop.probe.type === 'http')
    warn(
      target,
      `cannot ask by ${preStop.method} before the stop of \`${process.name}\`: it is GET`,
    );
  const handler = handlerOf(target, process, preStop.probe);
  return handler === null ? {} : { lifecycle: { preStop: handler } };
}

function userOf(target: Target, process: PlannedProcess): Map {
  const ids = /^(\d+)(?::(\d+))?$/.exec(process.user ?? '');
  if (process.user === null) return {};
  if (ids === null) {
    warn(target, `cannot run \`${process.name}\` as \`${process.user}\`: a number is needed there`);
    return {};
  }
  const group = ids[2] === undefined ? {} : { runAsGroup: Number(ids[2]) };
  return { runAsUser: Number(ids[1]), ...group };
}

/** A process as a container of its own. */
function containerOf(target: Target, process: PlannedProcess): Map {
  lost(target, 'in Kubernetes', process, kept);
  if (process.secrets.length > 0)
    warn(target, `the secrets of \`${process.name}\` have to be made: env with secretKeyRef`);
  if (process.envFiles.length > 0)
    warn(target, `the env files of \`${process.name}\` have to be made: a ConfigMap and envFrom`);
  const env = environmentOf(target, process, kubernetesVariable);
  const port = processPort(target, process);
  const dir = process.workingDir;
  return {
    name: process.name.toLowerCase().replaceAll('_', '-'),
    image: target.image,
    // `$(NAME)` is Kubernetes' own form; a script's `$(date)` is the shell's.
    command: argvOf(target, process, kubernetesVariable).map((word) =>
      process.shell ? word.split('$(').join('$$(') : word,
    ),
    ...(dir === null ? {} : { workingDir: render(target, dir, kubernetesVariable) }),
    ...(env.length === 0 ? {} : { env: env.map(([name, value]) => ({ name, value })) }),
    ...(port === null || process.oneshot ? {} : { ports: [{ containerPort: port }] }),
    securityContext: { ...closed, ...userOf(target, process) },
    ...preStopOf(target, process),
    resources,
    volumeMounts: mounts,
  };
}

function probesOf(target: Target, process: PlannedProcess): Map {
  const ready = readyOf(process);
  const handler = ready === null ? null : handlerOf(target, process, ready);
  const health = process.healthcheck;
  const asked = health === null ? null : (health.probe ?? ready);
  const alive = asked === null ? null : handlerOf(target, process, asked);
  return {
    ...(handler === null
      ? {}
      : { startupProbe: { ...handler, ...startup(msOf(process.readyTimeoutMs) ?? 240_000) } }),
    ...(alive === null || health === null
      ? {}
      : { livenessProbe: { ...alive, ...liveness(health) } }),
  };
}

function frontWarning(target: Target): void {
  if (target.plan.front !== null)
    warn(
      target,
      'cannot write the front as a container: it needs an image with nginx and a configuration',
    );
}

function sidecars(target: Target): readonly Value[] {
  const { plan, name } = target;
  const needed = new Set(
    plan.processes.flatMap((each) => each.dependsOn.map((need) => need.process)),
  );
  frontWarning(target);
  const early: Value[] = [];
  const late: Value[] = [];
  for (const process of inOrder(plan)) {
    const container = containerOf(target, process);
    if (process.oneshot)
      early.push(noted('A oneshot: it ends before the next one starts.', container));
    else if (needed.has(process.name))
      early.push(
        noted('Others wait for it: a native sidecar, which stops after them.', {
          ...container,
          restartPolicy: 'Always',
          ...probesOf(target, process),
        }),
      );
    else late.push({ ...container, ...probesOf(target, process) });
  }
  if (plan.processes.some((each) => each.essential && !each.oneshot))
    warn(
      target,
      'a container that ends is started again by the kubelet; Tandem would have stopped all',
    );
  if (late.length === 0)
    warn(
      target,
      'a pod needs a container that nobody waits for: there is none, and it is not valid',
    );
  const port = publicPort(target);
  const pod = podOf(target, late, early.length === 0 ? {} : { initContainers: early });
  return [deployment(name, pod), ...(port === null ? [] : [service(name, 80, port)])];
}

function ingress(target: Target): Value {
  const { plan, name } = target;
  const paths = (plan.front?.routes ?? []).flatMap((route): Value[] => {
    const to = route.type === 'process' ? route.process : null;
    if (to === null) {
      warn(target, `cannot serve the folder of \`${route.path}\` by an Ingress: it needs a server`);
      return [];
    }
    const process = plan.processes.find((each) => each.name === to);
    const number = process === undefined ? null : processPort(target, process);
    const backend = { service: { name: `${name}-${to}`, port: { number: number ?? 80 } } };
    return [{ path: route.path, pathType: 'Prefix', backend }];
  });
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, labels: labels(name) },
    spec: { rules: [{ http: { paths } }] },
  };
}

function split(target: Target): readonly Value[] {
  const { plan, name } = target;
  const all = inOrder(plan).flatMap((process): Value[] => {
    const own = `${name}-${process.name}`;
    const container = { ...containerOf(target, process), ...probesOf(target, process) };
    const pod = podOf(target, [container], {});
    if (process.oneshot) return [job(own, pod)];
    const port = processPort(target, process);
    return [deployment(own, pod), ...(port === null ? [] : [service(own, port, port)])];
  });
  if (plan.processes.some((each) => each.dependsOn.length > 0))
    warn(target, 'cannot say an order among Deployments: what waits has to try again by itself');
  if (plan.processes.length > 1)
    warn(target, `the processes are no longer on one loopback: 127.0.0.1 becomes ${name}-PROCESS`);
  return [...all, ...(plan.front === null ? [] : [ingress(target)])];
}

export function toKubernetes(target: Target, shape: Shape): readonly Value[] {
  return { one, sidecars, split }[shape](target);
}
