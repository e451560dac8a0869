/** The command line of `tandem import`, under Node. */
import { nearest } from '../config/nearest.ts';
import { fileOf, importFrom, type Kind, kindOf, kinds, reportOf, type World } from './import.ts';

export type Result = { readonly code: number; readonly out: string; readonly err: string };

/** Writes a file that is not there yet; a sentence says why it could not. */
export type Create = (path: string, text: string) => string | null;

type Asked = {
  readonly path: string | null;
  readonly from: string | null;
  readonly output: string | null;
  readonly json: boolean;
  readonly problem: string | null;
};

function read(args: readonly string[]): Asked {
  const rest = [...args];
  let asked: Asked = { path: null, from: null, output: null, json: false, problem: null };
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [flag = '', inline] = word.startsWith('--') ? word.split(/=(.*)/s) : [word];
    if (['--from', '-o', '--output'].includes(flag)) {
      const value = inline ?? rest.shift();
      if (value === undefined)
        return { ...asked, problem: `cannot read \`${flag}\`: a value is missing` };
      asked = flag === '--from' ? { ...asked, from: value } : { ...asked, output: value };
    } else if (flag === '--json') asked = { ...asked, json: true };
    else if (word.startsWith('-') && word !== '-')
      return { ...asked, problem: `cannot use \`${word}\`: \`import\` has no such option` };
    else if (asked.path !== null)
      return { ...asked, problem: `cannot import \`${word}\` too: one file or folder at a time` };
    else asked = { ...asked, path: word };
  }
  return asked;
}

function usage(text: string, hint: string): Result {
  return { code: 64, out: '', err: `tandem: ${text}\n  hint: ${hint}\n` };
}

export function importCommand(world: World, create: Create, args: readonly string[]): Result {
  const { path, from, output, json, problem } = read(args);
  const shape = 'tandem import FILE [--from KIND] [-o tandem.yaml] [--json]';
  if (problem !== null) return usage(problem, shape);
  if (path === null) return usage('cannot import: which file, or which folder?', shape);
  if (from !== null && !(kinds as readonly string[]).includes(from)) {
    const near = nearest(from, kinds);
    return usage(
      `cannot import from \`${from}\``,
      near === null ? `one of ${kinds.join(', ')}` : `did you mean \`${near}\`?`,
    );
  }
  if (world.read(path) === null && world.list(path) === null)
    return {
      code: 78,
      out: '',
      err: `tandem: cannot import \`${path}\`: there is no such file or folder\n`,
    };
  const kind = (from as Kind | null) ?? kindOf(world, path);
  if (kind === null)
    return usage(`cannot tell what \`${path}\` is`, `say it: --from ${kinds.join('|')}`);
  const draft = importFrom(world, kind, path);
  const problems = draft.problems.map((one) => `${one}\n`).join('');
  const code = draft.problems.length > 0 ? 78 : 0;
  const text = draft.processes.length > 0 ? fileOf(draft, path) : '';
  if (json) {
    const { processes, top, said, problems: list } = draft;
    return {
      code,
      out: `${JSON.stringify({ kind, top, processes, said, problems: list }, null, 2)}\n`,
      err: '',
    };
  }
  const report = `${reportOf(draft)}${problems}`;
  if (output === null) return { code, out: text, err: report };
  const refused = text === '' ? null : create(output, text);
  return refused === null
    ? { code, out: '', err: report }
    : { code: 78, out: '', err: `${report}tandem: cannot write \`${output}\`: ${refused}\n` };
}
