/** What all exports ask of a plan: names resolved as far as they can be, and an order. */
import type { Late, Plan, PlannedProbe, PlannedProcess } from '../plan/plan.ts';

export type Target = {
  readonly plan: Plan;
  /** The application's name: of resources, of the first label. */
  readonly name: string;
  readonly image: string;
  /** What can't be said there; each is a sentence, said on stderr and in the file. */
  readonly warnings: string[];
};

export function warn(target: Target, text: string): void {
  if (!target.warnings.includes(text)) target.warnings.push(text);
}

/** How a variable is written where the text goes; `byDefault` null: it has none. */
export type Variable = (name: string, byDefault: string | null) => string;

/** Its default where it has one: what a container without that variable would have. */
export const byDefault =
  (written: (name: string) => string): Variable =>
  (name, fallback) =>
    fallback ?? written(name);

function portOf(target: Target, late: Late | null): number | null {
  if (late === null || typeof late === 'number') return late;
  const text = render(
    target,
    late.text,
    byDefault((name) => `\${${name}}`),
  );
  return /^\d{1,5}$/.test(text) ? Number(text) : null;
}

export function processPort(target: Target, process: PlannedProcess): number | null {
  return portOf(target, process.port);
}

/** The port that clients use: the front's, else that of the first process that has one. */
export function publicPort(target: Target): number | null {
  const { front, processes } = target.plan;
  if (front !== null) return portOf(target, front.port) ?? 8080;
  const first = processes.find((one) => one.port !== null && !one.oneshot);
  return first === undefined ? null : portOf(target, first.port);
}

const form = /\$\$|\$\{([A-Za-z][\w-]*)\.port\}|\$\{([A-Za-z_]\w*)(?:(:?[-?])([^}]*))?\}/g;

/** A template with every reference resolved; its variables as `variable` writes them, `$$` as `dollar`. */
export function render(target: Target, template: string, variable: Variable, dollar = '$'): string {
  return template.replace(form, (whole, process, name, operator, operand) => {
    if (whole === '$$') return dollar;
    if (process !== undefined) {
      const one = target.plan.processes.find((each) => each.name === process);
      const port = process === 'front' ? publicPort(target) : portOf(target, one?.port ?? null);
      return port === null ? whole : `${port}`;
    }
    return variable(name, operator?.endsWith('-') === true ? operand : null);
  });
}

export function argvOf(
  target: Target,
  process: PlannedProcess,
  variable: Variable,
  dollar = '$',
): string[] {
  if (!process.shell) return process.command.map((word) => render(target, word, variable, dollar));
  // A script is the shell's to read; only references are Tandem's.
  const reference = /(\$\{[A-Za-z][\w-]*\.port\})/;
  const scripts = process.command.map((script) =>
    script
      .split(reference)
      .map((part) =>
        reference.test(part) ? render(target, part, variable) : part.split('$').join(dollar),
      )
      .join(''),
  );
  return ['/bin/sh', '-c', ...scripts];
}

/** PORT and the process's own variables, in their order. */
export function environmentOf(
  target: Target,
  process: PlannedProcess,
  variable: Variable,
  dollar = '$',
): readonly (readonly [string, string])[] {
  const port = processPort(target, process);
  const own = process.environment
    .filter(([name]) => name !== 'PORT' || port === null)
    .map(([name, value]) => [name, render(target, value, variable, dollar)] as const);
  return port === null ? own : [...own, ['PORT', `${port}`]];
}

/** Every process after those that it waits for; in the plan's order where that is free. */
export function inOrder(plan: Plan): readonly PlannedProcess[] {
  const done: PlannedProcess[] = [];
  const visit = (process: PlannedProcess): void => {
    if (done.includes(process)) return;
    for (const need of process.dependsOn) {
      const one = plan.processes.find((each) => each.name === need.process);
      if (one !== undefined) visit(one);
    }
    done.push(process);
  };
  for (const process of plan.processes) visit(process);
  return done;
}

export function msOf(late: Late | null): number | null {
  return typeof late === 'number' ? late : null;
}

export function seconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000));
}

/** When it is ready: by its word, else by its port; null: once it has started. */
export function readyOf(process: PlannedProcess): PlannedProbe | null {
  if (process.ready !== null) return process.ready.type === 'none' ? null : process.ready;
  return process.port === null || process.oneshot ? null : { type: 'tcp', port: null };
}

/** The port that a probe asks. */
export function probePort(
  target: Target,
  process: PlannedProcess,
  port: Late | null | undefined,
): number {
  return portOf(target, port ?? null) ?? processPort(target, process) ?? 0;
}

/** Keys that a target has no words for: each is said once for each process. */
export function lost(target: Target, where: string, process: PlannedProcess, kept: string): void {
  const asked: Readonly<Record<string, boolean>> = {
    env_file: process.envFiles.length > 0,
    secrets: process.secrets.length > 0,
    files: process.files.length > 0,
    user: process.user !== null,
    umask: process.umask !== null,
    nice: process.nice !== null,
    oom_score_adj: process.oomScoreAdj !== null,
    ulimits: process.limits.length > 0,
    stdin: process.stdin === 'inherit',
    tty: process.tty,
    timeout: process.timeoutMs !== null,
    healthcheck: process.healthcheck !== null,
    pre_stop: process.preStop !== null,
    stop_signal: process.stopSignal !== 15,
    stop_grace_period: process.stopGraceMs !== null,
    stop_signal_to: process.stopTarget === 'group' && !process.shell,
    success_codes: process.successCodes.some((code) => code !== 0),
    forward: process.forward.length > 0,
    essential: !process.essential,
    restart: process.restart.policy !== 'no',
    working_dir: process.workingDir !== null,
  };
  const keys = kept.split(' ');
  for (const [key, there] of Object.entries(asked))
    if (there && !keys.includes(key))
      warn(target, `cannot say \`${key}\` of \`${process.name}\` ${where}: it is left out`);
}
