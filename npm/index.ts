/** What a program imports from `tandem-init`; its types are in index.d.ts. */
import { findBinary } from './binary.ts';

/** Gives the configuration back: it is there for its type. */
export function defineConfig<T>(config: T): T {
  return config;
}

/** The path of the binary for this machine; throws where there is none. */
export function binary(): string {
  const found = findBinary();
  if (found.path === null) throw new Error(`${found.problem}: ${found.hint}`);
  return found.path;
}
