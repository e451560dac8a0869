/** `tandem logs [-f] [NAME]`: pieces of output, put together to whole lines. */
import { refusal } from './refusal.ts';
import { fieldsOf, matter, over, quiet, type Said, type Talk } from './talk.ts';

export type LogsOptions = { readonly name: string | null; readonly follow: boolean };

/** Longer than this a line is shown in parts. */
const lineMax = 65_536;

export function logs(paths: readonly string[], { name, follow }: LogsOptions): Talk {
  /** What came after the last newline, by process and stream. */
  const begun = new Map<string, string>();
  let any = false;
  let width = 0;
  const shown = (process: string, line: string): string =>
    name === null ? `${process.padEnd(width)} | ${line}\n` : `${line}\n`;
  const take = (process: string, stream: string, text: string): Said => {
    const key = `${process} ${stream}`;
    width = Math.max(width, process.length);
    const lines = `${begun.get(key) ?? ''}${text}`.split('\n');
    const rest = lines.pop() ?? '';
    const whole = rest.length > lineMax ? [...lines, rest] : lines;
    begun.set(key, rest.length > lineMax ? '' : rest);
    const out = whole.map((line) => shown(process, line)).join('');
    return stream === 'stderr' ? { ...quiet, err: out } : { ...quiet, out };
  };
  const flush = (): Said => {
    let said = quiet;
    for (const [key, rest] of begun) {
      const [process = '', stream] = key.split(' ');
      const line = rest === '' ? '' : shown(process, rest);
      said =
        stream === 'stderr' ? { ...said, err: said.err + line } : { ...said, out: said.out + line };
    }
    begun.clear();
    return said;
  };
  const talk = matter(paths, { ask: 'logs', process: name, follow }, (heard): Said => {
    if (heard.type !== 'line') return quiet;
    const no = refusal(heard.text, name);
    if (no !== null) return no;
    const fields = fieldsOf(heard.text);
    if (typeof fields['text'] === 'string') {
      any = true;
      return take(String(fields['process']), String(fields['stream']), fields['text']);
    }
    if (fields['lost'] !== undefined)
      return { ...quiet, err: `tandem: ${fields['lost']} bytes came too fast and are not shown\n` };
    const inherited = fields['inherited'];
    if (Array.isArray(inherited) && inherited.length > 0 && !any && (name !== null || !follow)) {
      const hint = 'start it with --logs prefix, or `logs: prefix` in its file';
      const whose = inherited.join(', ');
      const text = `cannot show the output of ${whose}: it is inherited and does not pass through Tandem`;
      return over(1, '', `tandem: ${text}\n  hint: ${hint}\n`);
    }
    return follow ? quiet : { ...flush(), code: 0 };
  });
  const hear: Talk['hear'] = (heard, size) =>
    heard.type === 'end' && follow ? { ...flush(), code: 0 } : talk.hear(heard, size);
  return { ...talk, hear };
}
