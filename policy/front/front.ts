/** Compiles a front for its engine: files that are written, and one process. */
import type { Facts } from '../plan/facts.ts';
import {
  type FrontIssue,
  type FrontMade,
  type FrontSettings,
  frontError,
  writeFiles,
} from './made.ts';
import type { FrontPlan } from './model.ts';
import { compileNginx } from './nginx.ts';

const sigterm = 15;

/** The embedded engine reads the plan itself. */
function compileNode(plan: FrontPlan, facts: Facts, { path }: FrontSettings): FrontMade {
  const program = facts.find('tandem-front', path).value;
  if (program === null) {
    const hint = 'npm install --global tandem, or add its folder to PATH';
    return {
      process: null,
      issues: [frontError('cannot start the front: tandem-front is not installed', hint, 'engine')],
    };
  }
  const issues: FrontIssue[] = [];
  const dir = writeFiles(facts, issues, () => ({ 'front.json': `${JSON.stringify(plan)}\n` }));
  if (dir === null) return { process: null, issues };
  const argv = [program, `${dir}/front.json`];
  const probe = { type: 'tcp', port: plan.port } as const;
  return { process: { argv, stopSignal: sigterm, probe, preStop: null }, issues };
}

export function compileFront(plan: FrontPlan, facts: Facts, settings: FrontSettings): FrontMade {
  switch (plan.engine) {
    case 'nginx':
      return compileNginx(plan, facts, settings);
    case 'node':
      return compileNode(plan, facts, settings);
    case 'envoy': {
      const text = 'cannot use `envoy`: this version of Tandem does not have it yet';
      return { process: null, issues: [frontError(text, null, 'engine')] };
    }
  }
}
