/** What a process is given besides its command: a user, limits, files, secrets, a terminal. */
import type { PlannedProcess } from '../plan/plan.ts';
import {
  type Decoder,
  describe,
  isKnown,
  note,
  readFlag,
  readList,
  readMap,
  readOneOf,
  readText,
  wrong,
} from './decoder.ts';
import { didYouMean } from './nearest.ts';
import type { Tree } from './tree.ts';

type Draft = { -readonly [Key in keyof PlannedProcess]: PlannedProcess[Key] };
type Reader = (d: Decoder, tree: Tree, path: string, draft: Draft) => void;

/** In the order of Linux's numbers (asm-generic/resource.h). */
export const limitNames = (
  'cpu fsize data stack core rss nproc nofile memlock as locks sigpending msgqueue nice rtprio ' +
  'rttime'
).split(' ');

export const variableName = /^[A-Za-z_]\w*$/;

function readInteger(d: Decoder, key: string, tree: Tree, least: number, most: number) {
  const number = tree.type === 'scalar' && /^-?\d{1,15}$/.test(tree.text) ? Number(tree.text) : NaN;
  if (number >= least && number <= most) return number;
  const needed = `a whole number from ${least} to ${most}`;
  return wrong(d, tree.span, `cannot read \`${key}\`: ${needed} is needed, and ${describe(tree)}`);
}

/** Octal, as chmod and umask have it: `022`, `0o22`. */
function readBits(d: Decoder, key: string, tree: Tree): number | null {
  const match = tree.type === 'scalar' ? /^(?:0o)?([0-7]{1,4})$/.exec(tree.text) : null;
  if (match !== null) return Number.parseInt(match[1] ?? '', 8);
  const needed = 'permission bits in octal such as `022` are needed';
  return wrong(d, tree.span, `cannot read \`${key}\`: ${needed}, and ${describe(tree)}`);
}

function readLimit(d: Decoder, key: string, tree: Tree): number | null {
  if (tree.type === 'scalar' && (tree.text === 'unlimited' || tree.text === '-1')) return -1;
  return readInteger(d, key, tree, 0, Number.MAX_SAFE_INTEGER);
}

const ulimits: Reader = (d, tree, path, draft) => {
  const found: PlannedProcess['limits'][number][] = [];
  for (const { key, value } of readMap(d, 'ulimits', tree) ?? []) {
    const resource = limitNames.indexOf(key.text);
    if (resource < 0) {
      const hint = didYouMean(key.text, limitNames) ?? `they are: ${limitNames.join(', ')}`;
      wrong(d, key.span, `cannot limit \`${key.text}\`: there is no such limit`, hint);
      continue;
    }
    note(d, `${path}.${key.text}`, value);
    let soft: number | null = null;
    let hard: number | null = null;
    if (value.type !== 'map') soft = hard = readLimit(d, key.text, value);
    else
      for (const part of value.entries) {
        const keys = { owner: 'a limit', known: ['soft', 'hard'], planned: [], foreign: {} };
        if (!isKnown(d, part.key, keys)) continue;
        const number = readLimit(d, part.key.text, part.value);
        if (part.key.text === 'soft') soft = number;
        else hard = number;
      }
    if (soft === null || hard === null) {
      if (value.type === 'map' && value.entries.length < 2)
        wrong(d, value.span, `cannot limit \`${key.text}\`: \`soft\` and \`hard\` are needed`);
    } else if (hard >= 0 && (soft < 0 || soft > hard))
      wrong(d, value.span, `cannot limit \`${key.text}\`: the soft limit is above the hard one`);
    else found.push({ resource, soft, hard });
  }
  draft.limits = found;
};

const secrets: Reader = (d, tree, path, draft) => {
  draft.secrets = (readMap(d, 'secrets', tree) ?? []).flatMap(({ key, value }) => {
    if (!variableName.test(key.text))
      return (
        wrong(d, key.span, `cannot set \`${key.text}\`: letters, digits and \`_\` make a name`) ??
        []
      );
    note(d, `${path}.${key.text}`, value);
    const file = readText(d, key.text, value);
    return file === null ? [] : [[key.text, file.text] as const];
  });
};

const envFile: Reader = (d, tree, path, draft) => {
  const items = tree.type === 'list' ? tree.items : [tree];
  draft.envFiles = items.flatMap((item, i) => {
    note(d, `${path}.${i}`, item);
    if (item.type !== 'map') {
      const file = readText(d, 'env_file', item);
      return file === null ? [] : [{ path: file.text, required: true }];
    }
    let file: string | null = null;
    let required = true;
    for (const { key, value } of item.entries) {
      const known = ['path', 'required'];
      if (!isKnown(d, key, { owner: '`env_file`', known, planned: [], foreign: {} })) continue;
      if (key.text === 'path') {
        note(d, `${path}.${i}`, value);
        file = readText(d, 'path', value)?.text ?? '';
      } else required = readFlag(d, 'required', value) ?? true;
    }
    if (file === null) wrong(d, item.span, 'cannot read `env_file`: it has no `path`');
    return file === null ? [] : [{ path: file, required }];
  });
};

const files: Reader = (d, tree, path, draft) => {
  draft.files = (readList(d, 'files', tree) ?? []).flatMap((item, i) => {
    let from: string | null = null;
    let to: string | null = null;
    let mode = 0o644;
    for (const { key, value } of readMap(d, 'files', item) ?? []) {
      const known = ['from', 'to', 'mode'];
      const foreign = { source: 'from', src: 'from', target: 'to', dest: 'to', template: 'from' };
      if (!isKnown(d, key, { owner: 'a file', known, planned: [], foreign })) continue;
      note(d, `${path}.${i}.${key.text}`, value);
      if (key.text === 'mode') mode = readBits(d, 'mode', value) ?? mode;
      else if (key.text === 'from') from = readText(d, 'from', value)?.text ?? '';
      else to = readText(d, 'to', value)?.text ?? '';
    }
    if (item.type === 'map' && (from === null || to === null)) {
      const hint = '`{from: nginx.conf.in, to: /tmp/nginx.conf}`';
      wrong(d, item.span, 'cannot render a file: `from` and `to` are needed', hint);
    }
    return from === null || to === null ? [] : [{ from, to, mode }];
  });
};

export const attributeReaders: Readonly<Record<string, Reader>> = {
  env_file: envFile,
  secrets,
  files,
  ulimits,
  user: (d, tree, _path, draft) => {
    draft.user = readText(d, 'user', tree)?.text ?? null;
  },
  umask: (d, tree, _path, draft) => {
    draft.umask = readBits(d, 'umask', tree);
  },
  nice: (d, tree, _path, draft) => {
    draft.nice = readInteger(d, 'nice', tree, -20, 19);
  },
  oom_score_adj: (d, tree, _path, draft) => {
    draft.oomScoreAdj = readInteger(d, 'oom_score_adj', tree, -1000, 1000);
  },
  stdin: (d, tree, _path, draft) => {
    draft.stdin = readOneOf(d, 'stdin', tree, ['null', 'inherit'] as const) ?? 'null';
  },
  tty: (d, tree, _path, draft) => {
    draft.tty = readFlag(d, 'tty', tree) ?? false;
  },
};
