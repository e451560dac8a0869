/** The section for what needs a file; it carries the parser. */
import { decode } from '../config/decode.ts';
import type { Source } from '../config/issue.ts';
import { parseYaml } from '../config/parse.ts';
import { decodeProcfile } from '../config/procfile.ts';
import type { Facts } from '../plan/facts.ts';
import type { Bound } from '../plan/plan.ts';
import { type Flags, readArgv } from './argv.ts';
import type { Outcome } from './outcome.ts';
import { bindWritten, exit, misconfigured, usage, type Written } from './start.ts';

const names = ['tandem.yaml', 'tandem.json', 'Procfile'] as const;

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function folderOf(facts: Facts, path: string): string {
  const at = path.lastIndexOf('/');
  if (path === '-' || at < 0) return facts.cwd();
  const folder = path.slice(0, at) || '/';
  return folder.startsWith('/') ? folder : `${facts.cwd()}/${folder}`;
}

function why(error: string): string {
  if (error === 'ENOENT') return 'there is no such file';
  if (error === 'EACCES') return 'permission denied';
  if (error === 'EISDIR') return 'it is a directory';
  if (error === 'EFBIG') return 'it is larger than 1 MB';
  return error;
}

function readWritten(path: string, base: string, text: string): Written {
  const name = path === '-' ? 'standard input' : path;
  const source: Source = { name, text, isArguments: false };
  if (/^Procfile/.test(nameOf(path))) return { source, base, ...decodeProcfile(text) };
  const { tree, issues } = parseYaml(text);
  const decoded = decode(tree);
  // Without a tree the file can't be read; that it then names no processes is no news.
  const both = tree === null && issues.length > 0 ? issues : [...issues, ...decoded.issues];
  return { source, base, ...decoded, issues: both };
}

function summary(bound: Bound): string {
  const words = bound.plan.processes.map(({ name, port }) =>
    port === null ? name : `${name} on port ${port}`,
  );
  return words.join(', ');
}

function notFound(facts: Facts): Outcome {
  const hint =
    facts.stat(`${facts.cwd()}/tandem.yml`).error === null
      ? 'there is a tandem.yml: rename it, or tandem -f tandem.yml'
      : 'write one, or give commands: tandem run "nginx -g \'daemon off;\'" "PORT=8081 /srv/app"';
  return usage(
    `cannot run: no ${names.slice(0, -1).join(', no ')} and no Procfile in ${facts.cwd()}`,
    `${hint}\n  see \`tandem help\``,
  );
}

export function main(facts: Facts, argv: readonly string[]): Outcome {
  const request = readArgv(argv);
  if (request.type !== 'file' && request.type !== 'check')
    throw new Error(`this section has no ${request.type}`);
  const flags: Flags = request.flags;
  const found = flags.file ?? names.find((name) => facts.stat(name).error === null) ?? null;
  if (found === null) return notFound(facts);
  const file = facts.read(found);
  if (file.error !== null)
    return misconfigured(`tandem: cannot read ${found}: ${why(file.error)}\n`);
  const text = file.value.replace(/^\uFEFF/, '');
  const { bound, err } = bindWritten(
    facts,
    readWritten(found, folderOf(facts, found), text),
    flags,
  );
  if (bound === null) return misconfigured(err);
  if (request.type === 'check') return exit(0, `${found}: ok: ${summary(bound)}\n`, err);
  const { verbose, journal } = flags;
  return { type: 'supervise', bound, verbose, journal, err };
}
