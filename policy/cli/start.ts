/** What every way in has in common: check the plan, bind it, and say all that is wrong with it. */
import { parseDuration } from '../config/duration.ts';
import type { Issue, Places, PlanIssue, Source } from '../config/issue.ts';
import type { Format } from '../config/render.ts';
import { absolute, bind, environment } from '../plan/bind.ts';
import { checkPlan } from '../plan/compile.ts';
import { emptyPlan } from '../plan/defaults.ts';
import type { Facts } from '../plan/facts.ts';
import { type Bound, type LogMode, logModes, type Plan } from '../plan/plan.ts';
import { openPlan } from '../plan/saved.ts';
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

export function misconfigured(err: string, out = ''): Outcome {
  return exit(exitConfiguration, out, err);
}

/** NO_COLOR and FORCE_COLOR as their users agreed; else by the terminal. */
export function wantsColour(facts: Facts): boolean {
  const env = environment(facts.env());
  if ((env.get('NO_COLOR') ?? '') !== '') return false;
  const forced = env.get('FORCE_COLOR') ?? '';
  if (forced !== '') return forced !== '0';
  return facts.isTerminal(2) && env.get('TERM') !== 'dumb';
}

type Settings = {
  readonly plan: Plan;
  readonly logs: LogMode | null;
  readonly problems: readonly string[];
};

/** The top-level settings that a platform may give without touching a file; a flag comes before. */
function settle(env: ReadonlyMap<string, string>, flags: Flags, plan: Plan): Settings {
  const problems: string[] = [];
  const duration = (name: string): number | null => {
    const text = env.get(name) ?? '';
    const ms = text === '' ? null : parseDuration(text);
    if (text !== '' && ms === null)
      problems.push(`cannot use ${name}=${text}: a duration such as 5s or 500ms is needed`);
    return ms;
  };
  const said = env.get('TANDEM_LOGS') ?? '';
  const known = logModes.find((mode) => mode === said) ?? null;
  if (flags.logs === null && said !== '' && known === null)
    problems.push(`cannot use TANDEM_LOGS=${said}: it is inherit, prefix or json`);
  const settled: Plan = {
    ...plan,
    stopTimeoutMs: duration('TANDEM_STOP_TIMEOUT') ?? plan.stopTimeoutMs,
    stopDelayMs: duration('TANDEM_STOP_DELAY') ?? plan.stopDelayMs,
  };
  return { plan: settled, logs: known, problems };
}

export type Written = {
  /** What was read, one behind the other. */
  readonly sources: readonly Source[];
  readonly plan: Plan;
  /** What was wrong already when it was read. */
  readonly issues: readonly Issue[];
  readonly places: Places;
  /** Where relative paths begin. */
  readonly base: string;
};

export type Found = {
  /** null where there is an error among the issues. */
  readonly bound: Bound | null;
  readonly sources: readonly Source[];
  readonly issues: readonly Issue[];
};

export function folderOf(facts: Facts, path: string): string {
  const at = path.lastIndexOf('/');
  if (path === '-' || at < 0) return facts.cwd();
  const folder = path.slice(0, at) || '/';
  return folder.startsWith('/') ? folder : `${facts.cwd()}/${folder}`;
}

/** A saved plan, as if it had just been read. */
export function writtenOf(facts: Facts, source: Source, folder: string): Written {
  const opened = openPlan(source.text, facts);
  const sources = [{ ...source, text: '' }];
  if (opened.problem === null) {
    const base = absolute(folder, opened.base);
    return { sources, plan: opened.plan, issues: [], places: new Map(), base };
  }
  const text = `cannot run \`${source.name}\`: ${opened.problem}`;
  const issue: Issue = { severity: 'error', span: null, text, hint: opened.hint, related: null };
  return { sources, plan: emptyPlan, issues: [issue], places: new Map(), base: folder };
}

export type BindMode = {
  /** What the machine has is not looked at: the plan is for another one. */
  readonly free?: boolean;
  readonly init?: InitFlags;
  /** Finds more than what would stop the start, and makes no file. */
  readonly check?: (plan: Plan, bound: Bound | null) => readonly PlanIssue[];
};

/** Everything that is wrong, at once; nothing has been started by then. */
export function findAll(
  facts: Facts,
  written: Written,
  flags: Flags,
  { init, check, free = false }: BindMode = {},
): Found {
  const { places, base } = written;
  const env = environment(facts.env());
  const { plan, logs, problems } = settle(env, flags, written.plan);
  const sources = [...written.sources];
  const checked: readonly PlanIssue[] = checkPlan(plan);
  const said = { flagLogs: flags.logs, logs };
  const dry = check !== undefined;
  const options = { env, base, ...said, sources, dry, ...(init && { init }) };
  const unbound = { bound: null, issues: [] };
  const { bound, issues } = free ? unbound : bind(plan, facts, options);
  const more = check?.(plan, bound) ?? [];
  const later = [...checked, ...issues, ...more];
  if (problems.length + written.issues.length + later.length === 0)
    return { bound, sources, issues: [] };
  const { inOrder, locateIssue } = facts.library('words');
  const all: readonly Issue[] = [
    ...problems.map((text): Issue => {
      return { severity: 'error', span: null, text, hint: null, related: null };
    }),
    ...written.issues,
    ...later.map((issue) => locateIssue(places, issue)),
  ];
  const wrong = all.some((issue) => issue.severity === 'error');
  return { bound: wrong ? null : bound, sources, issues: inOrder(all) };
}

function countOf(issues: readonly Issue[], severity: Issue['severity']): string {
  const count = issues.filter((issue) => issue.severity === severity).length;
  const word = severity === 'error' ? 'problem' : 'warning';
  return count === 1 ? `1 ${word}` : `${count} ${word}s`;
}

function summary(bound: Bound): string {
  const words = bound.plan.processes.map(({ name, port }) =>
    port === null ? name : `${name} on port ${port}`,
  );
  return words.join(', ');
}

/** What `tandem check` says; warnings and errors apart. */
export function report(facts: Facts, found: Found, format: Format, strict: boolean): Outcome {
  const { bound, sources, issues } = found;
  const warned = issues.length > 0;
  const ok = bound !== null && !(strict && warned);
  const code = ok ? 0 : exitConfiguration;
  const { render, renderGithub, renderJson } = facts.library('words');
  if (format === 'json') return exit(code, renderJson(sources, issues, ok));
  if (format === 'github') return exit(code, renderGithub(sources, issues));
  const text = render(sources, issues, wantsColour(facts));
  const errors = countOf(issues, 'error');
  const warnings = countOf(issues, 'warning');
  const both = issues.some((one) => one.severity === 'warning') ? `, ${warnings}` : '';
  if (bound === null)
    return misconfigured(`${text}tandem: ${errors}${both}; nothing was started\n`);
  const name = sources.map((source) => source.name).join(' + ');
  if (!ok) return misconfigured(`${text}tandem: ${warnings}, and --strict allows none\n`);
  return exit(0, `${name}: ok: ${summary(bound)}${both}\n`, text);
}

/** Starts what was found, or says why not. */
export function startFound(facts: Facts, found: Found, flags: Flags): Outcome {
  const { bound, sources, issues } = found;
  if (bound === null) return report(facts, found, 'text', false);
  const err =
    issues.length === 0 ? '' : facts.library('words').render(sources, issues, wantsColour(facts));
  return { type: 'supervise', bound, verbose: flags.verbose, journal: flags.journal, err };
}
