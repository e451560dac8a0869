/** compose.yaml: services that can share a container become processes of one. */
import type { Entry, Scalar, Tree } from '../config/tree.ts';
import { readHealth, readOwnReady } from './compose-health.ts';
import { imageCommands, serviceTold, type Told, topTold } from './compose-keys.ts';
import {
  entriesOf,
  find,
  localHosts,
  type Reader,
  type Service,
  tell,
  textOf,
  textsOf,
  valueIn,
  wordsOf,
} from './compose-read.ts';
import {
  addProcess,
  commandOf,
  type Draft,
  type DraftProcess,
  newDraft,
  say,
  signalOf,
  type Value,
} from './draft.ts';

function readCommand(service: Service): void {
  const { process, entries, reader } = service;
  const [entrypoint, command] = [find(entries, 'entrypoint'), find(entries, 'command')];
  const words = [entrypoint, command].flatMap((tree, i) => {
    if (tree === undefined || (tree.type === 'scalar' && tree.text === '')) return [];
    const key = i === 0 ? 'entrypoint' : 'command';
    const found = wordsOf(service, key, tree);
    if (found === null)
      reader.draft.problems.push(
        `${reader.lineOf(tree)}: cannot carry \`${process.name}\`: its ${key} cannot be split into words`,
      );
    else tell(service, tree, key, 'carried');
    return found ?? [];
  });
  if (words.length > 0) {
    process.keys['command'] = commandOf(words);
    return;
  }
  const image = textOf(find(entries, 'image')) ?? '';
  const base = /(?:^|\/)([\w-]+)(?:[:@][^/]*)?$/.exec(image)?.[1] ?? '';
  const known = imageCommands[base];
  if (known === undefined) {
    const why =
      image === ''
        ? 'that of its Dockerfile is not read'
        : `that of \`${image}\` is not known here`;
    process.keys['command'] = 'CHANGE-ME';
    say(
      reader.draft,
      process.name,
      `${process.name}.command`,
      'lost',
      `it has no command, and ${why}: write it`,
    );
    return;
  }
  process.keys['command'] = known.command;
  process.keys['port'] = known.port;
  if (known.stopSignal !== undefined) process.keys['stop_signal'] = known.stopSignal;
  say(
    reader.draft,
    process.name,
    `${process.name}.command`,
    'carried',
    `that of the image \`${base}\``,
  );
}

function readEnvironment(service: Service, tree: Tree): void {
  const pairs: [string, string][] = [];
  const add = (name: string, text: string | null, at: Tree): void => {
    const key = 'environment';
    const value =
      text === null
        ? `\${${name}:-}`
        : localHosts(service, at, key, valueIn(service, at, key, text));
    pairs.push([name, value]);
  };
  if (tree.type === 'map')
    for (const { key, value } of tree.entries) {
      const text = textOf(value);
      add(key.text, value.type === 'scalar' && !value.quoted && text === '' ? null : text, value);
    }
  else
    for (const item of textsOf(tree)) {
      const at = item.indexOf('=');
      add(at < 0 ? item : item.slice(0, at), at < 0 ? null : item.slice(at + 1), tree);
    }
  // What only passes the container's own variable on is there anyway.
  const own = pairs.filter(([name, value]) => value !== `\${${name}:-}`);
  if (own.length > 0) service.process.keys['environment'] = Object.fromEntries(own);
  tell(service, tree, 'environment', 'carried');
}

function readEnvFile(service: Service, tree: Tree): void {
  const items = tree.type === 'list' ? tree.items : [tree];
  const files = items.flatMap((item): Value[] => {
    const path = textOf(item) ?? textOf(find(entriesOf(item), 'path'));
    if (path === null) return [];
    for (const { key } of entriesOf(item))
      if (!['path', 'required'].includes(key.text))
        tell(
          service,
          item,
          `env_file.${key.text}`,
          key.text === 'format' ? 'lost' : 'unknown',
          'files are read in Compose’s syntax',
        );
    const required = textOf(find(entriesOf(item), 'required'));
    const out = valueIn(service, item, 'env_file', path);
    return [required === 'false' ? { path: out, required: false } : out];
  });
  service.process.keys['env_file'] = files.length === 1 ? (files[0] as Value) : files;
  tell(service, tree, 'env_file', 'carried');
}

function readDependsOn(service: Service, tree: Tree): void {
  const name = (text: string): string => service.reader.names.get(text) ?? text;
  const gone = (text: string, at: Tree): boolean => {
    if (service.reader.names.has(text)) return false;
    tell(service, at, 'depends_on', 'lost', `\`${text}\` is not among the processes`);
    return true;
  };
  if (tree.type !== 'map') {
    const all = textsOf(tree).filter((one) => !gone(one, tree));
    // A list means started in Compose, and nothing more.
    if (all.length > 0) service.process.keys['depends_on'] = all.map(name);
    tell(service, tree, 'depends_on', 'better', 'waits until they are ready, not only started');
    return;
  }
  const map: Record<string, Value> = {};
  for (const { key, value } of tree.entries) {
    if (gone(key.text, key)) continue;
    for (const { key: inner } of entriesOf(value))
      if (inner.text === 'restart')
        tell(
          service,
          inner,
          'depends_on.restart',
          'lost',
          'a dependency’s restart leaves dependents alone',
        );
      else if (inner.text === 'required')
        tell(service, inner, 'depends_on.required', 'lost', 'all that is in the file runs');
      else if (inner.text !== 'condition')
        tell(service, inner, `depends_on.${inner.text}`, 'unknown', 'not in the reference');
    map[name(key.text)] = {
      condition: textOf(find(entriesOf(value), 'condition')) ?? 'service_started',
    };
  }
  if (Object.keys(map).length > 0) service.process.keys['depends_on'] = map;
  tell(service, tree, 'depends_on', 'carried');
}

/** The container’s side of `8080:80`, `127.0.0.1:8080:80/tcp`, `80`, and of the long form. */
function innerPort(tree: Tree): number | null {
  const text = textOf(tree) ?? textOf(find(entriesOf(tree), 'target')) ?? '';
  const match = /(?:^|:)(\d{1,5})(?:\/tcp)?$/.exec(text);
  return match === null ? null : Number(match[1]);
}

function readPorts(service: Service, key: string, tree: Tree): void {
  const items = tree.type === 'list' ? tree.items : [];
  const ports = items.flatMap((item) => innerPort(item) ?? []);
  if (ports[0] !== undefined) service.process.keys['port'] ??= ports[0];
  const more = items.length > 1 ? ', the first of several' : '';
  if (ports.length === 0) tell(service, tree, key, 'lost', 'no single TCP port stands there');
  else
    tell(
      service,
      tree,
      key,
      'carried',
      `ready when it accepts there${more}; publish the container’s with docker run -p`,
    );
}

function readSecrets(service: Service, tree: Tree, top: readonly Entry[]): void {
  for (const item of tree.type === 'list' ? tree.items : []) {
    const source = textOf(item) ?? textOf(find(entriesOf(item), 'source')) ?? '';
    const file = textOf(find(entriesOf(find(entriesOf(find(top, 'secrets')), source)), 'file'));
    tell(
      service,
      item,
      'secrets',
      'lost',
      `mount ${file ?? 'the secret'} at /run/secrets/${source}, or \`secrets: {NAME: FILE}\` for a variable`,
    );
  }
}

function readUlimits(service: Service, tree: Tree): void {
  const limits: Record<string, Value> = {};
  for (const { key, value } of entriesOf(tree)) {
    const [soft, hard] = [
      textOf(find(entriesOf(value), 'soft')),
      textOf(find(entriesOf(value), 'hard')),
    ];
    limits[key.text] =
      value.type === 'scalar' ? value.text : { soft: soft ?? '0', hard: hard ?? soft ?? '0' };
  }
  service.process.keys['ulimits'] = limits;
  tell(service, tree, 'ulimits', 'carried');
}

function readPreStop(service: Service, tree: Tree): void {
  const hooks = tree.type === 'list' ? tree.items : [tree];
  const words = hooks[0] === undefined ? null : find(entriesOf(hooks[0]), 'command');
  const argv = words === undefined || words === null ? null : wordsOf(service, 'pre_stop', words);
  if (argv === null || argv.length === 0)
    tell(service, tree, 'pre_stop', 'lost', 'it has no command');
  else service.process.keys['pre_stop'] = { exec: argv };
  for (const { key } of entriesOf(hooks[0]))
    if (key.text !== 'command')
      tell(service, key, `pre_stop.${key.text}`, 'lost', 'it runs as the process does');
  if (argv !== null)
    tell(
      service,
      tree,
      'pre_stop',
      hooks.length > 1 ? 'lost' : 'carried',
      hooks.length > 1 ? 'only the first of the hooks' : '',
    );
}

function copy(key: string, target = key): (service: Service, tree: Tree) => void {
  return (service, tree) => {
    const text = textOf(tree);
    if (text === null) return tell(service, tree, key, 'unknown', 'a text is needed');
    service.process.keys[target] = valueIn(service, tree, key, text);
    return tell(service, tree, key, 'carried');
  };
}

const flag =
  (key: string, set: (keys: Record<string, Value>) => void) =>
  (service: Service, tree: Tree): void => {
    if (textOf(tree) === 'true') set(service.process.keys);
    tell(service, tree, key, 'carried');
  };

const handled: Readonly<
  Record<string, (service: Service, tree: Tree, top: readonly Entry[]) => void>
> = {
  command: () => {},
  entrypoint: () => {},
  environment: readEnvironment,
  env_file: readEnvFile,
  depends_on: readDependsOn,
  healthcheck: readHealth,
  ports: (service, tree) => readPorts(service, 'ports', tree),
  expose: (service, tree) => readPorts(service, 'expose', tree),
  secrets: readSecrets,
  ulimits: readUlimits,
  pre_stop: readPreStop,
  working_dir: copy('working_dir'),
  user: copy('user'),
  stop_grace_period: copy('stop_grace_period'),
  oom_score_adj: copy('oom_score_adj'),
  stop_signal: (service, tree) => {
    const signal = signalOf(textOf(tree) ?? '');
    if (signal === null)
      return tell(service, tree, 'stop_signal', 'lost', 'there is no such signal');
    service.process.keys['stop_signal'] = signal;
    return tell(service, tree, 'stop_signal', 'carried');
  },
  restart: (service, tree) => {
    service.process.keys['restart'] = (textOf(tree) ?? 'no').replace('unless-stopped', 'always');
    tell(service, tree, 'restart', 'carried');
  },
  stdin_open: flag('stdin_open', (keys) => {
    keys['stdin'] = 'inherit';
  }),
  tty: flag('tty', (keys) => {
    keys['tty'] = true;
  }),
  extends: (service, tree) =>
    tell(
      service,
      tree,
      'extends',
      'lost',
      'write out what it takes over: docker compose config does',
    ),
  profiles: () => {},
};

/** Whether its port is surely its own. */
function makeService(service: Service, top: readonly Entry[]): boolean {
  readCommand(service);
  for (const { key, value } of service.entries) {
    if (key.text.startsWith('x-')) continue;
    const told: Told | undefined = serviceTold[key.text];
    const handle = handled[key.text];
    if (handle !== undefined) handle(service, value, top);
    else if (told !== undefined) tell(service, key, key.text, ...told);
    else tell(service, key, key.text, 'unknown', 'not in the reference of a service');
  }
  return readOwnReady(service);
}

/** A oneshot is what others wait for to complete. */
function markOneshots(draft: Draft): void {
  for (const one of draft.processes)
    for (const [name, how] of Object.entries(one.keys['depends_on'] ?? {})) {
      const condition =
        typeof how === 'object' && !Array.isArray(how)
          ? (how as { condition?: Value }).condition
          : null;
      const target = draft.processes.find((other) => other.name === name);
      if (condition === 'service_completed_successfully' && target !== undefined) {
        target.keys['oneshot'] = true;
        for (const key of ['port', 'healthcheck', 'restart']) delete target.keys[key];
      }
    }
}

export function importCompose(tree: Tree, text: string, file: string): Draft {
  const draft = newDraft();
  const lineOf = (at: Tree): string => `${file}:${text.slice(0, at.span.start).split('\n').length}`;
  const top = entriesOf(tree);
  const services = entriesOf(find(top, 'services'));
  if (services.length === 0) draft.problems.push(`${file}: cannot carry it: it has no services`);
  const names = new Map<string, string>();
  const kept: { key: Scalar; entries: readonly Entry[]; process: DraftProcess }[] = [];
  for (const { key, value } of services) {
    const entries = entriesOf(value);
    const profiles = textsOf(find(entries, 'profiles'));
    if (profiles.length > 0) {
      say(
        draft,
        lineOf(key),
        `${key.text}.profiles`,
        'lost',
        `\`${key.text}\` is left out: it runs only with ${profiles.join(', ')}`,
      );
      continue;
    }
    const process = addProcess(draft, key.text);
    names.set(key.text, process.name);
    kept.push({ key, entries, process });
  }
  // Whoever shares a network namespace already meets the others on 127.0.0.1.
  const apart = kept.filter(
    ({ entries }) => textOf(find(entries, 'network_mode'))?.startsWith('service:') !== true,
  );
  const hosts = apart.length > 1 ? [...names.keys()] : [];
  const reader: Reader = { draft, lineOf, hosts, names };
  const sure = kept.filter(({ entries, process }) =>
    makeService({ reader, process, entries }, top),
  );
  // Whoever owns the network namespace publishes the ports of all that share it.
  for (const { entries, process } of kept)
    if (
      sure.some(
        (one) => one.process !== process && one.process.keys['port'] === process.keys['port'],
      )
    )
      if (find(entries, 'ports') !== undefined) delete process.keys['port'];
  for (const { key } of top) {
    if (key.text === 'services' || key.text.startsWith('x-')) continue;
    if (key.text === 'secrets')
      say(draft, lineOf(key), 'secrets', 'lost', 'mount the files where the image is deployed');
    else if (key.text === 'include')
      say(
        draft,
        lineOf(key),
        'include',
        'lost',
        'its files are not read: import what docker compose config prints',
      );
    else
      say(
        draft,
        lineOf(key),
        key.text,
        ...(topTold[key.text] ?? (['unknown', 'not in the reference'] as const)),
      );
  }
  markOneshots(draft);
  return draft;
}

export const composeServiceKeys: readonly string[] = [
  ...Object.keys(handled),
  ...Object.keys(serviceTold),
];
export const composeTopKeys: readonly string[] = [
  'services',
  'secrets',
  'include',
  ...Object.keys(topTold),
];
