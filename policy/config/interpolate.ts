/**
 * `${NAME}`, `${NAME:-default}`, `${NAME:?message}`, `$$`, and `${app.port}`
 * for another process's key. It runs once: what a value brings in is never
 * read again, and never split.
 */
import type { Span } from './issue.ts';

export type Lookup = {
  /** A variable of the container; null when it isn't set. */
  readonly variable: (name: string) => string | null;
  /** Another process's key; null when there is none. */
  readonly reference: (process: string, key: string) => string | null;
};

export type Interpolated = {
  readonly text: string;
  readonly problems: readonly {
    readonly text: string;
    readonly hint: string | null;
    readonly part: Span;
  }[];
};

const form = /^([A-Za-z_]\w*)(?:(:?[-?])([\s\S]*))?$/;
const dotted = /^([A-Za-z][\w-]*)\.([A-Za-z_]\w*)$/;

type Found =
  | { readonly value: string }
  | { readonly problem: string; readonly hint: string | null };

function find(inner: string, lookup: Lookup): Found {
  const reference = dotted.exec(inner);
  if (reference !== null) {
    const [, process = '', key = ''] = reference;
    const value = lookup.reference(process, key);
    if (value !== null) return { value };
    return {
      problem: `cannot resolve \`\${${inner}}\`: there is no process \`${process}\` with a \`${key}\``,
      hint: 'only `${NAME.port}` of a process that has a `port` can be used',
    };
  }
  const match = form.exec(inner);
  if (match === null)
    return {
      problem: `cannot read \`\${${inner}}\`: it is neither a name nor a reference`,
      hint: 'write `${NAME}`, `${NAME:-default}`, `${NAME:?message}`, or `$$` for a dollar',
    };
  const [, name = '', operator, operand = ''] = match;
  const value = lookup.variable(name);
  const counts =
    value !== null && (value !== '' || operator === undefined || operator.length === 1);
  if (value !== null && counts) return { value };
  if (operator === '-' || operator === ':-') return { value: operand };
  if (operator !== undefined)
    return {
      problem: `cannot resolve \`\${${name}}\`: ${operand || 'it must be set'}`,
      hint: null,
    };
  return {
    problem: `cannot resolve \`\${${name}}\`: it is not set`,
    hint: `set ${name}, or give a default: \`\${${name}:-default}\``,
  };
}

export function interpolate(text: string, lookup: Lookup): Interpolated {
  const problems: { text: string; hint: string | null; part: Span }[] = [];
  let out = '';
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] as string;
    if (char !== '$') {
      out += char;
    } else if (text[at + 1] === '$') {
      out += '$';
      at += 1;
    } else if (text[at + 1] === '{') {
      const end = text.indexOf('}', at);
      if (end < 0) {
        const part = { start: at, end: at + 2 };
        problems.push({ text: 'cannot read `${`: it is not closed', hint: 'add a `}`', part });
        return { text: out, problems };
      }
      const found = find(text.slice(at + 2, end), lookup);
      if ('value' in found) out += found.value;
      else
        problems.push({ text: found.problem, hint: found.hint, part: { start: at, end: end + 1 } });
      at = end;
    } else {
      out += char;
    }
  }
  return { text: out, problems };
}

/** For a script: the shell expands `${NAME}` and `$$` itself, only `${app.port}` is ours. */
export function interpolateReferences(text: string, lookup: Lookup): Interpolated {
  const problems: { text: string; hint: string | null; part: Span }[] = [];
  const replaced = text.replace(/\$\{([A-Za-z][\w-]*\.[A-Za-z_]\w*)\}/g, (all, inner, at) => {
    const found = find(inner, lookup);
    if ('value' in found) return found.value;
    const part = { start: at, end: at + all.length };
    problems.push({ text: found.problem, hint: found.hint, part });
    return '';
  });
  return { text: replaced, problems };
}

/**
 * For a template: only `${…}` means anything, and `$${` is a literal `${`.
 * Everything else stays as it is, nginx's `$host` and a lone `$$` included.
 */
export function renderTemplate(text: string, lookup: Lookup): Interpolated {
  const problems: { text: string; hint: string | null; part: Span }[] = [];
  let out = '';
  let from = 0;
  for (let at = text.indexOf('${'); at >= 0; at = text.indexOf('${', from)) {
    if (text[at - 1] === '$' && at > from) {
      out += `${text.slice(from, at - 1)}\${`;
      from = at + 2;
      continue;
    }
    out += text.slice(from, at);
    const end = text.indexOf('}', at);
    const newline = text.indexOf('\n', at);
    if (end < 0 || (newline >= 0 && newline < end)) {
      const part = { start: at, end: at + 2 };
      const hint = 'add a `}`, or write `$${` for the characters themselves';
      problems.push({ text: 'cannot read `${`: it is not closed on its line', hint, part });
      from = at + 2;
      continue;
    }
    const found = find(text.slice(at + 2, end), lookup);
    if ('value' in found) out += found.value;
    else
      problems.push({ text: found.problem, hint: found.hint, part: { start: at, end: end + 1 } });
    from = end + 1;
  }
  return { text: out + text.slice(from), problems };
}
