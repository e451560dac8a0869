/**
 * Files of variables in Compose's syntax: `NAME=value`, `export NAME=value`,
 * comments, three kinds of quoting, values over several lines. `${…}` is read
 * in bare and double-quoted values, with the lines above and the container's
 * variables; what a value brings in is never read again.
 */
import { interpolate } from './interpolate.ts';
import type { Span } from './issue.ts';

type Problem = { readonly text: string; readonly hint: string | null; readonly part: Span };

export type EnvFile = {
  readonly entries: readonly (readonly [string, string])[];
  readonly problems: readonly Problem[];
};

const named = /^[ \t]*(?:export[ \t]+)?([^\s=:#'"]+)[ \t]*([=:])?[ \t]*/;
const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', $: '$$' };

/** The end of a quoted value, on its closing quote; -1: there is none. */
function closing(text: string, from: number, quote: string): number {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '\\' && quote === '"') at += 1;
    else if (text[at] === quote) return at;
  }
  return -1;
}

function plainOf(text: string): string {
  return text.replace(/\\([\s\S])/g, (all, char: string) => {
    if (char === '"' || char === '\\') return char;
    return escapes[char] ?? all;
  });
}

/** `$NAME` is `${NAME}` here, as in Compose; unset is empty there as well. */
function braces(text: string): string {
  return text.replace(/\$\$|\$\{[^}]*\}|\$([A-Za-z_]\w*)/g, (all, name: string | undefined) => {
    if (name !== undefined) return `\${${name}:-}`;
    return /^\$\{[A-Za-z_]\w*\}$/.test(all) ? `${all.slice(0, -1)}:-}` : all;
  });
}

export function parseEnvFile(text: string, container: (name: string) => string | null): EnvFile {
  const found = new Map<string, string>();
  const problems: Problem[] = [];
  const wrong = (start: number, end: number, why: string, hint: string | null = null): void => {
    problems.push({ text: why, hint, part: { start, end } });
  };
  const lookup = {
    variable: (name: string): string | null => found.get(name) ?? container(name),
    reference: () => null,
  };
  const expand = (value: string, at: number): string => {
    const { text: out, problems: bad } = interpolate(braces(value), lookup);
    for (const { text: why, hint } of bad) wrong(at, at + value.length, why, hint);
    return out;
  };
  for (let at = 0; at < text.length; ) {
    const newline = text.indexOf('\n', at);
    let end = newline < 0 ? text.length : newline;
    const line = text.slice(at, end).replace(/\r$/, '');
    const from = at;
    at = end + 1;
    if (/^\s*(#|$)/.test(line)) continue;
    const match = named.exec(line);
    const [all = '', name = '', separator] = match ?? [];
    if (match === null || !/^[A-Za-z_][\w.-]*$/.test(name)) {
      const hint = 'letters, digits and `_` make a name';
      wrong(from, from + line.length, 'cannot read this line: `NAME=value` is needed', hint);
      continue;
    }
    const start = from + all.length;
    const rest = line.slice(all.length);
    if (separator === undefined) {
      const given = container(name);
      if (rest.trim() !== '' && !rest.startsWith('#'))
        wrong(start, from + line.length, `cannot read \`${name}\`: a \`=\` is missing behind it`);
      else if (given !== null) found.set(name, given);
      continue;
    }
    const quote = rest[0] ?? '';
    if (quote !== '"' && quote !== "'") {
      const bare = rest.startsWith('#') ? '' : rest.replace(/\s+#[\s\S]*$/, '').trimEnd();
      found.set(name, expand(bare, start));
      continue;
    }
    const close = closing(text, start + 1, quote);
    if (close < 0) {
      const hint = `add the closing ${quote}`;
      wrong(start, start + 1, `cannot read \`${name}\`: the quote ${quote} is not closed`, hint);
      break;
    }
    end = text.indexOf('\n', close);
    at = end < 0 ? text.length : end + 1;
    const behind = text.slice(close + 1, end < 0 ? text.length : end);
    if (!/^\s*(#|$)/.test(behind))
      wrong(
        close + 1,
        close + 1 + behind.trimEnd().length,
        `cannot read what stands behind \`${name}\``,
      );
    const inner = text.slice(start + 1, close).replaceAll('\r\n', '\n');
    found.set(name, quote === "'" ? inner : expand(plainOf(inner), start + 1));
  }
  const nul = text.indexOf('\0');
  if (nul >= 0) wrong(nul, nul + 1, 'cannot read the file: a NUL byte is in it');
  return { entries: [...found], problems };
}
