/** What a person at a desk asks for; a container that starts loads none of it. */
export { drawGraph, type GraphFormat } from './graph.ts';
export { lint } from './lint.ts';
export { showBound } from './show.ts';
