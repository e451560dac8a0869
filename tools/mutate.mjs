// Does the simulator see anything? Each of these faults is put into a copy of the policy on
// purpose, and has to be caught. Prints which check caught it; exits 1 when one survives.
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { load } from './sim.mjs';

const root = resolve(import.meta.dirname, '..');
const seeds = 3000;

/** Name, file, what stands there, what stands there instead. */
const mutants = [
  [
    'KILL never comes',
    'core/rules.ts',
    'extended: extend,\n    deadline: kill,',
    'extended: extend,\n    deadline: keep,',
  ],
  [
    'the stop signal is forgotten',
    'core/cells.ts',
    '  signal(unit, plan.stopSignal, plan.stopTarget, turn);\n',
    '',
  ],
  [
    'a group that lingers is forgotten',
    'core/cells.ts',
    'if (!input.groupAlive || turn.isInit)',
    'if (true)',
  ],
  [
    'everything is told at once',
    'core/shutdown.ts',
    'if (stop.level < 2 && !notRunning && isHeld',
    'if (stop.level > 9 && !notRunning && isHeld',
  ],
  [
    'a process starts when its dependency has started',
    'core/settle.ts',
    "return condition === 'started' && unit.state === 'up'",
    "return unit.state === 'up'",
  ],
  [
    'a oneshot that failed counts as completed',
    'core/settle.ts',
    "return ran && endedWell(process, { end: unit.end, told: false }) ? 'met' : 'impossible';",
    "return ran ? 'met' : 'impossible';",
  ],
  [
    'the last end is the cause',
    'core/step.ts',
    '  if (stop === null) {\n    ended.sort',
    '  if (true) {\n    ended.sort',
  ],
  [
    'a non-zero exit becomes 1',
    'core/end.ts',
    'return end.signal === 0 ? end.code : 128 + end.signal;',
    'return end.signal === 0 ? Math.min(end.code, 1) : 128 + end.signal;',
  ],
  [
    'the budget is not kept',
    'core/step.ts',
    'const over = work.nowMs >= stop.endMs - reserveMs;',
    'const over = work.nowMs >= stop.endMs + 5000;',
  ],
  [
    'a restart does not wait for the old group',
    'core/cells.ts',
    '  const ended = said(unit, end, nowMs - unit.startedAtMs, turn);\n',
    '  const ended = said(unit, end, nowMs - unit.startedAtMs, turn);\n  if (ended.failed !== null) return over(ended, end, turn);\n',
  ],
  [
    'something is started during the stop',
    'core/step.ts',
    'function startThose(work: Work): void {\n  if (work.state.stop !== null) return;',
    'function startThose(work: Work): void {',
  ],
  [
    'two probes at once',
    'core/rules.ts',
    'start: keep,\n    stop,\n    kill,\n    spawned: never,\n    spawn_failed: never,\n    exited,\n    group_ended: never,\n    pre_stop_finished: never,\n    probe_passed: isReady,\n    probe_failed: probeLater,',
    'start: keep,\n    stop,\n    kill,\n    spawned: never,\n    spawn_failed: never,\n    exited,\n    group_ended: never,\n    pre_stop_finished: never,\n    probe_passed: probeNow,\n    probe_failed: probeLater,',
  ],
  [
    'an event of an earlier run is believed',
    'core/step.ts',
    'if (work.units[event.process]?.run !== event.run) return;',
    '',
  ],
  [
    'the exit does not wait for all',
    'core/step.ts',
    "work.units.some((unit) => unit.state !== 'done')) return;",
    "work.units.every((unit) => unit.state !== 'done')) return;",
  ],
  [
    'what must not start again does',
    'core/restart.ts',
    "if (policy === 'no' || end.type",
    'if (end.type',
  ],
  [
    'pre_stop takes the time of the stop signal',
    'core/rules.ts',
    '    deadline: drained,',
    '    deadline: kill,',
  ],
  ['a clean stop is not 0', 'core/end.ts', 'if (!unit.told) return false;\n', 'return false;\n'],
  [
    'what was stopped by hand starts again',
    'core/cells.ts',
    "return hand === 'hold' ? hold(unit, turn) : startNow(unit, turn);",
    'return startNow(unit, turn);',
  ],
  [
    'a stop by hand is an end',
    'core/cells.ts',
    '  if (unit.hand !== null && !unit.told && !turn.stopping) return { ...unit, last: end };\n',
    '',
  ],
  [
    'a restart by hand does not wait for the old group',
    'core/cells.ts',
    '  if (!input.groupAlive || turn.isInit)',
    '  if (!input.groupAlive || turn.isInit || unit.hand !== null)',
  ],
  [
    'a stop by hand begins the stop of all',
    'core/cells.ts',
    'return { ...stop({ ...unit, hand }, { graceMs: turn.lingerMs }, turn), told };',
    'return stop({ ...unit, hand }, { graceMs: turn.lingerMs }, turn);',
  ],
  [
    'one that is held down is not ended by the stop',
    'core/rules.ts',
    '    signal: keep,\n    start: keep,\n    stop: notStarted,\n    kill: notStarted,\n    probe_passed: answered,',
    '    signal: keep,\n    start: keep,\n    stop: keep,\n    kill: notStarted,\n    probe_passed: answered,',
  ],
  [
    'the stop delay is forgotten for ever',
    'core/step.ts',
    'if (work.nowMs < stop.beginsAtMs) return;',
    'if (stop.beginsAtMs > stop.sinceMs) return;',
  ],
];

let survived = 0;
for (const [i, [name, file, from, to]] of mutants.entries()) {
  const tree = resolve(root, 'build', 'mutants', `${i}`);
  rmSync(tree, { recursive: true, force: true });
  cpSync(join(root, 'policy'), tree, { recursive: true });
  const path = join(tree, file);
  const text = readFileSync(path, 'utf8');
  if (!text.includes(from)) {
    console.log(`STALE   ${name}: ${file} no longer says what it changes`);
    survived += 1;
    continue;
  }
  writeFileSync(path, text.replace(from, to));
  const { drawHistory, play, nameOf } = await load(tree, `mutant-${i}`);
  let caught = null;
  let seed = 0;
  while (caught === null && seed < seeds) {
    seed += 1;
    caught = play(drawHistory(seed)).broken;
  }
  if (caught === null) survived += 1;
  console.log(
    caught === null ? `SURVIVED ${name}` : `caught   ${name} (seed ${seed}): ${nameOf(caught)}`,
  );
}
console.log(`${mutants.length - survived} of ${mutants.length} caught`);
process.exit(survived ? 1 : 0);
