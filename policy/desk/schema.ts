/** JSON Schema, draft 2020-12, from the keys: for editors' completion, hints and first checks. */
import { limitNames } from '../config/decode-attributes.ts';
import { signalNames } from '../config/signal.ts';
import {
  front as frontGroup,
  type Group,
  type Key,
  type KeyType,
  top as topGroup,
} from './keys.ts';
import { healthcheck, preStop, process, ready } from './keys-process.ts';

type Schema = { readonly [key: string]: unknown };

/** Editors read YAML's core schema, so what is a number to them may be a text to us. */
const scalar = { type: ['string', 'number', 'boolean'] };
const late = { type: 'string', pattern: '\\$' };
const whole = (minimum: number, maximum: number): Schema => ({ type: 'integer', minimum, maximum });
const list = (items: Schema): Schema => ({ type: 'array', items });
const anyOf = (...all: readonly Schema[]): Schema => ({ anyOf: all });
const port = anyOf(whole(1, 65_535), late);
const duration = anyOf({ type: 'string', pattern: '^(\\d+(\\.\\d+)?(ms|s|m|h))+$' }, late);
const variable = '^[A-Za-z_][A-Za-z0-9_]*$';
const signal = anyOf(
  { type: 'string', pattern: `^(SIG)?(${signalNames.join('|')}|RTMIN(\\+\\d+)?)$` },
  whole(1, 64),
);
const closed = (properties: Schema): Schema => {
  return { type: 'object', properties, additionalProperties: false };
};
const map = (pattern: string, values: Schema): Schema => {
  return { type: 'object', patternProperties: { [pattern]: values }, additionalProperties: false };
};
const status = anyOf(whole(100, 599), { type: 'string', pattern: '^[1-5]\\d\\d(-[1-5]\\d\\d)?$' });
const octal = anyOf({ type: 'string', pattern: '^(0o)?[0-7]{1,4}$' }, whole(0, 7777));
const number = anyOf({ type: 'integer', minimum: -1 }, { const: 'unlimited' });
const http = anyOf(
  { type: 'string', pattern: '^[/$]' },
  closed({ port, path: scalar, status, headers: { type: 'object' }, method: scalar }),
);

function ofType(type: KeyType): Schema {
  if (type === 'flag') return { type: 'boolean' };
  if (type === 'port') return port;
  if (type === 'duration') return duration;
  if (type === 'octal') return octal;
  if (type === 'signal') return signal;
  if (type === 'words') return anyOf({ type: 'string' }, list(scalar));
  if (typeof type === 'string') return scalar;
  if ('whole' in type) return whole(type.whole[0], type.whole[1]);
  // YAML's `null` is a value of its own to an editor.
  if ('oneOf' in type)
    return { enum: type.oneOf.flatMap((one) => (one === 'null' ? [one, null] : [one])) };
  return shapes[type.shape]?.() ?? {};
}

function described({ key, type, default: byDefault, text, example }: Key): Schema {
  const more = byDefault === null ? '' : `\n\nDefault: ${byDefault}`;
  return {
    title: key,
    description: `${text}${more}\n\n\`\`\`yaml\n${example}\n\`\`\``,
    ...ofType(type),
  };
}

function properties(group: Group, ...others: readonly Group[]): Schema {
  const keys = [group, ...others].flatMap((one) => one.keys);
  return Object.fromEntries(keys.map((key) => [key.key, described(key)]));
}

function probe(): Schema {
  const tcp = { ...properties(ready), tcp: anyOf(port, { const: true }) };
  return anyOf(
    { enum: ['none', 'notify'] },
    { ...closed(tcp), minProperties: 1, maxProperties: 1 },
  );
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
    map('^(?!(front|tandem)$)[A-Za-z][A-Za-z0-9_-]*$', {
      ...closed(properties(process)),
      required: ['command'],
    }),
  front: () => ({ ...closed(properties(frontGroup)), required: ['routes'] }),
  routes: () => map('^/', { type: 'string' }),
  environment: () => anyOf(map(variable, scalar), list({ type: 'string', pattern: '^[^=]+=' })),
  env_file: () => {
    const one = anyOf(
      { type: 'string' },
      { ...closed({ path: scalar, required: { type: 'boolean' } }), required: ['path'] },
    );
    return anyOf(one, list(one));
  },
  secrets: () => map(variable, { type: 'string' }),
  files: () =>
    list({ ...closed({ from: scalar, to: scalar, mode: octal }), required: ['from', 'to'] }),
  restart: () => ({
    type: 'string',
    pattern: '^(no|on-failure(:\\d{1,6})?|always|unless-stopped)$',
  }),
  depends_on: () => anyOf(list({ type: 'string' }), map('', closed({ condition }))),
  probe,
  healthcheck: () => {
    const { tcp, http: web, grpc, unix, file, exec } = properties(ready);
    return closed({ tcp, http: web, grpc, unix, file, exec, ...properties(healthcheck) });
  },
  pre_stop: () => ({ ...closed(properties(preStop)), minProperties: 1, maxProperties: 1 }),
  codes: () => list(whole(0, 255)),
  forward: () => anyOf(list(signal), { type: 'object', additionalProperties: signal }),
  ulimits: () =>
    closed(
      Object.fromEntries(
        limitNames.map((name) => [
          name,
          anyOf(number, { ...closed({ soft: number, hard: number }), required: ['soft', 'hard'] }),
        ]),
      ),
    ),
  http: () => http,
  grpc: () => anyOf({ const: true }, closed({ port, service: scalar })),
  test: () => anyOf({ type: 'string' }, list(scalar)),
};

export function schema(): Schema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Tandem',
    description: topGroup.text,
    ...closed(properties(topGroup)),
    patternProperties: { '^x-': {} },
  };
}
