/** `logs: json`, or `logs: {format: prefix, timestamps: true}`; the same at the top and per process. */
import { logModes, type PlannedLogs } from '../plan/plan.ts';
import { type Decoder, isKnown, readFlag, readMap, readOneOf } from './decoder.ts';
import type { Tree } from './tree.ts';

export const logsKeys = {
  owner: '`logs`',
  known: ['format', 'timestamps'],
  planned: [],
  foreign: { mode: 'format', driver: 'format', time: 'timestamps' },
};

export function decodeLogs(d: Decoder, tree: Tree): PlannedLogs {
  if (tree.type !== 'map')
    return { format: readOneOf(d, 'logs', tree, logModes), timestamps: null };
  let found: PlannedLogs = { format: null, timestamps: null };
  for (const { key, value } of readMap(d, 'logs', tree) ?? []) {
    if (!isKnown(d, key, logsKeys)) continue;
    if (key.text === 'format')
      found = { ...found, format: readOneOf(d, 'format', value, logModes) };
    else found = { ...found, timestamps: readFlag(d, 'timestamps', value) };
  }
  return found;
}
