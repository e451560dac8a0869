/** What the host found when it looked at a run that made the container stop. */
export type Found = {
  /** Index in the phrases that were asked for; null: none of them is in its last lines. */
  readonly phrase: number | null;
  /** The port that the line of the phrase names, else the one that was asked about. */
  readonly port: number | null;
  /** Who listens on that port. `process`: its index where it is one of ours. */
  readonly holder: {
    readonly pid: number;
    readonly name: string;
    readonly process: number | null;
  } | null;
  /** Ports on which its group listens. */
  readonly listens: readonly number[];
  /** The kernel counted a kill for lack of memory when it died of SIGKILL. */
  readonly oomKilled: boolean;
  /** Kills for lack of memory in this container since the start; null: not to be known here. */
  readonly oomKills: number | null;
  /** What the container may use; null: no limit is known. */
  readonly memoryBytes: number | null;
  readonly program: Program;
};

/** What stands where its program should be. */
export type Program = {
  /** As it was asked for. */
  readonly name: string;
  readonly kind: 'missing' | 'folder' | 'script' | 'elf' | 'other';
  /** Somebody may execute it. */
  readonly executable: boolean;
  /** Of a script's first line, or an executable's loader; null: it asks for none. */
  readonly interpreter: string | null;
  readonly interpreterThere: boolean;
  /** ELF's number of the machine that it was built for, and of this one. */
  readonly machine: number;
  readonly ownMachine: number;
  /** The nearest name on PATH, where it is missing. */
  readonly nearest: string | null;
};
