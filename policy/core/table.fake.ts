/** The table in words: what each state does with each input, for the tests and for docs/STATES.md. */
import type { BoundProcess } from '../plan/plan.ts';
import { unreachable } from './end.ts';
import { rules, take } from './rules.ts';
import { fresh, type StateName, type Unit } from './state.ts';
import type { Input, InputName, Turn } from './turn.ts';
import { process } from './world.fake.ts';

export const states = Object.keys(rules) as readonly StateName[];
export const inputs = Object.keys(rules.waiting).sort() as readonly InputName[];

const asStopped: ReadonlySet<StateName> = new Set(['draining', 'stopping', 'killing']);

const end = { type: 'exited', code: 5, signal: 0, coreDumped: false } as const;

function unitIn(state: StateName): Unit {
  const ended = state === 'done' || state === 'lingering';
  return {
    ...fresh,
    state,
    run: state === 'waiting' ? 0 : 1,
    startedAtMs: 100,
    told: asStopped.has(state),
    killed: state === 'killing',
    end: ended ? end : null,
    failed: state === 'backoff' ? end : null,
    endedAtMs: ended ? 500 : 0,
  };
}

function inputOf(type: InputName): Input {
  switch (type) {
    case 'stop':
      return { type, graceMs: 2000 };
    case 'kill':
      return { type, why: 'asked' };
    case 'spawned':
      return { type, pid: 42 };
    case 'spawn_failed':
      return { type, stage: 'exec', errno: 'ENOENT' };
    case 'exited':
      return { type, code: 3, signal: 0, coreDumped: false, groupAlive: false };
    case 'probe_passed':
      return { type, detail: '127.0.0.1' };
    case 'probe_failed':
      return { type, detail: 'ECONNREFUSED' };
    case 'pre_stop_finished':
      return { type, passed: true, detail: '' };
    case 'extended':
      return { type, ms: 700 };
    case 'watchdog':
      return { type, ms: 5000 };
    case 'signal':
      return { type, signal: 1 };
    case 'hold':
    case 'release':
    case 'restart':
    case 'start':
    case 'group_ended':
    case 'probe_void':
    case 'ready_told':
    case 'stopping_told':
    case 'watchdog_triggered':
    case 'watchdog_due':
    case 'probe_due':
    case 'deadline':
      return { type };
    default:
      return unreachable(type);
  }
}

export function cell(
  state: StateName,
  name: InputName,
  given: Partial<Input> = {},
  about: Partial<BoundProcess> = {},
): string {
  const turn: Turn = {
    process: 0,
    plan: process({
      name: 'app',
      ready: { type: 'probe', port: 8081 },
      health: { intervalMs: 3000, timeoutMs: 400, retries: 1, startPeriodMs: 0 },
      ...about,
    }),
    nowMs: 1000,
    lingerMs: 8500,
    stopping: false,
    seed: 1,
    isInit: false,
    actions: [],
    notes: [],
  };
  const after = take(unitIn(state), { ...inputOf(name), ...given } as Input, turn);
  if (turn.notes.some((one) => one.type === 'anomaly')) return 'never';
  const acts = turn.actions.map((action) =>
    action.type === 'signal'
      ? `${action.signal}→${action.target}`
      : `${action.type}${action.type === 'probe' ? ` ${action.for}` : ''}`,
  );
  const ending = after.end === null || after.end === end ? '' : ` ${after.end.type}`;
  const hand = after.hand === null ? '' : ` then ${after.hand}`;
  const told = after.told && !unitIn(state).told ? ' told' : '';
  const at = after.deadlineMs === null ? '' : ` by ${after.deadlineMs}`;
  const alive = after.watchdogAtMs === null ? '' : ` watchdog at ${after.watchdogAtMs}`;
  const again = after.probeAtMs === null ? '' : ` probe at ${after.probeAtMs}`;
  const text = `${after.state === state ? '' : after.state}${ending}${told}${hand}${at}${again}${alive}`;
  return [text.trim(), ...acts].filter((one) => one !== '').join(', ') || 'keep';
}

/** docs/STATES.md */
export function page(): string {
  const columns = states.map((state) => ` ${state} |`).join('');
  const rows = inputs.map(
    (input) => `| **${input}** |${states.map((state) => ` ${cell(state, input)} |`).join('')}\n`,
  );
  return `# The life of a process

Written by \`npm run states\` from \`policy/core/rules.ts\`, and compared with it by the tests. A column is a state, a row is what happens; the cell says the next state, how it ended, by when something else follows, and what is asked of the host (\`15→main\` is a signal). \`keep\` changes nothing; \`never\` can't happen while host and policy agree, and would be recorded ([ADR 5](adr/0005-a-never-cell-is-recorded.md)).

The process of these examples is asked on its port, has a health check with one retry every 3 s and no restart policy; it is the 1000th millisecond, a stop gives it 2 s, and a group that nobody told has 8.5 s.

| |${columns}
|---|${states.map(() => '---|').join('')}
${rows.join('')}`;
}
