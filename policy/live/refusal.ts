/** What is said when a running Tandem does not do what it was asked. */
import { didYouMean } from '../config/nearest.ts';
import { fieldsOf, over, type Said } from './talk.ts';

/** null: it is no refusal. */
export function refusal(line: string, name: string | null = null): Said | null {
  const { error, processes } = fieldsOf(line);
  if (typeof error !== 'string') return null;
  const known = Array.isArray(processes) ? processes.map(String) : [];
  const there = known.length === 0 ? null : `the processes are: ${known.join(', ')}`;
  const hint = name === null ? there : (didYouMean(name, known) ?? there);
  return over(1, '', `tandem: ${error}\n${hint === null ? '' : `  hint: ${hint}\n`}`);
}
