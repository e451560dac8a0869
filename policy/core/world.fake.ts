/**
 * A host and a kernel that never were: what could really happen next, given
 * what was asked for. A stream of choices picks among it, so that a failing
 * history shrinks to a short one.
 */
import type { BoundPlan, BoundProcess } from '../plan/plan.ts';
import type { Event, ProbeFor } from './event.ts';
import type { Found } from './found.ts';
import { violations } from './invariants.ts';
import { initial, type State } from './state.ts';
import { type Stepped, step } from './step.ts';
import { checks } from './watch.fake.ts';

type Sim = {
  run: number;
  spawning: boolean;
  main: boolean;
  group: boolean;
  /** The probe that is out, and of which run it asks. */
  probing: { readonly for: ProbeFor; readonly run: number } | null;
  draining: boolean;
  /** KILL was sent, whether or not it reached anybody. */
  killSent: boolean;
  killed: boolean;
  signals: number[];
  /** Spawns that the machine had no room for. */
  crowded: number;
  everSpawned: boolean;
  spawnedAtMs: number;
  everReady: boolean;
  /** Finished with 0. */
  completed: boolean;
  /** It was told for its own failure, not for the stop. */
  failedItself: boolean;
  toldAtMs: number | null;
  lastCode: number;
  /** A person stopped it, and has not started it since. */
  heldDown: boolean;
  /** A person started it, at some time. */
  handed: boolean;
};

export const nothingFound: Found = {
  phrase: null,
  port: null,
  holder: null,
  listens: [],
  oomKilled: false,
  oomKills: null,
  memoryBytes: null,
  program: {
    name: '/bin/app',
    kind: 'elf',
    executable: true,
    interpreter: null,
    interpreterThere: false,
    machine: 62,
    ownMachine: 62,
    nearest: null,
  },
};

export type World = {
  readonly plan: BoundPlan;
  readonly watched: boolean;
  state: State;
  nowMs: number;
  readonly sims: Sim[];
  sweeping: boolean;
  /** The host was asked to look at this one. */
  examining: { readonly process: number; readonly run: number } | null;
  exitCode: number | null;
  stopAskedAtMs: number | null;
  /** When the stop began, whoever began it. */
  stopSinceMs: number | null;
  beganAsked: boolean;
  /** Requests to stop that count: the first, and every INT and QUIT after it. */
  interrupts: number;
  /** Codes of the essential ones among the first that ended unasked; null: none, or not plain. */
  firstCodes: readonly number[] | null;
  anyFailed: boolean;
  anyKill: boolean;
  anyFailedBefore: boolean;
  /** All the time that passed beyond what was asked for: nobody can be blamed for it. */
  napsMs: number;
  readonly history: string[];
};

export function process(given: Partial<BoundProcess> & { readonly name: string }): BoundProcess {
  return {
    oneshot: false,
    essential: true,
    restart: { policy: 'no', max: null },
    needs: [],
    port: null,
    ready: { type: 'start' },
    readyTimeoutMs: 240_000,
    timeoutMs: null,
    health: null,
    preStop: null,
    stopSignal: 15,
    stopGraceMs: null,
    stopTarget: 'main',
    successCodes: [],
    forward: [],
    ...given,
  };
}

export function planOf(...processes: readonly BoundProcess[]): BoundPlan {
  return {
    mode: 'processes',
    init: null,
    stopTimeoutMs: 9000,
    stopDelayMs: 0,
    stopMark: null,
    processes,
  };
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) freeze(inner);
  }
  return value;
}

/** `watched`: what happens to it comes from here alone, so that the checkers can be believed. */
export function newWorld(plan: BoundPlan, pid1 = true, watched = false): World {
  const world: World = {
    plan: freeze(plan),
    watched,
    state: freeze(initial(plan, 1000, { pid1, terminal: false, seed: 7 })),
    nowMs: 1000,
    sims: plan.processes.map(() => ({
      run: 0,
      spawning: false,
      main: false,
      group: false,
      probing: null,
      draining: false,
      killSent: false,
      killed: false,
      signals: [],
      crowded: 0,
      everSpawned: false,
      spawnedAtMs: 0,
      everReady: false,
      completed: false,
      failedItself: false,
      toldAtMs: null,
      lastCode: 0,
      heldDown: false,
      handed: false,
    })),
    sweeping: false,
    examining: null,
    exitCode: null,
    stopAskedAtMs: null,
    stopSinceMs: null,
    beganAsked: false,
    interrupts: 0,
    firstCodes: null,
    anyFailed: false,
    anyKill: false,
    anyFailedBefore: false,
    napsMs: 0,
    history: [],
  };
  deliver(world, []);
  return world;
}

/** What a person beside the machine notes of a batch, before anything is answered. */
function look(world: World, events: readonly Event[]): void {
  const { plan, sims } = world;
  const codes: number[] = [];
  let plain = world.stopAskedAtMs === null && world.stopSinceMs === null;
  for (const event of events) {
    // A stop that began by itself counts as asked for: whoever interrupts it is in a hurry.
    if (world.stopSinceMs !== null && world.interrupts === 0) world.interrupts = 1;
    const first = world.interrupts === 0;
    if (event.type === 'signal_received' && (first ? [2, 3, 15] : [2, 3]).includes(event.signal))
      world.interrupts += 1;
    if (event.type === 'signal_received' && [2, 3, 15].includes(event.signal)) plain = false;
    // By hand everything may end in another way; nothing is claimed from then on.
    if (event.type === 'asked') {
      plain = false;
      world.anyFailed = true;
    }
    if (!('process' in event)) continue;
    const sim = sims[event.process] as Sim;
    const process = plan.processes[event.process] as BoundProcess;
    if (event.type === 'spawned') {
      sim.everSpawned = true;
      sim.spawnedAtMs = world.nowMs;
      if (process.ready.type === 'start' && !process.oneshot) sim.everReady = true;
    }
    if (process.ready.type === 'delay' && sim.main) sim.everReady = true;
    const passed = event.type === 'probe_finished' && event.passed && sim.main;
    const told = event.type === 'ready_told' && event.run === sim.run;
    if (passed || told) sim.everReady = true;
    if (event.type === 'probe_finished' && event.passed && !sim.main) {
      world.anyFailed = true;
      plain = false;
    }
    // A watchdog may run out at any later time.
    const ends = ['spawn_failed', 'watchdog_triggered', 'watchdog'];
    if (ends.includes(event.type)) world.anyFailed = true;
    if (event.type === 'spawn_failed' && event.errno === 'EAGAIN') sim.crowded += 1;
    if (event.type === 'spawn_failed' || event.type === 'watchdog_triggered') plain = false;
    if (event.type !== 'exited') continue;
    const { code, signal } = event;
    const wellAsTold = sim.toldAtMs !== null && (signal === process.stopSignal || code === 0);
    sim.lastCode = wellAsTold ? 0 : signal === 0 ? code : 128 + signal;
    sim.completed = process.oneshot && signal === 0 && code === 0;
    if (sim.toldAtMs === null && !process.oneshot) world.anyFailed = true;
    const counts = process.essential && process.restart.policy === 'no' && !sim.completed;
    if (sim.toldAtMs === null && counts) codes.push(signal === 0 ? code : 128 + signal);
    else plain = plain && !process.essential;
  }
  // Other kinds of ends may come first; where they can, nothing is claimed.
  // Deadlines end runs too; where one may have passed, nothing is claimed.
  const simple =
    world.nowMs < 20_000 &&
    plan.processes.every(
      ({ restart, health, timeoutMs }) =>
        restart.policy === 'no' && health === null && timeoutMs === null,
    );
  if (codes.length > 0 && plain && simple && !world.anyFailedBefore) world.firstCodes ??= codes;
  world.anyFailedBefore ||= world.anyFailed;
}

/** What a person was answered, who stops and starts by hand: those that are down after this step. */
function heard(world: World, { actions }: Stepped): readonly Sim[] {
  const last = new Map<Sim, string>();
  for (const action of actions) {
    if (action.type !== 'answer') continue;
    const { answer, process } = JSON.parse(action.text);
    const sim = world.sims[world.plan.processes.findIndex((one) => one.name === process)];
    if (sim === undefined || answer === 'signal') continue;
    // It is told out of turn, by a person.
    sim.failedItself = true;
    sim.handed ||= answer !== 'stop';
    last.set(sim, answer);
  }
  for (const [sim, answer] of last) if (answer !== 'stop') sim.heldDown = false;
  return [...last].flatMap(([sim, answer]) => (answer === 'stop' ? [sim] : []));
}

/** One batch through the door; throws what an invariant says, or who watches. */
export function deliver(world: World, events: readonly Event[]): Stepped {
  const before = world.state;
  world.history.push(`${world.nowMs}: ${events.map((event) => JSON.stringify(event)).join(' ')}`);
  look(world, events);
  const stepped = step(world.plan, before, { nowMs: world.nowMs, events });
  world.state = freeze(stepped.state);
  if (world.stopSinceMs === null && stepped.state.stop !== null) {
    world.stopSinceMs = stepped.state.stop.sinceMs;
    world.beganAsked = world.stopAskedAtMs !== null;
  }
  const held = heard(world, stepped);
  for (const action of stepped.actions) {
    for (const [name, check] of world.watched ? Object.entries(checks) : []) {
      const broken = check(world, action);
      if (broken !== null)
        throw new Error(
          `${name}: ${broken}\n${world.history.join('\n')}\n  ${JSON.stringify(action)}`,
        );
    }
    world.history.push(`    ${JSON.stringify(action)}`);
    if (action.type === 'exit') {
      if (world.exitCode !== null) throw new Error('a second exit');
      world.exitCode = action.code;
    }
    if (action.type === 'sweep') world.sweeping = true;
    if (action.type === 'examine') {
      if (stepped.actions[0] !== action) throw new Error('looked at after something was asked');
      world.examining = { process: action.process, run: action.run };
    }
    if (!('process' in action) || action.type === 'report' || action.type === 'logs') continue;
    const sim = world.sims[action.process] as Sim;
    if (action.type === 'spawn') {
      if (sim.main || sim.group) throw new Error('a spawn while the run before is there');
      Object.assign(sim, {
        spawning: true,
        killSent: false,
        killed: false,
        draining: false,
        signals: [],
        failedItself: false,
        toldAtMs: null,
      });
      sim.run = action.run;
    } else if (action.type === 'probe') {
      if (sim.probing) throw new Error(`two probes at once for ${action.process}`);
      sim.probing = { for: action.for, run: action.run };
    } else if (action.type === 'pre_stop') {
      // Its process may have ended in the same batch; the answer comes all the same.
      sim.draining = true;
    } else if (action.type === 'signal') {
      sim.signals.push(action.signal);
      world.anyKill ||= action.signal === 9;
      sim.killSent ||= action.signal === 9;
      if (action.wake) sim.toldAtMs ??= world.nowMs;
      if (action.wake && world.stopSinceMs === null) sim.failedItself = true;
      if (action.signal === 9 && sim.group) sim.killed = true;
    }
  }
  for (const sim of held) sim.heldDown = true;
  const begunMs =
    world.stopSinceMs === null ? Infinity : world.stopSinceMs + world.plan.stopDelayMs;
  const idle = !world.sims.some((sim) => sim.main || sim.group || sim.spawning);
  if (world.watched && world.exitCode === null && !world.sweeping && idle && world.nowMs >= begunMs)
    throw new Error(`endsAtOnce: nothing is left to stop\n${world.history.join('\n')}`);
  const broken = violations(world.plan, before, world.nowMs, stepped);
  if (broken.length > 0) throw new Error(`${broken.join('; ')}\n${world.history.join('\n')}`);
  return stepped;
}

function answer(sim: Sim, process: number, passed: boolean, detail: string): Event | null {
  const out = sim.probing;
  sim.probing = null;
  return out && { type: 'probe_finished', process, run: out.run, passed, detail };
}

type Happening = { readonly name: string; readonly happen: () => Event | null };

function exitOf(world: World, index: number, code: number, signal: number, alive: boolean): Event {
  const sim = world.sims[index] as Sim;
  sim.main = false;
  sim.group = alive;
  const { run } = sim;
  return {
    type: 'exited',
    process: index,
    run,
    code,
    signal,
    coreDumped: false,
    groupAlive: alive,
  };
}

/** What the machine owes an answer to; sooner or later each of these happens. */
export function owed(world: World): readonly Happening[] {
  const out: Happening[] = [];
  world.sims.forEach((sim, index) => {
    const ref = { process: index, run: sim.run };
    if (sim.spawning)
      out.push({
        name: 'spawned',
        happen: () => {
          sim.spawning = false;
          sim.main = true;
          sim.group = true;
          return { type: 'spawned', ...ref, pid: 100 + index };
        },
      });
    if (sim.probing)
      out.push({ name: 'probe fails', happen: () => answer(sim, index, false, 'x') });
    if (sim.draining)
      out.push({
        name: 'pre_stop ends',
        happen: () => {
          sim.draining = false;
          return { type: 'pre_stop_finished', ...ref, passed: true, detail: '' };
        },
      });
    if (sim.main && sim.killed)
      out.push({ name: 'dies', happen: () => exitOf(world, index, 0, 9, false) });
    if (!sim.main && sim.group && !sim.spawning && sim.killed)
      out.push({
        name: 'group dies',
        happen: () => {
          sim.group = false;
          return { type: 'group_ended', ...ref };
        },
      });
  });
  const looked = world.examining;
  if (looked !== null)
    out.push({
      name: 'examined',
      happen: () => {
        world.examining = null;
        return { type: 'examined', ...looked, ...nothingFound };
      },
    });
  if (world.sweeping)
    out.push({
      name: 'swept',
      happen: () => {
        world.sweeping = false;
        return { type: 'swept', signalled: 0, killed: 0, left: 0, blind: false };
      },
    });
  return out;
}

/** What may happen besides, and may as well never. */
function possible(world: World, signalled: boolean, deadly: boolean): readonly Happening[] {
  const out: Happening[] = [];
  world.sims.forEach((sim, index) => {
    const ref = { process: index, run: sim.run };
    if (sim.spawning)
      out.push({
        name: 'spawn fails',
        happen: () => {
          sim.spawning = false;
          return { type: 'spawn_failed', ...ref, stage: 'exec', errno: 'ENOENT' };
        },
      });
    if (sim.spawning)
      out.push({
        name: 'no room',
        happen: () => {
          sim.spawning = false;
          return { type: 'spawn_failed', ...ref, stage: 'fork', errno: 'EAGAIN' };
        },
      });
    if (sim.probing && (sim.main || sim.probing.for === 'port'))
      out.push({ name: 'probe passes', happen: () => answer(sim, index, true, '127.0.0.1') });
    if (sim.probing)
      out.push({ name: 'probe hangs', happen: () => answer(sim, index, false, 'ETIMEDOUT') });
    if (sim.main && world.plan.processes[index]?.ready.type === 'word') {
      out.push({ name: 'says ready', happen: () => ({ type: 'ready_told', ...ref }) });
      out.push({ name: 'says stopping', happen: () => ({ type: 'stopping_told', ...ref }) });
      out.push({ name: 'wants time', happen: () => ({ type: 'extended', ...ref, ms: 900 }) });
      out.push({ name: 'lives', happen: () => ({ type: 'watchdog', ...ref, ms: 5000 }) });
      out.push({ name: 'breaks', happen: () => ({ type: 'watchdog_triggered', ...ref }) });
    }
    if (sim.run > 1 && world.plan.processes[index]?.ready.type === 'word')
      out.push({
        name: 'an old word',
        happen: () => ({ type: 'ready_told', process: index, run: sim.run - 1 }),
      });
    if (sim.main && deadly) {
      out.push({ name: 'exits 0', happen: () => exitOf(world, index, 0, 0, false) });
      out.push({ name: 'exits 3', happen: () => exitOf(world, index, 3, 0, false) });
      out.push({ name: 'leaves', happen: () => exitOf(world, index, 0, 0, true) });
      if (sim.signals.includes(15))
        out.push({ name: 'obeys', happen: () => exitOf(world, index, 0, 15, false) });
    }
    if (!sim.main && sim.group && !sim.spawning)
      out.push({
        name: 'group ends',
        happen: () => {
          sim.group = false;
          return { type: 'group_ended', ...ref };
        },
      });
  });
  const hands = ['stop', 'stop', 'start', 'restart', 'signal'];
  // In some worlds nobody lays a hand on anything, so that more can be claimed.
  const handy = world.plan.processes[0]?.stopTarget === 'group';
  const asks =
    handy && deadly
      ? world.plan.processes.flatMap(({ name }) => hands.map((ask) => ({ ask, name })))
      : [];
  const one = asks[(world.history.length * 7) % Math.max(1, asks.length)];
  if (one !== undefined)
    out.push({
      name: `${one.ask} ${one.name} by hand`,
      happen: () => {
        const text = JSON.stringify({ ask: one.ask, process: one.name, signal: 10 });
        return { type: 'asked', client: 1, by: 'line', text };
      },
    });
  for (const signal of signalled ? [15, 2, 3, 20, 18, 1] : [])
    out.push({
      name: `signal ${signal}`,
      happen: () => {
        if ([15, 2, 3].includes(signal)) world.stopAskedAtMs ??= world.nowMs;
        return { type: 'signal_received', signal, sender: 0 };
      },
    });
  return out;
}

/** Lets time pass to the next wake-up, or a part of it, or beyond it. */
function passTime(world: World, choice: number): void {
  const wake = world.state.wakeAtMs;
  const steps = [1, 300, 700, wake === null ? 5 : Math.max(1, wake - world.nowMs)];
  // A sweep answers in the time that it was given, and that is the host's to keep.
  const asked = world.sweeping ? 0 : wake === null ? Infinity : wake - world.nowMs;
  const nap = (steps[choice % steps.length] ?? 1) + (choice % 11 === 0 ? 400 : 0);
  world.nowMs += nap;
  world.napsMs += nap - Math.max(0, Math.min(asked, nap));
}

/** One turn by one choice: some time, and up to three things in one batch. */
export function turn(world: World, choice: number): void {
  if (world.exitCode !== null) return;
  if (choice % 3 === 0) passTime(world, choice >> 4);
  const events: Event[] = [];
  for (let i = 0; i <= choice % 3; i += 1) {
    // Signals are rare, so that a history has time to become one.
    const signalled = (choice >> (2 + 4 * i)) % 16 === 0;
    const deadly = (choice >> (1 + 3 * i)) % 4 === 0;
    const all = [...owed(world), ...owed(world), ...possible(world, signalled, deadly)];
    const picked = all.length === 0 ? null : all[(choice >> (3 + 5 * i)) % all.length]?.happen();
    if (picked) events.push(picked);
  }
  deliver(world, events);
}

/** Only what must happen: answers come, KILL kills, time passes. Ends with the exit. */
export function drain(world: World, most = 2000): void {
  for (let i = 0; i < most && world.exitCode === null; i += 1) {
    const next = owed(world)[0];
    const wake = world.state.wakeAtMs;
    if (next === undefined && wake === null) return;
    if (next === undefined) world.nowMs = Math.max(world.nowMs + 1, wake ?? 0);
    const event = next?.happen() ?? null;
    deliver(world, event === null ? [] : [event]);
  }
}

/** Everybody behaves: answers are good, oneshots finish. Ends when nothing is owed any more. */
export function calm(world: World, most = 500): void {
  for (let i = 0; i < most && world.exitCode === null; i += 1) {
    const events: Event[] = [];
    world.sims.forEach((sim, index) => {
      const ref = { process: index, run: sim.run };
      const plan = world.plan.processes[index];
      const port = sim.probing?.for === 'port';
      if (sim.spawning) {
        Object.assign(sim, { spawning: false, main: true, group: true });
        events.push({ type: 'spawned', ...ref, pid: 100 + index });
      } else if (sim.probing) {
        const out = answer(sim, index, !port, port ? 'ECONNREFUSED' : '127.0.0.1');
        if (out !== null) events.push(out);
      } else if (sim.main && plan?.oneshot) events.push(exitOf(world, index, 0, 0, false));
      else if (sim.main && plan?.ready.type === 'word' && !sim.everReady)
        events.push({ type: 'ready_told', ...ref });
    });
    if (events.length === 0) {
      const wake = world.state.wakeAtMs;
      const allUp = world.sims.every((sim) => sim.everSpawned);
      if (allUp || wake === null) return;
      world.nowMs = Math.max(world.nowMs + 1, wake);
    }
    deliver(world, events);
  }
}
