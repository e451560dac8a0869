/** The section of the binary that holds the front's compiler. */
export { compileFront } from './front.ts';
