/** A probe in the words of Kubernetes, which Cloud Run shares. */
import type { PlannedHealth, PlannedProbe, PlannedProcess } from '../plan/plan.ts';
import { byDefault, msOf, probePort, render, seconds, type Target, warn } from './model.ts';
import type { Value } from './yaml.ts';

export const kubernetesVariable = byDefault((name) => `$(${name})`);

/** null: it can't be said there, and that was said. */
export function handlerOf(
  target: Target,
  process: PlannedProcess,
  probe: PlannedProbe,
): { readonly [key: string]: Value } | null {
  const text = (template: string): string => render(target, template, kubernetesVariable);
  const cannot = (why: string): null => {
    warn(target, `cannot say \`ready: ${probe.type}\` of \`${process.name}\` there: ${why}`);
    return null;
  };
  switch (probe.type) {
    case 'tcp':
      return { tcpSocket: { port: probePort(target, process, probe.port) } };
    case 'http': {
      const [low, high] = probe.status;
      if (low !== 200 || high !== 399)
        warn(target, `cannot say the status ${low}-${high} of \`${process.name}\`: 200-399 counts`);
      const headers = probe.headers.map(([name, value]) => ({ name, value: text(value) }));
      return {
        httpGet: {
          path: text(probe.path),
          port: probePort(target, process, probe.port),
          ...(headers.length > 0 ? { httpHeaders: headers } : {}),
        },
      };
    }
    case 'grpc':
      return {
        grpc: {
          port: probePort(target, process, probe.port),
          ...(probe.service === '' ? {} : { service: text(probe.service) }),
        },
      };
    case 'exec':
      return { exec: { command: probe.argv.map(text) } };
    case 'unix':
    case 'file':
      return { exec: { command: ['tandem', 'probe', `${probe.type}:${text(probe.path)}`] } };
    case 'log':
    case 'notify':
    case 'fd':
      return cannot('nothing listens to what a process says');
    case 'delay':
      return cannot('a time is no answer');
    case 'none':
      return null;
    default:
      return probe satisfies never;
  }
}

/** Ready by then, or it is a failure: as often as the time allows. */
export function startup(ms: number): { readonly [key: string]: Value } {
  return { periodSeconds: 1, failureThreshold: Math.min(seconds(ms), 1800), timeoutSeconds: 1 };
}

export function liveness(health: PlannedHealth): { readonly [key: string]: Value } {
  return {
    periodSeconds: seconds(msOf(health.intervalMs) ?? 30_000),
    timeoutSeconds: seconds(msOf(health.timeoutMs) ?? 30_000),
    failureThreshold: health.retries,
  };
}
