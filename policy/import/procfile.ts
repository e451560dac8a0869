/** A Procfile, which Tandem also runs as it is; carried over it can be given more. */
import { decodeProcfile } from '../config/procfile.ts';
import { addProcess, commandOf, type Draft, newDraft, say } from './draft.ts';

export function importProcfile(text: string, file: string): Draft {
  const draft = newDraft();
  const { plan, issues } = decodeProcfile(text);
  const lineAt = (at: number): number => text.slice(0, at).split('\n').length;
  for (const { span, text: why, hint } of issues)
    draft.problems.push(
      `${file}:${span === null ? 1 : lineAt(span.start)}: ${why}${hint === null ? '' : ` (${hint})`}`,
    );
  for (const one of plan.processes) {
    const { keys, name } = addProcess(draft, one.name);
    keys['command'] = one.shell ? (one.command[0] ?? '') : commandOf(one.command);
    if (one.shell) keys['shell'] = true;
    if (one.oneshot) keys['oneshot'] = true;
    if (one.dependsOn.length > 0) keys['depends_on'] = one.dependsOn.map((need) => need.process);
    const environment = Object.fromEntries(one.environment);
    keys['environment'] = environment;
    const line = text.split('\n').findIndex((raw) => raw.trimStart().startsWith(`${one.name}`)) + 1;
    say(draft, `${file}:${line}`, name, 'carried', `PORT is ${environment['PORT'] ?? ''}`);
  }
  return draft;
}
