/** Compiles a front for its engine: files that are written, and one process. */
import type { Facts } from '../plan/facts.ts';
import { compileEnvoy } from './envoy.ts';
import {
  type FrontIssue,
  type FrontMade,
  type FrontSettings,
  frontError,
  writeFiles,
} from './made.ts';
import type { FrontPlan, FrontRoute } from './model.ts';
import { compileNginx } from './nginx.ts';

const sigterm = 15;

type Program = { readonly argv: readonly string[] | null; readonly dir: string };

/** The embedded engine reads the plan itself. */
function embedded(
  make: (dir: string) => FrontPlan,
  facts: Facts,
  { path }: FrontSettings,
  issues: FrontIssue[],
  at: string,
): Program {
  const program = facts.find('tandem-front', path).value;
  if (program === null) {
    const hint = 'npm install --global @tandem-init/front, or add its folder to PATH';
    issues.push(frontError('cannot start the front: tandem-front is not installed', hint, at));
    return { argv: null, dir: '' };
  }
  const files = (dir: string) => ({ 'front.json': `${JSON.stringify(make(dir))}\n` });
  const dir = writeFiles(facts, issues, files);
  return { argv: dir === null ? null : [program, `${dir}/front.json`], dir: dir ?? '' };
}

function compileNode(plan: FrontPlan, facts: Facts, settings: FrontSettings): FrontMade {
  const issues: FrontIssue[] = [];
  plan.routes.forEach((route, i) => {
    if (route.type !== 'process' || route.protocol !== 'fastcgi') return;
    const text = 'cannot speak fastcgi: the embedded engine does not know it';
    issues.push(frontError(text, '`engine: nginx`', `routes.${i}.protocol`));
  });
  const { argv } = embedded(() => plan, facts, settings, issues, 'engine');
  if (argv === null || issues.length > 0) return { process: null, issues };
  const probe = { type: 'tcp', port: plan.port } as const;
  return { process: { argv, stopSignal: sigterm, probe, preStop: null }, issues };
}

const isGrpcWeb = (route: FrontRoute): boolean =>
  route.type === 'process' && route.protocol === 'grpc-web';

/** What nginx asks in the place of the server: the translator, which has the same routes. */
function throughTranslator(route: FrontRoute, socket: string): FrontRoute {
  if (route.type !== 'process' || !isGrpcWeb(route)) return route;
  const address = { type: 'unix', path: socket } as const;
  return { ...route, protocol: 'http', address, websocket: false, buffering: false, cors: [] };
}

/** nginx does not know gRPC-Web: the embedded engine translates it, on a socket beside. */
function compileBoth(plan: FrontPlan, facts: Facts, settings: FrontSettings): FrontMade {
  if (!plan.routes.some(isGrpcWeb)) return compileNginx(plan, facts, settings);
  const issues: FrontIssue[] = [];
  const at = `routes.${plan.routes.findIndex(isGrpcWeb)}.protocol`;
  const { argv, dir } = embedded(
    (folder) => ({
      ...plan,
      engine: 'node',
      socket: `${folder}/grpc-web.sock`,
      http2: 'off',
      compress: false,
      accessLog: 'off',
      readyPath: null,
      livePath: null,
      headers: [],
      workers: 1,
      routes: plan.routes.filter(isGrpcWeb),
    }),
    facts,
    settings,
    issues,
    at,
  );
  if (argv === null) return { process: null, issues };
  const socket = `${dir}/grpc-web.sock`;
  const routes = plan.routes.map((route) => throughTranslator(route, socket));
  const made = compileNginx({ ...plan, routes }, facts, settings);
  const probe = { type: 'unix', path: socket } as const;
  const translator = { argv, stopSignal: sigterm, probe, preStop: null };
  return { ...made, translator, issues: [...issues, ...made.issues] };
}

export function compileFront(plan: FrontPlan, facts: Facts, settings: FrontSettings): FrontMade {
  switch (plan.engine) {
    case 'nginx':
      return compileBoth(plan, facts, settings);
    case 'node':
      return compileNode(plan, facts, settings);
    case 'envoy':
      return compileEnvoy(plan, facts, settings);
  }
}
