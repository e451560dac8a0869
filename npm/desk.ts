/** The commands that only the npm package has: what they need would not fit into the binary. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { parse } from 'smol-toml';
import type { Request } from '../policy/cli/argv.ts';
import type { Outcome } from '../policy/cli/outcome.ts';
import { parseYaml } from '../policy/config/parse.ts';
import { importCommand } from '../policy/import/command.ts';
import type { World } from '../policy/import/import.ts';
import type { Facts } from '../policy/plan/facts.ts';

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

export const commands: Readonly<Record<string, (facts: Facts, request: Desk) => Outcome>> = {
  import: (_facts, { words }) => ({ type: 'exit', ...importCommand(world, create, words) }),
};
