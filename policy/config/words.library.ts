/** The section of the binary for when something is wrong. */
export { didYouMean } from './nearest.ts';
export { inOrder, locateIssue } from './place.ts';
export { render, renderGithub, renderJson } from './render.ts';
