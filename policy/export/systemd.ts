/** systemd: a unit for each process, with the same order, limits and stop signals. */
import { limitNames } from '../config/decode-attributes.ts';
import { signalNames } from '../config/signal.ts';
import type { PlannedProcess } from '../plan/plan.ts';
import {
  argvOf,
  byDefault,
  environmentOf,
  lost,
  msOf,
  readyOf,
  render,
  type Target,
  warn,
} from './model.ts';

export type Unit = { readonly name: string; readonly text: string };

const variable = byDefault((name) => `\${${name}}`);

/** `%` begins a specifier, and `$` a variable where none is meant (systemd.service(5)). */
function quote(word: string): string {
  const text = word.replaceAll('%', '%%');
  return /^[\w./:=@%+,${}-]+$/.test(text)
    ? text
    : `"${text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`;
}

const span = (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`);

function unitOf(target: Target, process: PlannedProcess): Unit {
  const { plan, name } = target;
  const file = (one: string): string => `${name}-${one}.service`;
  const kept =
    'env_file user umask nice oom_score_adj ulimits timeout stop_signal stop_grace_period ' +
    'stop_signal_to success_codes working_dir restart essential';
  lost(target, 'in a unit', process, kept);
  const ready = readyOf(process);
  if (ready !== null && ready.type !== 'notify')
    warn(
      target,
      `systemd knows of readiness by notify only: \`${process.name}\` counts as ready at once`,
    );
  const needs = process.dependsOn.map((need) => file(need.process)).join(' ');
  const text = (template: string): string => render(target, template, variable);
  const [program = '', ...args] = argvOf(target, process, variable, '$$');
  if (program.includes('/') && !program.startsWith('/'))
    warn(
      target,
      `the program of \`${process.name}\`, \`${program}\`, has to be absolute in a unit`,
    );
  if (!program.includes('/'))
    warn(target, `\`${program}\` of \`${process.name}\` is looked for in systemd's own PATH`);
  const { policy, max } = process.restart;
  const type = process.oneshot ? 'oneshot' : ready?.type === 'notify' ? 'notify' : 'exec';
  const dir = process.workingDir === null ? null : text(process.workingDir);
  if (dir !== null && !dir.startsWith('/'))
    warn(target, `the folder of \`${process.name}\`, \`${dir}\`, has to be absolute in a unit`);
  const user = process.user === null ? [] : text(process.user).split(':');
  const unit: readonly (readonly [string, string | null])[] = [
    ['Description', `${process.name} of ${name}`],
    ['Requires', needs === '' ? null : needs],
    ['After', needs === '' ? null : needs],
    ['PartOf', `${name}.target`],
    ['StartLimitBurst', max === null ? null : `${max}`],
  ];
  const service: readonly (readonly [string, string | null])[] = [
    ['Type', type],
    ['RemainAfterExit', process.oneshot ? 'yes' : null],
    ['ExecStart', [program, ...args].map(quote).join(' ')],
    ['WorkingDirectory', dir?.startsWith('/') === true ? dir : null],
    ...environmentOf(target, process, variable).map(
      ([key, value]) => ['Environment', quote(`${key}=${value}`)] as const,
    ),
    ...process.envFiles.flatMap(({ path, required }) => {
      const file = text(path);
      if (file.startsWith('/'))
        return [['EnvironmentFile', `${required ? '' : '-'}${file}`] as const];
      warn(
        target,
        `the env file of \`${process.name}\`, \`${file}\`, has to be absolute in a unit`,
      );
      return [];
    }),
    ['User', user[0] ?? null],
    ['Group', user[1] ?? null],
    ['UMask', process.umask === null ? null : process.umask.toString(8).padStart(4, '0')],
    ['Nice', process.nice === null ? null : `${process.nice}`],
    ['OOMScoreAdjust', process.oomScoreAdj === null ? null : `${process.oomScoreAdj}`],
    ...process.limits.map(({ resource, soft, hard }) => {
      const limit = (value: number): string => (value < 0 ? 'infinity' : `${value}`);
      const key = `Limit${(limitNames[resource] ?? '').toUpperCase()}`;
      return [key, `${limit(soft)}:${limit(hard)}`] as const;
    }),
    ['Restart', policy === 'no' ? null : policy],
    ['TimeoutStartSec', span(msOf(process.timeoutMs) ?? msOf(process.readyTimeoutMs) ?? 240_000)],
    ['KillSignal', process.stopSignal === 15 ? null : `SIG${signalNames[process.stopSignal - 1]}`],
    ['KillMode', process.stopTarget === 'group' ? 'control-group' : 'mixed'],
    ['TimeoutStopSec', span(msOf(process.stopGraceMs) ?? msOf(plan.stopTimeoutMs) ?? 9000)],
    [
      'SuccessExitStatus',
      process.successCodes.length === 0 ? null : process.successCodes.join(' '),
    ],
  ];
  const lines = (all: readonly (readonly [string, string | null])[]): string =>
    all.flatMap(([key, value]) => (value === null ? [] : [`${key}=${value}\n`])).join('');
  const wanted = `[Install]\nWantedBy=${name}.target\n`;
  return {
    name: file(process.name),
    text: `[Unit]\n${lines(unit)}\n[Service]\n${lines(service)}\n${wanted}`,
  };
}

export function toSystemd(target: Target): readonly Unit[] {
  const { plan, name } = target;
  if (plan.front !== null)
    warn(target, 'cannot write the front as a unit: nginx.service with a configuration of its own');
  const units = plan.processes.map((process) => unitOf(target, process));
  if (plan.processes.some((one) => one.essential && !one.oneshot))
    warn(target, 'a unit that ends stops nobody else; Tandem would have stopped all');
  const wants = units.map((one) => one.name).join(' ');
  const all = `[Unit]\nDescription=${name}\nWants=${wants}\n\n[Install]\nWantedBy=multi-user.target\n`;
  return [{ name: `${name}.target`, text: all }, ...units];
}
