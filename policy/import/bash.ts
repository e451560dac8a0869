/**
 * An entrypoint of the kind `a & b & wait -n`. What is that simple is
 * understood line by line; the first thing that is not is explained, with
 * what to write for it.
 */
import { splitWords, type Word } from '../config/words.ts';
import { addProcess, commandOf, type Draft, type DraftProcess, newDraft, say } from './draft.ts';

type State = {
  readonly draft: Draft;
  readonly file: string;
  /** Exported so far. */
  environment: Record<string, string>;
  workingDir: string | null;
  /** Oneshots so far: what comes later waits for them. */
  before: string[];
  readonly background: DraftProcess[];
};

const explained: readonly (readonly [pattern: RegExp, why: string])[] = [
  [
    /^(if|case)\b/,
    'a decision: make it in the Dockerfile, or keep it as a script that is a oneshot',
  ],
  [
    /^(while|until|for)\b/,
    'a loop: waiting is `ready` and `depends_on`, starting again is `restart`',
  ],
  [
    /^\w+\s*\(\)|^function\b/,
    'a function: put it into a script of its own and name that as the command',
  ],
  [/^(source|\.)\s/, 'variables of another file: `env_file` reads NAME=value'],
];

const asks = String.raw`nc\s+-\w*z\w*\s+(?:-\w+\s+)*|/dev/tcp/|wait-for-it(?:\.sh)?\s+`;
const waits = new RegExp(
  String.raw`^(?:while|until)\b.*?(?:${asks})([\w.-]+)[\s/:]+(\d+).*\bdone$`,
);

/** One line for each command, continued lines and one-line loops put together. */
function statements(text: string): readonly { readonly text: string; readonly line: number }[] {
  const out: { text: string; line: number }[] = [];
  let open: { text: string; line: number } | null = null;
  text.split(/\r?\n/).forEach((raw, i) => {
    const bare = raw.replace(/(^|\s)#.*$/, '').trim();
    if (bare === '') return;
    const joined: { text: string; line: number } =
      open === null
        ? { text: bare, line: i + 1 }
        : { text: `${open.text} ${bare}`, line: open.line };
    if (joined.text.endsWith('\\')) open = { ...joined, text: joined.text.slice(0, -1).trim() };
    else if (/^(while|until|for)\b/.test(joined.text) && !/\bdone\b/.test(joined.text))
      open = { ...joined, text: `${joined.text};` };
    else if (/^(if|case)\b/.test(joined.text) && !/\b(fi|esac)\b/.test(joined.text))
      open = { ...joined, text: `${joined.text};` };
    else {
      out.push(joined);
      open = null;
    }
  });
  if (open !== null) out.push(open);
  // `a & b & wait -n` on one line.
  return out.flatMap((one) => {
    if (/^(while|until|for|if|case|trap)\b/.test(one.text)) return [one];
    const parts =
      one.text.match(/(?:"(?:\\.|[^"\\])*"|'[^']*'|\d?>&\d?|&>|&&|[^&;"'])+&?(?!&)|;/g) ?? [];
    return parts
      .map((part) => ({ text: part.trim(), line: one.line }))
      .filter(({ text: t }) => t !== '' && t !== ';');
  });
}

function nameOf(words: readonly string[]): string {
  const [first = 'process', second = ''] = words.map((word) => word.replace(/^.*\//, ''));
  const script = /^(python3?|node|ruby|php|perl|bash|sh)$/.test(first) ? second : '';
  return (script.replace(/^-m$/, '').replace(/\.\w+$/, '') || first).replace(/\.\w+$/, '');
}

/** Redirections that Tandem makes unnecessary. */
function withoutRedirections(text: string): string {
  return text
    .replace(/\s+(?:\d?>&\d|[12]?>>?\s*\/dev\/(?:stdout|stderr|fd\/[12]))(?=\s|$)/g, '')
    .trim();
}

function launch(state: State, text: string, line: number): DraftProcess {
  const clean = withoutRedirections(text.replace(/^exec\s+/, ''));
  const expand = (name: string): string => `\${${name}:-}`;
  const { words } = splitWords(clean, expand);
  const list: readonly Word[] = words ?? [];
  const env: Record<string, string> = { ...state.environment };
  let at = 0;
  for (; at < list.length; at += 1) {
    const match = /^([A-Za-z_]\w*)=([\s\S]*)$/.exec(list[at]?.text ?? '');
    if (match === null) break;
    env[match[1] as string] = match[2] as string;
  }
  const argv = list.slice(at).map((word) => word.text);
  const process = addProcess(state.draft, words === null ? `line-${line}` : nameOf(argv));
  const { keys } = process;
  keys['command'] = words === null ? clean : commandOf(argv);
  if (words === null) keys['shell'] = true;
  if (state.workingDir !== null) keys['working_dir'] = state.workingDir;
  const port = env['PORT'];
  if (port !== undefined && /^\d+$/.test(port)) {
    keys['port'] = Number(port);
    delete env['PORT'];
  }
  if (Object.keys(env).length > 0) keys['environment'] = env;
  if (state.before.length > 0) keys['depends_on'] = [...state.before];
  return process;
}

function isNginxInBackground(text: string): boolean {
  return /^(\S*\/)?nginx\b/.test(text) && !/daemon\s+off/.test(text);
}

function handle(state: State, text: string, line: number): void {
  const { draft, file } = state;
  const at = `${file}:${line}`;
  const wait = waits.exec(text);
  const assigned = /^(?:export\s+)?((?:[A-Za-z_]\w*=(?:"[^"]*"|'[^']*'|\S*)\s*)+)$/.exec(text);
  if (/^(set|shopt|umask|ulimit)\b/.test(text))
    say(draft, at, text, 'better', 'a failure stops the start anyway');
  else if (/^trap\b/.test(text))
    say(
      draft,
      at,
      text,
      'better',
      'signals are Tandem’s: it stops all, in reverse order, inside the budget',
    );
  else if (/^wait\b|^fg\b/.test(text)) {
    say(
      draft,
      at,
      text,
      'better',
      'the first that ends stops all, and its code is the container’s',
    );
  } else if (/^exit\b/.test(text))
    say(draft, at, text, 'better', 'the code of what ended first is the container’s');
  else if (/^(kill|pkill)\b/.test(text))
    say(draft, at, text, 'better', 'Tandem stops all that is left');
  else if (/^sleep\b/.test(text))
    say(draft, at, text, 'better', '`ready` is waited for, and not longer than needed');
  else if (/^echo\b|^printf\b|^\[\[?\s|^:$/.test(text))
    say(draft, at, text, 'better', 'Tandem says what happens; this line is left out');
  else if (wait !== null) {
    const last = state.background.at(-1);
    const port = Number(wait[2]);
    if (last !== undefined && last.keys['port'] === undefined) last.keys['ready'] = { tcp: port };
    if (last !== undefined) state.before = [...state.before, last.name];
    say(
      draft,
      at,
      text,
      'better',
      `\`ready: {tcp: ${port}}\`, and what comes after it depends on that`,
    );
  } else if (assigned !== null) {
    const { words } = splitWords(text.replace(/^export\s+/, ''), (name) => `\${${name}:-}`);
    for (const word of words ?? []) {
      const [name = '', value = ''] = word.text.split(/=(.*)/s);
      // What keeps what the container has needs no entry.
      if (value !== `\${${name}:-}`) state.environment = { ...state.environment, [name]: value };
    }
    say(draft, at, text, 'carried');
  } else if (/^cd\s+\S+$/.test(text)) {
    state.workingDir = text.slice(3).trim();
    say(draft, at, text, 'carried');
  } else {
    const known = explained.find(([pattern]) => pattern.test(text));
    if (known !== undefined) {
      draft.problems.push(
        `${at}: cannot carry \`${text.length > 60 ? `${text.slice(0, 60)}…` : text}\`: it is ${known[1]}`,
      );
      return;
    }
    command(state, text, line);
  }
}

function command(state: State, text: string, line: number): void {
  const { draft, file } = state;
  const at = `${file}:${line}`;
  const background = /[^&]&$/.test(text);
  const bare = background ? text.slice(0, -1).trim() : text;
  const passes = /^exec\s+"\$@"$|^"\$@"$/.test(bare);
  if (passes) {
    say(draft, at, text, 'lost', 'the image’s CMD: write it as a process of its own');
    return;
  }
  const daemon = isNginxInBackground(bare);
  const process = launch(state, daemon ? `${bare} -g 'daemon off;'` : bare, line);
  const last = background || /^exec\s/.test(text) || daemon || state.background.length > 0;
  if (last) {
    state.background.push(process);
    const why = daemon ? 'kept in the foreground, so that its end is seen' : '';
    say(draft, at, text, daemon ? 'better' : 'carried', why);
  } else {
    process.keys['oneshot'] = true;
    state.before = [process.name];
    say(draft, at, text, 'carried', 'a oneshot: it has to end with 0 before the rest starts');
  }
}

export function importBash(text: string, file: string): Draft {
  const draft = newDraft();
  const state: State = {
    draft,
    file,
    environment: {},
    workingDir: null,
    before: [],
    background: [],
  };
  for (const one of statements(text.replace(/^#!.*$/m, ''))) handle(state, one.text, one.line);
  if (state.background.length === 0 && draft.problems.length === 0)
    draft.problems.push(`${file}: cannot carry it: nothing stays running in it`);
  return draft;
}

/** Whether a script is of this kind at all. */
export function looksLikeEntrypoint(text: string): boolean {
  return /^#!.*\b(ba|da|a|z)?sh\b/.test(text) || /&\s*$/m.test(text);
}
