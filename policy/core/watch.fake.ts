/**
 * Checkers that read the fake world and not the supervisor's state: what a
 * person standing beside the machine would see. Each is a promise of the page.
 */
import type { Action } from './action.ts';
import type { World } from './world.fake.ts';

type Check = (world: World, action: Action) => string | null;

function isThere(world: World, index: number): boolean {
  const sim = world.sims[index];
  return sim !== undefined && (sim.main || sim.group || sim.spawning);
}

function dependents(world: World, index: number): readonly number[] {
  return world.plan.processes.flatMap((process, i) =>
    process.needs.some((need) => need.process === index) ? [i] : [],
  );
}

const spawnsInOrder: Check = (world, action) => {
  if (action.type !== 'spawn') return null;
  if (world.stopAskedAtMs !== null) return 'something is started after the stop was asked for';
  for (const { process, condition } of world.plan.processes[action.process]?.needs ?? []) {
    const sim = world.sims[process];
    if (sim === undefined || action.run > 1) continue;
    const held = {
      started: sim.everSpawned,
      ready: sim.everReady,
      completed: sim.completed,
    }[condition];
    if (!held) return `process ${action.process} is started before ${process} is ${condition}`;
  }
  return null;
};

const spawnsAlone: Check = (world, action) => {
  if (action.type !== 'spawn') return null;
  const sim = world.sims[action.process];
  return sim?.main || sim?.group ? `two runs of process ${action.process} at once` : null;
};

const startsAgainAsSaid: Check = (world, action) => {
  if (action.type !== 'spawn' || action.run === 1) return null;
  const sim = world.sims[action.process];
  const policy = world.plan.processes[action.process]?.restart.policy;
  if (policy !== 'no' || sim === undefined || sim.handed) return null;
  if (sim.crowded >= action.run - 1) return null;
  return `process ${action.process} is started again, and was not to be`;
};

const staysDown: Check = (world, action) => {
  if (action.type !== 'spawn' || !world.sims[action.process]?.heldDown) return null;
  return `process ${action.process} is started, and a person had stopped it`;
};

/** A person's stop is no end: nothing else is stopped for it, and Tandem stays. */
const staysThere: Check = (world, action) => {
  if (action.type !== 'exit' && action.type !== 'sweep') return null;
  if (world.stopSinceMs !== null || !world.sims.some((sim) => sim.heldDown)) return null;
  return 'everything has ended, and a process was only held down';
};

const toldInOrder: Check = (world, action) => {
  if (action.type !== 'signal' || action.signal === 9 || !action.wake) return null;
  if (world.stopAskedAtMs === null || world.interrupts > 1) return null;
  const sim = world.sims[action.process];
  // One that failed by itself, or whose group lingers, is told out of turn.
  if (sim === undefined || sim.failedItself || !sim.main) return null;
  const above = dependents(world, action.process).find((one) => isThere(world, one));
  if (above === undefined) return null;
  return `process ${action.process} is told while ${above}, which needs it, is there`;
};

const killedLate: Check = (world, action) => {
  if (action.type !== 'signal' || action.signal !== 9) return null;
  const sim = world.sims[action.process];
  const process = world.plan.processes[action.process];
  if (sim === undefined || process === undefined || world.interrupts > 2) return null;
  const budgetMs = world.plan.stopTimeoutMs - 500;
  const since = world.stopSinceMs;
  if (since !== null && world.nowMs - since >= budgetMs) {
    const free = dependents(world, action.process).length === 0;
    const long = world.nowMs - sim.spawnedAtMs > 2000;
    if (sim.toldAtMs === null && sim.main && free && long && !sim.killSent)
      return `the budget ran out, and process ${action.process} was never told`;
    return null;
  }
  if (sim.killed) return null;
  if (sim.toldAtMs === null) return `process ${action.process} is killed and was never told`;
  return null;
};

const endsClean: Check = (world, action) => {
  if (action.type !== 'exit') return null;
  const since = world.stopSinceMs;
  const over = since !== null && world.nowMs - since >= world.plan.stopTimeoutMs;
  const left = world.sims.findIndex((_, index) => isThere(world, index));
  const spared = world.sims.findIndex((sim) => (sim.main || sim.group) && !sim.killSent);
  if (left >= 0 && !over) return `the exit leaves process ${left} behind`;
  return spared >= 0 ? `the exit leaves process ${spared} behind, and KILL was not tried` : null;
};

const endsInTime: Check = (world, action) => {
  if (action.type !== 'exit' || world.stopSinceMs === null) return null;
  const tookMs = world.nowMs - world.stopSinceMs;
  const allowedMs = world.plan.stopTimeoutMs + world.napsMs + 1;
  return tookMs > allowedMs ? `the stop took ${tookMs} ms` : null;
};

/** 0–255 of the first end that nobody had asked for, where the plan makes it plain which that is. */
const tellsTheTruth: Check = (world, action) => {
  if (action.type !== 'exit' || world.firstCodes === null) return null;
  if (world.firstCodes.includes(action.code)) return null;
  return `exit code ${action.code}, and what ended first had ${world.firstCodes.join(' or ')}`;
};

const wellIsNought: Check = (world, action) => {
  if (action.type !== 'exit' || world.stopAskedAtMs === null) return null;
  // Where it had begun by itself, its cause is the code.
  if (!world.beganAsked) return null;
  const quiet =
    !world.anyKill && world.sims.every((sim, i) => sim.lastCode === 0 && !isThere(world, i));
  const plain =
    world.plan.processes.every((one) => one.restart.policy === 'no') &&
    world.sims.every((sim) => !sim.failedItself);
  if (!quiet || !plain || world.firstCodes !== null || world.anyFailed) return null;
  return action.code === 0 ? null : `exit code ${action.code}, and all ended well as asked`;
};

export const checks: Readonly<Record<string, Check>> = {
  spawnsInOrder,
  spawnsAlone,
  startsAgainAsSaid,
  staysDown,
  staysThere,
  toldInOrder,
  killedLate,
  endsClean,
  endsInTime,
  tellsTheTruth,
  wellIsNought,
};
