/** `tandem-front FILE`: serves the front that a file describes until it is told to stop. */
import cluster from 'node:cluster';
import { readFileSync } from 'node:fs';
import { type FrontPlan, frontVersion } from '../../policy/front/model.ts';
import { serve } from './server.ts';

function stopWith(code: number, text: string): never {
  process.stderr.write(`tandem-front: ${text}\n`);
  process.exit(code);
}

function readPlan(path: string): FrontPlan {
  let plan: FrontPlan;
  try {
    plan = JSON.parse(readFileSync(path, 'utf8')) as FrontPlan;
  } catch (error) {
    return stopWith(
      78,
      `cannot read \`${path}\`: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (plan.version !== frontVersion) {
    const why = `it is of version ${plan.version}, and this engine reads ${frontVersion}`;
    const hint = 'install @tandem-init/front of the same release as tandem';
    stopWith(78, `cannot use \`${path}\`: ${why}\n  hint: ${hint}`);
  }
  return plan;
}

const signals = ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const;

function work(plan: FrontPlan): void {
  const { server, drain } = serve(
    plan,
    () => undefined,
    (error) => {
      const held = error.code === 'EADDRINUSE' ? ': somebody else listens there' : '';
      stopWith(1, `cannot listen on port ${plan.port}: ${error.code}${held}`);
    },
  );
  server.once('close', () => process.exit(0));
  for (const signal of signals) process.on(signal, drain);
}

/** Several workers share the port; the end of one that nobody asked for is the end of all. */
function lead(plan: FrontPlan): void {
  let stopping = false;
  for (let n = 0; n < plan.workers; n += 1) cluster.fork();
  const stop = (): void => {
    stopping = true;
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGTERM');
  };
  for (const signal of signals) process.on(signal, stop);
  cluster.on('exit', (_worker, code, signal) => {
    if (!stopping) {
      stop();
      process.exitCode = signal ? 1 : code || 1;
    }
  });
}

const [path] = process.argv.slice(2);
if (path === undefined)
  stopWith(64, 'cannot begin: which file?\n  hint: tandem starts it for `front: {engine: node}`');
const plan = readPlan(path);
if (plan.workers > 1 && cluster.isPrimary) lead(plan);
else work(plan);
