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

function launch(one: Launch) {
  const env = one.env.filter((line) => line.includes('=')).map(redact);
  const secrets = one.attributes?.secrets.map(({ name }) => `${name}=${hidden}`) ?? [];
  return { ...one, env: [...env, ...secrets] };
}

/** `--bound`: what the plan becomes here and now; `env` is what differs from Tandem's own. */
export function showBound({ plan, launches }: Bound): string {
  const { processes, ...rest } = plan;
  const all = processes.map((process, i) => {
    const one = launches[i];
    return one === undefined ? process : { ...process, ...launch(one) };
  });
  return `${JSON.stringify({ ...rest, processes: all }, null, 2)}\n`;
}
