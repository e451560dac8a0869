/** A supervising section that fails on demand: how the host takes over is tested with it. */
import type { Answer } from '../policy/core/action.ts';
import type { Batch } from '../policy/core/event.ts';
import { type Draw, drawFrom } from '../policy/core/sim.fake.ts';
import { type Options, open as realOpen, step as realStep } from '../policy/core/supervise.ts';
import type { BoundPlan } from '../policy/plan/plan.ts';

const hoard: unknown[] = [];
let draw: Draw = drawFrom(1);

/** The number in the first process's name is the seed of the nonsense. */
export function open(plan: BoundPlan, options: Options): Answer {
  let seed = 0;
  for (const char of plan.processes[0]?.name ?? '')
    if (char >= '0' && char <= '9') seed = seed * 10 + Number(char);
  draw = drawFrom(seed);
  return realOpen(plan, options);
}

const types = ['spawn', 'signal', 'probe', 'pre_stop', 'log', 'sweep', 'dance', '', 7];

function anything(): unknown {
  const all: readonly unknown[] = [
    undefined,
    null,
    0,
    1,
    -1,
    4_294_967_295,
    1e300,
    Number.NaN,
    '',
    'group',
    'port',
    'x'.repeat(draw(100_000)),
    [],
    {},
    [1, 2],
    true,
    () => 1,
    { toString: null },
  ];
  return all[draw(all.length)];
}

function anAction(): unknown {
  if (draw(8) === 0) return anything();
  const action: Record<string, unknown> = { type: types[draw(types.length)] };
  const keys = [
    'process',
    'run',
    'signal',
    'target',
    'wake',
    'for',
    'timeoutMs',
    'text',
    'tail',
    'graceMs',
    'killMs',
  ];
  for (const key of keys) if (draw(3) > 0) action[key] = draw(2) === 0 ? draw(3) : anything();
  return action;
}

function nonsense(): Answer {
  const actions = draw(10) === 0 ? anything() : Array.from({ length: draw(6) }, anAction);
  return { actions, wakeAtMs: draw(2) === 0 ? null : anything() } as unknown as Answer;
}

/** USR1 throws, USR2 never returns, HUP eats memory, WINCH answers nonsense. */
export function step(batch: Batch): Answer {
  // On a busy machine both arrive at once; a stop that is swallowed would be awaited for ever.
  const stops = batch.events.some((one) => one.type === 'signal_received' && one.signal === 15);
  for (const event of batch.events) {
    if (event.type !== 'signal_received') continue;
    if (event.signal === 10) throw new Error('as asked');
    if (event.signal === 12) for (;;) hoard.length = 0;
    if (event.signal === 1) for (;;) hoard.push(new Array(1000).fill(batch));
    if (event.signal === 28 && !stops) return nonsense();
  }
  return realStep(batch);
}
