/** A tree to a plan. What is wrong is reported; what is right is kept, so that all is said at once. */
import { defaultStopTimeoutMs, emptyPlan, takenNames } from '../plan/defaults.ts';
import { type Plan, type PlannedControl, type PlannedProcess, planVersion } from '../plan/plan.ts';
import type { PlannedFront } from '../plan/planned-front.ts';
import { readFront } from './decode-front.ts';
import { decodeLogs } from './decode-logs.ts';
import { decodeProcess } from './decode-process.ts';
import { type Decoder, isKnown, note, readDuration, readMap, readText, wrong } from './decoder.ts';
import type { Issue, Places } from './issue.ts';
import type { Tree } from './tree.ts';

export type Decoded = {
  readonly plan: Plan;
  readonly issues: readonly Issue[];
  readonly places: Places;
};

const nameForm = /^[A-Za-z][\w-]*$/;

function readProcesses(d: Decoder, tree: Tree): readonly PlannedProcess[] {
  const entries = readMap(d, 'processes', tree) ?? [];
  return entries.map(({ key, value }) => {
    const name = key.text;
    if (takenNames.includes(name))
      wrong(d, key.span, `cannot name a process \`${name}\`: that name is taken`);
    else if (!nameForm.test(name))
      wrong(
        d,
        key.span,
        `cannot name a process \`${name}\`: letters, digits, \`_\` and \`-\` make a name`,
        'it begins with a letter',
      );
    return decodeProcess(d, key, value);
  });
}

export const controlKeys = {
  owner: 'the control socket',
  known: ['path', 'http'],
  planned: [],
  foreign: { socket: 'path', listen: 'http', port: 'http' },
};

/** `off`, a path, or a map. */
function readControl(d: Decoder, tree: Tree): PlannedControl {
  const none = emptyPlan.control;
  if (tree.type !== 'map') {
    note(d, 'control.path', tree);
    const path = readText(d, 'control', tree);
    if (path === null) return none;
    return path.text === 'off' ? { ...none, off: true } : { ...none, path: path.text };
  }
  let control = none;
  for (const { key, value } of tree.entries) {
    if (!isKnown(d, key, controlKeys)) continue;
    note(d, `control.${key.text}`, value);
    const text = readText(d, key.text, value)?.text ?? null;
    if (key.text === 'http') control = { ...control, http: text };
    else if (text === 'off') control = { ...control, off: true };
    else control = { ...control, path: text };
  }
  return control;
}

export const topKeys = {
  owner: 'the file',
  known: ['processes', 'front', 'stop_timeout', 'stop_delay', 'logs', 'control'],
  planned: [],
  foreign: { services: 'processes', programs: 'processes', routes: 'front.routes' },
};

export function decode(tree: Tree | null): Decoded {
  const d: Decoder = { issues: [], places: new Map() };
  let processes: readonly PlannedProcess[] = [];
  let front: PlannedFront | null = null;
  let stopTimeoutMs: Plan['stopTimeoutMs'] = defaultStopTimeoutMs;
  let stopDelayMs: Plan['stopDelayMs'] = 0;
  let logs: Plan['logs'] = null;
  let control = emptyPlan.control;
  const entries = tree === null ? [] : (readMap(d, 'the file', tree) ?? []);
  for (const { key, value } of entries) {
    if (key.text.startsWith('x-') || !isKnown(d, key, topKeys)) continue;
    note(d, key.text, value);
    if (key.text === 'processes') processes = readProcesses(d, value);
    else if (key.text === 'front') front = readFront(d, key, value);
    else if (key.text === 'stop_timeout')
      stopTimeoutMs = readDuration(d, 'stop_timeout', value) ?? stopTimeoutMs;
    else if (key.text === 'stop_delay') stopDelayMs = readDuration(d, 'stop_delay', value) ?? 0;
    else if (key.text === 'control') control = readControl(d, value);
    else logs = decodeLogs(d, value);
  }
  if (processes.length === 0 && front === null && d.issues.length === 0)
    wrong(
      d,
      { start: 0, end: 0 },
      'cannot run the file: it names no processes',
      'begin with `processes:`, a name, and its `command:`',
    );
  const plan: Plan = {
    version: planVersion,
    mode: 'processes',
    stopTimeoutMs,
    stopDelayMs,
    logs,
    control,
    processes,
    front,
  };
  return { plan, issues: d.issues, places: d.places };
}
