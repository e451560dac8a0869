/** A plan as a person or a program reads it. */
import type { Bound, Launch } from '../plan/plan.ts';

/** Names that people give to what others must not see. */
const secretName = /PASS|SECRET|TOKEN|CREDENTIAL|PRIVATE|API_?KEY|ACCESS_?KEY|AUTH/i;
/** `scheme://user:password@host` */
const login = /^(\w[\w+.-]*:\/\/[^/@\s:]*:)[^/@\s]+@/;
const hidden = '(redacted)';

function redact(line: string): string {
  const at = line.indexOf('=');
  const [name, value] = [line.slice(0, at), line.slice(at + 1)];
  if (secretName.test(name) && value !== '') return `${name}=${hidden}`;
  return `${name}=${value.replace(login, `$1${hidden}@`)}`;
}

/** What only differs from Tandem's own environment is worth reading. */
function launch(one: Launch, own: readonly string[]) {
  const known = new Set(own);
  const env = one.env.filter((line) => !known.has(line)).map(redact);
  const secrets = one.attributes?.secrets.map(({ name }) => `${name}=${hidden}`) ?? [];
  return { ...one, env: [...env, ...secrets] };
}

/** `--bound`: what the plan becomes here and now. */
export function showBound({ plan, launches }: Bound, own: readonly string[]): string {
  const { processes, ...rest } = plan;
  const all = processes.map((process, i) => {
    const one = launches[i];
    return one === undefined ? process : { ...process, ...launch(one, own) };
  });
  return `${JSON.stringify({ ...rest, processes: all }, null, 2)}\n`;
}
