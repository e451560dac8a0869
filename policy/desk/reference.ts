/** The pages of docs/reference and `tandem help KEY`, from the keys. */
import { type Command, commands, exitStatus, variables } from './commands.ts';
import { type Group, type Key, type KeyType, top } from './keys.ts';
import { front, route } from './keys-front.ts';
import { healthcheck, preStop, ready } from './keys-probe.ts';
import { process } from './keys-process.ts';

export const groups: readonly Group[] = [top, process, ready, healthcheck, preStop, front, route];

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

/** The command line's page; its words are those of `tandem help COMMAND`. */
function cli(): string {
  const one = ({ name, usage, text, flags, example }: Command): string => {
    const rows = flags.map(([flag, value, said]) => {
      const names = flag.split(', ').map((spelling) => `\`${spelling}\``);
      return `- ${names.join(', ')}${value === null ? '' : ` \`${value}\``}: ${said}\n`;
    });
    const list = rows.length === 0 ? '' : `${rows.join('')}\n`;
    const words = `\`\`\`sh\ntandem ${usage}\n\`\`\``;
    const shown = `\`\`\`sh\n${example}\n\`\`\``;
    return `## ${name}\n\n${words}\n\n${text}\n\n${list}For example:\n\n${shown}\n`;
  };
  const read = variables.map(([names, text]) => `- ${names}: ${text}\n`).join('');
  return `${commands.map(one).join('\n')}\n## Variables\n\n${read}\n## Exit status\n\n${exitStatus}\n`;
}

/** `name.md` and its text. */
export function pages(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const index = groups.map(({ name, title, keys }) => {
    const links = keys.map(({ key }) => `[\`${key}\`](${name}.md#${key})`);
    return `- [${title}](${name}.md): ${links.join(', ')}\n`;
  });
  const made = '<!-- Made by `npm run reference` from policy/desk/keys*.ts. -->\n\n';
  const names = commands.map(({ name }) => `[\`${name}\`](cli.md#${name})`).join(', ');
  const line = `- [The command line](cli.md): ${names}\n`;
  found.set('README.md', `${made}# Every key and command\n\n${index.join('')}${line}`);
  found.set('cli.md', `${made.replace('keys*', 'commands')}# The command line\n\n${cli()}`);
  for (const { name, title, text, keys } of groups)
    found.set(`${name}.md`, `${made}# ${title}\n\n${text}\n\n${keys.map(section).join('\n')}`);
  return found;
}
