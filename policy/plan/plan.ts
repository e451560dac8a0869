/**
 * The two plans. `Plan` is portable: what a file or a command line means, with
 * every `${…}` still in it, so that it holds no secret and can be saved.
 * `BoundPlan` is a Plan bound to one environment; it is all that the
 * supervisor knows. What only the host needs to start a process (argv,
 * environment, directories) travels beside it as a `Launch` and never enters
 * the supervising engine's heap.
 */

/** Raised whenever a Plan written by an older Tandem would be read wrongly. */
export const planVersion = 1;

/** A string that is interpolated when the plan is bound: `${…}` and `$$` mean something in it. */
export type Template = string;

/** A number known now, or one that is known when the plan is bound. */
export type Late = number | { readonly text: Template };

export type Condition = 'started' | 'ready' | 'completed';
export type StopTarget = 'main' | 'group';
export type LogMode = 'inherit' | 'prefix';

export type Plan = {
  readonly version: typeof planVersion;
  readonly mode: Mode;
  readonly stopTimeoutMs: Late;
  readonly logs: LogMode | null;
  readonly processes: readonly PlannedProcess[];
  readonly front: PlannedFront | null;
};

export type PlannedProcess = {
  readonly name: string;
  /** Words of the command, split already: a value never splits again. With `shell`, one word: the script. */
  readonly command: readonly Template[];
  readonly shell: boolean;
  readonly workingDir: Template | null;
  readonly environment: readonly (readonly [string, Template])[];
  readonly port: Late | null;
  readonly essential: boolean;
  readonly dependsOn: readonly { readonly process: string; readonly condition: Condition }[];
  readonly readyTimeoutMs: Late;
  /** A signal's number. */
  readonly stopSignal: number;
  readonly stopGraceMs: Late | null;
  readonly stopTarget: StopTarget;
  readonly successCodes: readonly number[];
  readonly logs: LogMode | null;
};

export type PlannedFront = {
  readonly port: Late;
  readonly routes: readonly PlannedRoute[];
};

/** `path` ends with a slash for a prefix (`/static/*` and `/static/` mean the same); `/` is everything. */
export type PlannedRoute =
  | { readonly type: 'directory'; readonly path: string; readonly directory: Template }
  | { readonly type: 'process'; readonly path: string; readonly process: string };

/** How the supervisor runs: several processes, or one command that we are only the init of. */
export type Mode = 'processes' | 'init';

export type BoundPlan = {
  readonly mode: Mode;
  /** The budget for the whole stop. */
  readonly stopTimeoutMs: number;
  readonly processes: readonly BoundProcess[];
};

/** Processes are known by their index in `BoundPlan.processes`; an index is stable for the plan's life. */
export type BoundProcess = {
  readonly name: string;
  readonly essential: boolean;
  readonly needs: readonly { readonly process: number; readonly condition: Condition }[];
  /** The TCP port on the loopback interface that tells when it is ready; null: started is ready. */
  readonly readyPort: number | null;
  readonly readyTimeoutMs: number;
  readonly stopSignal: number;
  /** null: as long as the budget allows. */
  readonly stopGraceMs: number | null;
  readonly stopTarget: StopTarget;
  readonly successCodes: readonly number[];
};

/** What the host needs to start one process; same index as in `BoundPlan.processes`. */
export type Launch = {
  /** Shown before each of its lines. */
  readonly name: string;
  readonly argv: readonly string[];
  /** `NAME=value`, complete: nothing else is inherited. */
  readonly env: readonly string[];
  /** null: Tandem's own working directory. */
  readonly cwd: string | null;
  readonly logs: LogMode;
  readonly stdin: 'null' | 'inherit';
};

/** A bound plan with what the host needs, index by index. */
export type Bound = {
  readonly plan: BoundPlan;
  readonly launches: readonly Launch[];
};
