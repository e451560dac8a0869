/**
 * What is wrong with a POSIX extended regular expression, in the words of musl's regerror(3), which
 * the binary prints. A reader of the grammar (XBD 9.4), since Node has none of it.
 */

const classes = 'alnum alpha blank cntrl digit graph lower print punct space upper xdigit'.split(
  ' ',
);

type At = { at: number; readonly text: string };
type Problem = string | null;

/** From behind the `[` to behind its `]`. */
function bracket(read: At): Problem {
  const { text } = read;
  if (text[read.at] === '^') read.at += 1;
  for (let first = true; ; first = false) {
    const char = text[read.at];
    if (char === undefined) return "Missing ']'";
    if (char === ']' && !first) {
      read.at += 1;
      return null;
    }
    const kind = char === '[' ? text[read.at + 1] : undefined;
    if (kind === ':' || kind === '.' || kind === '=') {
      const end = text.indexOf(`${kind}]`, read.at + 2);
      if (kind !== ':') return 'Unknown collating element';
      if (end < 0 || !classes.includes(text.slice(read.at + 2, end)))
        return 'Unknown character class name';
      read.at = end + 2;
      continue;
    }
    const to = text[read.at + 2];
    if (text[read.at + 1] === '-' && to !== undefined && to !== ']') {
      if (to < char) return 'Invalid character range';
      read.at += 3;
    } else read.at += 1;
  }
}

const repeatMax = 255;

/** `{2}`, `{2,}`, `{2,5}`, from behind the brace. */
function interval(read: At): Problem {
  const match = /^(\d+)(?:(,)(\d*))?\}/.exec(read.text.slice(read.at));
  if (match === null) return 'Invalid contents of {}';
  const [whole, least = '', , most = ''] = match;
  if (Number(least) > repeatMax || Number(most) > repeatMax) return 'Invalid contents of {}';
  if (most !== '' && Number(most) < Number(least)) return 'Invalid contents of {}';
  read.at += whole.length;
  return null;
}

/** null: nothing. */
export function badPattern(text: string): Problem {
  const read: At = { at: 0, text };
  let depth = 0;
  /** Whether something stands before that may be repeated. */
  let atom = false;
  while (read.at < text.length) {
    const char = text[read.at];
    read.at += 1;
    let problem: Problem = null;
    if (char === '\\') {
      if (read.at >= text.length) return 'Trailing backslash';
      read.at += 1;
      atom = true;
    } else if (char === '[') {
      problem = bracket(read);
      atom = true;
    } else if (char === '(') {
      depth += 1;
      atom = false;
    } else if (char === ')' && depth > 0) {
      depth -= 1;
      atom = true;
    } else if (char === '*' || char === '+' || char === '?' || char === '{') {
      if (!atom) return 'Repetition not preceded by valid expression';
      if (char === '{') problem = interval(read);
    } else atom = char !== '|' && char !== '^';
    if (problem !== null) return problem;
  }
  return depth > 0 ? "Missing ')'" : null;
}
