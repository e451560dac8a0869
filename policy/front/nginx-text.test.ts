/**
 * Goal: nginx accepts what a front is compiled to, no value ever becomes a directive, and none of
 * the known traps is in it.
 * Method: nginx's own test on every rendering, and its dump read back; the behaviour is in
 * test/front/.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { machine } from '../plan/machine.fake.ts';
import { compileFront } from './front.ts';
import { frontOf, toDirectory, toPort } from './model.fake.ts';
import type { FrontPlan, FrontRoute } from './model.ts';
import { type NginxSettings, renderNginx } from './nginx-text.ts';

const nginx = '/usr/sbin/nginx';
const directory = mkdtempSync(join(tmpdir(), 'tandem-nginx-'));
afterAll(() => rmSync(directory, { recursive: true }));

const dry = { path: '/bin', dry: true };
const toApp = toPort('/', 8081);
const toFiles = toDirectory('/static/', '/srv/static');

function render(given: Partial<FrontPlan> = {}, how: Partial<NginxSettings> = {}): string {
  return renderNginx(frontOf([toFiles, toApp], given), {
    listen: 'public',
    directory,
    userRoot: false,
    mixed: true,
    shutdownMs: 8000,
    ...how,
  });
}

function nginxSays(text: string): string {
  const file = join(directory, 'nginx.conf');
  writeFileSync(file, text);
  const args = ['-t', '-q', '-e', 'stderr', '-c', file, '-p', directory];
  const ran = spawnSync(nginx, args, { encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] });
  return ran.stderr + (ran.status === 0 ? '' : `exit ${ran.status}`);
}

const protocols: readonly FrontRoute[] = [
  toPort('/grpc/', 9090, { protocol: 'grpc' }),
  toPort('/php/', 9000, { protocol: 'fastcgi', fastcgi: { root: '/srv', script: 'index.php' } }),
  toPort('/strip/', 9001, { stripPrefix: true, websocket: false, buffering: true }),
  toPort('/unix/', 1, { address: { type: 'unix', path: '/tmp/a.sock' }, maxBodyBytes: null }),
];

describe.skipIf(!existsSync(nginx))('nginx', () => {
  test.each<[string, Partial<FrontPlan>, Partial<NginxSettings>]>([
    ['both kinds of route', {}, {}],
    ['no route', { routes: [] }, {}],
    ['only files', { routes: [toFiles] }, {}],
    ['files at the top', { routes: [toDirectory('/', '/srv')] }, {}],
    ['two routes to one app', { routes: [toApp, toPort('/api/', 8081)] }, {}],
    ['every protocol', { routes: protocols }, {}],
    ['both address families', { ipv6: true }, {}],
    ['h2c alone, as older ones spell it', { http2: 'only' }, { mixed: false }],
    ['an address aside', {}, { listen: 'aside' }],
    ['workers as root', {}, { userRoot: true }],
    ['an access log as text', { accessLog: 'text' }, {}],
    ['an access log as JSON', { accessLog: 'json', traceProject: 'shop' }, {}],
    ['compression', { compress: true }, {}],
    ['paths of its own', { readyPath: '/_ready', livePath: '/_live', stoppingFile: '/a b$c' }, {}],
    ['nobody trusted', { trustedProxies: [] }, {}],
    [
      'lines of its own',
      { nginx: { http: 'gzip on;', server: 'etag off;', locations: [['= /s', 'return 204;']] } },
      {},
    ],
  ])('accepts %s', (_what, given, how) => {
    expect(nginxSays(render(given, how))).toBe('');
  });
});

/** Words and marks of a configuration, as nginx reads it: what isn't quoted, and what is. */
function tokens(text: string): readonly string[] {
  const found: string[] = [];
  const pattern = /#[^\n]*|"((?:[^"\\]|\\[\s\S])*)"|'((?:[^'\\]|\\[\s\S])*)'|[;{}]|[^\s;{}"']+/g;
  for (const [whole] of text.matchAll(pattern)) if (!whole.startsWith('#')) found.push(whole);
  return found;
}

describe('a value stays a value', () => {
  const marks = ['"', "'", '\\', ';', '{', '}', '$', '${', '#', '\n', '\r', '\t', ' ', '*/', '`'];
  const piece = fc.oneof(
    fc.constantFrom(...marks, '$host', '${host}', 'return 200;', '}\nserver {', '\\"', '\\\\'),
    fc.string({ unit: 'grapheme-ascii', maxLength: 4 }),
    fc.constantFrom('ü', '€', '😀'),
  );
  const hostile = fc.array(piece, { maxLength: 6 }).map((all) => all.join(''));
  const line = hostile.map((text) => text.replace(/[\n\r\t]/g, ''));

  const plans = fc
    .record({ path: line, dir: line, header: line, to: line, body: hostile, type: line })
    .map(({ path, dir, header, to, body, type }): FrontPlan => {
      const at = (name: string): string => `/${name}${path.replaceAll('/', '')}/`;
      const headers = [['X-A', header]] as const;
      return frontOf(
        [
          toDirectory(at('d'), `/${dir}`, { headers, notFound: '404.html', cache: header }),
          toDirectory(at('s'), `/${dir}`, { spa: true, index: ['index.html'] }),
          toPort(at('p'), 81, { headers, requestHeaders: headers, stripPrefix: true }),
          toPort(at('f'), 82, {
            protocol: 'fastcgi',
            fastcgi: { root: `/${dir}`, script: 'i.php' },
            requestHeaders: headers,
          }),
          { type: 'redirect', path: at('r'), headers, to: `/${to}`, status: 302 },
          { type: 'answer', path: at('a'), headers, status: 200, body, contentType: `a/${type}` },
        ],
        { headers, readyPath: '/_ready', stoppingFile: `/${dir}` },
      );
    });
  const how = { listen: 'public', userRoot: false, mixed: true, shutdownMs: 8000 } as const;
  /** The same front with harmless values has the same words at the same places. */
  const shape = (plan: FrontPlan): string =>
    tokens(renderNginx(plan, { ...how, directory: '/t' }))
      .map((one) => (/^["']/.test(one) ? '"' : one))
      .join(' ')
      // Only where there is a dollar.
      .replace(' geo $tandem_dollar { default " ; }', '');

  test('whatever it holds, the same words are at the same places', () => {
    const usual = shape(plansOf('x'));
    fc.assert(
      fc.property(plans, (plan) => {
        expect(shape(plan)).toBe(usual);
      }),
      { numRuns: 300 },
    );
  });

  function plansOf(text: string): FrontPlan {
    const headers = [['X-A', text]] as const;
    return frontOf(
      [
        toDirectory('/d/', '/x', { headers, notFound: '404.html', cache: text }),
        toDirectory('/s/', '/x', { spa: true, index: ['index.html'] }),
        toPort('/p/', 81, { headers, requestHeaders: headers, stripPrefix: true }),
        toPort('/f/', 82, {
          protocol: 'fastcgi',
          fastcgi: { root: '/x', script: 'i.php' },
          requestHeaders: headers,
        }),
        { type: 'redirect', path: '/r/', headers, to: '/x', status: 302 },
        { type: 'answer', path: '/a/', headers, status: 200, body: text, contentType: 'a/x' },
      ],
      { headers, readyPath: '/_ready', stoppingFile: '/x' },
    );
  }

  test.skipIf(!existsSync(nginx))('nginx accepts them all', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const text = renderNginx(plan, { ...how, directory });
        expect([text, nginxSays(text)]).toEqual([text, '']);
      }),
      { numRuns: 40 },
    );
  });
});

describe('what nginx cannot do is said at its place', () => {
  const facts = machine({
    programs: ['nginx'],
    run: () => ({ value: { code: 0, output: 'nginx version: nginx/1.22.1' }, error: null }),
  });
  const said = (plan: FrontPlan): readonly string[] =>
    compileFront(plan, facts, dry).issues.map(({ at, text }) => `${at}: ${text}`);

  test.each<[FrontPlan, string]>([
    [
      frontOf([toPort('/', 1, { protocol: 'h2c' })]),
      'routes.0.protocol: cannot speak h2c to a process: nginx has no such upstream',
    ],
    [
      frontOf([toApp], { http2: 'on' }),
      'http2: cannot speak HTTP/1 and HTTP/2 on one port: nginx 1.22.1 is older than 1.25.1',
    ],
    [
      frontOf([toPort('/', 1, { headers: [['X-A', 'x'.repeat(5000)]] })]),
      'routes.0.headers.X-A: cannot give `X-A` to nginx: it is too long',
    ],
    [
      frontOf([toDirectory('/', '/a\u0001b')]),
      'routes.0.dir: cannot give `dir` to nginx: a control character is in it',
    ],
  ])('%#', (plan, wanted) => {
    expect(said(plan)).toEqual([wanted]);
  });
});

test.each<[string, RegExp]>([
  ['the app is asked on 127.0.0.1, never by a name', /server "127\.0\.0\.1:8081" max_fails=0;/],
  ['connections to the app are kept', /proxy_http_version 1\.1;[\s\S]*keepalive 32;/],
  ['redirects name no port', /absolute_redirect off/],
  ['errors go to stderr', /error_log stderr/],
  ['a stop is bounded', /worker_shutdown_timeout 8000ms/],
  ['it stays in the foreground', /^daemon off;/m],
])('%s', (_what, pattern) => {
  expect(render()).toMatch(pattern);
});

test('every file that nginx writes is in its own folder', () => {
  const text = render();
  for (const kind of ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'])
    expect(text).toContain(`${kind}_temp_path "${directory}/`);
  expect(text).toContain(`pid "${directory}/`);
  expect(text).not.toMatch(/\/var\/|\/etc\//);
});

test('a plain front has no map, which is what a start of nginx would wait for', () => {
  expect(render()).not.toMatch(/^ *map /m);
});

test('no regular expression decides a route, and no rewrite changes one', () => {
  const text = render({ routes: [toFiles, toApp, ...protocols] });
  const lines = text.split('\n').filter((line) => /location ~/.test(line));
  expect(lines).toEqual(['      location ~ "^/static/(.*/)?\\\\." { return 404; }']);
  expect(text).not.toMatch(/\brewrite\b/);
});

test('as root, a directory that is closed to others is served as root, and that is said', () => {
  const files = { '/closed/static/a': '' };
  const facts = machine({ programs: ['nginx'], files, uid: 0, modes: { '/closed': 0o700 } });
  const routes = [toDirectory('/static/', '/closed/static')];
  const { issues } = compileFront(frontOf(routes), facts, dry);
  expect(issues).toHaveLength(1);
  expect(issues[0]?.severity).toBe('warning');
  expect(issues[0]?.hint).toContain('chmod o+x /closed');
});

test('the test of the configuration opens no port that a client asks', () => {
  const written = new Map<string, string>();
  const ran: (readonly string[])[] = [];
  const facts = machine({
    programs: ['nginx'],
    written,
    run: (argv) => {
      ran.push(argv);
      return { value: { code: 0, output: '' }, error: null };
    },
  });
  compileFront(frontOf([toApp]), facts, dry);
  const tested = written.get(ran[0]?.[ran[0].indexOf('-c') + 1] ?? '') ?? '';
  expect(tested).toContain('listen 127.255.255.254:8080');
  expect(tested).not.toMatch(/listen (8080|\[::\])/);
});

test('a start tests nothing but lines that are not Tandem’s own', () => {
  let runs = 0;
  const facts = machine({
    programs: ['nginx'],
    run: () => {
      runs += 1;
      return { value: { code: 1, output: 'nginx: [emerg] unknown directive "x"' }, error: null };
    },
  });
  const start = { path: '/bin', dry: false };
  expect(compileFront(frontOf([toApp]), facts, start).issues).toEqual([]);
  expect(runs).toBe(0);
  const nginxLines = { http: '', server: 'x;', locations: [] };
  const { issues } = compileFront(frontOf([toApp], { nginx: nginxLines }), facts, start);
  expect(issues[0]?.text).toBe('nginx refuses these lines: [emerg] unknown directive "x"');
  expect(issues[0]?.at).toBe('nginx');
});
