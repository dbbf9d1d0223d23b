/** What `pyrena run --json` told of a run, as much of it as the pages show. */

/** A run, in the words of the report. Sizes are in bytes. */
export interface RecordedRun {
  /** The command line. */
  readonly command: string;
  readonly python: string;
  readonly arenaBytes: number;
  readonly poolBytes: number;
  readonly peak: { readonly heldBytes: number; readonly liveBytes: number };
  /** At the end, in order of address. */
  readonly arenas: readonly RecordedArena[];
  /** At the end, most memory first. */
  readonly sizeClasses: readonly RecordedClass[];
}

/** An arena when the program was done; its pools are those in use. */
export interface RecordedArena {
  readonly pools: number;
  readonly liveBlocks: number;
  readonly liveBytes: number;
}

/** The pools of one block size. */
export interface RecordedClass {
  readonly blockBytes: number;
  readonly pools: number;
  readonly liveBlocks: number;
  readonly packedPools: number;
}

/** The parts of the report that are used here. */
interface Report {
  readonly python: { readonly version: string };
  readonly arenas: {
    readonly arenaBytes: number;
    readonly poolBytes: number;
    readonly peak: { readonly heldBytes: number; readonly liveBytes: number };
    readonly sizeClasses: readonly RecordedClass[];
  };
  readonly heap: {
    readonly atEnd: {
      readonly regions: readonly (RecordedArena & {
        readonly base: number;
        readonly kind: string;
      })[];
    };
  };
}

/** How many block sizes are shown. */
const CLASSES = 6;

/** What is kept of a report, given as the text of the file. */
export function recordedRun(command: string, json: string): RecordedRun {
  const { python, arenas, heap } = JSON.parse(json) as Report;
  return {
    command,
    python: python.version,
    arenaBytes: arenas.arenaBytes,
    poolBytes: arenas.poolBytes,
    peak: { heldBytes: arenas.peak.heldBytes, liveBytes: arenas.peak.liveBytes },
    arenas: heap.atEnd.regions
      .filter(({ kind }) => kind === "arena")
      .sort((a, b) => a.base - b.base)
      .map(({ pools, liveBlocks, liveBytes }) => ({ pools, liveBlocks, liveBytes })),
    sizeClasses: arenas.sizeClasses
      .slice(0, CLASSES)
      .map(({ blockBytes, pools, liveBlocks, packedPools }) => ({
        blockBytes,
        pools,
        liveBlocks,
        packedPools,
      })),
  };
}

/** Figures of a run, as its report gives them. */
export interface RunTotals {
  readonly heldBytes: number;
  readonly liveBytes: number;
  /** Arenas of which less than a tenth is in use, the empty ones among them. */
  readonly nearlyEmpty: number;
}

export function totalsOf({ arenas, arenaBytes }: RecordedRun): RunTotals {
  return {
    heldBytes: arenas.length * arenaBytes,
    liveBytes: arenas.reduce((sum, { liveBytes }) => sum + liveBytes, 0),
    nearlyEmpty: arenas.filter(({ liveBytes }) => liveBytes < arenaBytes / 10).length,
  };
}
