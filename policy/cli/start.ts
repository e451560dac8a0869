/** What every way in has in common: check the plan, bind it, and say all that is wrong with it. */
import type { Issue, Places, PlanIssue, Source } from '../config/issue.ts';
import { inOrder, locateIssue, render } from '../config/render.ts';
import { bind, environment } from '../plan/bind.ts';
import { checkPlan } from '../plan/compile.ts';
import type { Facts } from '../plan/facts.ts';
import type { Bound, LogMode, Plan } from '../plan/plan.ts';
import type { Flags } from './argv.ts';
import type { InitFlags } from './argv-init.ts';
import type { Outcome } from './outcome.ts';

const exitUsage = 64;
const exitConfiguration = 78;

export function exit(code: number, out: string, err = ''): Outcome {
  return { type: 'exit', code, out, err };
}

export function usage(text: string, hint: string): Outcome {
  return exit(exitUsage, '', `tandem: ${text}\n  hint: ${hint}\n`);
}

export function misconfigured(err: string): Outcome {
  return exit(exitConfiguration, '', err);
}

/** What a flag or TANDEM_LOGS says; an issue's text where the variable says something else. */
export function logsAsked(
  facts: Facts,
  flags: Flags,
): { readonly logs: LogMode | null; readonly problem: string | null } {
  const said = environment(facts.env()).get('TANDEM_LOGS') ?? '';
  if (flags.logs !== null || said === '') return { logs: flags.logs, problem: null };
  if (said === 'inherit' || said === 'prefix') return { logs: said, problem: null };
  return { logs: null, problem: `cannot use TANDEM_LOGS=${said}: it is inherit or prefix` };
}

export type Written = {
  readonly source: Source;
  readonly plan: Plan;
  /** What was wrong already when it was read. */
  readonly issues: readonly Issue[];
  readonly places: Places;
  /** Where relative paths begin. */
  readonly base: string;
};

export type Bounded =
  | { readonly bound: Bound; readonly err: string }
  | { readonly bound: null; readonly err: string };

function countOf(issues: readonly Issue[]): string {
  const errors = inOrder(issues).filter((issue) => issue.severity === 'error').length;
  return errors === 1 ? '1 problem' : `${errors} problems`;
}

/** Everything that is wrong, at once; nothing has been started by then. */
export function bindWritten(
  facts: Facts,
  written: Written,
  flags: Flags,
  init?: InitFlags,
): Bounded {
  const { source, plan, places, base } = written;
  const { logs, problem } = logsAsked(facts, flags);
  const checked: readonly PlanIssue[] = checkPlan(plan);
  const { bound, issues } = bind(plan, facts, { base, logs, ...(init && { init }) });
  const all: readonly Issue[] = [
    ...written.issues,
    ...[...checked, ...issues].map((issue) => locateIssue(places, issue)),
  ];
  const text = (problem === null ? '' : `tandem: ${problem}\n`) + render(source, all);
  const wrong = problem !== null || all.some((issue) => issue.severity === 'error');
  if (bound === null || wrong)
    return { bound: null, err: `${text}tandem: ${countOf(all)}; nothing was started\n` };
  return { bound, err: text };
}
