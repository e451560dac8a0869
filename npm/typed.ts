/**
 * `tandem.config.ts`: a program that is run once, at build time; what it exports is written down as
 * the JSON that a tandem.json would hold, and goes on from there as any file does.
 */
import { existsSync } from 'node:fs';
import * as modules from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

export type Typed =
  | { readonly json: string; readonly problem: null }
  | { readonly json: null; readonly problem: string };

/** In this order, where no file is named and there is no tandem.yaml. */
export const typedNames = ['ts', 'mts', 'js', 'mjs'].map((ending) => `tandem.config.${ending}`);

export function isTyped(path: string): boolean {
  return /\.[cm]?[jt]s$/.test(path);
}

type Found = { readonly problems: string[]; readonly inside: Set<object> };

function kindOf(value: unknown): string {
  if (typeof value === 'number') return `${value}`;
  if (typeof value === 'object') return `an instance of ${value?.constructor?.name ?? 'something'}`;
  return `a ${typeof value}`;
}

/** Everything in it that no file can say; JSON would leave it out, or change it, without a word. */
function inspect(found: Found, at: string, value: unknown): void {
  const { problems, inside } = found;
  const name = at === '' ? 'the configuration' : `\`${at}\``;
  if (value === null || ['string', 'boolean', 'undefined'].includes(typeof value)) return;
  if (typeof value === 'number' && Number.isFinite(value)) {
    // 0o27 is 23 by now, and 23 would be read as another mode.
    if (/(^|\.)(umask|mode)$/.test(at))
      problems.push(`cannot read ${name}: bits of a mode are a text here, such as '027'`);
    return;
  }
  const plain =
    Array.isArray(value) ||
    (typeof value === 'object' &&
      [Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null));
  if (!plain) {
    problems.push(`cannot write down ${name}: it is ${kindOf(value)}`);
    return;
  }
  if (inside.has(value as object)) {
    problems.push(`cannot write down ${name}: it contains itself`);
    return;
  }
  inside.add(value as object);
  for (const [key, one] of Object.entries(value as object))
    inspect(found, at === '' ? key : `${at}.${key}`, one);
  inside.delete(value as object);
}

/** Transforms TypeScript for the modules that are loaded from now on. */
async function registerHooks(): Promise<void> {
  const own = modules as unknown as { registerHooks?: (hooks: object) => void };
  if (own.registerHooks !== undefined) own.registerHooks(await import('./hooks.ts'));
  else modules.register(new URL('./hooks.mjs', import.meta.url));
}

let registered = false;

/** Runs the program, and writes down what it exports. */
export async function loadTyped(path: string): Promise<Typed> {
  const failed = (why: string): Typed => ({ json: null, problem: `cannot load ${path}: ${why}` });
  if (!existsSync(path)) return failed('there is no such file');
  if (!registered) await registerHooks();
  registered = true;
  let value: unknown;
  try {
    const module = (await import(pathToFileURL(resolve(path)).href)) as { default?: unknown };
    if (module.default === undefined)
      return failed('it has no default export\n  hint: export default defineConfig({ … })');
    value = await (typeof module.default === 'function'
      ? (module.default as () => unknown)()
      : module.default);
  } catch (error) {
    return failed(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return failed('what it exports is no map of keys');
  const problems: string[] = [];
  inspect({ problems, inside: new Set() }, '', value);
  if (problems.length > 0) return { json: null, problem: problems.join('\ntandem: ') };
  return { json: JSON.stringify(value, null, 2), problem: null };
}
