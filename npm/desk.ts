/** The commands that only the npm package has: what they need would not fit into the binary. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { parse } from 'smol-toml';
import type { Request } from '../policy/cli/argv.ts';
import { main } from '../policy/cli/commands.ts';
import type { Outcome } from '../policy/cli/outcome.ts';
import { parseYaml } from '../policy/config/parse.ts';
import { exportPlan, readExport } from '../policy/export/export.ts';
import { importCommand } from '../policy/import/command.ts';
import type { World } from '../policy/import/import.ts';
import { initCommand } from '../policy/init/init.ts';
import type { Facts } from '../policy/plan/facts.ts';
import { openPlan } from '../policy/plan/saved.ts';

type Desk = Extract<Request, { readonly type: 'desk' }>;

/** null in place of an error: what can't be read isn't there. */
function orNull<T>(call: () => T): T | null {
  try {
    return call();
  } catch {
    return null;
  }
}

function orProblem<T>(call: () => T) {
  try {
    return { value: call(), problem: null };
  } catch (error) {
    return { value: null, problem: error instanceof Error ? error.message : String(error) };
  }
}

const require = createRequire(import.meta.url);

const world: World = {
  read: (path) => orNull(() => readFileSync(path, 'utf8')),
  list: (path) => orNull(() => readdirSync(path)),
  yaml: parseYaml,
  toml: (text) => orProblem(() => parse(text) as ReturnType<World['toml']>['value']),
  evaluate: (path) => orProblem(() => require(resolve(path))),
};

function create(path: string, text: string): string | null {
  return orProblem(() => writeFileSync(path, text, { flag: 'wx' })).problem;
}

function wrong(text: string, hint: string, code = 64): Outcome {
  return { type: 'exit', code, out: '', err: `tandem: ${text}\n  hint: ${hint}\n` };
}

/** The plan is what `tandem plan` says, with its checks and its messages. */
function exportCommand(facts: Facts, words: readonly string[]): Outcome {
  const asked = readExport(words);
  if ('problem' in asked) return wrong(asked.problem, asked.hint);
  const planned = main(facts, ['tandem', 'plan', ...asked.rest]);
  if (planned.type !== 'exit' || planned.code !== 0) return planned;
  const opened = openPlan(planned.out, facts);
  if (opened.plan === null) return wrong(opened.problem, opened.hint, 70);
  const { files, warnings } = exportPlan(opened.plan, asked.options);
  const err = planned.err + warnings.map((text) => `tandem: warning: ${text}\n`).join('');
  const { output } = asked;
  if (output === null) {
    const head = (name: string): string => (files.length > 1 ? `# --- ${name}\n` : '');
    const out = files.map(({ name, text }) => `${head(name)}${text}`).join('\n');
    return { type: 'exit', code: 0, out, err };
  }
  for (const { name, text } of files) {
    const problem =
      orProblem(() => mkdirSync(output, { recursive: true })).problem ??
      create(join(output, name), text);
    if (problem !== null)
      return wrong(`cannot write ${join(output, name)}: ${problem}`, 'nothing is overwritten', 78);
  }
  return { type: 'exit', code: 0, out: '', err };
}

export const commands: Readonly<Record<string, (facts: Facts, request: Desk) => Outcome>> = {
  export: (facts, { words }) => exportCommand(facts, words),
  import: (_facts, { words }) => ({ type: 'exit', ...importCommand(world, create, words) }),
  init: (_facts, { words }) => ({ type: 'exit', ...initCommand(world, create, words) }),
};
