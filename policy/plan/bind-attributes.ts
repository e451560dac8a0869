/** Binds what a process is given besides its command, and looks at every file that it names. */
import { parseEnvFile } from '../config/env-file.ts';
import { type Lookup, renderTemplate } from '../config/interpolate.ts';
import { nextStart, planError, type Span } from '../config/issue.ts';
import { absolute, type Binder, type Env, resolve } from './bind.ts';
import type { Attributes, PlannedProcess, User } from './plan.ts';
import { resolveUser } from './user.ts';
import { whyNot } from './why.ts';

/** A file's text, as one more source that problems can point into. */
function readSource(binder: Binder, at: string, path: string, what: string) {
  const file = binder.facts.read(path);
  if (file.error !== null) {
    const text = `cannot read the ${what} \`${path}\`: ${whyNot(file.error)}`;
    binder.issues.push(planError(at, text));
    return null;
  }
  const text = file.value.replace(/^\uFEFF/, '');
  const start = nextStart(binder.sources);
  binder.sources.push({ name: path, text, start, isArguments: false });
  const report = (problem: string, hint: string | null, { start: from, end }: Span): void => {
    const span = { start: start + from, end: start + end };
    binder.issues.push({ ...planError(at, problem, hint), span });
  };
  return { text, report };
}

/** The variables of its env files, the later wins. */
export function envFilesOf(binder: Binder, process: PlannedProcess): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  process.envFiles.forEach(({ path, required }, i) => {
    const at = `processes.${process.name}.env_file.${i}`;
    const file = absolute(binder.base, resolve(binder, at, path));
    if (!required && binder.facts.stat(file).error === 'ENOENT') return;
    const source = readSource(binder, at, file, 'env file');
    if (source === null) return;
    const variable = (name: string): string | null =>
      found.get(name) ?? binder.lookup.variable(name);
    const { entries, problems } = parseEnvFile(source.text, variable);
    for (const { text, hint, part } of problems) source.report(text, hint, part);
    for (const [name, value] of entries) found.set(name, value);
  });
  return found;
}

function userOf(binder: Binder, process: PlannedProcess): User | null {
  if (process.user === null) return null;
  const at = `processes.${process.name}.user`;
  const text = resolve(binder, at, process.user);
  const found = resolveUser(text, binder.facts);
  if (found.problem !== null)
    binder.issues.push(planError(at, `cannot run as \`${text}\`: ${found.problem}`, found.hint));
  const own = binder.facts.uid();
  if (found.user !== null && own !== 0 && found.user.uid !== own) {
    const text2 = `cannot run as \`${text}\`: Tandem runs as user ${own}, and only root may change that`;
    binder.issues.push(planError(at, text2, 'remove `user`, or start the container as root'));
  }
  return found.user;
}

/** Rendered into their places, each whole or not at all. */
function renderFiles(binder: Binder, process: PlannedProcess, env: Env, user: User | null): void {
  const secret = new Set(process.secrets.map(([name]) => name));
  process.files.forEach(({ from, to, mode }, i) => {
    const at = `processes.${process.name}.files.${i}`;
    const source = absolute(binder.base, resolve(binder, `${at}.from`, from));
    const target = absolute(binder.base, resolve(binder, `${at}.to`, to));
    const read = readSource(binder, `${at}.from`, source, 'template');
    if (read === null) return;
    const lookup: Lookup = {
      ...binder.lookup,
      variable: (name) => (secret.has(name) ? null : (env.get(name) ?? null)),
    };
    const { text, problems } = renderTemplate(read.text, lookup);
    for (const { text: problem, hint, part } of problems) {
      const name = read.text.slice(part.start + 2, part.end - 1);
      const hidden = secret.has(name.replace(/:?[-?][\s\S]*$/, ''));
      const why = `cannot render \`\${${name}}\`: it is a secret, which no file of ours may hold`;
      read.report(hidden ? why : problem, hidden ? 'let the program read it itself' : hint, part);
    }
    const folder = target.slice(0, target.lastIndexOf('/')) || '/';
    if (binder.facts.stat(folder).value?.type !== 'directory')
      binder.issues.push(
        planError(`${at}.to`, `cannot write \`${target}\`: there is no folder ${folder}`),
      );
    else if (!binder.dry)
      // Nothing is written while anything is known to be wrong.
      binder.later.push(() => {
        const { error } = binder.facts.write(target, text, mode, user);
        if (error === null) return;
        const hint =
          error === 'EROFS' ? 'mount a writable folder there (docker run --tmpfs)' : null;
        const why = `cannot write \`${target}\`: ${whyNot(error)}`;
        binder.issues.push(planError(`${at}.to`, why, hint));
      });
  });
}

/** null: nothing but its program. */
export function bindAttributes(
  binder: Binder,
  process: PlannedProcess,
  env: Env,
): Attributes | null {
  const user = userOf(binder, process);
  renderFiles(binder, process, env, user);
  const { umask, nice, oomScoreAdj, limits, tty } = process;
  const secrets = process.secrets.map(([name, template]) => {
    const at = `processes.${process.name}.secrets.${name}`;
    const path = absolute(binder.base, resolve(binder, at, template));
    const { value, error } = binder.facts.stat(path);
    if (error !== null || value.type === 'directory') {
      const why = whyNot(error ?? 'EISDIR');
      binder.issues.push(planError(at, `cannot read the secret \`${path}\`: ${why}`));
    }
    return { name, path };
  });
  const none = user === null && umask === null && nice === null && oomScoreAdj === null && !tty;
  if (none && limits.length === 0 && secrets.length === 0) return null;
  return { user, umask, nice, oomScoreAdj, limits, secrets, tty };
}
