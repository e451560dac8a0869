/** Plain data as YAML, with comments where a choice was made. Equal data gives equal bytes. */

export type Value =
  | string
  | number
  | boolean
  | readonly Value[]
  | { readonly [key: string]: Value | undefined }
  | Noted;

/** A value with a comment above it. */
export type Noted = { readonly note: string; readonly noted: Value };

export function noted(note: string, value: Value): Noted {
  return { note, noted: value };
}

function isNoted(value: Value): value is Noted {
  return typeof value === 'object' && 'noted' in value;
}

/** Texts that some YAML reader would take for something else, or could not read bare. */
const plain = /^[A-Za-z_/.][\w./@-]*$/;
const special = /^(true|false|yes|no|on|off|y|n|null|~|\.(inf|nan)|0[xo].*)$/i;

export function scalar(value: string | number | boolean): string {
  if (typeof value !== 'string') return `${value}`;
  return plain.test(value) && !special.test(value) ? value : JSON.stringify(value);
}

function comment(note: string, indent: string): string {
  return note
    .split('\n')
    .map((line) => `${indent}# ${line}\n`)
    .join('');
}

function isEmpty(value: Value): boolean {
  return Array.isArray(value) ? value.length === 0 : Object.keys(value as object).length === 0;
}

/** Behind `key:` or `-`: on the same line where it is short, else below it. */
function behind(value: Value, indent: string): string {
  if (isNoted(value)) return behind(value.noted, indent);
  if (typeof value !== 'object') {
    if (typeof value !== 'string' || !/^[^\r\0]*\n[^\r\0]*$/.test(value.slice(0, -1)))
      return ` ${scalar(value)}\n`;
    const lines = value.replace(/\n$/, '').split('\n');
    const chomp = value.endsWith('\n') ? '' : '-';
    if (lines[0]?.startsWith(' ') === true) return ` ${JSON.stringify(value)}\n`;
    return ` |${chomp}\n${lines.map((line) => `${line === '' ? '' : indent}${line}\n`).join('')}`;
  }
  if (isEmpty(value)) return Array.isArray(value) ? ' []\n' : ' {}\n';
  return `\n${block(value, indent)}`;
}

function block(value: Value, indent: string): string {
  if (isNoted(value)) return comment(value.note, indent) + block(value.noted, indent);
  if (Array.isArray(value))
    return value
      .map((item: Value) => {
        const note = isNoted(item) ? comment(item.note, indent) : '';
        const bare = isNoted(item) ? item.noted : item;
        if (typeof bare !== 'object' || isEmpty(bare))
          return `${note}${indent}-${behind(bare, `${indent}  `)}`;
        const inner = block(bare, `${indent}  `);
        // The first line stands behind the dash, unless a comment comes first.
        return /^\s*#/.test(inner)
          ? `${note}${indent}-\n${inner}`
          : `${note}${indent}- ${inner.slice(indent.length + 2)}`;
      })
      .join('');
  if (typeof value !== 'object') return `${indent}${scalar(value)}\n`;
  return Object.entries(value)
    .flatMap(([key, one]) => {
      if (one === undefined) return [];
      const note = isNoted(one) ? comment(one.note, indent) : '';
      return [`${note}${indent}${scalar(key)}:${behind(one, `${indent}  `)}`];
    })
    .join('');
}

/** One document. */
export function toYaml(value: Value): string {
  return block(value, '');
}
