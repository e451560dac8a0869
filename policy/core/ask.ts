/**
 * What others ask of Tandem itself, over the control socket and over HTTP. A
 * request that acts is given to the table; one that only wants to know is
 * answered when the step has settled.
 */
import type { BoundPlan } from '../plan/plan.ts';
import { metrics, notReady, status } from '../report/status.ts';
import type { Action } from './action.ts';
import type { Event } from './event.ts';
import type { State, Unit } from './state.ts';

type Asked = Extract<Event, { type: 'asked' }>;

/** By hand, and to which process. */
export type Hand =
  | { readonly type: 'stop' | 'start' | 'restart'; readonly process: number }
  | { readonly type: 'signal'; readonly process: number; readonly signal: number };

type Answered = Extract<Action, { type: 'answer' | 'logs' | 'journal' }>;

/** Of what only wants to know, when the step has settled. */
export type Answering = (state: State, nowMs: number) => Answered;
export type Ask =
  | { readonly hand: Hand; readonly answer: null }
  | { readonly hand: null; readonly answer: Answering };

/** The table's word for it. */
export const handInputs = { stop: 'hold', start: 'release', restart: 'restart' } as const;

type Fields = { readonly [key: string]: unknown };

const text = (status: number, words: string, type = 'text/plain; charset=utf-8'): string =>
  `${status} ${words}\r\nContent-Type: ${type}\r\nCache-Control: no-store\r\n`;

function line(client: number, answer: Fields): Answered {
  return { type: 'answer', client, text: JSON.stringify(answer), head: null };
}

export function refused(client: number, error: string, more: Fields = {}): Answered {
  return line(client, { error, ...more });
}

function known(answer: Answering): Ask {
  return { hand: null, answer };
}

function ofHttp(plan: BoundPlan, { client, text: request }: Asked): Ask {
  const [method = '', target = ''] = request.split(' ');
  const path = target.split('?')[0];
  const say = (head: string, body: string): Answered => ({
    type: 'answer',
    client,
    text: body,
    head,
  });
  if (path !== '/ready' && path !== '/live' && path !== '/metrics')
    return known(() => say(text(404, 'Not Found'), 'there are /ready, /live and /metrics\n'));
  if (method !== 'GET' && method !== 'HEAD')
    return known(() =>
      say(`${text(405, 'Method Not Allowed')}Allow: GET, HEAD\r\n`, 'read only\n'),
    );
  if (path === '/live') return known(() => say(text(200, 'OK'), 'alive\n'));
  if (path === '/metrics') {
    const type = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
    return known((state, nowMs) => say(text(200, 'OK', type), metrics(plan, state, nowMs)));
  }
  return known((state) => {
    const why = notReady(plan, state);
    if (why === null) return say(text(200, 'OK'), 'ready\n');
    return say(text(503, 'Service Unavailable'), `not ready: ${why}\n`);
  });
}

/** null: it is no JSON object. */
function fieldsOf(request: string): Fields | null {
  try {
    const value: unknown = JSON.parse(request);
    return typeof value === 'object' && value !== null ? (value as Fields) : null;
  } catch {
    return null;
  }
}

const hands = ['stop', 'start', 'restart'] as const;

export function readAsk(plan: BoundPlan, asked: Asked): Ask {
  if (asked.by === 'http') return ofHttp(plan, asked);
  const { client } = asked;
  const fields = fieldsOf(asked.text);
  if (fields === null)
    return known(() => refused(client, 'cannot read the request: a line of JSON is needed'));
  const { ask, process: name, signal } = fields;
  const processes = plan.processes.map((one) => one.name);
  const process = processes.indexOf(typeof name === 'string' ? name : '');
  const nobody = known(() =>
    refused(client, `cannot find a process named \`${String(name)}\``, { processes }),
  );
  switch (ask) {
    case 'status':
      return known((state, nowMs) => {
        return { type: 'answer', client, text: status(plan, state, nowMs), head: null };
      });
    case 'ready':
      return known((state) => {
        const why = notReady(plan, state);
        return line(client, { answer: ask, ready: why === null, why });
      });
    case 'journal':
      return known(() => ({ type: 'journal', client }));
    case 'logs': {
      const all = name === undefined || name === null;
      const follow = fields['follow'] === true;
      if (!all && process < 0) return nobody;
      return known(() => ({ type: 'logs', client, process: all ? null : process, follow }));
    }
    case 'signal':
      if (process < 0) return nobody;
      if (typeof signal !== 'number' || !Number.isInteger(signal) || signal < 1 || signal > 64)
        return known(() =>
          refused(client, 'cannot send the signal: a number from 1 to 64 is needed'),
        );
      return { hand: { type: ask, process, signal }, answer: null };
    default: {
      const hand = hands.find((one) => one === ask);
      if (hand === undefined)
        return known(() =>
          refused(client, `cannot answer \`${String(ask)}\`: there is no such request`),
        );
      return process < 0 ? nobody : { hand: { type: hand, process }, answer: null };
    }
  }
}

const down: readonly Unit['state'][] = [
  'waiting',
  'checking',
  'spawning',
  'backoff',
  'held',
  'done',
];

/** Why it can't be done; null: it can. */
export function whyNotByHand(plan: BoundPlan, state: State, unit: Unit, hand: Hand): string | null {
  const name = plan.processes[hand.process]?.name;
  const cannot = `cannot ${hand.type} \`${name}\``;
  if (hand.type === 'signal')
    return down.includes(unit.state) ? `${cannot}: it does not run (${unit.state})` : null;
  if (state.stop !== null || state.phase !== 'running') return `${cannot}: everything is stopping`;
  if (hand.type === 'stop' && unit.end !== null) return `${cannot}: it has ended`;
  if (hand.type === 'restart' && unit.state === 'waiting')
    return `${cannot}: it waits for its turn to start`;
  return null;
}

export function acted(client: number, plan: BoundPlan, hand: Hand, unit: Unit): Answered {
  const { name } = plan.processes[hand.process] ?? { name: '' };
  return line(client, { answer: hand.type, process: name, state: unit.state, run: unit.run });
}
