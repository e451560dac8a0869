/** The journal of a running Tandem, collected and then handed to what draws it. */
import { refusal } from './refusal.ts';
import { fieldsOf, matter, over, quiet, type Said, type Talk } from './talk.ts';

type Drawn = { readonly code: number; readonly out: string; readonly err: string };

export function journal(paths: readonly string[], draw: (journal: string) => Drawn): Talk {
  const lines: string[] = [];
  return matter(paths, { ask: 'journal' }, (heard): Said => {
    if (heard.type !== 'line') return quiet;
    const no = refusal(heard.text);
    if (no !== null) return no;
    if (fieldsOf(heard.text)['answer'] !== 'journal') {
      lines.push(heard.text);
      return quiet;
    }
    const { code, out, err } = draw(`${lines.join('\n')}\n`);
    return over(code, out, err);
  });
}
