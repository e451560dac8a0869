/** JSON Schema, draft 2020-12, from the keys: for editors' completion, hints and first checks. */
import { limitNames } from '../config/decode-attributes.ts';
import { routeKinds } from '../config/decode-route.ts';
import { signalNames } from '../config/signal.ts';
import { logModes } from '../plan/plan.ts';
import { type Group, type Key, type KeyType, top as topGroup } from './keys.ts';
import { front as frontGroup, route as routeGroup } from './keys-front.ts';
import { healthcheck, preStop, ready } from './keys-probe.ts';
import { process } from './keys-process.ts';

export type Schema = { readonly [key: string]: unknown };

/**
 * Editors read YAML's core schema, and Tandem reads texts: `"8081"` and `8081`
 * are one port. Keywords of a number don't apply to a text, nor the other way
 * round, so a union says more to its reader than an `anyOf` would.
 */
const scalar = { type: ['string', 'number', 'boolean'] };
const units = ['h', 'm', 's', 'ms'].map((unit) => `(\\d+(\\.\\d+)?${unit})?`);
const signalPattern = `(SIG)?(${signalNames.join('|')}|RTMIN(\\+\\d+)?)`;
/** Patterns by name: policy/desk/types.ts has a type for each. */
export const patterns = {
  whole: '^-?\\d+$',
  flag: '^(true|false)$',
  port: '^\\d{1,5}$|\\$',
  ownPort: '^(\\d{1,5}|true)$|\\$',
  duration: `^(?=\\d)${units.join('')}$|\\$`,
  signal: `^(${signalPattern}|${signalPattern.toLowerCase()}|\\d+)$`,
  status: '^[1-5]\\d\\d(-[1-5]\\d\\d)?$',
  octal: '^(0o)?[0-7]{1,4}$',
  limit: '^(unlimited|-1|\\d{1,15})$',
  path: '^[/$]',
  probe: '^(none|notify)$',
  assignment: '^[^=]+=',
  restart: '^(no|on-failure(:\\d{1,6})?|always|unless-stopped)$',
  name: '^(?!/)(?!(.*/)?\\.\\.?(/|$)).*[^/]$',
  ownPath: '^(?!.*z$)(?!.*//)(?!.*/\\.\\.?(/|$))/[\\w.~/-]*$|\\$',
  address: '^(/|https?://|\\$)',
  size: '^([1-9]\\d{0,6}[kmgKMG][bB]?|none)$',
  cache: `^(no|immutable|(?=\\d)${units.join('')})$`,
  code: '^\\d{3}$',
} as const;
/** Of the names in a map. */
export const namePatterns = {
  process: '^(?!(front|tandem)$)[A-Za-z][A-Za-z0-9_-]*$',
  variable: '^[A-Za-z_][A-Za-z0-9_]*$',
  route: '^/([^*]*/)?\\*?$',
  header: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$",
  any: '',
  extension: '^x-',
} as const;
const whole = (minimum: number, maximum: number, pattern: string = patterns.whole): Schema => {
  return { type: ['integer', 'string'], minimum, maximum, pattern };
};
const list = (items: Schema): Schema => ({ type: 'array', items });
const anyOf = (...all: readonly Schema[]): Schema => ({ anyOf: all });
const flag = { type: ['boolean', 'string'], pattern: patterns.flag };
const port = whole(1, 65_535, patterns.port);
const duration = { type: 'string', pattern: patterns.duration };
const { variable } = namePatterns;
const signal = {
  ...whole(1, 64, patterns.signal),
  examples: ['TERM', 'INT', 'QUIT', 'HUP', 'USR1', 'USR2', 'WINCH'],
};
const closed = (properties: Schema): Schema => {
  return { type: 'object', properties, additionalProperties: false };
};
const map = (pattern: string, values: Schema): Schema => {
  return { type: 'object', patternProperties: { [pattern]: values }, additionalProperties: false };
};
/** Exactly one of its keys. */
const single = (properties: Schema): Schema => {
  return { ...closed(properties), minProperties: 1, maxProperties: 1 };
};
const words = { type: [...scalar.type, 'array'], items: scalar, minItems: 1 };
const status = whole(100, 599, patterns.status);
const octal = whole(0, 7777, patterns.octal);
const limit = { type: ['integer', 'string'], minimum: -1, pattern: patterns.limit };
/** Of a file in a directory: it leads nowhere else. */
const name = { ...scalar, pattern: patterns.name };

/** A path, or a request; only `pre_stop` has a `method`. */
function http(more: Schema = {}): Schema {
  const properties = {
    port,
    path: scalar,
    status,
    headers: map(namePatterns.any, scalar),
    ...more,
  };
  return { ...closed(properties), type: ['string', 'object'], pattern: patterns.path };
}

/** What YAML reads as a value, where we read its text. */
const yamlValues: Readonly<Record<string, readonly unknown[]>> = {
  null: [null],
  true: [true],
  false: [false],
};

function ofType(type: KeyType): Schema {
  if (type === 'flag') return flag;
  if (type === 'port') return port;
  if (type === 'duration') return duration;
  if (type === 'octal') return octal;
  if (type === 'signal') return signal;
  if (type === 'words') return words;
  if (typeof type === 'string') return scalar;
  if ('whole' in type) return whole(type.whole[0], type.whole[1]);
  // YAML's `null` and flags are values of their own to an editor.
  if ('oneOf' in type)
    return { enum: type.oneOf.flatMap((one) => [one, ...(yamlValues[one] ?? [])]) };
  return shapes[type.shape]?.() ?? {};
}

/** The default as a value, where its words are one; editors write it when they complete the key. */
function defaultOf({ type, default: text }: Key): Schema {
  if (text === null || !/^[\w${}:-]+$/.test(text)) return {};
  if (type === 'flag' || (typeof type === 'object' && 'whole' in type))
    return { default: JSON.parse(text) };
  return type === 'duration' && !/^\d/.test(text) ? {} : { default: text };
}

function described(one: Key): Schema {
  const { key, type, default: byDefault, text, example } = one;
  const more = byDefault === null ? '' : `\n\nDefault: ${byDefault}`;
  // A description is plain text: an editor would show the marks of anything else.
  const line = example.includes('\n') ? '' : `\n\nExample: ${example}`;
  return {
    title: key,
    description: `${text}${more}${line}`,
    ...ofType(type),
    ...defaultOf(one),
  };
}

function properties(group: Group, ...others: readonly Group[]): Schema {
  const keys = [group, ...others].flatMap((one) => one.keys);
  return Object.fromEntries(keys.map((key) => [key.key, described(key)]));
}

/** The kinds of `ready`; `tcp: true` asks its own port. */
function kinds(): Schema {
  const all = properties(ready);
  const tcp = whole(1, 65_535, patterns.ownPort);
  return { ...all, tcp: { ...(all['tcp'] as Schema), ...tcp, type: [...scalar.type] } };
}

function probe(): Schema {
  const word = {
    type: ['string', 'object'],
    pattern: patterns.probe,
    examples: ['none', 'notify'],
  };
  return { ...single(kinds()), ...word };
}

const condition = {
  enum: [
    'started',
    'ready',
    'completed',
    'service_started',
    'service_healthy',
    'service_completed_successfully',
  ],
};

const shapes: Readonly<Record<string, () => Schema>> = {
  processes: () =>
    map(namePatterns.process, {
      ...closed(properties(process)),
      required: ['command'],
    }),
  front: () => ({ ...closed(properties(frontGroup)), required: ['routes'] }),
  logs: () => anyOf({ enum: logModes }, closed({ format: { enum: logModes }, timestamps: flag })),
  control: () => ({ ...closed({ path: scalar, http: scalar }), type: [...scalar.type, 'object'] }),
  routes: () => {
    const all = properties(routeGroup);
    const forms = Object.entries(routeKinds).map(([kind, keys]) => ({
      ...closed(Object.fromEntries(keys.map((key) => [key, all[key]]))),
      required: [kind],
    }));
    return map(namePatterns.route, anyOf(scalar, ...forms));
  },
  headers: () => map(namePatterns.header, scalar),
  texts: () => ({ type: [...scalar.type, 'array'], items: scalar }),
  name: () => name,
  names: () => ({ ...name, type: [...scalar.type, 'array'], items: name }),
  own_path: () => ({ type: 'string', pattern: patterns.ownPath }),
  address: () => ({ type: 'string', pattern: patterns.address }),
  nginx: () => closed({ http: scalar, server: scalar, location: map(namePatterns.any, scalar) }),
  size: () => ({ type: 'string', pattern: patterns.size }),
  cache: () => ({
    type: ['string', 'boolean'],
    pattern: patterns.cache,
    examples: ['1h', 'no', 'immutable'],
  }),
  code: () => whole(100, 599, patterns.code),
  environment: () =>
    anyOf(map(variable, scalar), list({ type: 'string', pattern: patterns.assignment })),
  env_file: () => {
    const one = anyOf(scalar, {
      ...closed({ path: scalar, required: flag }),
      required: ['path'],
    });
    return anyOf(one, list(one));
  },
  secrets: () => map(variable, scalar),
  files: () =>
    list({ ...closed({ from: scalar, to: scalar, mode: octal }), required: ['from', 'to'] }),
  restart: () => ({
    type: 'string',
    pattern: patterns.restart,
    examples: ['no', 'on-failure', 'on-failure:3', 'always'],
  }),
  depends_on: () => anyOf(list(scalar), map(namePatterns.any, closed({ condition }))),
  probe,
  healthcheck: () => {
    const { tcp, http: web, grpc, unix, file, exec } = kinds();
    return closed({ tcp, http: web, grpc, unix, file, exec, ...properties(healthcheck) });
  },
  pre_stop: () => {
    const all = properties(preStop);
    return single({ ...all, http: { ...(all['http'] as Schema), ...http({ method: scalar }) } });
  },
  codes: () => list(whole(0, 255)),
  forward: () => anyOf(list(signal), { type: 'object', additionalProperties: signal }),
  ulimits: () =>
    closed(
      Object.fromEntries(
        limitNames.map((name) => [
          name,
          anyOf(limit, { ...closed({ soft: limit, hard: limit }), required: ['soft', 'hard'] }),
        ]),
      ),
    ),
  http: () => http(),
  grpc: () => anyOf({ const: true }, closed({ port, service: scalar })),
  test: () => words,
};

export function schema(): Schema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Tandem',
    description: topGroup.text,
    ...closed(properties(topGroup)),
    patternProperties: { [namePatterns.extension]: {} },
  };
}
