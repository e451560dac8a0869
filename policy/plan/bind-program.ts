/** Looks for the programs of a plan, and says where one can be had. */
import { planError } from '../config/issue.ts';
import { absolute, type Binder, type Env } from './bind.ts';
import type { Facts } from './facts.ts';

function programsOn(facts: Facts, path: string): readonly string[] {
  return path.split(':').flatMap((dir) => facts.list(dir || '.').value ?? []);
}

export const defaultPath = '/usr/local/bin:/bin:/usr/bin';

function howToGet(name: string): string | null {
  if (name === 'nginx') return 'apt-get install nginx (Debian), or apk add nginx (Alpine)';
  return null;
}

/** A program that isn't there is said before the start. */
export function checkProgram(
  binder: Binder,
  path: string,
  program: string,
  env: Pick<Env, 'get'>,
  cwd: string,
): void {
  const { facts, issues } = binder;
  const dirs = env.get('PATH') ?? defaultPath;
  const file = program.includes('/') ? absolute(cwd, program) : program;
  const found = facts.find(file, dirs);
  if (found.error === null) return;
  if (found.error === 'EACCES') {
    const hint = `chmod +x ${program}`;
    issues.push(planError(path, `cannot run \`${program}\`: it is not executable`, hint));
    return;
  }
  const where = program.includes('/') ? 'there is no such file' : 'it is not on PATH';
  const { didYouMean } = facts.library('words');
  const hint = howToGet(program) ?? didYouMean(program, programsOn(facts, dirs));
  const help = hint ?? (program.includes('/') ? null : `PATH is ${dirs}`);
  issues.push(planError(path, `cannot run \`${program}\`: ${where}`, help));
}
