/** INI as Python's configparser reads it for supervisord: sections, `key=value`, continued lines, ` ;` comments. */

export type IniEntry = { readonly key: string; readonly value: string; readonly line: number };
export type IniSection = {
  readonly name: string;
  readonly line: number;
  readonly entries: readonly IniEntry[];
};
export type Ini = {
  readonly sections: readonly IniSection[];
  readonly problems: readonly { readonly line: number; readonly text: string }[];
};

export function parseIni(text: string): Ini {
  const sections: { name: string; line: number; entries: IniEntry[] }[] = [];
  const problems: { line: number; text: string }[] = [];
  text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .forEach((raw, i) => {
      const line = i + 1;
      // A `;` begins a comment at the line's start or behind a blank; a `#` only at the start.
      const bare = raw
        .replace(/^\s*[#;].*$/, '')
        .replace(/\s;.*$/, '')
        .trimEnd();
      if (bare.trim() === '') return;
      const section = sections.at(-1);
      const last = section?.entries.at(-1);
      const head = /^\[([^\]]+)\]$/.exec(bare.trim());
      const entry = /^([^\s=:][^=:]*?)\s*[=:]\s*(.*)$/.exec(bare);
      if (head !== null) sections.push({ name: (head[1] as string).trim(), line, entries: [] });
      else if (/^\s/.test(bare) && section !== undefined && last !== undefined)
        section.entries[section.entries.length - 1] = {
          ...last,
          value: `${last.value}\n${bare.trim()}`.trim(),
        };
      else if (entry === null || section === undefined)
        problems.push({
          line,
          text: `cannot read \`${bare.trim()}\`: \`key=value\` in a [section] is needed`,
        });
      else
        section.entries.push({
          key: (entry[1] as string).toLowerCase(),
          value: (entry[2] as string).trim(),
          line,
        });
    });
  return { sections, problems };
}
