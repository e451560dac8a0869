/** The command line: the one source of `tandem help COMMAND`, of completion and of the manual page. */
import { helpForKey } from './reference.ts';

type Flag = readonly [flag: string, value: string | null, text: string];

export type Command = {
  readonly name: string;
  readonly usage: string;
  readonly text: string;
  readonly flags: readonly Flag[];
  readonly example: string;
};

const file: Flag = ['-f', 'FILE', 'the file, - is standard input; several are merged'];
const common: readonly Flag[] = [
  file,
  ['--logs', 'inherit|prefix', 'how output is passed on'],
  ['--journal', 'FILE', 'write what was told and answered, for a closer look'],
  ['-v', null, 'say each step'],
];

export const commands: readonly Command[] = [
  {
    name: 'run',
    usage: 'run [-f FILE] | run COMMAND...',
    text: 'Runs the processes of a file, or each argument as a process. Without -f: TANDEM_CONFIG, else tandem.yaml, tandem.json or Procfile in this directory. A saved plan starts fastest.',
    flags: common,
    example: 'tandem run "nginx -g \'daemon off;\'" "PORT=8081 /srv/app"',
  },
  {
    name: 'check',
    usage: 'check [-f FILE]',
    text: 'Finds everything that can be known to be wrong before the start, and starts nothing. Errors end with 78, warnings only with --strict.',
    flags: [
      file,
      ['--strict', null, 'warnings count as errors'],
      ['--json', null, 'for editors and CI: the same as --format json'],
      ['--format', 'text|json|github', 'github: annotations of a workflow'],
    ],
    example: 'tandem check --strict',
  },
  {
    name: 'plan',
    usage: 'plan [-f FILE] [-o FILE] [--bound]',
    text: 'Prints what a file means, with all defaults and every ${...} still in it. Saved with -o, it is run with -f and no parsing: RUN tandem plan -o tandem.plan.',
    flags: [
      file,
      ['-o', 'FILE', 'save it'],
      ['--bound', null, 'what it becomes here and now; secrets are not shown'],
    ],
    example: 'tandem plan -o tandem.plan && tandem -f tandem.plan',
  },
  {
    name: 'graph',
    usage: 'graph [-f FILE] [--format text|mermaid|dot]',
    text: 'Draws the order of start and stop.',
    flags: [file, ['--format', 'text|mermaid|dot', 'how it is drawn']],
    example: 'tandem graph --format dot | dot -Tsvg > order.svg',
  },
  {
    name: 'probe',
    usage: 'probe [--timeout 2s] URL',
    text: 'Asks once, and ends with 0 or 1: a HEALTHCHECK for images without a shell. tcp:8080, http://127.0.0.1:8080/health, grpc:50051/Service, unix:/path, file:/path.',
    flags: [['--timeout', 'DURATION', 'how long the answer may take (1s)']],
    example: 'HEALTHCHECK CMD ["tandem", "probe", "http://127.0.0.1:8080/"]',
  },
  {
    name: 'schema',
    usage: 'schema',
    text: 'Prints the JSON Schema of tandem.yaml (draft 2020-12), for editors.',
    flags: [],
    example:
      'tandem schema > tandem.schema.json\n# yaml-language-server: $schema=tandem.schema.json',
  },
  {
    name: 'completion',
    usage: 'completion bash|zsh|fish',
    text: 'Prints what makes a shell complete commands and options.',
    flags: [],
    example: '. <(tandem completion bash)',
  },
  {
    name: 'help',
    usage: 'help [COMMAND | KEY]',
    text: 'Explains a command, or a key of tandem.yaml.',
    flags: [],
    example: 'tandem help stop_grace_period',
  },
  {
    name: 'version',
    usage: 'version',
    text: 'Prints the version.',
    flags: [],
    example: 'tandem version',
  },
];

function fold(text: string): string {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const last = lines[lines.length - 1] ?? '';
    if (last.length + word.length > 76) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines.map((line) => `  ${line}`).join('\n');
}

function helpForCommand({ usage, text, flags, example }: Command): string {
  const words = flags.map(([flag, value]) => (value === null ? flag : `${flag} ${value}`));
  const width = Math.max(0, ...words.map((word) => word.length));
  const options = flags.map(([, , said], i) => `  ${(words[i] ?? '').padEnd(width)}  ${said}\n`);
  const list = options.length === 0 ? '' : `\n${options.join('')}`;
  return `tandem ${usage}\n\n${fold(text)}\n${list}\n${example.replace(/^/gm, '    ')}\n`;
}

/** null: neither a command nor a key. */
export function helpFor(topic: string): string | null {
  const command = commands.find((one) => one.name === topic);
  return command === undefined ? helpForKey(topic) : helpForCommand(command);
}

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

const names = commands.map((one) => one.name).join(' ');
const choices = (value: string | null): string =>
  value?.includes('|') ? value.replaceAll('|', ' ') : '';

function cases(line: (command: Command) => string): string {
  return commands.map(line).join('');
}

/** What may follow a flag; FILE is completed by the shell itself. */
function values(command: Command, flag: string): string {
  return choices(command.flags.find(([name]) => name === flag)?.[1] ?? null);
}

function bash(): string {
  const words = cases(
    ({ name, flags }) => `    ${name}) words="${flags.map(([flag]) => flag).join(' ')}" ;;\n`,
  );
  const after = cases((command) =>
    command.flags
      .filter(([, value]) => value?.includes('|'))
      .map(([flag]) => `    ${command.name}:${flag}) words="${values(command, flag)}" ;;\n`)
      .join(''),
  );
  return `_tandem() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}"
  local command="\${COMP_WORDS[1]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${names}" -- "$current"))
    return
  fi
  case "$command" in
${words}  esac
  [ "$command" = completion ] && words="${shells.join(' ')}"
  [ "$command" = help ] && words="${names}"
  case "$command:$before" in
    *:-f|*:--file|*:-o|*:--journal) COMPREPLY=($(compgen -f -- "$current")); return ;;
${after}  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o filenames -F _tandem tandem
`;
}

const quoted = (text: string): string => text.replace(/'/g, "'\\''");

function zsh(): string {
  const described = cases(
    ({ name, text }) => `    '${name}:${quoted(text.split('. ')[0] ?? '')}'\n`,
  );
  const options = cases(({ name, flags }) => {
    const specs = flags.map(([flag, value, text]) => {
      const what =
        value === null ? '' : /FILE/.test(value) ? ':file:_files' : `:value:(${choices(value)})`;
      return `'${flag === '-f' ? '*' : ''}${flag}[${quoted(text)}]${what}'`;
    });
    const rest = name === 'completion' ? [`'1:shell:(${shells.join(' ')})'`] : [];
    const all = [...specs, ...rest];
    return all.length === 0 ? '' : `    ${name}) _arguments ${all.join(' ')} ;;\n`;
  });
  return `#compdef tandem
_tandem() {
  local -a commands
  commands=(
${described}  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local name=$words[2]
  shift words
  (( CURRENT-- ))
  case $name in
${options}  esac
}
compdef _tandem tandem
`;
}

function fish(): string {
  const tops = cases(
    ({ name, text }) =>
      `complete -c tandem -n __fish_use_subcommand -a ${name} -d '${quoted(text.split('. ')[0] ?? '')}'\n`,
  );
  const options = cases(({ name, flags }) =>
    flags
      .map(([flag, value, text]) => {
        const long = flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`;
        const what =
          value === null ? '' : /FILE/.test(value) ? ' -r -F' : ` -x -a '${choices(value)}'`;
        return `complete -c tandem -n '__fish_seen_subcommand_from ${name}' ${long}${what} -d '${quoted(text)}'\n`;
      })
      .join(''),
  );
  const shell = `complete -c tandem -n '__fish_seen_subcommand_from completion' -a '${shells.join(' ')}'\n`;
  return `complete -c tandem -f\n${tops}${options}${shell}`;
}

export function completion(shell: Shell): string {
  return { bash, zsh, fish }[shell]();
}
