/**
 * Goal: what the supervisor says and asks, in the situations that people meet.
 * Method: conversations through the door, in words; a fake host keeps them causal.
 */
import { describe, expect, test } from 'vitest';
import type { BoundPlan } from '../plan/plan.ts';
import type { Action } from './action.ts';
import type { Event } from './event.ts';
import { initial } from './state.ts';
import { type Stepped, step } from './step.ts';
import { deliver, newWorld, planOf, process, type World } from './world.fake.ts';

const here = { pid1: true, terminal: false, seed: 1 };
const app = process({ name: 'app', ready: { type: 'probe', port: 8081 } });
const front = process({
  name: 'front',
  ready: { type: 'probe', port: 8080 },
  stopSignal: 3,
  needs: [{ process: 0, condition: 'ready' }],
});

function words(plan: BoundPlan, action: Action): string {
  const index = 'process' in action ? action.process : null;
  const name = index === null ? '' : `${plan.processes[index]?.name}`;
  switch (action.type) {
    case 'signal':
      return `${action.signal} to ${name}${action.target === 'group' ? ' and its group' : ''}`;
    case 'exit':
      return `exit ${action.code}`;
    case 'spawn':
    case 'probe':
      return `${action.type} ${name}`;
    default:
      return action.type;
  }
}

type Talk = {
  readonly world: World;
  readonly say: (...events: readonly Event[]) => readonly string[];
  readonly after: (ms: number) => readonly string[];
  readonly last: () => Stepped;
};

function talk(plan: BoundPlan): Talk {
  const world = newWorld(plan);
  let last = step(plan, initial(plan, 1000, here), { nowMs: 1000, events: [] });
  const say = (...events: readonly Event[]): readonly string[] => {
    last = deliver(world, events);
    return last.actions
      .filter((action) => action.type !== 'examine')
      .map((action) => words(plan, action));
  };
  const after = (ms: number): readonly string[] => {
    world.nowMs += ms;
    return say();
  };
  return { world, say, after, last: () => last };
}

const spawned = (process: number): Event => ({ type: 'spawned', process, run: 1, pid: 50 });
const probe = (process: number, passed: boolean, detail = '127.0.0.1'): Event => ({
  type: 'probe_finished',
  process,
  run: 1,
  passed,
  detail,
});
const exited = (process: number, code: number, signal = 0, groupAlive = false): Event => ({
  type: 'exited',
  process,
  run: 1,
  code,
  signal,
  coreDumped: false,
  groupAlive,
});
const signal = (number: number): Event => ({ type: 'signal_received', signal: number, sender: 0 });
const swept: Event = { type: 'swept', signalled: 0, killed: 0, left: 0, blind: false };

/** The test host believes what a conversation says of its processes. */
function alive(world: World, ...processes: readonly number[]): void {
  for (const index of processes) {
    const sim = world.sims[index];
    if (sim) Object.assign(sim, { main: true, group: true, spawning: false, probing: null });
  }
}

/** The first process has been spawned: nobody listened on its port. */
function firstUp(t: Talk): void {
  if (t.world.sims[0]) t.world.sims[0].probing = null;
  t.say(probe(0, false));
  alive(t.world, 0);
  t.say(spawned(0));
}

function bothReady(): Talk {
  const t = talk(planOf(app, front));
  t.world.sims.forEach((sim) => {
    sim.probing = null;
  });
  t.say(probe(0, false));
  alive(t.world, 0);
  t.say(spawned(0));
  alive(t.world, 0);
  t.say(probe(0, true));
  if (t.world.sims[1]) t.world.sims[1].probing = null;
  t.say(probe(1, false));
  alive(t.world, 1);
  t.say(spawned(1));
  alive(t.world, 1);
  t.say(probe(1, true));
  return t;
}

describe('start', () => {
  test('a port is asked first, the process is spawned when nobody answers there', () => {
    const t = talk(planOf(app, front));
    t.world.history.length = 0;
    if (t.world.sims[0]) t.world.sims[0].probing = null;
    expect(t.say(probe(0, false))).toEqual(['spawn app']);
  });

  test('a port that already accepts fails the start as in use, and gives 1', () => {
    const t = talk(planOf(app));
    expect(t.say(probe(0, true))).toEqual(['sweep']);
    expect(t.say(swept)).toEqual(['exit 1']);
    expect(t.world.state.units[0]?.end).toEqual({ type: 'address_in_use', port: 8081 });
  });

  test('the front is asked for only when the app has answered', () => {
    const t = talk(planOf(app, front));
    if (t.world.sims[0]) t.world.sims[0].probing = null;
    expect(t.say(probe(0, false))).toEqual(['spawn app']);
    alive(t.world, 0);
    expect(t.say(spawned(0))).toEqual(['probe app']);
    alive(t.world, 0);
    expect(t.say(probe(0, false))).toEqual([]);
    expect(t.after(2)).toEqual(['probe app']);
    alive(t.world, 0);
    expect(t.say(probe(0, true))).toEqual(['probe front']);
  });

  test('independent processes start in the same step', () => {
    const plan = planOf(process({ name: 'a' }), process({ name: 'b' }));
    const stepped = step(plan, initial(plan, 0, here), { nowMs: 0, events: [] });
    expect(stepped.actions.map((action) => words(plan, action))).toEqual(['spawn a', 'spawn b']);
  });

  test('not ready in its time is a failure of the run, with 124', () => {
    const t = talk(
      planOf(process({ name: 'app', ready: { type: 'probe', port: 8081 }, readyTimeoutMs: 500 })),
    );
    firstUp(t);
    alive(t.world, 0);
    t.say(probe(0, false));
    expect(t.after(2)).toEqual(['probe app']);
    expect(t.after(498)).toEqual(['15 to app']);
    t.say(exited(0, 0, 15));
    expect(t.say(swept)).toEqual(['exit 124']);
  });

  test('a wake-up that comes late moves the deadline by the lateness', () => {
    const t = talk(
      planOf(process({ name: 'app', ready: { type: 'probe', port: 8081 }, readyTimeoutMs: 500 })),
    );
    firstUp(t);
    alive(t.world, 0);
    t.say(probe(0, false));
    // The machine was suspended for a minute; the process had no chance to become ready.
    expect(t.after(60_000)).toEqual(['probe app']);
    expect(t.world.state.units[0]?.state).toBe('up');
  });

  test('after 10 s one line says what is awaited, and again every 30 s', () => {
    const t = talk(planOf(app, front));
    firstUp(t);
    const seen: number[] = [];
    for (let ms = 0; ms < 75_000; ms += 200) {
      if (t.world.sims[0]) t.world.sims[0].probing = null;
      t.world.nowMs += 200;
      const stepped = deliver(t.world, [probe(0, false)]);
      if (stepped.notes.some((note) => note.type === 'awaited')) seen.push(t.world.nowMs);
    }
    expect(seen).toEqual([11_000, 41_000, 71_000]);
  });
});

describe('fail fast', () => {
  test('the first end stops the rest in order, and its code is the exit code', () => {
    const t = bothReady();
    expect(t.say(exited(0, 7))).toEqual(['3 to front']);
    expect(t.say(exited(1, 0))).toEqual(['sweep']);
    expect(t.say(swept)).toEqual(['exit 7']);
  });

  test('what ends later does not change the cause', () => {
    const t = bothReady();
    t.say(exited(1, 3));
    expect(t.say(exited(0, 0, 11))).toEqual(['sweep']);
    expect(t.say(swept)).toEqual(['exit 3']);
  });

  test('of two ends in one batch the deepest dependency is the cause', () => {
    const t = bothReady();
    t.say(exited(1, 5), exited(0, 6));
    expect(t.say(swept)).toEqual(['exit 6']);
  });

  test('of two independent ends in one batch the one that failed is the cause', () => {
    const t = talk(planOf(process({ name: 'a' }), process({ name: 'b' })));
    alive(t.world, 0, 1);
    t.say(spawned(0), spawned(1));
    t.say(exited(0, 0), exited(1, 9));
    expect(t.say(swept)).toEqual(['exit 9']);
  });

  test('a stop request in the same batch comes before an end', () => {
    const t = bothReady();
    t.say(exited(0, 0, 15), signal(15));
    expect(t.world.state.cause).toBeNull();
  });

  test.each([
    [0, 1, 129],
    [0, 9, 137],
    [0, 64, 192],
    [255, 0, 255],
  ])('code %i and signal %i give %i', (code, number, exit) => {
    const t = bothReady();
    t.say(exited(1, code, number));
    t.say(exited(0, 0, 15));
    expect(t.say(swept)).toEqual([`exit ${exit}`]);
  });

  test('one that is not essential may end, and the others go on', () => {
    const t = talk(planOf(process({ name: 'a', essential: false }), process({ name: 'b' })));
    alive(t.world, 0, 1);
    t.say(spawned(0), spawned(1));
    expect(t.say(exited(0, 4))).toEqual([]);
    expect(t.world.state.stop).toBeNull();
  });

  test('when nothing is left, the code is the first that was not well', () => {
    const a = process({ name: 'a', essential: false });
    const t = talk(planOf(a, { ...a, name: 'b' }, { ...a, name: 'c' }));
    alive(t.world, 0, 1, 2);
    t.say(spawned(0), spawned(1), spawned(2));
    t.say(exited(2, 8));
    t.world.nowMs += 5;
    t.say(exited(1, 9));
    expect(t.say(exited(0, 0))).toEqual(['sweep']);
    expect(t.say(swept)).toEqual(['exit 8']);
  });

  test('an essential process that waits for what is gone stops all with its code', () => {
    const helper = process({ name: 'helper', essential: false });
    const web = process({ name: 'web', needs: [{ process: 0, condition: 'ready' }] });
    const t = talk(planOf(helper, web, process({ name: 'other' })));
    t.say({ type: 'spawn_failed', process: 0, run: 1, stage: 'exec', errno: 'ENOENT' });
    expect(t.world.state.units[1]?.end).toEqual({ type: 'cannot_start', because: 0 });
    alive(t.world, 2);
    expect(t.say(spawned(2))).toEqual(['15 to other']);
    t.say(exited(2, 0, 15));
    expect(t.say(swept)).toEqual(['exit 127']);
  });
});

describe('stop', () => {
  test('a stop makes its mark before anybody is told, and once', () => {
    const t = talk({
      ...planOf(process({ name: 'app' })),
      stopMark: '/t/stopping',
      stopDelayMs: 700,
    });
    t.say(spawned(0));
    expect(t.say(signal(15))).toContain('mark');
    expect(t.say(signal(15))).not.toContain('mark');
    expect(t.after(700)).toEqual(['15 to app']);
  });

  test('QUIT to the front, and TERM to the app when the front has ended', () => {
    const t = bothReady();
    expect(t.say(signal(15))).toEqual(['3 to front']);
    expect(t.say(exited(1, 0))).toEqual(['15 to app']);
    expect(t.say(exited(0, 0, 15))).toEqual(['sweep']);
    expect(t.say(swept)).toEqual(['exit 0']);
  });

  test.each([15, 2, 3, 30, 37])('signal %i asks for it', (number) => {
    expect(bothReady().say(signal(number))).toEqual(['3 to front']);
  });

  test('a repeated TERM changes nothing', () => {
    const t = bothReady();
    t.say(signal(15));
    t.world.nowMs += 1000;
    expect(t.say(signal(15))).toEqual([]);
  });

  test('a second INT stops all at once, a third kills', () => {
    const t = bothReady();
    expect(t.say(signal(2))).toEqual(['3 to front']);
    expect(t.say(signal(2))).toEqual([]);
    t.world.nowMs += 300;
    expect(t.say(signal(2))).toEqual(['15 to app']);
    t.world.nowMs += 300;
    expect(t.say(signal(2))).toEqual(['9 to app and its group', '9 to front and its group']);
    t.say(exited(0, 0, 9), exited(1, 0, 9));
    expect(t.say(swept)).toEqual(['exit 137']);
  });

  test('KILL comes after the grace, to the group', () => {
    const t = talk(planOf(process({ name: 'a', stopGraceMs: 700 })));
    alive(t.world, 0);
    t.say(spawned(0));
    t.say(signal(15));
    expect(t.after(699)).toEqual([]);
    expect(t.after(1)).toEqual(['9 to a and its group']);
  });

  test('a group that outlives its main process gets the signal and then KILL', () => {
    const t = talk(planOf(process({ name: 'a', stopGraceMs: 700 })));
    alive(t.world, 0);
    t.say(spawned(0));
    t.say(signal(15));
    t.world.nowMs += 100;
    expect(t.say(exited(0, 0, 0, true))).toEqual(['15 to a and its group']);
    expect(t.after(600)).toEqual(['9 to a and its group']);
    expect(t.say({ type: 'group_ended', process: 0, run: 1 })).toEqual(['sweep']);
  });

  test('the end of the budget kills what is left, and the exit does not wait for it', () => {
    const t = bothReady();
    t.say(signal(15));
    expect(t.after(7500)).toEqual(['9 to front and its group']);
    // Not even KILL helps: it hangs in the kernel.
    expect(t.after(1000)).toEqual(['9 to app and its group']);
    expect(t.after(500)).toEqual(['exit 137']);
  });

  test('a stop before the start ends at once', () => {
    const t = talk(planOf(app, front));
    expect(t.say(signal(15))).toEqual(['sweep']);
    expect(t.say(swept)).toEqual(['exit 0']);
  });

  test('a stop while it is being spawned is carried out when there is something to signal', () => {
    const t = talk(planOf(process({ name: 'a' })));
    expect(t.say(signal(15))).toEqual([]);
    alive(t.world, 0);
    expect(t.say(spawned(0))).toEqual(['15 to a']);
  });

  test.each([
    ['0', { code: 0 }, 0],
    ['its stop signal', { signal: 15 }, 0],
    ['128 and its stop signal', { code: 143 }, 0],
    ['one of its success codes', { code: 42 }, 0],
    ['another code', { code: 5 }, 5],
    ['another signal', { signal: 11 }, 139],
  ])('a requested stop that ends with %s exits as %o says: %i', (_how, end, exit) => {
    const t = talk(planOf(process({ name: 'a', successCodes: [42] })));
    alive(t.world, 0);
    t.say(spawned(0));
    t.say(signal(15));
    const { code = 0, signal: number = 0 } = end as { code?: number; signal?: number };
    t.say(exited(0, code, number));
    expect(t.say(swept)).toEqual([`exit ${exit}`]);
  });
});

describe('init mode', () => {
  const init: BoundPlan = { ...planOf(process({ name: 'cmd' })), mode: 'init' };

  test.each([15, 2, 1, 10, 28, 20])('signal %i goes to the command, and nothing is killed', (n) => {
    const t = talk(init);
    alive(t.world, 0);
    t.say(spawned(0));
    expect(t.say(signal(n))).toEqual([`${n} to cmd`]);
    expect(t.world.state.wakeAtMs).toBeNull();
  });

  test('the code is passed on unchanged after the sweep', () => {
    const t = talk(init);
    alive(t.world, 0);
    t.say(spawned(0));
    expect(t.say(exited(0, 143))).toEqual(['sweep']);
    expect(t.say(swept)).toEqual(['exit 143']);
  });

  test('who is not PID 1 sweeps nothing in init mode', () => {
    const plan = init;
    let state = initial(plan, 0, { ...here, pid1: false });
    const give = (...events: readonly Event[]): readonly string[] => {
      const stepped = step(plan, state, { nowMs: 5, events });
      state = stepped.state;
      return stepped.actions.map((action) => words(plan, action));
    };
    give();
    give(spawned(0));
    expect(give(exited(0, 2))).toEqual(['exit 2']);
  });
});

describe('job control', () => {
  test('TSTP stops all and then Tandem, CONT continues them', () => {
    const t = bothReady();
    expect(t.say(signal(20))).toEqual([
      '19 to app and its group',
      '19 to front and its group',
      'suspend',
    ]);
    expect(t.say(signal(18))).toEqual(['18 to app and its group', '18 to front and its group']);
  });
});
