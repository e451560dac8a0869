/** What makes a shell complete commands, options, their values, and the keys that `help` explains. */
import { type Command, commands, common, type Flag, type Shell, shells } from './commands.ts';
import { groups } from './reference.ts';

const names = commands.map((one) => one.name);

/** What may stand behind a command that is no option. */
function operands(name: string): readonly string[] {
  const keys = groups.flatMap((group) => group.keys.map(({ key }) => key));
  if (name === 'help') return [...new Set([...names, ...keys])];
  return name === 'completion' ? shells : [];
}

const spellings = ([flag]: Flag): readonly string[] => flag.split(', ');
/** `text|json` are words to choose from; FILE is for the shell. */
const choices = (value: string): string => (value.includes('|') ? value.replaceAll('|', ' ') : '');
const summary = ({ text }: Command): string => text.split('. ')[0]?.replace(/\.$/, '') ?? '';
const quoted = (text: string): string => `'${text.replace(/'/g, "'\\''")}'`;

function bash(): string {
  const pattern = (flags: readonly Flag[]): string =>
    [...new Set(flags.flatMap(spellings))].join('|');
  const all = commands.flatMap((one) => one.flags);
  const files = pattern(all.filter(([, value]) => value === 'FILE'));
  const values = commands.flatMap(({ name, flags }) =>
    flags.flatMap(([flag, value]) =>
      value?.includes('|') ? [`    ${name}:${flag}) words="${choices(value)}" ;;\n`] : [],
    ),
  );
  const words = commands.map(({ name, flags }) => {
    const own = [...flags.flatMap(spellings), ...operands(name)].join(' ');
    return `    ${name}:*) words="${own}" ;;\n`;
  });
  const first = [...names, ...common.flatMap(spellings)].join(' ');
  return `_tandem() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}"
  local command="" words="" word at
  COMPREPLY=()
  for ((at = 1; at < COMP_CWORD; at++)); do
    case "\${COMP_WORDS[at]}" in
      ${pattern(common.filter(([, value]) => value !== null))}) ((at++)) ;;
      -*) ;;
      *) command="\${COMP_WORDS[at]}"; break ;;
    esac
  done
  case "$before" in
    ${files})
      compopt -o filenames 2> /dev/null
      while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$current")
      return ;;
  esac
  case "$command:$before" in
    :--logs) words="${choices(common.find(([flag]) => flag === '--logs')?.[1] ?? '')}" ;;
${values.join('')}    :*) words="${first}" ;;
${words.join('')}  esac
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$words" -- "$current")
}
complete -o bashdefault -o default -F _tandem tandem
`;
}

function zsh(): string {
  const specs = (flags: readonly Flag[]): readonly string[] =>
    flags.flatMap((flag) => {
      const [, value, text] = flag;
      const what =
        value === null ? '' : value === 'FILE' ? ':file:_files' : `:value:(${choices(value)})`;
      const all = spellings(flag);
      return all.map((one) => quoted(`${all.length > 1 ? '*' : ''}${one}[${text}]${what}`));
    });
  const options = commands.map(({ name, flags }) => {
    const words = operands(name);
    const rest = words.length === 0 ? [] : [`'1:word:(${words.join(' ')})'`];
    const all = [...specs(flags), ...rest];
    return `        ${name}) ${all.length === 0 ? '' : `_arguments ${all.join(' ')} `};;\n`;
  });
  const described = commands.map((one) => `    ${quoted(`${one.name}:${summary(one)}`)}\n`);
  return `#compdef tandem
_tandem() {
  local curcontext="$curcontext" state line
  local -a commands
  commands=(
${described.join('')}  )
  _arguments -C ${specs(common).join(' ')} '1: :->command' '*:: :->rest'
  case $state in
    command) _describe command commands ;;
    rest)
      case $words[1] in
${options.join('')}        *) _normal ;;
      esac ;;
  esac
}
# As a file on fpath this is the function's body; read with \`.\` it only says who completes what.
if [ "$funcstack[1]" = _tandem ]; then _tandem "$@"; else compdef _tandem tandem; fi
`;
}

function fish(): string {
  const complete = (condition: string, rest: string): string =>
    `complete -c tandem -n '${condition}' ${rest}\n`;
  const options = (condition: string, flags: readonly Flag[]): readonly string[] =>
    flags.map((flag) => {
      const [, value, text] = flag;
      const letters = spellings(flag).map((one) =>
        one.startsWith('--') ? `-l ${one.slice(2)}` : `-s ${one.slice(1)}`,
      );
      const what = value === null ? '' : value === 'FILE' ? ' -r -F' : ` -x -a '${choices(value)}'`;
      return complete(condition, `${letters.join(' ')}${what} -d ${quoted(text)}`);
    });
  const first = '__tandem_first';
  const valued = common.filter(([, value]) => value !== null).flatMap(spellings);
  const lines = commands.flatMap((command) => {
    const { name, flags } = command;
    const after = `__fish_seen_subcommand_from ${name}`;
    const words = operands(name).join(' ');
    return [
      complete(first, `-f -a ${name} -d ${quoted(summary(command))}`),
      ...options(after, flags),
      ...(words === '' ? [] : [complete(after, `-f -a '${words}'`)]),
    ];
  });
  // fish's own test takes the value of an option for a command.
  return `function __tandem_first
  set -l words (commandline -opc)
  while set -q words[2]
    switch $words[2]
      case ${valued.join(' ')}
        set -e words[2]
      case '-*'
      case '*'
        return 1
    end
    set -e words[2]
  end
end
${[...options(first, common), ...lines].join('')}`;
}

export function completion(shell: Shell): string {
  return { bash, zsh, fish }[shell]();
}
