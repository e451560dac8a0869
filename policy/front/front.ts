/**
 * The front door compiled to nginx: one rendered file, and one process that
 * the supervisor knows no more of than of any other.
 */
import type { Facts } from '../plan/facts.ts';
import { problemWith, renderNginx } from './nginx.ts';

/** `path` ends with a slash and matches as a prefix; `directory` is absolute. */
export type FrontRoute =
  | { readonly type: 'directory'; readonly path: string; readonly directory: string }
  | { readonly type: 'process'; readonly path: string; readonly port: number };

export type FrontInput = {
  readonly port: number;
  readonly routes: readonly FrontRoute[];
  readonly env: readonly string[];
  /** How long it has from its stop signal to KILL. */
  readonly stopMs: number;
};

export type FrontIssue = {
  readonly severity: 'error' | 'warning';
  readonly text: string;
  readonly hint: string | null;
  /** The route that is meant; null: the front as a whole. */
  readonly route: number | null;
};

export type Front = {
  readonly launch: { readonly argv: readonly string[] };
  readonly stopSignal: number;
  readonly issues: readonly FrontIssue[];
};

/** TERM would cut the requests that run; QUIT lets them finish (nginx: control). */
const sigquit = 3;
/** nginx cuts what is still open this long before its time is over, and so ends by itself. */
const marginMs = 500;

function findNginx(input: FrontInput, facts: Facts): string | null {
  const path = input.env.find((line) => line.startsWith('PATH='))?.slice('PATH='.length) ?? '';
  // Distributions put it into sbin, which is not on everybody's PATH.
  return facts.find('nginx', `${path}:/usr/sbin:/usr/local/sbin:/usr/local/nginx/sbin`).value;
}

/** Processors that may be used: those of the affinity mask, within the cgroup's quota. */
function workers(facts: Facts): number {
  const v2 = /^(\d+) (\d+)/.exec(facts.read('/sys/fs/cgroup/cpu.max').value ?? '');
  const quota = v2?.[1] ?? facts.read('/sys/fs/cgroup/cpu/cpu.cfs_quota_us').value ?? '';
  const period = v2?.[2] ?? facts.read('/sys/fs/cgroup/cpu/cpu.cfs_period_us').value ?? '';
  const allowed = Number(quota) > 0 && Number(period) > 0 ? Number(quota) / Number(period) : 1e9;
  return Math.max(1, Math.min(facts.cpus(), Math.ceil(allowed)));
}

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
function asRoot(input: FrontInput, facts: Facts, issues: FrontIssue[]): boolean {
  if (facts.uid() !== 0) return false;
  let needed = false;
  input.routes.forEach((route, index) => {
    const closed = route.type === 'directory' ? closedTo(facts, route.directory) : null;
    if (closed === null) return;
    needed = true;
    issues.push({
      severity: 'warning',
      text: `nginx serves this directory as root: \`${closed}\` is closed to other users`,
      hint: `chmod o+x ${closed}, or keep the files elsewhere`,
      route: index,
    });
  });
  return needed;
}

function nothing(issues: readonly FrontIssue[]): Front {
  return { launch: { argv: [] }, stopSignal: sigquit, issues };
}

function error(text: string, hint: string | null, route: number | null = null): FrontIssue {
  return { severity: 'error', text, hint, route };
}

/** What nginx itself says against the configuration; null: nothing. */
function testWith(nginx: string, dir: string, facts: Facts): string | null {
  const file = `${dir}/test.conf`;
  const test = facts.run([nginx, '-t', '-q', '-e', 'stderr', '-c', file, '-p', dir], 10_000);
  if (test.error !== null) return test.error;
  return test.value.code === 0 ? null : test.value.output.trim();
}

export function compileFront(input: FrontInput, facts: Facts): Front {
  const issues: FrontIssue[] = [];
  input.routes.forEach((route, index) => {
    const problem = problemWith(route);
    if (problem !== null) issues.push(error(problem, null, index));
  });
  const nginx = findNginx(input, facts);
  if (nginx === null)
    issues.push(
      error(
        'cannot start the front: nginx is not installed',
        'apt-get install nginx (Debian, Ubuntu), or apk add nginx (Alpine)',
      ),
    );
  if (nginx === null || issues.length > 0) return nothing(issues);
  const dir = facts.makeTempDir();
  if (dir.error !== null)
    return nothing([
      error(
        `cannot write the front's configuration: no temporary directory (${dir.error})`,
        'mount a writable /tmp (docker run --tmpfs /tmp), or set TMPDIR',
      ),
    ]);
  const given = {
    port: input.port,
    routes: input.routes,
    directory: dir.value,
    workers: workers(facts),
    ipv6: facts.hasIpv6(),
    userRoot: asRoot(input, facts, issues),
    shutdownMs: Math.max(marginMs, input.stopMs - marginMs),
  };
  const file = `${dir.value}/nginx.conf`;
  const texts: readonly (readonly [string, string])[] = [
    [file, renderNginx({ ...given, listen: 'public' })],
    [`${dir.value}/test.conf`, renderNginx({ ...given, listen: 'aside' })],
  ];
  for (const [path, text] of texts) {
    const { error: errno } = facts.write(path, text, 0o644, null);
    if (errno !== null) return nothing([error(`cannot write \`${path}\`: ${errno}`, null)]);
  }
  const problem = testWith(nginx, dir.value, facts);
  if (problem !== null)
    issues.push(
      error(
        `cannot use the configuration made for nginx: ${problem}`,
        'this is most likely a mistake in Tandem; please report it with your routes',
      ),
    );
  const argv = [nginx, '-e', 'stderr', '-c', file, '-p', dir.value];
  return { launch: { argv }, stopSignal: sigquit, issues };
}
