/** A command as words: split as a shell would, without one. */
import type { Span } from './issue.ts';

export type Word = { readonly text: string; readonly start: number };

export type Words =
  | { readonly words: readonly Word[]; readonly problem: null }
  | {
      readonly words: null;
      readonly problem: { readonly text: string; readonly hint: string; readonly part: Span };
    };

const shellOnly = '|&;<>()`';

type Reader = { readonly text: string; at: number; word: string; open: boolean; start: number };

function problem(text: string, hint: string, start: number, end: number): Words {
  return { words: null, problem: { text, hint, part: { start, end } } };
}

function readDouble(reader: Reader): boolean {
  const { text } = reader;
  for (reader.at += 1; reader.at < text.length; reader.at += 1) {
    const char = text[reader.at] as string;
    if (char === '"') return true;
    const next = text[reader.at + 1];
    // Within double quotes a backslash quotes only these (POSIX shell, 2.2.3).
    if (char === '\\' && next !== undefined && '$`"\\'.includes(next)) {
      // An escaped dollar must survive interpolation as a dollar.
      reader.word += next === '$' ? '$$' : next;
      reader.at += 1;
    } else {
      reader.word += char;
    }
  }
  return false;
}

function readSingle(reader: Reader): boolean {
  const end = reader.text.indexOf("'", reader.at + 1);
  if (end < 0) return false;
  // A shell expands nothing in single quotes, so `$` means itself there.
  reader.word += reader.text.slice(reader.at + 1, end).replaceAll('$', '$$$$');
  reader.at = end;
  return true;
}

/** `${…}` is one piece: blanks and quotes in its default belong to it. */
function readReference(reader: Reader): boolean {
  const end = reader.text.indexOf('}', reader.at);
  if (end < 0) return false;
  reader.word += reader.text.slice(reader.at, end + 1);
  reader.at = end;
  return true;
}

function open(reader: Reader): void {
  if (!reader.open) reader.start = reader.at;
  reader.open = true;
}

export function splitWords(text: string): Words {
  const words: Word[] = [];
  const reader: Reader = { text, at: 0, word: '', open: false, start: 0 };
  for (; reader.at < text.length; reader.at += 1) {
    const at = reader.at;
    const char = text[at] as string;
    if (/\s/.test(char)) {
      if (reader.open) words.push({ text: reader.word, start: reader.start });
      reader.word = '';
      reader.open = false;
      continue;
    }
    open(reader);
    if (char === '"' || char === "'") {
      const closed = char === '"' ? readDouble(reader) : readSingle(reader);
      if (!closed)
        return problem(
          `cannot split the command: the quote ${char} is not closed`,
          `add the closing ${char}, or write \\${char} for the character itself`,
          at,
          at + 1,
        );
    } else if (char === '\\') {
      reader.at += 1;
      const next = text[reader.at] ?? '';
      reader.word += next === '$' ? '$$' : next;
    } else if (char === '$' && text[at + 1] === '{') {
      if (!readReference(reader))
        return problem(
          'cannot read the command: `${` is not closed',
          'add the closing `}`',
          at,
          at + 2,
        );
    } else if (char === '$' && text[at + 1] === '$') {
      reader.word += '$$';
      reader.at += 1;
    } else if (char === '$') {
      const name = /^\$([A-Za-z_]\w*)/.exec(text.slice(at))?.[1];
      if (name !== undefined)
        return problem(
          `cannot run the command: \`$${name}\` needs a shell, and none runs`,
          `write \`\${${name}}\`, or \`$$${name}\` for the text itself`,
          at,
          at + 1 + name.length,
        );
      reader.word += '$$';
    } else if (shellOnly.includes(char)) {
      return problem(
        `cannot run the command: \`${char}\` needs a shell, and none runs`,
        'set `shell: true` in a file, quote the character, or write sh -c "…"',
        at,
        at + 1,
      );
    } else {
      reader.word += char;
    }
  }
  if (reader.open) words.push({ text: reader.word, start: reader.start });
  return { words, problem: null };
}
