/**
 * Parts of the policy that not every start needs. In the binary each is a
 * section of bytecode that is read when it is first asked for.
 */
import type * as files from '../config/files.ts';
import type { parseYaml } from '../config/parse.ts';
import type * as words from '../config/words.library.ts';
import type * as desk from '../desk/desk.ts';
import type { bindFront } from '../front/bind.ts';
import type * as timeline from '../live/library.ts';
import type * as live from '../live/live.ts';
import type * as attributes from './bind-attributes.ts';

export type Libraries = {
  /** From files to a plan. */
  readonly files: typeof files;
  /** The whole of YAML, and its diagnostics. */
  readonly yaml: { readonly parseYaml: typeof parseYaml };
  /** What is said when something is wrong. */
  readonly words: typeof words;
  readonly attributes: typeof attributes;
  readonly front: { readonly bindFront: typeof bindFront };
  /** What a person at a desk asks for: `check`, `plan`, `graph`, `schema`, `help`. */
  readonly desk: typeof desk;
  readonly timeline: Pick<typeof timeline, 'runTimeline'>;
  /** What asks a running Tandem. */
  readonly live: typeof live;
};
