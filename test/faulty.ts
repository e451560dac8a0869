/** A supervising section that fails on demand: how the host takes over is tested with it. */
import type { Answer } from '../policy/core/action.ts';
import type { Batch } from '../policy/core/event.ts';
import { step as realStep } from '../policy/core/supervise.ts';

export { open } from '../policy/core/supervise.ts';

const hoard: unknown[] = [];

/** USR1 throws, USR2 never returns, HUP eats memory, WINCH answers nonsense. */
export function step(batch: Batch): Answer {
  for (const event of batch.events) {
    if (event.type !== 'signal_received') continue;
    if (event.signal === 10) throw new Error('as asked');
    if (event.signal === 12) for (;;) hoard.length = 0;
    if (event.signal === 1) for (;;) hoard.push(new Array(1000).fill(batch));
    if (event.signal === 28) return { actions: [{ type: 'dance' }] } as unknown as Answer;
  }
  return realStep(batch);
}
