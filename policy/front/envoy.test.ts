/**
 * Goal: what a front is compiled to is a configuration by Envoy's published definitions.
 * Method: every field, enum and Any of it is looked up in the protos; Envoy itself runs it in
 * test/front/ where it is on PATH.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import { machine } from '../plan/machine.fake.ts';
import { adminPortOf, compileEnvoy } from './envoy.ts';
import { envoyConfig } from './envoy-config.ts';
import type { Json } from './envoy-words.ts';
import { frontOf, toDirectory, toPort } from './model.fake.ts';
import type { FrontPlan, FrontRoute } from './model.ts';

const deps = resolve('node_modules/@grpc/grpc-js-xds/deps');
const folders = ['envoy-api', 'googleapis', 'protoc-gen-validate', 'xds'];
const root = new protobuf.Root();
root.resolvePath = (_from, path) =>
  folders.map((one) => join(deps, one, path)).find((one) => existsSync(one)) ??
  (path.startsWith('google/protobuf/') ? resolve('node_modules/protobufjs', path) : null);
root.loadSync(
  [
    'config/bootstrap/v3/bootstrap',
    'extensions/filters/network/http_connection_manager/v3/http_connection_manager',
    'extensions/filters/http/cors/v3/cors',
    'extensions/filters/http/grpc_web/v3/grpc_web',
    'extensions/filters/http/health_check/v3/health_check',
    'extensions/filters/http/compressor/v3/compressor',
    'extensions/filters/http/router/v3/router',
    'extensions/compression/gzip/compressor/v3/gzip',
    'extensions/access_loggers/stream/v3/stream',
    'extensions/http/early_header_mutation/header_mutation/v3/header_mutation',
    'extensions/upstreams/http/v3/http_protocol_options',
  ].map((one) => `envoy/${one}.proto`),
  { keepCase: true },
);

const isMessage = (value: Json): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A value of a scalar, or of a wrapper of one. */
function scalar(type: string, value: Json): boolean {
  if (type === 'bool') return typeof value === 'boolean';
  if (type === 'string' || type === 'bytes') return typeof value === 'string';
  if (/64$/.test(type)) return /^-?\d+$/.test(String(value));
  return typeof value === 'number' && (/^(float|double)$/.test(type) || Number.isInteger(value));
}

function wrong(type: protobuf.Type, value: Json, at: string): readonly string[] {
  const name = type.fullName.slice(1);
  if (name === 'google.protobuf.Struct') return isMessage(value) ? [] : [`${at}: no struct`];
  if (name === 'google.protobuf.Duration')
    return /^\d+(\.\d{1,9})?s$/.test(String(value)) ? [] : [`${at}: no duration: ${value}`];
  const inner = type.fields['value'];
  if (/^google\.protobuf\.\w+Value$/.test(name) && inner !== undefined)
    return scalar(inner.type, value) ? [] : [`${at}: not ${inner.type}: ${value}`];
  if (!isMessage(value)) return [`${at}: not ${name}`];
  if (name === 'google.protobuf.Any') {
    const { '@type': url, ...rest } = value;
    const found = root.lookup(String(url).replace('type.googleapis.com/', ''));
    return found instanceof protobuf.Type ? wrong(found, rest, at) : [`${at}: no type ${url}`];
  }
  const twice = type.oneofsArray
    .filter((one) => one.fieldsArray.filter((field) => field.name in value).length > 1)
    .map((one) => `${at}: two of ${one.name}`);
  const fields = Object.entries(value).flatMap(([key, one]) => {
    const field = type.fields[key];
    const path = `${at}.${key}`;
    if (field === undefined) return [`${path}: ${name} has no such field`];
    field.resolve();
    if (field.map)
      return isMessage(one)
        ? Object.entries(one).flatMap(([k, v]) => wrongField(field, v, `${path}.${k}`))
        : [`${path}: no map`];
    if (!field.repeated) return wrongField(field, one, path);
    if (!Array.isArray(one)) return [`${path}: no list`];
    return one.flatMap((v: Json, i) => wrongField(field, v, `${path}.${i}`));
  });
  return [...twice, ...fields];
}

function wrongField(field: protobuf.Field, value: Json, at: string): readonly string[] {
  const type = field.resolvedType;
  if (type instanceof protobuf.Type) return wrong(type, value, at);
  if (type instanceof protobuf.Enum)
    return String(value) in type.values ? [] : [`${at}: ${type.name} has no ${value}`];
  return scalar(field.type, value) ? [] : [`${at}: not ${field.type}: ${value}`];
}

const bootstrap = root.lookupType('envoy.config.bootstrap.v3.Bootstrap');
const problems = (plan: FrontPlan): readonly string[] =>
  wrong(bootstrap, JSON.parse(JSON.stringify(envoyConfig(plan, 9901))), 'bootstrap');

const redirect: FrontRoute = {
  type: 'redirect',
  path: '/old/',
  headers: [],
  to: 'https://example.com/100%',
  status: 308,
};
const fixed: FrontRoute = {
  type: 'answer',
  path: '/fixed/',
  headers: [['X-Own', '50%']],
  status: 418,
  body: 'tea',
  contentType: 'text/plain',
};
const unix = { type: 'unix', path: '/tmp/a.sock' } as const;

describe('Envoy’s definitions know every word', () => {
  test.each<[string, readonly FrontRoute[], Partial<FrontPlan>]>([
    ['no route', [], {}],
    ['a process', [toPort('/', 81)], {}],
    ['a stripped prefix', [toPort('/a/', 81, { stripPrefix: true })], {}],
    ['no websocket', [toPort('/', 81, { websocket: false })], {}],
    ['a limit', [toPort('/', 81, { maxBodyBytes: 1000 })], {}],
    [
      'request headers',
      [
        toPort('/', 81, {
          requestHeaders: [
            ['Host', 'a'],
            ['X-A', '%'],
          ],
        }),
      ],
      {},
    ],
    ['h2c', [toPort('/', 81, { protocol: 'h2c' })], {}],
    ['gRPC', [toPort('/', 81, { protocol: 'grpc' })], { http2: 'on' }],
    ['gRPC-Web', [toPort('/', 81, { protocol: 'grpc-web', cors: ['*', 'https://a.b'] })], {}],
    ['a unix socket', [toPort('/', 1, { address: unix })], {}],
    ['a redirect', [redirect], {}],
    ['an answer', [fixed], { headers: [['X-Front', 'a%b']] }],
    ['own paths', [toPort('/', 81)], { readyPath: '/_ready', livePath: '/_live' }],
    ['text logs', [], { accessLog: 'text' }],
    ['JSON logs', [], { accessLog: 'json' }],
    ['compression', [], { compress: true, ipv6: true, http2: 'only' }],
    ['nobody trusted', [], { trustedProxies: [] }],
  ])('%s', (_what, routes, given) => {
    expect(problems(frontOf(routes, given))).toEqual([]);
  });

  test('any mixture', () => {
    const path = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 6 })
      .map((text) => `/${text.replaceAll('/', '')}/`);
    const text = fc.string({ maxLength: 8 });
    const process = fc
      .record({
        path,
        port: fc.integer({ min: 1, max: 65535 }),
        protocol: fc.constantFrom('http', 'h2c', 'grpc', 'grpc-web'),
        stripPrefix: fc.boolean(),
        websocket: fc.boolean(),
        timeoutMs: fc.integer({ min: 1, max: 1e9 }),
        maxBodyBytes: fc.option(fc.nat()),
        value: text,
      })
      .map(({ path: at, port, value, ...rest }) =>
        toPort(at, port, { ...rest, requestHeaders: [['X-A', value]] }),
      );
    const route: fc.Arbitrary<FrontRoute> = fc.oneof(
      process,
      fc.record({ path, to: text }).map((given) => ({ ...redirect, ...given })),
      fc.record({ path, body: text }).map((given) => ({ ...fixed, ...given })),
    );
    const plan = fc.record({
      routes: fc.array(route, { maxLength: 5 }),
      http2: fc.constantFrom('off', 'on', 'only'),
      compress: fc.boolean(),
      ipv6: fc.boolean(),
      accessLog: fc.constantFrom('off', 'text', 'json'),
    });
    fc.assert(
      fc.property(plan, ({ routes, ...given }) => {
        expect(problems(frontOf(routes, given))).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  test('a wrong word, enum, type or Any would be noticed', () => {
    expect(wrong(bootstrap, { admim: {} }, 'b')).toHaveLength(1);
    const cluster = { name: 1, type: 'SOMEHOW', connect_timeout: 5 };
    expect(wrong(bootstrap, { static_resources: { clusters: [cluster] } }, 'b')).toHaveLength(3);
    const stat = { name: 'a', typed_config: { '@type': 'type.googleapis.com/envoy.No' } };
    expect(wrong(bootstrap, { stats_sinks: [stat] }, 'b')).toHaveLength(1);
  });
});

const given = { path: '/bin', dry: false };

test('what Envoy can’t do is refused at its place', () => {
  const fastcgi = { root: '/srv', script: 'i.php' };
  const routes = [toDirectory('/', '/srv'), toPort('/p/', 1, { protocol: 'fastcgi', fastcgi })];
  const made = compileEnvoy(frontOf(routes), machine(), given);
  expect(made.issues.map((one) => one.at)).toEqual(['routes.0.dir', 'routes.1.protocol', 'engine']);
});

test('it is asked by its admin interface, on a port that no route has', () => {
  const plan = frontOf([toPort('/', 9901)]);
  const { process } = compileEnvoy(plan, machine({ programs: ['envoy'] }), given);
  expect(adminPortOf(plan)).toBe(9902);
  expect(process?.argv.slice(0, 3)).toEqual(['/bin/envoy', '-c', '/tmp/t/envoy.json']);
  expect(process?.probe).toMatchObject({ type: 'http', port: 9902 });
  expect(JSON.stringify(process?.preStop)).toContain('POST /drain_listeners?graceful HTTP/1.1');
});
