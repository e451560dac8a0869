/**
 * Goal: what a person asks of one process is done to that process, and is no end.
 * Method: conversations: requests in, actions and answers out.
 */
import { expect, test } from 'vitest';
import type { BoundPlan } from '../plan/plan.ts';
import type { Action } from './action.ts';
import type { Event } from './event.ts';
import { initial, type State } from './state.ts';
import { step } from './step.ts';
import { planOf, process } from './world.fake.ts';

type Talk = { readonly say: (...events: readonly Event[]) => readonly string[] };

function words(action: Action): string {
  switch (action.type) {
    case 'answer':
      return action.head === null ? action.text : `${action.head.split('\r\n')[0]}: ${action.text}`;
    case 'signal':
      return `${action.signal} to ${action.process}`;
    case 'spawn':
      return `spawn ${action.process}#${action.run}`;
    default:
      return action.type;
  }
}

function talk(plan: BoundPlan): Talk {
  const place = { pid1: true, terminal: false, seed: 1 };
  let state: State = initial(plan, 1000, place);
  const say = (...events: readonly Event[]): readonly string[] => {
    const stepped = step(plan, state, { nowMs: 2000, events });
    state = stepped.state;
    return stepped.actions.map(words);
  };
  say();
  return { say };
}

const ask = (fields: object): Event => ({
  type: 'asked',
  client: 5,
  by: 'line',
  text: JSON.stringify(fields),
});
const get = (text: string): Event => ({ type: 'asked', client: 5, by: 'http', text });
const spawned = (index: number, run = 1): Event => ({
  type: 'spawned',
  process: index,
  run,
  pid: 9,
});
const exited = (index: number, signal: number, groupAlive = false): Event => ({
  type: 'exited',
  process: index,
  run: 1,
  code: 0,
  signal,
  coreDumped: false,
  groupAlive,
});
const answered = (answer: string, state: string, run = 1): string =>
  JSON.stringify({ answer, process: 'app', state, run });

const app = process({ name: 'app' });
const web = process({ name: 'web', needs: [{ process: 0, condition: 'ready' }] });

test('a stop by hand is the stop signal, and leaves what depends on it alone', () => {
  const t = talk(planOf(app, web));
  t.say(spawned(0));
  t.say(spawned(1));
  const stop = ask({ ask: 'stop', process: 'app' });
  expect(t.say(stop)).toEqual(['15 to 0', answered('stop', 'stopping')]);
  expect(t.say(exited(0, 15))).toEqual([]);
  expect(t.say(get('GET /ready HTTP'))).toEqual(['503 Service Unavailable: not ready: app\n']);
  expect(t.say(ask({ ask: 'start', process: 'app' }))).toEqual([
    'spawn 0#2',
    answered('start', 'spawning', 2),
  ]);
});

test('nothing ends when all that was left is held down', () => {
  const t = talk(planOf(app));
  t.say(spawned(0));
  t.say(ask({ ask: 'stop', process: 'app' }));
  expect(t.say(exited(0, 15))).toEqual([]);
  expect(t.say({ type: 'signal_received', signal: 15, sender: 0 })).toEqual(['sweep']);
});

test('a restart waits until nothing of the old run is left', () => {
  const t = talk(planOf(app));
  t.say(spawned(0));
  t.say(ask({ ask: 'restart', process: 'app' }));
  expect(t.say(exited(0, 15, true))).toEqual(['15 to 0']);
  expect(t.say({ type: 'group_ended', process: 0, run: 1 })).toEqual(['spawn 0#2']);
});

test('of a stop and a start on its way down the last counts', () => {
  const t = talk(planOf(app));
  t.say(spawned(0));
  t.say(ask({ ask: 'stop', process: 'app' }), ask({ ask: 'start', process: 'app' }));
  expect(t.say(exited(0, 15))).toEqual(['spawn 0#2']);
});

test('one that is held before its turn lets those that need it wait, and not give up', () => {
  const t = talk(planOf(app, web));
  t.say(ask({ ask: 'stop', process: 'app' }));
  expect(t.say(spawned(0))).toEqual(['15 to 0']);
  expect(t.say(exited(0, 15))).toEqual([]);
  t.say(ask({ ask: 'start', process: 'app' }));
  expect(t.say(spawned(0, 2))).toEqual(['spawn 1#1']);
});

test('once everything is stopping, nobody is started', () => {
  const t = talk(planOf(app, web));
  t.say(spawned(0));
  t.say(spawned(1));
  t.say({ type: 'signal_received', signal: 15, sender: 0 });
  for (const word of ['start', 'stop', 'restart'])
    expect(t.say(ask({ ask: word, process: 'app' }))).toEqual([
      JSON.stringify({ error: `cannot ${word} \`app\`: everything is stopping` }),
    ]);
  expect(t.say(get('GET /ready HTTP'))).toEqual(['503 Service Unavailable: not ready: stopping\n']);
  expect(t.say(get('HEAD /live HTTP'))).toEqual(['200 OK: alive\n']);
});

test.each([
  ['GET /x', '404 Not Found'],
  ['POST /ready', '405 Method Not Allowed'],
  ['GET /metrics?a=1', '200 OK'],
])('%s is %s', (request, status) => {
  expect(talk(planOf(app)).say(get(request))[0]?.startsWith(`${status}: `)).toBe(true);
});
