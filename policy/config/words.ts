/** A command as words: split as a shell would, without one. */
import type { Span } from './issue.ts';

/** `literal`: the text stands in the command as it is, from `start` to `end`. */
export type Word = Span & { readonly text: string; readonly literal: boolean };

export type WordsProblem = { readonly text: string; readonly hint: string; readonly part: Span };

export type Words =
  | { readonly words: readonly Word[]; readonly problem: null }
  | { readonly words: null; readonly problem: WordsProblem };

/** What `$NAME` becomes; null: without a shell it is an error. */
export type Expand = ((name: string) => string) | null;

const shellOnly = '|&;<>()`';

type Reader = {
  readonly text: string;
  readonly expand: Expand;
  at: number;
  word: string;
  /** Where the word began; -1 between words. */
  start: number;
};

function problem(text: string, hint: string, start: number, end: number): WordsProblem {
  return { text, hint, part: { start, end } };
}

/** `$$`, `${…}` and `$NAME`; leaves `at` on the last character that it took. */
function readDollar(reader: Reader): WordsProblem | null {
  const { text, at, expand } = reader;
  if (text[at + 1] === '$') {
    reader.word += '$$';
    reader.at += 1;
    return null;
  }
  if (text[at + 1] === '{') {
    // One piece: blanks and quotes in its default belong to it.
    const end = text.indexOf('}', at);
    if (end < 0)
      return problem(
        'cannot read the command: `${` is not closed',
        'add the closing `}`',
        at,
        at + 2,
      );
    const inner = text.slice(at + 2, end);
    const own = expand !== null && /^\w+$/.test(inner);
    reader.word += own ? expand(inner) : text.slice(at, end + 1);
    reader.at = end;
    return null;
  }
  const name = /^\$([A-Za-z_]\w*)/.exec(text.slice(at))?.[1];
  if (name === undefined) {
    reader.word += '$$';
    return null;
  }
  if (expand === null)
    return problem(
      `cannot run the command: \`$${name}\` needs a shell, and none runs`,
      `write \`\${${name}}\`, or \`$$${name}\` for the text itself`,
      at,
      at + 1 + name.length,
    );
  reader.word += expand(name);
  reader.at += name.length;
  return null;
}

function readDouble(reader: Reader): WordsProblem | null {
  const { text, at: from } = reader;
  for (reader.at += 1; reader.at < text.length; reader.at += 1) {
    const char = text[reader.at] as string;
    if (char === '"') return null;
    const next = text[reader.at + 1];
    // Within double quotes a backslash quotes only these (POSIX shell, 2.2.3).
    if (char === '\\' && next !== undefined && '$`"\\'.includes(next)) {
      // An escaped dollar must survive interpolation as a dollar.
      reader.word += next === '$' ? '$$' : next;
      reader.at += 1;
    } else if (char === '$') {
      const wrong = readDollar(reader);
      if (wrong !== null) return wrong;
    } else {
      reader.word += char;
    }
  }
  return unclosed('"', from);
}

function readSingle(reader: Reader): WordsProblem | null {
  const end = reader.text.indexOf("'", reader.at + 1);
  if (end < 0) return unclosed("'", reader.at);
  // A shell expands nothing in single quotes, so `$` means itself there.
  reader.word += reader.text.slice(reader.at + 1, end).replaceAll('$', '$$$$');
  reader.at = end;
  return null;
}

function unclosed(quote: string, at: number): WordsProblem {
  return problem(
    `cannot split the command: the quote ${quote} is not closed`,
    `add the closing ${quote}, or write \\${quote} for the character itself`,
    at,
    at + 1,
  );
}

function readOne(reader: Reader, char: string): WordsProblem | null {
  const { text, at } = reader;
  if (char === '"') return readDouble(reader);
  if (char === "'") return readSingle(reader);
  if (char === '$') return readDollar(reader);
  if (char === '\\') {
    reader.at += 1;
    const next = text[reader.at] ?? '';
    reader.word += next === '$' ? '$$' : next;
    return null;
  }
  if (shellOnly.includes(char))
    return problem(
      `cannot run the command: \`${char}\` needs a shell, and none runs`,
      'set `shell: true` in a file, quote the character, or write sh -c "…"',
      at,
      at + 1,
    );
  reader.word += char;
  return null;
}

export function splitWords(text: string, expand: Expand = null): Words {
  const words: Word[] = [];
  const reader: Reader = { text, expand, at: 0, word: '', start: -1 };
  const close = (): void => {
    const { start, at: end, word } = reader;
    if (start >= 0)
      words.push({ text: word, start, end, literal: word === text.slice(start, end) });
    reader.word = '';
    reader.start = -1;
  };
  for (; reader.at < text.length; reader.at += 1) {
    const char = text[reader.at] as string;
    if (/\s/.test(char)) {
      close();
      continue;
    }
    if (reader.start < 0) reader.start = reader.at;
    const wrong = readOne(reader, char);
    if (wrong !== null) return { words: null, problem: wrong };
  }
  close();
  return { words, problem: null };
}
