/** Types of containers.mjs, for the tests. */

export type Runtime = 'runc' | 'gvisor';
export const runtimes: readonly Runtime[];
/** Where images and containers are kept: .cache/containers, or TANDEM_CONTAINERS. */
export const store: string;
export const baseImage: string;
export const nodeImage: string;

export type Build = {
  /** `tandem-test-FOLDER` where it isn't given. */
  readonly tag?: string;
  /** Relative to the folder; `Dockerfile`. */
  readonly file?: string;
  /** What COPY copies from; the folder. */
  readonly context?: string;
  readonly target?: string;
  readonly args?: Readonly<Record<string, string>>;
};

export type Start = {
  readonly runtime?: Runtime;
  /** What follows the image's name on `docker run`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** `uid[:gid]`, with or without a line in /etc/passwd. */
  readonly user?: string;
  /** Nothing is writable but `tmpfs` and what the engine always mounts (/dev/shm). */
  readonly readOnly?: boolean;
  readonly tmpfs?: readonly string[];
  readonly volumes?: readonly string[];
  /** An init of the engine's is PID 1, and not the entrypoint. */
  readonly init?: boolean;
  /** As `--memory`, swap included; under runc only. */
  readonly memory?: string;
  readonly workdir?: string;
  readonly entrypoint?: readonly string[];
  /** `-it`: `out` is the terminal, `write` types. */
  readonly tty?: boolean;
  /** No capabilities, and no new ones. */
  readonly plain?: boolean;
};

export type End = {
  /** As `docker run` ends: the container's code, 137 when it was killed. */
  readonly code: number;
  readonly afterMs: number;
};

export type Said = { readonly code: number; readonly out: string; readonly err: string };

export type Container = {
  readonly name: string;
  /** The container's own address: what it listens on at 0.0.0.0 is reached there. */
  readonly address: string;
  /** This machine, as the container reaches it; it knows it as `machine` too. */
  readonly host: string;
  /** By performance.now(), when its start was asked for. */
  readonly startedMs: number;
  readonly out: () => string;
  readonly err: () => string;
  readonly write: (data: string) => void;
  readonly ended: Promise<End>;
  /** As `docker stop`: the image's STOPSIGNAL, then KILL. */
  readonly stop: (seconds?: number) => Promise<Said>;
  readonly kill: (signal: string) => Promise<Said>;
  readonly exec: (...args: string[]) => Promise<Said>;
  readonly inspect: (format: string) => Promise<string>;
  readonly remove: () => Promise<void>;
};

/** Why containers cannot run here, or null. The first call may make the base: a minute. */
export function unavailable(runtime?: Runtime): Promise<string | null>;
/** Makes the base images where they are missing. */
export function base(): Promise<void>;
/** As `docker build`; gives the tag. Throws with the last lines of a build that failed. */
export function build(dir: string, options?: Build): Promise<string>;
/** The image `tandem` of build/tandem alone, made anew where the binary changed. */
export function tandemImage(): Promise<string>;
/** Bytes of the unpacked image. */
export function imageSize(image: string): Promise<number>;
export function start(image: string, options?: Start): Promise<Container>;
/** A command of this machine as PID 1 in namespaces of its own, for what has no image. */
export function startCommand(
  command: string,
  options?: Pick<Start, 'env' | 'user'>,
): Promise<Omit<Container, 'stop'>>;
export function runToEnd(image: string, options?: Start): Promise<Said & End>;
export function podman(...args: string[]): Promise<Said>;
/** A folder for one build, removed at the end of the process. */
export function scratch(): string;
/** Ends all that this process started. */
export function cleanUp(): void;
/** Unmounts the store when nobody uses it. */
export function unmount(): void;
