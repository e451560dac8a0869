/** What a plan must be, apart from any machine: dependencies, routes, ports. */
import { type PlanIssue, planError } from '../config/issue.ts';
import { didYouMean } from '../config/nearest.ts';
import { findCycle } from './graph.ts';
import type { Late, Plan, PlannedProcess } from './plan.ts';

function conditionMisfit(
  { process, condition }: PlannedProcess['dependsOn'][number],
  oneshot: boolean,
): readonly [string, string] | null {
  if (condition === 'completed' && !oneshot)
    return [
      `cannot wait for \`${process}\` to complete: it is meant to stay`,
      'wait for `ready` or `started`, or set `oneshot: true` on it',
    ];
  if (condition === 'ready' && oneshot)
    return [
      `cannot wait for \`${process}\` to be ready: it is a oneshot, which completes`,
      'use `completed`, or a plain list, which means what fits',
    ];
  return null;
}

function checkDependencies(plan: Plan, issues: PlanIssue[]): void {
  const names = plan.processes.map((process) => process.name);
  const edges = plan.processes.map((process) =>
    process.dependsOn.flatMap((dependency, i) => {
      const index = names.indexOf(dependency.process);
      const path = `processes.${process.name}.depends_on.${i}`;
      if (index < 0)
        issues.push(
          planError(
            path,
            `cannot depend on \`${dependency.process}\`: there is no such process`,
            didYouMean(dependency.process, names) ?? `the processes are: ${names.join(', ')}`,
          ),
        );
      else {
        const misfit = conditionMisfit(dependency, plan.processes[index]?.oneshot === true);
        if (misfit !== null) issues.push(planError(path, misfit[0], misfit[1]));
      }
      return index < 0 ? [] : [index];
    }),
  );
  const cycle = findCycle(edges);
  if (cycle === null) return;
  const around = cycle.map((index) => names[index]).join(' → ');
  const first = names[cycle[0] ?? 0] ?? '';
  issues.push(
    planError(
      `processes.${first}.depends_on`,
      `cannot order the processes: they wait for each other: ${around}`,
      'remove one of these dependencies',
    ),
  );
}

function checkRoutes(plan: Plan, issues: PlanIssue[]): void {
  const names = plan.processes.map((process) => process.name);
  const seen = new Map<string, string>();
  plan.front?.routes.forEach((route, i) => {
    const path = `front.routes.${i}`;
    const before = seen.get(route.path);
    if (before !== undefined)
      issues.push({
        ...planError(`${path}.key`, `cannot route \`${route.path}\` twice`, 'remove one of them'),
        related: { path: `${before}.key`, text: 'first used here' },
      });
    seen.set(route.path, path);
    if (route.type !== 'process') return;
    const process = plan.processes.find((one) => one.name === route.process);
    if (process === undefined)
      issues.push(
        planError(
          path,
          `cannot route to \`${route.process}\`: there is no such process`,
          didYouMean(route.process, names) ?? 'a directory begins with `./` or `/`',
        ),
      );
    else if (process.port === null && route.port === null && route.socket === null)
      issues.push(
        planError(
          path,
          `cannot route to \`${route.process}\`: it has no \`port\``,
          `add \`port: 8081\` to \`${route.process}\`, and let it listen there`,
        ),
      );
  });
}

function known(port: Late | null): number | null {
  return typeof port === 'number' ? port : null;
}

/** Ports that are known without an environment; the rest is checked when the plan is bound. */
export function checkPorts(
  ports: readonly { readonly path: string; readonly port: number | null }[],
): readonly PlanIssue[] {
  const issues: PlanIssue[] = [];
  const seen = new Map<number, string>();
  for (const { path, port } of ports) {
    if (port === null) continue;
    const before = seen.get(port);
    if (before === undefined) seen.set(port, path);
    else
      issues.push({
        ...planError(path, `cannot use port ${port} twice`, 'give one of them another port'),
        related: { path: before, text: 'first used here' },
      });
  }
  return issues;
}

export function portPaths(plan: Plan): readonly { path: string; port: Late | null }[] {
  // A oneshot's port only sets PORT.
  const ports: { path: string; port: Late | null }[] = plan.processes.map((process) => ({
    path: `processes.${process.name}.port`,
    port: process.oneshot ? null : process.port,
  }));
  if (plan.front !== null) ports.push({ path: 'front.port', port: plan.front.port });
  return ports;
}

/** Keys of one process that contradict each other. */
function checkKeys(process: PlannedProcess, issues: PlanIssue[]): void {
  const { name, oneshot, ready, healthcheck } = process;
  const add = (key: string, text: string, hint: string | null): void => {
    issues.push(planError(`processes.${name}.${key}`, text, hint));
  };
  const because = 'a oneshot finishes; it is never ready';
  if (oneshot && ready !== null) add('ready', 'cannot use `ready` on a oneshot', because);
  if (oneshot && healthcheck !== null)
    add('healthcheck', 'cannot use `healthcheck` on a oneshot', because);
  if (oneshot && process.restart.policy === 'always')
    add('restart', 'cannot restart a oneshot for ever', 'use `on-failure`');
  if (!oneshot && process.timeoutMs !== null)
    add('timeout', 'cannot limit a process that is meant to stay', 'set `oneshot: true`');
  const probe = healthcheck === null ? null : (healthcheck.probe ?? ready);
  const once = probe !== null && ['log', 'notify', 'fd', 'delay', 'none'].includes(probe.type);
  if (healthcheck !== null && (once || (probe === null && process.port === null)))
    add(
      'healthcheck',
      'cannot check health: there is nothing to ask again and again',
      'give it a `tcp`, `http`, `grpc`, `unix`, `file` or `exec`',
    );
  for (const [key, one] of [
    ['ready', ready],
    ['healthcheck', healthcheck?.probe ?? null],
  ] as const)
    if ((one?.type === 'http' || one?.type === 'grpc') && one.port === null && !process.port)
      add(key, `cannot ask by ${one.type}: the process has no \`port\``, 'write `port` in it');
}

/** There is one standard input, and one terminal. */
function checkTerminal(plan: Plan, issues: PlanIssue[]): void {
  for (const key of ['tty', 'stdin'] as const) {
    const takers = plan.processes.filter((one) => one[key] === true || one[key] === 'inherit');
    const [first, ...others] = takers;
    for (const other of others)
      issues.push({
        ...planError(
          `processes.${other.name}.${key}`,
          `cannot give \`${key}\` to \`${other.name}\`: \`${first?.name}\` has it`,
          'one process at most can have it',
        ),
        related: { path: `processes.${first?.name}.${key}`, text: 'first used here' },
      });
  }
}

/** Everything that is wrong with the plan whatever machine it runs on. */
export function checkPlan(plan: Plan): readonly PlanIssue[] {
  const issues: PlanIssue[] = [];
  checkDependencies(plan, issues);
  checkRoutes(plan, issues);
  for (const process of plan.processes) checkKeys(process, issues);
  checkTerminal(plan, issues);
  const fixed = portPaths(plan).map(({ path, port }) => ({ path, port: known(port) }));
  return [...issues, ...checkPorts(fixed)];
}

/** Commands without a port start when all those with one are ready. */
export function orderCommands(processes: readonly PlannedProcess[]): readonly PlannedProcess[] {
  const dependsOn = processes
    .filter((process) => process.port !== null)
    .map((process) => ({ process: process.name, condition: null }));
  return processes.map((process) => (process.port === null ? { ...process, dependsOn } : process));
}
