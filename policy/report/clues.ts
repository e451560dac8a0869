/**
 * What programs write when they give up, whatever they are written in. The host looks for these in
 * the last lines of a process's stderr, in this order and whatever the case; the lines stay there.
 */
export type Clue =
  | 'address'
  | 'library'
  | 'memory'
  | 'space'
  | 'readonly'
  | 'format'
  | 'permission'
  | 'module'
  | 'command'
  | 'refused';

const said: readonly (readonly [Clue, readonly string[]])[] = [
  ['address', ['address already in use', 'EADDRINUSE', 'connection in use', 'address in use']],
  ['library', ['error while loading shared libraries', 'error loading shared library']],
  ['memory', ['heap out of memory', 'OutOfMemoryError', 'MemoryError', 'cannot allocate memory']],
  ['space', ['no space left on device', 'ENOSPC']],
  ['readonly', ['read-only file system', 'EROFS']],
  ['format', ['exec format error']],
  ['permission', ['permission denied', 'EACCES']],
  ['module', ['ModuleNotFoundError', 'Cannot find module', 'cannot load such file']],
  ['command', [': not found', 'command not found']],
  ['refused', ['connection refused', 'ECONNREFUSED']],
];

const all = said.flatMap(([clue, words]) => words.map((text) => ({ clue, text })));

export const phrases: readonly string[] = all.map(({ text }) => text);

/** The first of them are about a port, whose number may stand in the same line. */
export const portPhrases = all.filter(({ clue }) => clue === 'address').length;

export function clueOf(phrase: number): Clue | null {
  return all[phrase]?.clue ?? null;
}
