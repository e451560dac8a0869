/**
 * The types of `tandem.config.ts`, from the JSON Schema and so from the same keys: an editor and
 * `tsc` refuse what the schema refuses, as far as a type can say it. Ranges of numbers, and
 * patterns that are in no table here, are left to `tandem check`.
 */
import { signalNames } from '../config/signal.ts';
import { namePatterns, patterns, type Schema, schema } from './schema.ts';

/** A text with `${…}` or `$$` in it: what it stands for is known at the start. */
const late = '`${string}$${string}`';

const units = ['h', 'm', 's', 'ms'];
/** Every way to choose some of the units, in their order: `1m30s`, `500ms`. */
const durations = Array.from({ length: 2 ** units.length - 1 }, (_, i) => {
  const chosen = units.filter((_unit, at) => ((i + 1) & (1 << at)) !== 0);
  return `\`${chosen.map((unit) => `\${number}${unit}`).join('')}\``;
});

const signals = ['', 'SIG'].flatMap((prefix) =>
  [...signalNames, 'RTMIN'].flatMap((name) => {
    const whole = `${prefix}${name}`;
    return [`'${whole}'`, `'${whole.toLowerCase()}'`];
  }),
);
const realtime = ['RTMIN', 'SIGRTMIN', 'rtmin', 'sigrtmin'].map((name) => `\`${name}+\${number}\``);

/** Types that are said once, by name. */
const aliases: Readonly<Record<string, { readonly text: string; readonly type: string }>> = {
  Late: { text: 'A text that `${NAME}` or `${app.port}` makes whole at the start.', type: late },
  Duration: {
    text: 'With its unit: `500ms`, `5s`, `1m30s`.',
    type: ['Late', ...durations].join(' | '),
  },
  Signal: {
    text: 'A name with or without SIG.',
    type: [...signals, ...realtime].join(' | '),
  },
};

/** What a text of this pattern is to TypeScript. */
const texts: ReadonlyMap<string, string> = new Map([
  [patterns.whole, '`${number}`'],
  [patterns.flag, "'true' | 'false'"],
  [patterns.port, '`${number}` | Late'],
  [patterns.ownPort, "`${number}` | 'true' | Late"],
  [patterns.duration, 'Duration'],
  [patterns.signal, 'Signal | `${number}`'],
  [patterns.status, '`${number}` | `${number}-${number}`'],
  [patterns.octal, '`${number}`'],
  [patterns.limit, "'unlimited' | `${number}`"],
  [patterns.path, '`/${string}` | `$${string}`'],
  [patterns.probe, "'none' | 'notify'"],
  [patterns.assignment, '`${string}=${string}`'],
  [patterns.restart, "'no' | 'on-failure' | `on-failure:${number}` | 'always' | 'unless-stopped'"],
  [patterns.ownPath, '`/${string}` | Late'],
  [patterns.address, '`/${string}` | `http://${string}` | `https://${string}` | Late'],
  [patterns.size, "`${number}${'k' | 'm' | 'g'}` | 'none'"],
  [patterns.cache, "Duration | 'no' | 'immutable'"],
  [patterns.code, '`${number}`'],
]);

const keyTypes: ReadonlyMap<string, string> = new Map([
  [namePatterns.route, 'path: `/${string}`'],
  [namePatterns.extension, 'extension: `x-${string}`'],
]);

/** Keys whose type has a name of its own, so that an editor shows that name. */
const named: Readonly<Record<string, string>> = {
  ready: 'Ready',
  healthcheck: 'Healthcheck',
  pre_stop: 'PreStop',
  front: 'Front',
};

type Writer = {
  readonly declared: Map<string, string>;
  /** It has a name too: configurations are put together of processes. */
  readonly process: Schema;
};

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function entriesOf(value: unknown): readonly (readonly [string, Schema])[] {
  return isSchema(value)
    ? Object.entries(value).flatMap(([key, one]) => (isSchema(one) ? [[key, one] as const] : []))
    : [];
}

function textsOf(value: unknown): readonly string[] {
  return (Array.isArray(value) ? value : [value]).filter((one) => typeof one === 'string');
}

/** Parts of a union are told apart by `|`; each stands once. */
function union(parts: readonly string[]): string {
  const all = [...new Set(parts)];
  return all.length === 0 ? 'never' : all.join(' | ');
}

function comment(one: Schema, indent: string): string {
  const said = one['description'];
  if (typeof said !== 'string') return '';
  const lines = said.replaceAll('*/', '*\\/').split('\n');
  const body = lines.map((line) => `${indent} * ${line}`.trimEnd()).join('\n');
  return `${indent}/**\n${body}\n${indent} */\n`;
}

const identifier = /^[A-Za-z_]\w*$/;

function properties(writer: Writer, one: Schema, indent: string): string {
  const required = textsOf(one['required']);
  const inner = `${indent}  `;
  const own = entriesOf(one['properties']).map(([key, value]) => {
    const name = identifier.test(key) ? key : JSON.stringify(key);
    const exactly = required.includes(key) || one['maxProperties'] === 1;
    const optional = exactly ? ['', ''] : ['?', ' | undefined'];
    const type = typeOf(writer, value, inner);
    return `${comment(value, inner)}${inner}readonly ${name}${optional[0]}: ${type}${optional[1]};\n`;
  });
  const byPattern = entriesOf(one['patternProperties']).map(([pattern, value]) => {
    const key = keyTypes.get(pattern) ?? 'name: string';
    return `${inner}readonly [${key}]: ${typeOf(writer, value, inner)};\n`;
  });
  const all = [...own, ...byPattern].join('');
  const more = one['additionalProperties'];
  const rest = isSchema(more)
    ? `${inner}readonly [name: string]: ${typeOf(writer, more, inner)};\n`
    : '';
  return `{\n${all}${rest}${indent}}`;
}

function objectOf(writer: Writer, one: Schema, indent: string): string {
  const type = properties(writer, one, indent);
  if (one['maxProperties'] === 1) return `One<${type}>`;
  const taken = Object.keys(isSchema(one['patternProperties']) ? one['patternProperties'] : {});
  // A name that is taken can't be left out of an index signature, only forbidden beside it.
  return taken.includes(namePatterns.process)
    ? `${type} & { readonly front?: never; readonly tandem?: never }`
    : type;
}

function ofKind(writer: Writer, one: Schema, kind: string, indent: string): string {
  // 0o27 in TypeScript is 23, and 23 read as octal would be another mode: a text says which.
  if (kind === 'integer' && one['pattern'] === patterns.octal) return 'never';
  if (kind === 'integer' || kind === 'number') return 'number';
  if (kind === 'boolean' || kind === 'null') return kind;
  if (kind === 'object') return objectOf(writer, one, indent);
  if (kind === 'string') return texts.get(String(one['pattern'])) ?? 'string';
  const items = one['items'];
  return `readonly (${isSchema(items) ? typeOf(writer, items, indent) : 'unknown'})[]`;
}

function bare(writer: Writer, one: Schema, indent: string): string {
  const any = one['anyOf'];
  if (Array.isArray(any))
    return union(any.filter(isSchema).map((each) => typeOf(writer, each, indent)));
  const choices = 'const' in one ? [one['const']] : one['enum'];
  if (Array.isArray(choices)) return union(choices.map((value) => JSON.stringify(value)));
  const kinds = textsOf(one['type']);
  return kinds.length === 0
    ? 'unknown'
    : union(kinds.map((kind) => ofKind(writer, one, kind, indent)));
}

function typeOf(writer: Writer, one: Schema, indent: string): string {
  // A front's `ready` is a path, and no way to be ready.
  const known = one['type'] === 'string' ? undefined : named[String(one['title'])];
  const name = one === writer.process ? 'Process' : known;
  if (name === undefined) return bare(writer, one, indent);
  if (!writer.declared.has(name)) {
    // Its place first, so that what it names comes after it.
    writer.declared.set(name, '');
    writer.declared.set(name, `${comment(one, '')}export type ${name} = ${bare(writer, one, '')};`);
  }
  return name;
}

function processOf(whole: Schema): Schema {
  const [, processes] = entriesOf(whole['properties']).find(([key]) => key === 'processes') ?? [];
  return entriesOf(processes?.['patternProperties'])[0]?.[1] ?? {};
}

const one = `/** Exactly one of its keys. */
type One<T> = {
  [Key in keyof T]: Pick<T, Key> & { readonly [Other in Exclude<keyof T, Key>]?: never };
}[keyof T];`;

/** A module of types: `Config`, `Process`, and what they are made of. */
export function types(): string {
  const whole = schema();
  const writer: Writer = { declared: new Map(), process: processOf(whole) };
  const config = bare(writer, whole, '');
  const shared = Object.entries(aliases).map(
    ([name, { text, type }]) => `/** ${text} */\nexport type ${name} = ${type};`,
  );
  const all = [
    '// Made from the keys of policy/desk/keys*.ts, as the JSON Schema is.',
    ...shared,
    one,
    ...writer.declared.values(),
    `${comment(whole, '')}export type Config = ${config};`,
  ];
  return `${all.join('\n\n')}\n`;
}
