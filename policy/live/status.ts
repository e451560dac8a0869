/** `tandem status`: once, or again and again in place. */
import { refusal } from './refusal.ts';
import { type Status, table } from './table.ts';
import {
  fieldsOf,
  isResize,
  matter,
  over,
  quiet,
  type Said,
  type Size,
  type Talk,
} from './talk.ts';

export type StatusOptions = {
  readonly json: boolean;
  readonly watch: boolean;
  readonly colour: boolean;
};

const everyMs = 1000;
const csi = '\u001b[';
/** A screen of its own, without a cursor; leaving it brings back what was there. */
const enter = `${csi}?1049h${csi}?25l`;
const leave = `${csi}?25h${csi}?1049l`;

/** In place: each line over the one that was there, and nothing of the old ones below. */
function screen(lines: readonly string[], { rows }: Size): string {
  const shown = lines.slice(0, Math.max(1, rows - 1));
  const more = lines.length - shown.length;
  const text = shown.map((line) => `${line}${csi}K\n`).join('');
  const rest = more > 0 ? `and ${more} more${csi}K` : '';
  return `${csi}H${text}${rest}${csi}J`;
}

export function status(paths: readonly string[], options: StatusOptions): Talk {
  const { json, watch, colour } = options;
  let before: Status | null = null;
  let now: Status | null = null;
  const ask = { ask: 'status' };
  const draw = (size: Size, first: boolean): string => {
    if (now === null) return '';
    if (!watch || size.columns === 0) {
      const lines = table(now, before, size.columns, colour).join('\n');
      return `${first ? '' : '\n'}${lines}\n`;
    }
    return screen(table(now, before, size.columns, colour), size);
  };
  const talk = matter(paths, ask, (heard, size): Said => {
    if (heard.type === 'due') return { ...quiet, ask: JSON.stringify(ask) };
    if (heard.type !== 'line')
      return { ...quiet, out: isResize(heard) ? draw(size, true) : '', wakeInMs: everyMs };
    const no = refusal(heard.text);
    if (no !== null) return no;
    if (json) {
      const out = `${heard.text}\n`;
      return watch ? { ...quiet, out, wakeInMs: everyMs } : over(0, out);
    }
    const first = now === null;
    before = now;
    now = fieldsOf(heard.text) as unknown as Status;
    const out = draw(size, first);
    return watch ? { ...quiet, out, wakeInMs: everyMs } : over(0, out);
  });
  if (!watch) return talk;
  // Leaving is how a watch ends; so is the end of what is watched.
  const hear: Talk['hear'] = (heard, size) => {
    if (heard.type === 'signal' && !isResize(heard)) return over(0);
    if (heard.type === 'end') return over(0, '', 'tandem: the Tandem that was watched has ended\n');
    return talk.hear(heard, size);
  };
  return json ? { ...talk, hear } : { ...talk, hear, enter, leave };
}
