/** `run`, `check`, `plan` and `graph` of a file, or of several. */
import type { Source } from '../config/issue.ts';
import { absolute, environment } from '../plan/bind.ts';
import type { Facts } from '../plan/facts.ts';
import { isSaved, savePlan } from '../plan/saved.ts';
import { whyNot } from '../plan/why.ts';
import type { Flags, Request } from './argv.ts';
import type { Outcome } from './outcome.ts';
import {
  type BindMode,
  exit,
  type Found,
  findAll,
  folderOf,
  misconfigured,
  report,
  startFound,
  usage,
  type Written,
  wantsColour,
  writtenOf,
} from './start.ts';

const names = ['tandem.yaml', 'tandem.json', 'Procfile'] as const;

/** A saved plan needs no parser, and so no other section. */
function readWritten(facts: Facts, paths: readonly string[], exact: boolean): Written {
  const [first = ''] = paths;
  const base = folderOf(facts, first);
  const text = paths.length === 1 ? (facts.read(first).value ?? '') : '';
  if (isSaved(text)) {
    const name = first === '-' ? 'standard input' : first;
    const source: Source = { name, text, start: 0, isArguments: false };
    return writtenOf(facts, source, base);
  }
  return { ...facts.library('files').readFiles(facts, paths, exact), base };
}

/** `-f`, else TANDEM_CONFIG (several with `:` between), else what is there. */
function pathsFor(facts: Facts, flags: Flags): readonly string[] {
  if (flags.files.length > 0) return flags.files;
  const said = environment(facts.env()).get('TANDEM_CONFIG') ?? '';
  if (said !== '') return said.split(':').filter((path) => path !== '');
  const found = names.find((name) => facts.stat(name).error === null);
  return found === undefined ? [] : [found];
}

function notFound(facts: Facts): Outcome {
  const hint =
    facts.stat(`${facts.cwd()}/tandem.yml`).error === null
      ? 'there is a tandem.yml: rename it, or tandem -f tandem.yml'
      : 'write one, or give commands: tandem run "nginx -g \'daemon off;\'" "PORT=8081 /srv/app"';
  return usage(
    `cannot run: no ${names.slice(0, -1).join(', no ')} and no Procfile in ${facts.cwd()}`,
    `${hint}\n  see \`tandem help\``,
  );
}

function same(a: string, b: string): boolean {
  return absolute(a, '.') === absolute(b, '.');
}

function plan(facts: Facts, written: Written, found: Found, request: Of<'plan'>): Outcome {
  const { output, bound } = request;
  const { sources, issues } = found;
  if (issues.some((one) => one.severity === 'error')) return report(facts, found, 'text', false);
  const err =
    issues.length === 0 ? '' : facts.library('words').render(sources, issues, wantsColour(facts));
  if (bound && found.bound !== null)
    return exit(0, facts.library('desk').showBound(found.bound), err);
  if (output === null) return exit(0, savePlan(written.plan, '.', facts, 2), err);
  const folder = folderOf(facts, output);
  const base = same(folder, written.base) ? '.' : absolute(written.base, '.');
  const { error } = facts.write(output, savePlan(written.plan, base, facts), 0o644, null);
  if (error === null) return exit(0, '', err);
  return misconfigured(`tandem: cannot write ${output}: ${whyNot(error)}\n`);
}

type Of<Type extends Request['type']> = Extract<Request, { readonly type: Type }>;

export function runFiles(facts: Facts, request: Of<'file' | 'check' | 'plan' | 'graph'>): Outcome {
  const { flags } = request;
  const paths = pathsFor(facts, flags);
  if (paths.length === 0) return notFound(facts);
  // Standard input can be read once only.
  const read = new Map<string, ReturnType<Facts['read']>>();
  const once: Facts = {
    ...facts,
    read: (path) => {
      const known = read.get(path) ?? facts.read(path);
      read.set(path, known);
      return known;
    },
  };
  const fast = act(once, request, paths, false);
  // What has a problem is read again with its places.
  return fast ?? act(once, request, paths, true) ?? misconfigured('');
}

/** null: there is something to say that needs a place. */
function act(
  facts: Facts,
  request: Of<'file' | 'check' | 'plan' | 'graph'>,
  paths: readonly string[],
  exact: boolean,
): Outcome | null {
  const { type, flags } = request;
  const written = readWritten(facts, paths, exact);
  if (written.sources.length === 0) {
    const said = written.issues
      .map(({ text, hint }) => `tandem: ${text}\n${hint === null ? '' : `  hint: ${hint}\n`}`)
      .join('');
    const json = type === 'check' && request.format === 'json';
    const { renderJson } = facts.library('words');
    return json ? misconfigured('', renderJson([], written.issues, false)) : misconfigured(said);
  }
  const isProcfile = paths.length === 1 && /(^|\/)Procfile[^/]*$/.test(paths[0] ?? '');
  const from = { base: written.base, isProcfile };
  const mode: BindMode =
    type === 'check'
      ? { check: (plan, bound) => facts.library('desk').lint(facts, plan, bound, from) }
      : type === 'plan'
        ? { check: () => [], free: !request.bound }
        : { free: type === 'graph' };
  const found = findAll(facts, written, flags, mode);
  if (!exact && found.issues.length > 0) return null;
  if (type === 'file') return startFound(facts, found, flags);
  if (type === 'check') return report(facts, found, request.format, request.strict);
  if (type === 'plan') return plan(facts, written, found, request);
  if (found.issues.some((one) => one.severity === 'error'))
    return report(facts, found, 'text', false);
  return exit(0, facts.library('desk').drawGraph(written.plan, request.format));
}
