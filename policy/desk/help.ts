/** `tandem help COMMAND` and `tandem help KEY`: a screen of 80 columns. */
import { type Command, commands } from './commands.ts';
import { groups, typeText } from './reference.ts';

/** Lines of at most 78 columns, two of them blank. */
function fold(text: string, indent = '  '): string {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const last = lines[lines.length - 1] ?? '';
    if (last.length + word.length >= 78 - indent.length) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines.map((line) => `${indent}${line}`).join('\n');
}

function helpForCommand({ usage, text, flags, example }: Command): string {
  const words = flags.map(([flag, value]) => (value === null ? flag : `${flag} ${value}`));
  const width = Math.max(0, ...words.map((word) => word.length));
  const options = flags.map(([, , said], i) => `  ${(words[i] ?? '').padEnd(width)}  ${said}\n`);
  const list = options.length === 0 ? '' : `\n${options.join('')}`;
  return `tandem ${usage}\n\n${fold(text)}\n${list}\n${example.replace(/^/gm, '    ')}\n`;
}

/** Every key of that name, wherever it stands; null: there is none. */
function helpForKey(name: string): string | null {
  const all = groups.flatMap((group) => group.keys.map((key) => ({ group, key })));
  const found = all.filter(({ key }) => key.key === name);
  if (found.length === 0) return null;
  return found
    .map(({ group, key }) => {
      const where = group.name === 'top' ? 'at the top' : `in ${group.name}`;
      const by = key.default === null ? '' : `  default: ${key.default}\n`;
      const example = key.example.replace(/^/gm, '    ');
      return `${fold(`${key.key}, ${where}: ${typeText(key.type)}`, '')}\n${by}\n${fold(key.text)}\n\n${example}\n`;
    })
    .join('\n');
}

/** null: neither a command nor a key. */
export function helpFor(topic: string): string | null {
  const command = commands.find((one) => one.name === topic);
  return command === undefined ? helpForKey(topic) : helpForCommand(command);
}
