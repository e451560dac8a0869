/** Words of an nginx configuration: whatever a value holds, it stays one value. */

/** nginx takes a word of at most 4 KB. */
export const wordBytesMax = 3900;

/** As it is: nginx looks for no variables here. */
export function quote(text: string): string {
  const escaped: Readonly<Record<string, string>> = {
    '\\': '\\\\',
    '"': '\\"',
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
  };
  return `"${text.replace(/[\\"\n\r\t]/g, (char) => escaped[char] ?? char)}"`;
}

/** Where nginx would put variables in: it can't escape a dollar, so a variable that holds one stands for it. */
export function quoteText(text: string): string {
  return quote(text.replace(/\$/g, '${tandem_dollar}'));
}

export const dollarMap = '  geo $tandem_dollar { default "$"; }\n';

/** Bytes as encodeURIComponent has them, for a path as it goes over the wire; slashes stay. */
export function encodePath(path: string): string {
  return path
    .split('/')
    .map((part) =>
      encodeURIComponent(part).replace(/%(2B|3A|3D|40|24|2C|3B|26)/g, decodeURIComponent),
    )
    .join('/');
}

export function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/#"' -]/g, (char) =>
    /[/"' ]/.test(char) ? char : `\\${char}`,
  );
}
