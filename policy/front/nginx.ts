/** The front compiled to nginx: one rendered file, and how it is started and tested. */
import type { Facts } from '../plan/facts.ts';
import {
  type FrontIssue,
  type FrontMade,
  type FrontSettings,
  frontError,
  writeFiles,
} from './made.ts';
import type { FrontPlan } from './model.ts';
import { problemWith, renderNginx } from './nginx-text.ts';

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

export function compileNginx(plan: FrontPlan, facts: Facts, { path }: FrontSettings): FrontMade {
  const issues: FrontIssue[] = [];
  plan.routes.forEach((route, index) => {
    const problem = problemWith(route);
    if (problem !== null) issues.push(frontError(problem, null, `routes.${index}`));
  });
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
  const dir = writeFiles(facts, issues, (directory) => {
    const given = {
      port: plan.port,
      routes: plan.routes,
      directory,
      workers: plan.workers,
      ipv6: plan.ipv6,
      userRoot: asRoot(plan, facts, issues),
      shutdownMs: Math.max(marginMs, plan.stopMs - marginMs),
    };
    return {
      'nginx.conf': renderNginx({ ...given, listen: 'public' }),
      'test.conf': renderNginx({ ...given, listen: 'aside' }),
    };
  });
  if (dir === null) return { process: null, issues };
  const problem = testWith(nginx, dir, facts);
  if (problem !== null) {
    const hint = 'this is most likely a mistake in Tandem; please report it with your routes';
    issues.push(frontError(`cannot use the configuration made for nginx: ${problem}`, hint));
  }
  const argv = [nginx, '-e', 'stderr', '-c', `${dir}/nginx.conf`, '-p', dir];
  const probe = { type: 'tcp', port: plan.port } as const;
  return { process: { argv, stopSignal: sigquit, probe, preStop: null }, issues };
}
