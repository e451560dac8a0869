/** Which form output has: a flag, then the process's key, TANDEM_LOGS, the file's key, the place. */
import type { LogMode, Logs, Plan, PlannedProcess } from './plan.ts';

type Said = {
  readonly env: ReadonlyMap<string, string>;
  readonly flagLogs: LogMode | null;
  readonly logs: LogMode | null;
};

/** What Cloud Run sets for its services, jobs and worker pools: each line of JSON is an entry there. */
const platform = ['K_SERVICE', 'CLOUD_RUN_JOB', 'CLOUD_RUN_WORKER_POOL'];

function onPlatform(env: ReadonlyMap<string, string>): boolean {
  return platform.some((name) => (env.get(name) ?? '') !== '');
}

export function logsOfAll(plan: Plan, said: Said): Logs {
  const plain = plan.mode === 'init' || (plan.processes.length === 1 && plan.front === null);
  const byPlace = plain ? 'inherit' : onPlatform(said.env) ? 'json' : 'prefix';
  return {
    format: said.flagLogs ?? said.logs ?? plan.logs?.format ?? byPlace,
    timestamps: plan.logs?.timestamps ?? false,
  };
}

export function logsOf(process: PlannedProcess, all: Logs, said: Said): Logs {
  const { logs, tty } = process;
  // A terminal is only one where nothing comes between.
  if (tty) return { format: 'inherit', timestamps: false };
  return {
    format: said.flagLogs ?? logs?.format ?? all.format,
    timestamps: logs?.timestamps ?? all.timestamps,
  };
}

/** A single process may write as it likes; what Tandem says stays an entry where those are read. */
export function ownLogs(all: Logs, said: Said): Logs {
  const chosen = said.flagLogs ?? said.logs;
  return chosen === null && all.format === 'inherit' && onPlatform(said.env)
    ? { ...all, format: 'json' }
    : all;
}
