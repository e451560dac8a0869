/** The command line: the one source of `tandem help COMMAND`, of completion, of docs/reference/cli.md and of the manual page. */
/** `flag` with its other spelling behind a comma: `-f, --file`. `value` null: it takes none. */
export type Flag = readonly [flag: string, value: string | null, text: string];

export type Command = {
  readonly name: string;
  readonly usage: string;
  readonly text: string;
  readonly flags: readonly Flag[];
  readonly example: string;
};

const file: Flag = ['-f, --file', 'FILE', 'the file, - is standard input; several are merged'];
/** They may stand before a command too. */
export const common: readonly Flag[] = [
  file,
  ['--logs', 'inherit|prefix|json', 'how output goes out'],
  ['--journal', 'FILE', 'write what was told and answered, to look closer'],
  ['-v, --verbose', null, 'say each step'],
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
      ['-o, --output', 'FILE', 'save it'],
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
    name: 'timeline',
    usage: 'timeline [--blame | --json] [JOURNAL [JOURNAL]]',
    text: 'Draws where the cold start goes, and the stop, of a running Tandem or from a journal that --journal wrote; two of them are compared. --svg and --html are part of the npm package.',
    flags: [
      ['--blame', null, 'what to speed up first, and what it saves'],
      ['--json', null, 'for other tools'],
      ['--svg', null, 'a picture: npx tandem-init timeline --svg JOURNAL'],
      ['--html', null, 'a page with it'],
    ],
    example: 'docker exec CONTAINER tandem timeline --blame',
  },
  {
    name: 'status',
    usage: 'status [--json] [--watch]',
    text: 'Shows how the processes of a running Tandem stand: state, pid, how long it is up, restarts, memory, CPU, descriptors, and how its last run ended. Ends with 1 where no Tandem answers.',
    flags: [
      ['--json', null, 'one line of JSON'],
      ['-w, --watch', null, 'every second, in place; Ctrl-C leaves'],
    ],
    example: 'docker exec CONTAINER tandem status --watch',
  },
  {
    name: 'logs',
    usage: 'logs [-f] [NAME]',
    text: 'Shows the last output of a process, or of all; 64 KB are kept. Output that is inherited does not pass through Tandem, and is not there.',
    flags: [['-f, --follow', null, 'and what comes']],
    example: 'docker exec CONTAINER tandem logs -f app',
  },
  {
    name: 'restart',
    usage: 'restart NAME',
    text: 'Stops a process as configured, starts it again, and waits until it is ready. What depends on it is left alone.',
    flags: [],
    example: 'tandem restart app',
  },
  {
    name: 'stop',
    usage: 'stop NAME',
    text: 'Stops a process, waits for it, and holds it down: that is no end, so nothing else stops. What depends on it is left alone.',
    flags: [],
    example: 'tandem stop worker',
  },
  {
    name: 'start',
    usage: 'start NAME',
    text: 'Starts a process that was stopped by hand or has ended, and waits until it is ready.',
    flags: [],
    example: 'tandem start worker',
  },
  {
    name: 'signal',
    usage: 'signal NAME SIGNAL',
    text: 'Sends a signal to the main process of NAME, by name or number.',
    flags: [],
    example: 'tandem signal nginx HUP',
  },
  {
    name: 'probe',
    usage: 'probe [--timeout 2s] URL',
    text: 'Asks once, and ends with 0 or 1: a HEALTHCHECK for images without a shell. tcp:8080, http://127.0.0.1:8080/health, grpc:50051/Service, unix:/path, file:/path; `ready`: whether a running Tandem is.',
    flags: [['--timeout', 'DURATION', 'how long the answer may take (1s)']],
    example: 'HEALTHCHECK CMD ["tandem", "probe", "http://127.0.0.1:8080/"]',
  },
  {
    name: 'init',
    usage: 'init',
    text: 'Writes a first tandem.yaml and Dockerfile for what is in this folder, from npm only (npx tandem-init init). What is there is never overwritten.',
    flags: [],
    example: 'npx tandem-init init && npx tandem-init check',
  },
  {
    name: 'import',
    usage: 'import FILE [--from KIND] [-o FILE] [--json]',
    text: 'The way in, from npm only (npx tandem-init import): a first draft from a supervisord.conf, the folders of s6, an ecosystem file, a Procfile, a script or a Compose file. It says what it carried over and what it could not.',
    flags: [
      ['--from', 'KIND', 'what the file is, where its name does not say'],
      ['-o, --output', 'FILE', 'write it; nothing is overwritten'],
      ['--json', null, 'for other tools'],
    ],
    example: 'npx tandem-init import supervisord.conf -o tandem.yaml',
  },
  {
    name: 'export',
    usage: 'export kubernetes|cloud-run|compose|systemd|procfile [-f FILE]',
    text: 'The way out, from npm only (npx tandem-init export): the same processes for something else. What cannot be said there is a warning, and a comment in the file.',
    flags: [
      file,
      ['--shape', 'SHAPE', 'of kubernetes: one, sidecars or split'],
      ['--name', 'NAME', 'of what is made (app)'],
      ['--image', 'IMAGE', 'the image that runs'],
      ['-o, --output', 'DIR', 'write files; none is overwritten'],
    ],
    example: 'npx tandem export kubernetes --image shop:1 --name shop',
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

/** Variables that Tandem reads. */
export const variables: readonly (readonly [names: string, text: string])[] = [
  ['TANDEM_CONFIG', 'The file, or several with a colon between.'],
  [
    'TANDEM_STOP_TIMEOUT, TANDEM_STOP_DELAY, TANDEM_LOGS',
    'As the keys of these names, and before them.',
  ],
  [
    'TANDEM_CONTROL',
    'Where the control socket is, or `off`: for the Tandem that runs, and for what asks it.',
  ],
  ['NO_COLOR, FORCE_COLOR', 'Whether messages are coloured.'],
];

export const exitStatus =
  'That of the process that made it stop, 128 and the signal where one ended it. 0 after an orderly stop, 137 where something had to be killed. 64 is a wrong command line, 70 a failure of Tandem itself, 78 a wrong configuration, 124 a process that was not ready or healthy in time, 126 one that could not be run, 127 one that was not found.';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];
