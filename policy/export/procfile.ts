/** A Procfile: names and commands, and nothing else. */
import { argvOf, environmentOf, lost, readyOf, type Target, warn } from './model.ts';

/** Stands for a dollar that is one, until it is known how the word is quoted. */
const dollar = '\u0001';

/** A word as a shell reads it, with its variables still to be replaced. */
function quote(word: string): string {
  const plain = word.split(dollar);
  if (/^[\w./:=@%+,${}\u0001-]+$/.test(word)) return plain.join('\\$');
  if (!word.includes('$')) return `'${plain.join('$').replaceAll("'", "'\\''")}'`;
  return `"${plain.map((part) => part.replace(/[\\"`]/g, '\\$&')).join('\\$')}"`;
}

export function toProcfile(target: Target): string {
  const { plan } = target;
  if (plan.front !== null)
    warn(target, 'cannot say `front` in a Procfile: nginx has to be a line of its own');
  const lines = plan.processes.map((process) => {
    lost(target, 'in a Procfile', process, 'working_dir');
    if (process.dependsOn.length > 0 || readyOf(process)?.type === 'http')
      warn(target, `cannot say the order of \`${process.name}\` in a Procfile`);
    if (process.oneshot)
      warn(target, `cannot say \`oneshot\` of \`${process.name}\` in a Procfile: it would restart`);
    const written = (name: string, byDefault: string | null): string =>
      byDefault === null ? `$${name}` : `\${${name}:-${byDefault}}`;
    const argv = argvOf(target, process, written, process.shell ? '$' : dollar);
    // PORT is the reader's to set, one for each line.
    const env = environmentOf(target, process, written, dollar).filter(([name]) => name !== 'PORT');
    const words = process.shell ? (argv[2] ?? '') : argv.map(quote).join(' ');
    const before = env.map(([name, value]) => `${name}=${quote(value)} `).join('');
    const folder = process.workingDir === null ? '' : `cd ${quote(process.workingDir)} && `;
    return `${process.name}: ${folder}${before}${words}\n`;
  });
  return lines.join('');
}
