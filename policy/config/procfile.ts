/**
 * A Procfile: `name: command` on each line. A line runs directly where it is
 * plain words, and through a shell where it needs more. PORT is given as
 * Procfile users expect: the container's for the first process, 5000 without
 * one, and 100 more for each process after it.
 *
 * `release` is Heroku's word for what has to finish before the others start: a
 * migration. It serves nothing, so the ports are counted without it.
 */
import { emptyPlan, newProcess, takenNames } from '../plan/defaults.ts';
import type { Plan, PlannedProcess } from '../plan/plan.ts';
import { stopSignalOf } from '../plan/stop-signal.ts';
import type { Decoded } from './decode.ts';
import { type Decoder, wrong } from './decoder.ts';
import { splitWords, type Word } from './words.ts';

const basePort = 5000;
const portStep = 100;
const release = 'release';

/** A shell keeps no process of its own in between, where the line is a single command. */
function script(line: string): string {
  const single = !/[;&|(){}]|^\s*(\w+=|cd\b|if\b|for\b|while\b|case\b|exec\b|set\b|\.\s)/.test(
    line,
  );
  return single ? `exec ${line}` : line;
}

type Line = { readonly name: string; readonly command: string; readonly start: number };

function split(words: readonly Word[]): { env: [string, string][]; command: readonly Word[] } {
  const env: [string, string][] = [];
  let at = 0;
  for (; at < words.length; at += 1) {
    const match = /^([A-Za-z_]\w*)=([\s\S]*)$/.exec(words[at]?.text ?? '');
    if (match === null) break;
    env.push([match[1] as string, match[2] as string]);
  }
  return { env, command: words.slice(at) };
}

function toProcess(d: Decoder, line: Line, index: number): PlannedProcess {
  const port = index === 0 ? `\${PORT:-${basePort}}` : `${basePort + portStep * index}`;
  const expand = (name: string): string => (name === 'PORT' ? port : `\${${name}:-}`);
  const { words } = splitWords(line.command, expand);
  const path = `processes.${line.name}`;
  const base = newProcess(line.name);
  const end = line.start + line.command.length;
  d.places.set(path, { start: line.start, end, literal: false });
  const { env, command } = split(words ?? []);
  if (words === null || command.length === 0) {
    d.places.set(`${path}.command.0`, { start: line.start, end, literal: false });
    const environment = [['PORT', port] as const];
    const text = script(line.command);
    return { ...base, shell: true, stopTarget: 'group', command: [text], environment };
  }
  command.forEach((word, i) => {
    const { start, end: to, literal } = word;
    const place = { start: line.start + start, end: line.start + to, literal };
    d.places.set(`${path}.command.${i}`, place);
  });
  const environment = [['PORT', port] as const, ...env];
  const stopSignal = stopSignalOf(command[0]?.text ?? '');
  return { ...base, command: command.map((word) => word.text), environment, stopSignal };
}

/** What is meant to finish does so before anything else starts. */
function releaseFirst(processes: readonly PlannedProcess[]): readonly PlannedProcess[] {
  if (!processes.some((one) => one.name === release)) return processes;
  const dependsOn = [{ process: release, condition: null }];
  return processes.map((one) =>
    one.name === release ? { ...one, oneshot: true } : { ...one, dependsOn },
  );
}

export function decodeProcfile(text: string): Decoded {
  const d: Decoder = { issues: [], places: new Map() };
  const processes: PlannedProcess[] = [];
  let start = 0;
  for (const raw of text.split('\n')) {
    const line = raw.replace(/\r$/, '');
    const span = { start, end: start + line.length };
    const match = /^\s*([A-Za-z][\w-]*)\s*:\s*(.*\S)\s*$/.exec(line);
    const [, name = '', command = ''] = match ?? [];
    if (/^\s*(#|$)/.test(line)) {
      // A comment, or nothing.
    } else if (match === null) wrong(d, span, 'cannot read this line: `name: command` is needed');
    else if (takenNames.includes(name))
      wrong(d, span, `cannot name a process \`${name}\`: that name is taken`);
    else if (processes.some((one) => one.name === name))
      wrong(d, span, `cannot run \`${name}\` twice`, 'give one of them another name');
    else {
      const at = start + line.indexOf(command, line.indexOf(':') + 1);
      const index = processes.filter((one) => one.name !== release).length;
      processes.push(toProcess(d, { name, command, start: at }, index));
    }
    start += raw.length + 1;
  }
  if (processes.length === 0 && d.issues.length === 0)
    wrong(d, { start: 0, end: 0 }, 'cannot run the Procfile: it names no processes');
  const plan: Plan = { ...emptyPlan, processes: releaseFirst(processes) };
  return { plan, issues: d.issues, places: d.places };
}
