/** `tandem stop`, `start`, `restart` and `signal`: asked for, and then waited for. */
import { refusal } from './refusal.ts';
import { duration, type ProcessStatus, type Status } from './table.ts';
import { fieldsOf, matter, over, quiet, type Said, type Talk } from './talk.ts';

export type HandOptions = {
  readonly what: 'stop' | 'start' | 'restart';
  readonly name: string;
};

const firstMs = 20;
const mostMs = 250;

/** What came of it; null: it is still on its way. `run`: the one to wait for. */
function outcome(what: HandOptions['what'], one: ProcessStatus, run: number): Said | null {
  const { name, state, last } = one;
  if (what === 'stop')
    return state === 'held' || state === 'done' ? over(0, `${name} is stopped\n`) : null;
  if (state === 'held') return over(1, '', `tandem: ${name} was stopped again, by somebody else\n`);
  if (one.run < run) return null;
  if (state === 'ready')
    return over(0, `${name} is ready after ${duration(one.readyAfterMs ?? 0)}\n`);
  if (state === 'waiting') return over(0, `${name} waits for its turn to start\n`);
  if (state === 'done' && last === 'exited with code 0') return over(0, `${name} has finished\n`);
  if (state !== 'done' && state !== 'backoff') return null;
  return over(1, '', `tandem: ${name} did not become ready: it ${last}\n`);
}

const falling = ['draining', 'stopping', 'lingering', 'killing'];

export function hand(paths: readonly string[], { what, name }: HandOptions): Talk {
  let run: number | null = null;
  let waitMs = firstMs;
  return matter(paths, { ask: what, process: name }, (heard): Said => {
    if (heard.type !== 'line') return { ...quiet, ask: JSON.stringify({ ask: 'status' }) };
    const no = refusal(heard.text, name);
    if (no !== null) return no;
    const fields = fieldsOf(heard.text);
    if (run === null) {
      run = Number(fields['run']) + (falling.includes(String(fields['state'])) ? 1 : 0);
      return { ...quiet, wakeInMs: 0 };
    }
    const { processes } = fields as unknown as Status;
    const one = processes.find((process) => process.name === name);
    const said = one === undefined ? null : outcome(what, one, run);
    waitMs = Math.min(mostMs, waitMs * 1.5);
    return said ?? { ...quiet, wakeInMs: Math.round(waitMs) };
  });
}

export function signal(paths: readonly string[], name: string, number: number): Talk {
  return matter(paths, { ask: 'signal', process: name, signal: number }, (heard): Said => {
    if (heard.type !== 'line') return quiet;
    return refusal(heard.text, name) ?? over(0);
  });
}

/** `tandem probe ready`: 0 or 1, and why, as every probe. */
export function ready(paths: readonly string[], timeoutMs: number): Talk {
  const failed = (why: string): Said => over(1, '', `tandem: the probe failed: ${why}\n`);
  const talk = matter(paths, { ask: 'ready' }, (heard): Said => {
    if (heard.type === 'due') return failed('ETIMEDOUT');
    if (heard.type !== 'line') return quiet;
    const { ready: yes, why } = fieldsOf(heard.text);
    return yes === true ? over(0) : failed(`not ready: ${String(why)}`);
  });
  return { ...talk, wakeInMs: timeoutMs };
}
