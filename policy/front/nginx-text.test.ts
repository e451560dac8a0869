/**
 * Goal: nginx accepts what the front is compiled to, and none of the known traps is in it.
 * Method: nginx's own test on every rendering; the behaviour is in test/front.test.ts.
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
import { type NginxInput, problemWith, renderNginx } from './nginx-text.ts';

const nginx = '/usr/sbin/nginx';
const directory = mkdtempSync(join(tmpdir(), 'tandem-nginx-'));
afterAll(() => rmSync(directory, { recursive: true }));

const settings = { path: '/bin', dry: true };
const toApp = toPort('/', 8081);
const toFiles = toDirectory('/static/', '/srv/static');

function render(given: Partial<NginxInput> = {}): string {
  return renderNginx({
    port: 8080,
    listen: 'public',
    routes: [toFiles, toApp],
    directory,
    workers: 2,
    ipv6: false,
    userRoot: false,
    shutdownMs: 8000,
    ...given,
  });
}

function nginxSays(text: string): string {
  const file = join(directory, 'nginx.conf');
  writeFileSync(file, text);
  const args = ['-t', '-q', '-e', 'stderr', '-c', file, '-p', directory];
  const ran = spawnSync(nginx, args, { encoding: 'utf8' });
  return ran.stderr + (ran.status === 0 ? '' : `exit ${ran.status}`);
}

describe.skipIf(!existsSync(nginx))('nginx', () => {
  test.each<[string, Partial<NginxInput>]>([
    ['both kinds of route', {}],
    ['no route', { routes: [] }],
    ['only files', { routes: [toFiles] }],
    ['files at the top', { routes: [{ ...toFiles, path: '/' }] }],
    ['two routes to one app', { routes: [toApp, { ...toApp, path: '/api/' }] }],
    ['both address families', { ipv6: true }],
    ['an address aside', { listen: 'aside' }],
    ['workers as root', { userRoot: true }],
    ['a path with quotes and blanks', { routes: [toDirectory('/static/', '/a "b" \\ c;{}')] }],
  ])('accepts %s', (_what, given) => {
    expect(nginxSays(render(given))).toBe('');
  });

  test('accepts any route that is not refused before', () => {
    const path = fc.string({ unit: 'grapheme-ascii', maxLength: 12 });
    fc.assert(
      fc.property(path, path, (route, dir) => {
        const one = toDirectory(`/${route}/`, `/${dir}`);
        if (problemWith(one) !== null) return;
        expect(nginxSays(render({ routes: [one] }))).toBe('');
      }),
      { numRuns: 60 },
    );
  });
});

test.each([
  ['/a$b', 'nginx can'],
  ['/a\nb', 'nginx can'],
])('a directory %j is refused, since nginx cannot take it', (dir, why) => {
  expect(problemWith(toDirectory('/static/', dir))).toContain(why);
});

test.each<[string, RegExp]>([
  ['the app is asked on 127.0.0.1, never by a name', /server 127\.0\.0\.1:8081 max_fails=0;/],
  ['connections to the app are kept', /proxy_http_version 1\.1;[\s\S]*keepalive 32;/],
  ['what an outer proxy said of the scheme stays', /X-Forwarded-Proto \$tandem_proto/],
  ['addresses are added, not replaced', /X-Forwarded-For \$proxy_add_x_forwarded_for/],
  ['WebSockets pass', /Upgrade \$http_upgrade/],
  ['uploads of 32 MB pass', /client_max_body_size 32m/],
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

test('no regular expression decides a route, and no map has one', () => {
  const lines = render().split('\n');
  expect(lines.filter((line) => /location ~/.test(line))).toEqual([
    '      location ~ /\\. { return 404; }',
  ]);
  expect(lines.filter((line) => /^ +~/.test(line))).toEqual([]);
});

test('as root, a directory that is closed to others is served as root, and that is said', () => {
  const files = { '/closed/static/a': '' };
  const facts = machine({ programs: ['nginx'], files, uid: 0, modes: { '/closed': 0o700 } });
  const routes = [{ ...toFiles, directory: '/closed/static' }];
  const { issues } = compileFront(frontOf(routes), facts, settings);
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
  compileFront(frontOf([toApp]), facts, settings);
  const tested = written.get(ran[0]?.[ran[0].indexOf('-c') + 1] ?? '') ?? '';
  expect(tested).toContain('listen 127.255.255.254:8080');
  expect(tested).not.toMatch(/listen (8080|\[::\])/);
});
