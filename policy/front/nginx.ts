/** The front compiled to nginx: one rendered file, and how it is started and tested. */
import type { Facts } from '../plan/facts.ts';
import {
  type FrontIssue,
  type FrontMade,
  type FrontSettings,
  frontError,
  writeFiles,
} from './made.ts';
import type { FrontPlan, FrontRoute, Header } from './model.ts';
import { renderNginx } from './nginx-text.ts';
import { encodePath, quoteText, wordBytesMax } from './nginx-words.ts';

/** TERM would cut the requests that run; QUIT lets them finish (nginx: control). */
const sigquit = 3;
/** nginx cuts what is still open this long before its time is over, and so ends by itself. */
const marginMs = 500;

/** The first folder on the way that others may not pass through; null: they may read it. */
function closedTo(facts: Facts, directory: string): string | null {
  const parts = directory.split('/').filter((part) => part !== '');
  let path = '';
  for (const part of parts) {
    path += `/${part}`;
    if (((facts.stat(path).value?.mode ?? 0) & 0o001) === 0) return path;
  }
  return null;
}

/** As root, nginx's workers are another user; a directory closed to others would be 403 to them. */
function asRoot(plan: FrontPlan, facts: Facts, issues: FrontIssue[]): boolean {
  if (facts.uid() !== 0) return false;
  let needed = false;
  plan.routes.forEach((route, index) => {
    const closed = route.type === 'directory' ? closedTo(facts, route.directory) : null;
    if (closed === null) return;
    needed = true;
    issues.push({
      severity: 'warning',
      text: `nginx serves this directory as root: \`${closed}\` is closed to other users`,
      hint: `chmod o+x ${closed}, or keep the files elsewhere`,
      at: `routes.${index}.dir`,
    });
  });
  return needed;
}

/** What nginx itself says against the configuration; null: nothing. */
function testWith(nginx: string, dir: string, facts: Facts): string | null {
  const file = `${dir}/test.conf`;
  const test = facts.run([nginx, '-t', '-q', '-e', 'stderr', '-c', file, '-p', dir], 10_000);
  if (test.error !== null) return test.error;
  return test.value.code === 0 ? null : test.value.output.trim();
}

/** Version as numbers; null: it doesn't say one. */
function versionOf(nginx: string, facts: Facts): readonly number[] | null {
  const said = facts.run([nginx, '-v'], 10_000).value?.output ?? '';
  const match = /nginx\/(\d+)\.(\d+)\.(\d+)/.exec(said);
  return match === null ? null : match.slice(1).map(Number);
}

function atLeast(version: readonly number[], wanted: readonly number[]): boolean {
  const differs = wanted.findIndex((part, i) => part !== version[i]);
  return differs < 0 || (version[differs] ?? 0) > (wanted[differs] ?? 0);
}

/** Both kinds of HTTP on one port came with the directive `http2`. */
const mixedSince = [1, 25, 1];

/** In UTF-8, which is how nginx counts. */
function bytesOf(text: string): number {
  return [...text].reduce((sum, char) => {
    const code = char.codePointAt(0) ?? 0;
    return sum + (code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4);
  }, 0);
}

/** Characters that no configuration of nginx can hold. */
function odd(text: string): boolean {
  return [...text].some((char) => (char < ' ' && !'\n\r\t'.includes(char)) || char === '\u007f');
}

function checkWords(plan: FrontPlan, issues: FrontIssue[]): void {
  const check = (at: string, what: string, text: string): void => {
    const hint = what === 'answer' ? 'put it into a file, and serve that' : null;
    if (bytesOf(quoteText(text)) > wordBytesMax)
      issues.push(frontError(`cannot give \`${what}\` to nginx: it is too long`, hint, at));
    else if (odd(text) || (what !== 'answer' && /[\n\r\t]/.test(text)))
      issues.push(
        frontError(`cannot give \`${what}\` to nginx: a control character is in it`, null, at),
      );
  };
  const headers = (at: string, all: readonly Header[]): void => {
    for (const [name, value] of all) check(`${at}.${name}`, name, value);
  };
  headers('headers', plan.headers);
  plan.routes.forEach((route: FrontRoute, i) => {
    const at = `routes.${i}`;
    // As it is in a pattern or a redirect, each of its bytes may be three.
    check(`${at}.key`, route.path, encodePath(route.path));
    check(`${at}.key`, route.path, route.path);
    headers(`${at}.headers`, route.headers);
    if (route.type === 'directory') check(`${at}.dir`, 'dir', route.directory);
    else if (route.type === 'redirect') check(`${at}.redirect`, 'redirect', route.to);
    else if (route.type === 'answer') {
      check(`${at}.answer`, 'answer', route.body);
      check(`${at}.content_type`, 'content_type', route.contentType);
    } else {
      headers(`${at}.request_headers`, route.requestHeaders);
      if (route.address.type === 'unix') check(`${at}.socket`, 'socket', route.address.path);
      if (route.fastcgi !== null)
        check(`${at}.root`, 'root', route.fastcgi.root + route.fastcgi.script);
    }
  });
}

/** What nginx can't do, whichever it is. */
function checkProtocols(plan: FrontPlan, issues: FrontIssue[]): void {
  plan.routes.forEach((route, i) => {
    if (route.type !== 'process') return;
    const at = `routes.${i}.protocol`;
    if (route.protocol === 'h2c') {
      const hint = '`protocol: http` where it speaks both, `grpc` for gRPC, or `engine: node`';
      issues.push(
        frontError('cannot speak h2c to a process: nginx has no such upstream', hint, at),
      );
    }
    const { address } = route;
    if (address.type === 'unix' && /[:;\s]/.test(address.path))
      issues.push(
        frontError(`cannot ask at \`${address.path}\`: nginx takes no such path`, null, at),
      );
  });
}

/** Whether `http2 on` is known; an issue where it is needed and isn't. */
function mixes(plan: FrontPlan, nginx: string, facts: Facts, issues: FrontIssue[]): boolean {
  if (plan.http2 === 'off') return true;
  const version = versionOf(nginx, facts);
  const mixed = version === null || atLeast(version, mixedSince);
  if (!mixed && plan.http2 === 'on') {
    const text = `cannot speak HTTP/1 and HTTP/2 on one port: nginx ${version?.join('.')} is older than 1.25.1`;
    const hint = '`http2: only` where every client speaks h2c; a newer nginx; or `engine: node`';
    issues.push(frontError(text, hint, 'http2'));
  }
  return mixed;
}

const hasRaw = ({ nginx }: FrontPlan): boolean =>
  nginx.http + nginx.server !== '' || nginx.locations.length > 0;

export function compileNginx(
  plan: FrontPlan,
  facts: Facts,
  { path, dry }: FrontSettings,
): FrontMade {
  const issues: FrontIssue[] = [];
  checkWords(plan, issues);
  checkProtocols(plan, issues);
  // Distributions put it into sbin, which is not on everybody's PATH.
  const nginx = facts.find(
    'nginx',
    `${path}:/usr/sbin:/usr/local/sbin:/usr/local/nginx/sbin`,
  ).value;
  if (nginx === null)
    issues.push(
      frontError(
        'cannot start the front: nginx is not installed',
        'apt-get install nginx (Debian, Ubuntu), apk add nginx (Alpine), or `engine: node`',
      ),
    );
  if (nginx === null || issues.length > 0) return { process: null, issues };
  const mixed = mixes(plan, nginx, facts, issues);
  const tested = dry || hasRaw(plan);
  const dir = writeFiles(facts, issues, (directory) => {
    const userRoot = asRoot(plan, facts, issues);
    const shutdownMs = Math.max(marginMs, plan.stopMs - marginMs);
    const given = { directory, userRoot, mixed, shutdownMs };
    const conf = renderNginx(plan, { ...given, listen: 'public' });
    if (!tested) return { 'nginx.conf': conf };
    return { 'nginx.conf': conf, 'test.conf': renderNginx(plan, { ...given, listen: 'aside' }) };
  });
  if (dir === null) return { process: null, issues };
  // A configuration without lines of the user's own is right; the test would cost a start of nginx.
  const problem = tested ? testWith(nginx, dir, facts) : null;
  if (problem !== null) {
    const text = problem
      .replace(/^nginx: /gm, '')
      .split('\n')
      .slice(0, 3)
      .join('; ');
    const mine = 'this is most likely a mistake in Tandem; please report it with your routes';
    const issue = hasRaw(plan)
      ? frontError(`nginx refuses these lines: ${text}`, null, 'nginx')
      : frontError(`cannot use the configuration made for nginx: ${text}`, mine);
    issues.push(issue);
  }
  const argv = [nginx, '-e', 'stderr', '-c', `${dir}/nginx.conf`, '-p', dir];
  const probe = { type: 'tcp', port: plan.port } as const;
  return { process: { argv, stopSignal: sigquit, probe, preStop: null }, issues };
}
