/** One process of a file. Each key has one reader here; adding a key begins here. */
import { newProcess } from '../plan/defaults.ts';
import type { Forward, PlannedProcess } from '../plan/plan.ts';
import { stopSignalOf } from '../plan/stop-signal.ts';
import { attributeReaders, variableName } from './decode-attributes.ts';
import { decodeLogs } from './decode-logs.ts';
import { decodeHealth, decodePreStop, decodeReady } from './decode-probe.ts';
import {
  type Decoder,
  describe,
  isKnown,
  note,
  notePart,
  partOf,
  readDuration,
  readFlag,
  readList,
  readMap,
  readOneOf,
  readPort,
  readText,
  readWhole,
  wrong,
} from './decoder.ts';
import { didYouMean, nearest } from './nearest.ts';
import { parseSignal, signalNames } from './signal.ts';
import { type Entry, isEmpty, type Scalar, type Tree } from './tree.ts';
import { splitWords } from './words.ts';

type Draft = { -readonly [Key in keyof PlannedProcess]: PlannedProcess[Key] };
type Reader = (d: Decoder, tree: Tree, path: string, draft: Draft) => void;

function commandWords(d: Decoder, tree: Scalar, path: string): readonly string[] {
  const { words, problem } = splitWords(tree.text);
  if (words === null) {
    wrong(d, partOf(tree, problem.part), problem.text, problem.hint);
    return [];
  }
  words.forEach((word, i) => {
    notePart(d, `${path}.${i}`, tree, word);
  });
  return words.map((word) => word.text);
}

const command: Reader = (d, tree, path, draft) => {
  if (tree.type === 'list' && draft.shell)
    wrong(d, tree.span, 'cannot give a list to a shell: `shell: true` needs one text');
  else if (tree.type === 'list') {
    const items = tree.items.map((item) => (item.type === 'scalar' ? item : null));
    items.forEach((item, i) => {
      if (item === null) readText(d, 'command', tree.items[i] as Tree);
      else note(d, `${path}.${i}`, item);
    });
    draft.command = items.flatMap((item) => (item === null ? [] : [item.text]));
  } else {
    const text = readText(d, 'command', tree);
    if (text === null) return;
    if (draft.shell) {
      note(d, `${path}.0`, text);
      draft.command = [text.text];
    } else draft.command = commandWords(d, text, path);
  }
};

const environment: Reader = (d, tree, path, draft) => {
  const found: [string, string][] = [];
  if (tree.type === 'list') {
    for (const item of tree.items) {
      const text = readText(d, 'environment', item);
      const at = text?.text.indexOf('=') ?? -1;
      if (text === null) continue;
      if (at < 1) wrong(d, text.span, `cannot read \`${text.text}\`: \`NAME=value\` is needed`);
      else {
        const name = text.text.slice(0, at);
        const part = { start: at + 1, end: text.text.length, literal: true };
        notePart(d, `${path}.${name}`, text, part);
        found.push([name, text.text.slice(at + 1)]);
      }
    }
    draft.environment = found;
    return;
  }
  for (const { key, value } of readMap(d, 'environment', tree) ?? []) {
    const name = key.text;
    if (!variableName.test(name))
      wrong(d, key.span, `cannot set \`${name}\`: letters, digits and \`_\` make a name`);
    else if (isEmpty(value))
      wrong(d, key.span, `cannot set \`${name}\`: no value`, `write \`${name}: ""\` for empty`);
    else if (value.type !== 'scalar')
      wrong(d, value.span, `cannot set \`${name}\`: a text is needed, and ${describe(value)}`);
    else {
      note(d, `${path}.${name}`, value);
      found.push([name, value.text]);
    }
  }
  draft.environment = found;
};

const conditions = ['started', 'ready', 'completed'] as const;
/** Compose's names for the same. */
const composeConditions: Readonly<Record<string, (typeof conditions)[number]>> = {
  service_started: 'started',
  service_healthy: 'ready',
  service_completed_successfully: 'completed',
};

function readCondition(d: Decoder, tree: Tree): (typeof conditions)[number] | null {
  const text = tree.type === 'scalar' ? tree.text : '';
  return composeConditions[text] ?? readOneOf(d, 'condition', tree, conditions);
}

const dependsOn: Reader = (d, tree, path, draft) => {
  const found: PlannedProcess['dependsOn'][number][] = [];
  const add = (at: Scalar, condition: (typeof conditions)[number] | null): void => {
    note(d, `${path}.${found.length}`, at);
    found.push({ process: at.text, condition });
  };
  if (tree.type === 'map')
    for (const { key, value } of tree.entries) {
      const entries = readMap(d, key.text, value) ?? [];
      let condition: (typeof conditions)[number] | null = null;
      let good = true;
      for (const entry of entries) {
        const keys = { owner: 'a dependency', known: ['condition'], planned: [], foreign: {} };
        if (!isKnown(d, entry.key, keys)) continue;
        condition = readCondition(d, entry.value);
        good = condition !== null;
      }
      if (good) add(key, condition);
    }
  else
    for (const item of readList(d, 'depends_on', tree) ?? []) {
      const text = readText(d, 'depends_on', item);
      if (text !== null) add(text, null);
    }
  draft.dependsOn = found;
};

const stopSignal: Reader = (d, tree, _path, draft) => {
  const text = readText(d, 'stop_signal', tree);
  if (text === null) return;
  const signal = parseSignal(text.text);
  if (signal === null) {
    const near = didYouMean(text.text.replace(/^SIG/i, ''), signalNames);
    const hint = near ?? 'a name such as TERM, INT or QUIT, or a number';
    wrong(d, tree.span, `cannot stop with \`${text.text}\`: there is no such signal`, hint);
  } else draft.stopSignal = signal;
};

/** `no`, `on-failure`, `on-failure:3`, `always`, and Compose's `unless-stopped`, which is that. */
const restart: Reader = (d, tree, _path, draft) => {
  const text = tree.type === 'scalar' ? tree.text : '';
  const match = /^(no|on-failure|always|unless-stopped)(?::(\d{1,6}))?$/.exec(text);
  const policy = match?.[1];
  if (policy === undefined || (match?.[2] !== undefined && policy !== 'on-failure')) {
    const known = ['no', 'on-failure', 'always', 'unless-stopped'];
    const hint = didYouMean(text, known) ?? '`on-failure:3` limits the failures in a row';
    wrong(
      d,
      tree.span,
      `cannot read \`restart\`: ${describe(tree)}, not ${known.join(', ')}`,
      hint,
    );
    return;
  }
  const max = match?.[2] === undefined ? null : Number(match[2]);
  const known = policy === 'no' || policy === 'on-failure' ? policy : 'always';
  draft.restart = { policy: known, max };
};

function readSignal(d: Decoder, tree: Tree): number | null {
  const text = readText(d, 'forward', tree);
  if (text === null) return null;
  const signal = parseSignal(text.text);
  if (signal !== null) return signal;
  const near = didYouMean(text.text.replace(/^SIG/i, ''), signalNames);
  return wrong(d, tree.span, `cannot pass on \`${text.text}\`: there is no such signal`, near);
}

/** Signals that mean something to Tandem itself, or can't be received. */
const ownSignals = [2, 3, 9, 15, 17, 18, 19, 20, 30, 37];

/** `[HUP, USR1]`, or `{HUP: USR2}`. */
const forward: Reader = (d, tree, _path, draft) => {
  const found: Forward[] = [];
  const add = (from: Tree, to: Tree): void => {
    const numbers = [readSignal(d, from), readSignal(d, to)] as const;
    if (numbers[0] === null || numbers[1] === null) return;
    if (ownSignals.includes(numbers[0])) {
      const name = from.type === 'scalar' ? from.text : '';
      wrong(d, from.span, `cannot pass on \`${name}\`: Tandem acts on it itself`);
    } else found.push({ from: numbers[0], to: numbers[1] });
  };
  if (tree.type === 'map') for (const { key, value } of tree.entries) add(key, value);
  else for (const item of readList(d, 'forward', tree) ?? []) add(item, item);
  draft.forward = found;
};

const successCodes: Reader = (d, tree, _path, draft) => {
  const items = readList(d, 'success_codes', tree) ?? [];
  draft.successCodes = items.flatMap((item) => {
    const code = readWhole(d, 'success_codes', item, 255);
    return code === null ? [] : [code];
  });
};

const readers: Readonly<Record<string, Reader>> = {
  command,
  // Read before all others, since the command depends on it.
  shell: () => {},
  working_dir: (d, tree, _path, draft) => {
    draft.workingDir = readText(d, 'working_dir', tree)?.text ?? null;
  },
  environment,
  port: (d, tree, _path, draft) => {
    draft.port = readPort(d, 'port', tree);
  },
  oneshot: (d, tree, _path, draft) => {
    draft.oneshot = readFlag(d, 'oneshot', tree) ?? false;
  },
  timeout: (d, tree, _path, draft) => {
    draft.timeoutMs = readDuration(d, 'timeout', tree);
  },
  restart,
  ready: (d, tree, path, draft) => {
    draft.ready = decodeReady(d, tree, path);
  },
  healthcheck: (d, tree, path, draft) => {
    draft.healthcheck = decodeHealth(d, tree, path);
  },
  pre_stop: (d, tree, path, draft) => {
    draft.preStop = decodePreStop(d, tree, path);
  },
  forward,
  essential: (d, tree, _path, draft) => {
    draft.essential = readFlag(d, 'essential', tree) ?? true;
  },
  depends_on: dependsOn,
  ready_timeout: (d, tree, _path, draft) => {
    draft.readyTimeoutMs = readDuration(d, 'ready_timeout', tree) ?? draft.readyTimeoutMs;
  },
  stop_signal: stopSignal,
  stop_grace_period: (d, tree, _path, draft) => {
    draft.stopGraceMs = readDuration(d, 'stop_grace_period', tree);
  },
  stop_signal_to: (d, tree, _path, draft) => {
    const known = ['main', 'group'] as const;
    draft.stopTarget = readOneOf(d, 'stop_signal_to', tree, known) ?? draft.stopTarget;
  },
  ...attributeReaders,
  success_codes: successCodes,
  logs: (d, tree, _path, draft) => {
    draft.logs = decodeLogs(d, tree);
  },
};

export const keys = {
  owner: 'a process',
  known: Object.keys(readers),
  planned: [],
  foreign: {
    args: 'command',
    autorestart: 'restart',
    cmd: 'command',
    cwd: 'working_dir',
    directory: 'working_dir',
    dotenv: 'env_file',
    entrypoint: 'command',
    envfile: 'env_file',
    stdin_open: 'stdin: inherit',
    env: 'environment',
    ports: 'port',
    stopsignal: 'stop_signal',
    stopwaitsecs: 'stop_grace_period',
  },
};

export function decodeProcess(d: Decoder, name: Scalar, tree: Tree): PlannedProcess {
  const draft: Draft = { ...newProcess(name.text) };
  const path = `processes.${name.text}`;
  note(d, path, name);
  if (isEmpty(tree)) {
    wrong(d, name.span, `cannot run \`${name.text}\`: it has no \`command\``);
    return draft;
  }
  const entries = readMap(d, name.text, tree);
  if (entries === null) return draft;
  const shell = entries.find((entry) => entry.key.text === 'shell');
  if (shell !== undefined) draft.shell = readFlag(d, 'shell', shell.value) ?? false;
  if (draft.shell) draft.stopTarget = 'group';
  for (const { key, value } of entries) {
    if (!isKnown(d, key, keys)) continue;
    note(d, `${path}.${key.text}`, value);
    readers[key.text]?.(d, value, `${path}.${key.text}`, draft);
  }
  if (!draft.shell && !entries.some(({ key }) => key.text === 'stop_signal'))
    draft.stopSignal = stopSignalOf(draft.command[0] ?? '');
  // A misspelt one has been reported, with the word that was meant.
  const is = ({ key }: Entry): boolean => key.text === 'command';
  const meant = ({ key }: Entry): boolean => nearest(key.text, keys.known) === 'command';
  if (!entries.some(is) && !entries.some(meant))
    wrong(d, name.span, `cannot run \`${name.text}\`: it has no \`command\``);
  return draft;
}
