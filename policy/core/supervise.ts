/** The supervising section: holds the state between two calls of the host. */
import type { BoundPlan } from '../plan/plan.ts';
import { aboutOf } from '../report/about.ts';
import { lines } from '../report/line.ts';
import { severity } from '../report/severity.ts';
import type { Action, Answer } from './action.ts';
import type { Batch } from './event.ts';
import { initial, type Place, type State } from './state.ts';
import { step as pureStep, type Stepped } from './step.ts';

export type Options = {
  readonly verbose: boolean;
  readonly nowMs: number;
} & Place;

type Held = { readonly plan: BoundPlan; readonly verbose: boolean; readonly state: State };
let held: Held | null = null;

/** Lines come before the exit that ends everything, and after the signals that can't wait. */
function answer(now: Held, stepped: Stepped): Answer {
  held = { ...now, state: stepped.state };
  const said: Action[] = [];
  for (const note of stepped.notes) {
    const told = note.type === 'over' ? aboutOf(now.plan, stepped.state, note) : null;
    if (told !== null) {
      const { process, about } = told;
      said.push({ type: 'report', text: `tandem: ${about.sentence}`, process, about });
    }
    for (const line of lines(now.plan, stepped.state, note, now.verbose))
      said.push({
        type: 'log',
        text: line.text,
        tail: line.tail,
        severity: severity(note, stepped.state.stop !== null),
      });
  }
  const { notes, wakeAtMs } = stepped;
  if (said.length === 0) return { actions: stepped.actions, wakeAtMs, notes };
  const ends = stepped.actions.filter((action) => action.type === 'exit');
  const others = stepped.actions.filter((action) => action.type !== 'exit');
  return { actions: [...others, ...said, ...ends], wakeAtMs, notes };
}

export function open(plan: BoundPlan, options: Options): Answer {
  const { verbose, nowMs } = options;
  const now: Held = { plan, verbose, state: initial(plan, nowMs, options) };
  return answer(now, pureStep(plan, now.state, { nowMs, events: [] }));
}

export function step(batch: Batch): Answer {
  if (held === null) throw new Error('step before open');
  return answer(held, pureStep(held.plan, held.state, batch));
}
