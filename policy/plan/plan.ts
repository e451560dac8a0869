/**
 * The two plans. `Plan` is portable: what a file or a command line means, with
 * every `${…}` still in it, so that it holds no secret and can be saved.
 * `BoundPlan` is a Plan bound to one environment; it is all that the
 * supervisor knows. What only the host needs to start a process (argv,
 * environment, directories) travels beside it as a `Launch` and never enters
 * the supervising engine's heap.
 */

import type { PlannedFront } from './planned-front.ts';

/** Raised whenever a Plan written by an older Tandem would be read wrongly. */
export const planVersion = 2;

/** A string that is interpolated when the plan is bound: `${…}` and `$$` mean something in it. */
export type Template = string;

/** A number known now, or one that is known when the plan is bound. */
export type Late = number | { readonly text: Template };

export type Condition = 'started' | 'ready' | 'completed';
export type StopTarget = 'main' | 'group';
export const logModes = ['inherit', 'prefix', 'json'] as const;
export type LogMode = (typeof logModes)[number];
/** How output goes out. */
export type Logs = { readonly format: LogMode; readonly timestamps: boolean };
/** As written; null: not said here. */
export type PlannedLogs = {
  readonly format: LogMode | null;
  readonly timestamps: boolean | null;
};

export type Plan = {
  readonly version: typeof planVersion;
  readonly mode: Mode;
  readonly stopTimeoutMs: Late;
  /** After a stop was asked for, everything goes on serving this long. */
  readonly stopDelayMs: Late;
  readonly logs: PlannedLogs | null;
  readonly control: PlannedControl;
  readonly processes: readonly PlannedProcess[];
  readonly front: PlannedFront | null;
};

/** Where others can ask. `path` null: the first usual place that can be made. */
export type PlannedControl = {
  readonly off: boolean;
  readonly path: Template | null;
  /** `127.0.0.1:9900`, of the read-only HTTP endpoint; null: none. */
  readonly http: Template | null;
};

export type PlannedProcess = {
  readonly name: string;
  /** Words of the command, split already: a value never splits again. With `shell`, one word: the script. */
  readonly command: readonly Template[];
  readonly shell: boolean;
  readonly workingDir: Template | null;
  readonly environment: readonly (readonly [string, Template])[];
  /** Files of variables, the later wins. */
  readonly envFiles: readonly { readonly path: Template; readonly required: boolean }[];
  /** Variables whose values stand in files; the values are no part of any plan. */
  readonly secrets: readonly (readonly [string, Template])[];
  /** Rendered before the start. `mode`: permission bits. */
  readonly files: readonly {
    readonly from: Template;
    readonly to: Template;
    readonly mode: number;
  }[];
  /** `name|uid[:group|gid]`; null: Tandem's own. */
  readonly user: Template | null;
  readonly umask: number | null;
  readonly nice: number | null;
  readonly oomScoreAdj: number | null;
  readonly limits: Attributes['limits'];
  readonly stdin: 'null' | 'inherit';
  readonly tty: boolean;
  readonly port: Late | null;
  /** Meant to finish with 0, before what waits for it starts. */
  readonly oneshot: boolean;
  /** For a oneshot; null: as long as it takes. */
  readonly timeoutMs: Late | null;
  readonly essential: boolean;
  readonly restart: Restart;
  /** `condition` null: the one that fits, `completed` for a oneshot, else `ready`. */
  readonly dependsOn: readonly {
    readonly process: string;
    readonly condition: Condition | null;
  }[];
  /** null: by its port, where it has one. */
  readonly ready: PlannedProbe | null;
  readonly readyTimeoutMs: Late;
  readonly healthcheck: PlannedHealth | null;
  readonly preStop: PlannedPreStop | null;
  /** A signal's number. */
  readonly stopSignal: number;
  readonly stopGraceMs: Late | null;
  readonly stopTarget: StopTarget;
  readonly successCodes: readonly number[];
  /** Signals that are passed on to it, as what. */
  readonly forward: readonly Forward[];
  readonly logs: PlannedLogs | null;
};

export type Restart = {
  readonly policy: 'no' | 'on-failure' | 'always';
  /** Failures in a row after which it is the end; null: never. */
  readonly max: number | null;
};

export type Forward = { readonly from: number; readonly to: number };

/** How a process is asked, or tells, that it can serve. `port` null: the process's own. */
export type PlannedProbe =
  | { readonly type: 'tcp'; readonly port: Late | null }
  | {
      readonly type: 'http';
      readonly port: Late | null;
      readonly path: Template;
      readonly headers: readonly (readonly [string, Template])[];
      /** Lowest and highest status that passes. */
      readonly status: readonly [number, number];
    }
  | { readonly type: 'grpc'; readonly port: Late | null; readonly service: Template }
  | { readonly type: 'unix'; readonly path: Template }
  | { readonly type: 'file'; readonly path: Template }
  | { readonly type: 'exec'; readonly argv: readonly Template[] }
  | { readonly type: 'log'; readonly pattern: string }
  | { readonly type: 'notify' }
  | { readonly type: 'fd'; readonly fd: number }
  | { readonly type: 'delay'; readonly delayMs: Late }
  | { readonly type: 'none' };

export type PlannedHealth = {
  /** null: the probe of `ready`. */
  readonly probe: PlannedProbe | null;
  readonly intervalMs: Late;
  readonly timeoutMs: Late;
  readonly retries: number;
  readonly startPeriodMs: Late;
};

export type PlannedPreStop =
  | { readonly type: 'delay'; readonly delayMs: Late }
  | { readonly type: 'probe'; readonly method: string; readonly probe: PlannedProbe };

/** How the supervisor runs: several processes, or one command that we are only the init of. */
export type Mode = 'processes' | 'init';

/** What differs where one command is run as its init. */
export type InitOptions = {
  /** Signals go to the command's group. */
  readonly group: boolean;
  /** Exit codes that become 0. */
  readonly asSuccess: readonly number[];
  /** Signals that are replaced before they are passed on; to 0: dropped. */
  readonly rewrite: readonly Forward[];
  /** At its end what is left of its group gets TERM. */
  readonly session: boolean;
  /** Exit code when it can't be started; null: 127 or 126. */
  readonly notStarted: number | null;
};

export type BoundPlan = {
  readonly mode: Mode;
  readonly init: InitOptions | null;
  /** The budget for the whole stop. */
  readonly stopTimeoutMs: number;
  readonly stopDelayMs: number;
  /** A file that is made when a stop begins, before anybody is told; null: none. */
  readonly stopMark: string | null;
  readonly processes: readonly BoundProcess[];
};

/** When a process counts as ready. */
export type ReadyBy =
  | { readonly type: 'start' }
  /** The host asks it. `port`: nobody may answer there before the start. */
  | { readonly type: 'probe'; readonly port: number | null }
  /** It says so: a line, a datagram, a descriptor. */
  | { readonly type: 'word' }
  | { readonly type: 'delay'; readonly delayMs: number };

/** Processes are known by their index in `BoundPlan.processes`; an index is stable for the plan's life. */
export type BoundProcess = {
  readonly name: string;
  readonly oneshot: boolean;
  readonly essential: boolean;
  readonly restart: Restart;
  readonly needs: readonly { readonly process: number; readonly condition: Condition }[];
  /** Where it is meant to listen; for messages. */
  readonly port: number | null;
  readonly ready: ReadyBy;
  readonly readyTimeoutMs: number;
  /** For a oneshot; null: as long as it takes. */
  readonly timeoutMs: number | null;
  readonly health: BoundHealth | null;
  readonly preStop: BoundPreStop | null;
  readonly stopSignal: number;
  /** null: as long as the budget allows. */
  readonly stopGraceMs: number | null;
  readonly stopTarget: StopTarget;
  readonly successCodes: readonly number[];
  readonly forward: readonly Forward[];
};

export type BoundHealth = {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly startPeriodMs: number;
};

/** `act`: the host carries it out and answers. */
export type BoundPreStop =
  | { readonly type: 'delay'; readonly delayMs: number }
  | { readonly type: 'act' };

/** What the host asks, bound. Ports are on the loopback interface; paths are absolute. */
export type ProbeSpec =
  | { readonly type: 'tcp'; readonly port: number }
  | {
      readonly type: 'http';
      readonly port: number;
      /** The whole request, as it is sent. */
      readonly request: string;
      readonly statusMin: number;
      readonly statusMax: number;
    }
  | { readonly type: 'grpc'; readonly port: number; readonly service: string }
  | { readonly type: 'unix'; readonly path: string }
  | { readonly type: 'file'; readonly path: string }
  | { readonly type: 'exec'; readonly argv: readonly string[] };

/** How a process says that it is ready, bound. */
export type WordSpec =
  | { readonly type: 'log'; readonly pattern: string }
  /** `path` of the socket, which is NOTIFY_SOCKET for it. */
  | { readonly type: 'notify'; readonly path: string }
  | { readonly type: 'fd'; readonly fd: number };

/** What the host needs to start one process; same index as in `BoundPlan.processes`. */
export type Launch = {
  /** Shown before each of its lines. */
  readonly name: string;
  readonly argv: readonly string[];
  /** What differs from Tandem's own: `NAME=value` is set, `NAME` alone is left out. */
  readonly env: readonly string[];
  /** null: Tandem's own working directory. */
  readonly cwd: string | null;
  readonly logs: Logs;
  readonly stdin: 'null' | 'inherit';
  /** Whether it can serve. */
  readonly probe: ProbeSpec | null;
  readonly word: WordSpec | null;
  readonly health: ProbeSpec | null;
  readonly preStop: ProbeSpec | null;
  /** null: nothing but its program. */
  readonly attributes: Attributes | null;
  /** It leads a session of its own, with the terminal where there is one. */
  readonly session: boolean;
  /** The signal that Tandem gets when its parent dies; 0: none. */
  readonly parentDeath: number;
};

export type User = {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
};

/** What a process is given besides its program; null: as Tandem's own. */
export type Attributes = {
  readonly user: User | null;
  readonly umask: number | null;
  readonly nice: number | null;
  readonly oomScoreAdj: number | null;
  /** By Linux's number (getrlimit(2)); -1 is unlimited. */
  readonly limits: readonly {
    readonly resource: number;
    readonly soft: number;
    readonly hard: number;
  }[];
  /** Variables whose values the host reads at each start: they never come in here. */
  readonly secrets: readonly { readonly name: string; readonly path: string }[];
  /** The container's terminal is its own. */
  readonly tty: boolean;
};

/** Where the host listens. */
export type BoundControl = {
  /** The first that can be made is taken; none: no socket. */
  readonly paths: readonly string[];
  /** In so many words: where it can't be made, that is said. */
  readonly asked: boolean;
  readonly http: { readonly address: string; readonly port: number } | null;
};

/** A bound plan with what the host needs, index by index. */
export type Bound = {
  readonly plan: BoundPlan;
  readonly launches: readonly Launch[];
  readonly control: BoundControl;
  /** Of what Tandem says itself. */
  readonly ownLogs: Logs;
};
