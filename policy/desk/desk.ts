/** What a person at a desk asks for; a container that starts loads none of it. */
export { commands, type Shell, shells } from './commands.ts';
export { completion } from './completion.ts';
export { drawGraph, type GraphFormat } from './graph.ts';
export { helpFor } from './help.ts';
export { lint } from './lint.ts';
export { groups } from './reference.ts';
export { schema } from './schema.ts';
export { showBound } from './show.ts';
