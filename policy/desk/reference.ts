/** The pages of docs/reference and `tandem help KEY`, from the keys. */
import { front, type Group, type Key, type KeyType, top } from './keys.ts';
import { healthcheck, preStop, ready } from './keys-probe.ts';
import { process } from './keys-process.ts';

export const groups: readonly Group[] = [top, process, ready, healthcheck, preStop, front];

const names: Readonly<Record<string, string>> = {
  words: 'text, or list of words',
  flag: '`true` or `false`',
  port: 'port, 1 to 65535',
  duration: 'duration with its unit: `500ms`, `5s`, `1m30s`',
  octal: 'permission bits in octal',
  signal: 'signal, by name or number',
};

export function typeText(type: KeyType): string {
  if (typeof type === 'string') return names[type] ?? type;
  if ('whole' in type) return `whole number from ${type.whole[0]} to ${type.whole[1]}`;
  if ('oneOf' in type) return type.oneOf.map((one) => `\`${one}\``).join(' or ');
  return type.said;
}

const slip: Readonly<Record<string, readonly [value: string, needed: string]>> = {
  duration: ['5', 'a duration such as `5s`, `500ms` or `1m30s`'],
  flag: ['yes', '`true` or `false`'],
  port: ['80800', 'a port from 1 to 65535'],
  text: ['[a]', 'a text'],
};

function slipOf(type: KeyType): readonly [string, string] | null {
  if (typeof type === 'string') return slip[type] ?? null;
  if ('whole' in type) return [`${type.whole[1] + 1}`, `a ${typeText(type)}`];
  return 'oneOf' in type ? ['some', typeText(type)] : null;
}

/** What goes wrong with a key: its own mistakes, else the usual one of its type in its example. */
export function wrongOf({ key, type, example, wrong }: Key): Key['wrong'] {
  const usual = slipOf(type);
  if (wrong.length > 0 || usual === null) return wrong;
  const [value, needed] = usual;
  const yaml = example.replace(new RegExp(`(\\b${key}: )[^,}\\n]+`), `$1${value}`);
  const found = value === '[a]' ? 'this is a list' : `this is \`${value}\``;
  return [[yaml, `cannot read \`${key}\`: ${needed} is needed, and ${found}`]];
}

function section(one: Key): string {
  const { key, type, default: byDefault, text, example } = one;
  const by = byDefault === null ? '' : ` Default: ${byDefault}.`;
  const head = `## ${key}\n\n${typeText(type)}.${by}\n\n${text}\n\n`;
  const bad = wrongOf(one).map(([yaml, said]) => {
    const comment = said.replace(/^/gm, '# ');
    return `\n\`\`\`yaml\n${yaml}\n${comment}\n\`\`\`\n`;
  });
  const more = bad.length === 0 ? '' : `\nWhat goes wrong:\n${bad.join('')}`;
  return `${head}\`\`\`yaml\n${example}\n\`\`\`\n${more}`;
}

/** `name.md` and its text. */
export function pages(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const index = groups.map(({ name, title, keys }) => {
    const links = keys.map(({ key }) => `[\`${key}\`](${name}.md#${key})`);
    return `- [${title}](${name}.md): ${links.join(', ')}\n`;
  });
  const made = '<!-- Made by `npm run reference` from policy/desk/keys*.ts. -->\n\n';
  found.set('README.md', `${made}# Every key\n\n${index.join('')}`);
  for (const { name, title, text, keys } of groups)
    found.set(`${name}.md`, `${made}# ${title}\n\n${text}\n\n${keys.map(section).join('\n')}`);
  return found;
}

/** One screen about a key; null: there is none of that name. */
export function helpForKey(name: string): string | null {
  const all = groups.flatMap((group) => group.keys.map((key) => ({ group, key })));
  const found = all.filter(({ key }) => key.key === name);
  if (found.length === 0) return null;
  return found
    .map(({ group, key }) => {
      const by = key.default === null ? '' : `  default: ${key.default}\n`;
      const example = key.example.replace(/^/gm, '    ');
      const where = group.name === 'top' ? 'at the top' : `in ${group.name}`;
      return `${key.key}, ${where}: ${typeText(key.type)}\n${by}\n${fold(key.text)}\n\n${example}\n`;
    })
    .join('\n');
}

/** Lines of at most 78 columns. */
export function fold(text: string): string {
  const lines: string[] = [];
  let line = ' ';
  for (const word of text.split(' ')) {
    if (line.length + word.length > 77) {
      lines.push(line);
      line = ' ';
    }
    line += ` ${word}`;
  }
  return [...lines, line].join('\n');
}
