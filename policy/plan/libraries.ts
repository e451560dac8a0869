/**
 * Parts of the policy that not every start needs. In the binary each is a
 * section of bytecode that is read when it is first asked for.
 */
import type { parseYaml } from '../config/parse.ts';
import type * as desk from '../desk/desk.ts';
import type { compileFront } from '../front/front.ts';

export type Libraries = {
  /** The whole of YAML, and its diagnostics. */
  readonly yaml: { readonly parseYaml: typeof parseYaml };
  readonly front: { readonly compileFront: typeof compileFront };
  /** What a person at a desk asks for: `check`, `plan`, `graph`, `schema`, `help`. */
  readonly desk: typeof desk;
};
