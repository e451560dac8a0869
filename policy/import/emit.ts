/** A draft as a tandem.yaml that a person would have written. */
import type { Draft, Value } from './draft.ts';

/**
 * Plain where YAML of any schema reads the same text: editors and language servers type what
 * Tandem leaves as it is.
 */
const plain = /^[A-Za-z_./][\w./@%+=~${}():;, -]*$/;
const typed = /^(true|false|yes|no|on|off|null|y|n|~)$/i;

function scalar(value: string | number | boolean): string {
  if (typeof value !== 'string') return String(value);
  const bare =
    plain.test(value) && !typed.test(value) && !/: |:$| #|\s$|^\.\d|^[.]?(inf|nan)$/i.test(value);
  return bare ? value : JSON.stringify(value);
}

function isMap(value: Value): value is { readonly [key: string]: Value } {
  return typeof value === 'object' && !Array.isArray(value);
}

function keyOf(key: string): string {
  return /^[A-Za-z_/][\w./*-]*$/.test(key) && !typed.test(key) ? key : JSON.stringify(key);
}

/** Lines of `value` behind `key:`; the first one continues the line of the key. */
function lines(value: Value, indent: string): readonly string[] {
  if (Array.isArray(value)) {
    if (value.length === 0) return [' []'];
    return ['', ...(value as readonly Value[]).flatMap((item) => itemLines(item, indent))];
  }
  if (isMap(value)) {
    const entries = Object.entries(value);
    if (entries.length === 0) return [' {}'];
    return ['', ...entries.flatMap(([key, inner]) => entryLines(key, inner, indent))];
  }
  return [` ${scalar(value as string | number | boolean)}`];
}

function entryLines(key: string, value: Value, indent: string): readonly string[] {
  const [first = '', ...rest] = lines(value, `${indent}  `);
  return [`${indent}${keyOf(key)}:${first}`, ...rest];
}

function itemLines(item: Value, indent: string): readonly string[] {
  if (!isMap(item)) return [`${indent}-${lines(item, `${indent}  `).join('\n')}`];
  const inner = Object.entries(item).flatMap(([key, value]) =>
    entryLines(key, value, `${indent}  `),
  );
  return [`${indent}- ${(inner[0] ?? '').trimStart()}`, ...inner.slice(1)];
}

/** The file; `head` are lines of comment above it, without their `#`. */
export function emit(draft: Draft, head: readonly string[]): string {
  const { front, ...top } = draft.top;
  const out = head.map((line) => `# ${line}`.trimEnd());
  for (const [key, value] of Object.entries(top)) out.push(...entryLines(key, value, ''));
  if (draft.processes.length > 0) out.push('processes:');
  for (const { name, keys } of draft.processes) {
    out.push(`  ${keyOf(name)}:`);
    for (const [key, value] of Object.entries(keys)) out.push(...entryLines(key, value, '    '));
  }
  if (front !== undefined) out.push(...entryLines('front', front, ''));
  return `${out.join('\n')}\n`;
}
