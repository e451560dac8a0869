/**
 * Goal: each cell of the table is the decision that is written here.
 * Method: every state meets every input; the whole table is compared.
 */
import { describe, expect, test } from 'vitest';
import type { BoundProcess } from '../plan/plan.ts';
import { unreachable } from './end.ts';
import { rules, take } from './rules.ts';
import { fresh, type StateName, type Unit } from './state.ts';
import type { Input, InputName, Turn } from './turn.ts';
import { process } from './world.fake.ts';

const states = Object.keys(rules) as readonly StateName[];
const inputs = Object.keys(rules.waiting).sort() as readonly InputName[];

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

function cell(
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
  const told = after.told && !unitIn(state).told ? ' told' : '';
  const at = after.deadlineMs === null ? '' : ` by ${after.deadlineMs}`;
  const alive = after.watchdogAtMs === null ? '' : ` watchdog at ${after.watchdogAtMs}`;
  const again = after.probeAtMs === null ? '' : ` probe at ${after.probeAtMs}`;
  const text = `${after.state === state ? '' : after.state}${ending}${told}${at}${again}${alive}`;
  return [text.trim(), ...acts].filter((one) => one !== '').join(', ') || 'keep';
}

/**
 * `next state, its end, by its deadline, what is asked of the host`; a cell that isn't here can't
 * be reached while host and policy agree (docs/adr/0005). In plan time: now is 1000, the stop's
 * share 2000, the time of a group that nobody told 8500.
 */
const golden: { readonly [State in StateName]: Partial<Record<InputName, string>> } = {
  waiting: {
    kill: 'done never_started told',
    start: 'checking, probe port',
    stop: 'done never_started told',
  },
  checking: {
    kill: 'done never_started told',
    probe_failed: 'spawning, spawn',
    probe_passed: 'done address_in_use',
    probe_void: 'probe port',
    start: 'keep',
    stop: 'done never_started told',
  },
  spawning: {
    deadline: 'keep',
    kill: 'told',
    spawn_failed: 'done spawn_failed',
    spawned: 'up by 241000, probe start',
    start: 'keep',
    stop: 'told by 3000',
  },
  up: {
    deadline: 'stopping not_ready by 9500, 15→main',
    exited: 'done exited',
    extended: 'keep',
    kill: 'killing told, 9→group',
    probe_due: 'probe start',
    probe_failed: 'probe at 1002',
    probe_passed: 'ready probe at 4000',
    probe_void: 'probe at 1000',
    ready_told: 'ready probe at 4000',
    start: 'keep',
    stop: 'stopping told by 3000, 15→main',
    stopping_told: 'keep',
    watchdog: 'watchdog at 6000',
    watchdog_due: 'stopping unhealthy by 9500, 15→main',
    watchdog_triggered: 'stopping unhealthy by 9500, 15→main',
  },
  ready: {
    deadline: 'keep',
    exited: 'done exited',
    extended: 'keep',
    kill: 'killing told, 9→group',
    probe_due: 'probe health',
    probe_failed: 'stopping unhealthy by 9500, 15→main',
    probe_passed: 'probe at 4000',
    probe_void: 'probe at 1000',
    ready_told: 'keep',
    start: 'keep',
    stop: 'stopping told by 3000, 15→main',
    stopping_told: 'keep',
    watchdog: 'watchdog at 6000',
    watchdog_due: 'stopping unhealthy by 9500, 15→main',
    watchdog_triggered: 'stopping unhealthy by 9500, 15→main',
  },
  draining: {
    deadline: 'stopping by 1000, 15→main',
    exited: 'done exited',
    extended: 'keep',
    kill: 'killing, 9→group',
    pre_stop_finished: 'stopping by 1000, 15→main',
    probe_due: 'stopping by 1000, 15→main',
    probe_failed: 'keep',
    probe_passed: 'keep',
    probe_void: 'keep',
    ready_told: 'keep',
    start: 'keep',
    stop: 'by 3000',
    stopping_told: 'keep',
    watchdog: 'keep',
    watchdog_due: 'keep',
    watchdog_triggered: 'keep',
  },
  stopping: {
    deadline: 'killing, 9→group',
    exited: 'done exited',
    extended: 'keep',
    kill: 'killing, 9→group',
    pre_stop_finished: 'keep',
    probe_due: 'keep',
    probe_failed: 'keep',
    probe_passed: 'keep',
    probe_void: 'keep',
    ready_told: 'keep',
    start: 'keep',
    stop: 'by 3000',
    stopping_told: 'keep',
    watchdog: 'keep',
    watchdog_due: 'keep',
    watchdog_triggered: 'keep',
  },
  lingering: {
    deadline: 'killing, 9→group',
    extended: 'keep',
    group_ended: 'done',
    kill: 'killing told, 9→group',
    pre_stop_finished: 'keep',
    probe_due: 'keep',
    probe_failed: 'keep',
    probe_passed: 'keep',
    probe_void: 'keep',
    ready_told: 'keep',
    start: 'keep',
    stop: 'told by 3000',
    stopping_told: 'keep',
    watchdog: 'keep',
    watchdog_due: 'keep',
    watchdog_triggered: 'keep',
  },
  killing: {
    deadline: 'keep',
    exited: 'done exited',
    extended: 'keep',
    group_ended: 'done left_behind',
    kill: 'keep',
    pre_stop_finished: 'keep',
    probe_due: 'keep',
    probe_failed: 'keep',
    probe_passed: 'keep',
    probe_void: 'keep',
    ready_told: 'keep',
    start: 'keep',
    stop: 'keep',
    stopping_told: 'keep',
    watchdog: 'keep',
    watchdog_due: 'keep',
    watchdog_triggered: 'keep',
  },
  backoff: {
    deadline: 'checking, probe port',
    kill: 'done told',
    pre_stop_finished: 'keep',
    probe_due: 'keep',
    probe_failed: 'keep',
    probe_passed: 'keep',
    probe_void: 'keep',
    start: 'keep',
    stop: 'done told',
  },
  done: {
    deadline: 'keep',
    group_ended: 'keep',
    kill: 'keep',
    pre_stop_finished: 'keep',
    probe_due: 'keep',
    probe_failed: 'keep',
    probe_passed: 'keep',
    probe_void: 'keep',
    start: 'keep',
    stop: 'keep',
  },
};

/** Cells whose decision hangs on more than the state. */
const variants: readonly (readonly [StateName, InputName, Partial<Input>, string])[] = [
  ['up', 'exited', { groupAlive: true }, 'lingering exited by 9500, 15→group'],
  ['ready', 'exited', { groupAlive: true }, 'lingering exited by 9500, 15→group'],
  ['stopping', 'exited', { groupAlive: true }, 'lingering exited, 15→group'],
  ['killing', 'exited', { groupAlive: true }, 'exited, 9→group'],
  ['ready', 'stop', { graceMs: null }, 'stopping told, 15→main'],
  ['spawning', 'stop', { graceMs: 0 }, 'told by 1000'],
];

describe('the table', () => {
  test('has a row for every state and a cell for every input', () => {
    expect(states).toHaveLength(11);
    for (const state of states) expect(Object.keys(rules[state]).sort()).toEqual(inputs);
  });

  test('says in each cell what is written here', () => {
    const table = Object.fromEntries(
      states.map((state) => [state, Object.fromEntries(inputs.map((i) => [i, cell(state, i)]))]),
    );
    const wanted = Object.fromEntries(
      states.map((state) => [
        state,
        Object.fromEntries(inputs.map((i) => [i, golden[state][i] ?? 'never'])),
      ]),
    );
    expect(table).toEqual(wanted);
  });

  test.each(variants)('%s meets %s with %o: %s', (state, input, given, wanted) => {
    expect(cell(state, input, given)).toBe(wanted);
  });
});
