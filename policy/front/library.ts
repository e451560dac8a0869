/** The section of the binary that holds the front's compiler. */
export { bindFront } from './bind.ts';
