/**
 * How Node loads a typed configuration: types are taken out of `.ts` files, and `tandem-init` is
 * this very package, wherever it is installed. Functions of both of Node's ways to have hooks.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { transform } from 'sucrase';

type Next = (subject: string, context: object) => unknown;

export function resolve(specifier: string, context: object, next: Next): unknown {
  if (specifier !== 'tandem-init') return next(specifier, context);
  return { url: new URL('./index.mjs', import.meta.url).href, shortCircuit: true };
}

export function load(url: string, context: object, next: Next): unknown {
  if (!/^file:.*\.m?ts$/.test(url)) return next(url, context);
  const path = fileURLToPath(url);
  const { code } = transform(readFileSync(path, 'utf8'), {
    transforms: ['typescript'],
    disableESTransforms: true,
    filePath: path,
  });
  return { format: 'module', source: code, shortCircuit: true };
}
