/** What contradicts itself in a front, whatever the engine and the machine. */
import { type PlanIssue, planError } from '../config/issue.ts';
import type { PlannedFront, PlannedRoute } from '../plan/planned-front.ts';

type Say = (key: string, text: string, hint?: string | null) => void;

function checkProcess(
  front: PlannedFront,
  route: Extract<PlannedRoute, { type: 'process' }>,
  say: Say,
): void {
  const { protocol } = route;
  if (route.port !== null && route.socket !== null)
    say('socket', 'cannot use `socket` beside `port`: it listens on one of them');
  if (route.stripPrefix && protocol !== 'http' && protocol !== 'h2c')
    say('strip_prefix', `cannot strip the prefix: ${protocol} has no use for a shorter path`);
  if (route.cors.length > 0 && protocol !== 'grpc-web')
    say('cors', 'cannot allow other origins here: `cors` belongs to `protocol: grpc-web`');
  if (protocol === 'fastcgi' && route.root === null)
    say('protocol', 'cannot speak fastcgi: the script has no `root`', 'write `root: ./public`');
  if (protocol !== 'fastcgi' && route.root !== null)
    say('root', 'cannot use `root` here: it belongs to `protocol: fastcgi`');
  if (protocol === 'grpc' && front.http2 === 'off')
    say('protocol', 'cannot pass gRPC on: it needs HTTP/2', 'set `http2: true` in `front`');
}

export function checkFront(front: PlannedFront): readonly PlanIssue[] {
  const issues: PlanIssue[] = [];
  front.routes.forEach((route, i) => {
    const say: Say = (key, text, hint = null) => {
      issues.push(planError(`front.routes.${i}.${key}`, text, hint));
    };
    if (route.type === 'process') checkProcess(front, route, say);
    if (route.type === 'directory' && route.spa && route.notFound !== null)
      say('not_found', 'cannot use `not_found` beside `spa`: nothing is missing there');
  });
  if (front.ready !== null && front.ready === front.live)
    issues.push(planError('front.live', 'cannot answer twice at one path: `ready` is there'));
  const { http, server, locations } = front.nginx;
  if (front.engine !== 'nginx' && (http + server !== '' || locations.length > 0))
    issues.push(
      planError('front.nginx', `cannot use lines of nginx: the engine is \`${front.engine}\``),
    );
  return issues;
}
