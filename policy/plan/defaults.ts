/** What holds where nothing else was said. */
import { type Plan, type PlannedProcess, planVersion } from './plan.ts';

/** The platforms send KILL after 10 s; we have to be done before. */
export const defaultStopTimeoutMs = 9000;

/** Names that mean something else in a plan and in messages. */
export const takenNames: readonly string[] = ['front', 'front-grpc-web', 'tandem'];

export function newProcess(name: string): PlannedProcess {
  return {
    name,
    command: [],
    shell: false,
    workingDir: null,
    environment: [],
    envFiles: [],
    secrets: [],
    files: [],
    user: null,
    umask: null,
    nice: null,
    oomScoreAdj: null,
    limits: [],
    stdin: 'null',
    tty: false,
    port: null,
    oneshot: false,
    timeoutMs: null,
    essential: true,
    restart: { policy: 'no', max: null },
    dependsOn: [],
    ready: null,
    readyTimeoutMs: 240_000,
    healthcheck: null,
    preStop: null,
    stopSignal: 15,
    stopGraceMs: null,
    stopTarget: 'main',
    successCodes: [],
    forward: [],
    logs: null,
  };
}

export const emptyPlan: Plan = {
  version: planVersion,
  mode: 'processes',
  stopTimeoutMs: defaultStopTimeoutMs,
  stopDelayMs: 0,
  logs: null,
  control: { off: false, path: null, http: null },
  processes: [],
  front: null,
};
