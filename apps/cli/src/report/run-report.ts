/**
 * The figures of a run: what `--json` writes and the report on the terminal is made of. Sizes in bytes, times in
 * seconds.
 *
 * `version` grows with every change that a reader of the file could stumble over; new keys alone do not change it.
 */
import type { HeapSnapshot } from "@pyrena/stats";
import type { HeldArenas } from "./arenas.ts";

/** Version of {@link RunReport}. */
export const RUN_REPORT_VERSION = 1;

/** What a run tells about itself. */
export interface RunReport {
  readonly schema: "pyrena-run";
  readonly version: typeof RUN_REPORT_VERSION;
  /** Version of this command. */
  readonly pyrena: string;
  readonly python: {
    /** `3.14.2`. */
    readonly version: string;
    /** Version of the WebAssembly build, `314.0.7`. */
    readonly pyodide: string;
    readonly abi: "lp64" | "ilp32";
  };
  readonly program: {
    readonly kind: "script" | "command" | "module" | "stdin";
    /** The path, the module's name, `-c` or `-`. */
    readonly name: string;
    readonly args: readonly string[];
  };
  /** As the shell sees it. */
  readonly exitCode: number;
  readonly seconds: {
    /** Until the program's first instruction. */
    readonly start: number;
    /** The program itself. */
    readonly program: number;
    /** Python's finalisation. */
    readonly finalize: number;
  };
  readonly allocator: {
    /** A value of `PYTHONMALLOC`, or the module's path. */
    readonly name: string;
    readonly custom: boolean;
    readonly domains: readonly ("raw" | "mem" | "obj")[];
    /** False if the program took it out: figures then end where that happened. */
    readonly installedAtEnd: boolean;
    /** What the module's own `report()` returned, if it exports one. */
    readonly report?: string | undefined;
  };
  /** The WebAssembly memory. It never shrinks: its end is its peak. */
  readonly linearMemory: { readonly startBytes: number; readonly endBytes: number };
  /** Null where the allocator has no arenas, or nothing is known of them. */
  readonly arenas: ArenasReport | null;
  /** Requests over pymalloc's threshold of 512 bytes. */
  readonly largeRequests: {
    readonly count: number;
    /** Sum of all bytes asked for. */
    readonly bytes: number;
    readonly largestBytes: number;
    /** Not freed at the end. */
    readonly liveBlocks: number;
    /** Null where it is not known. */
    readonly liveBytes: number | null;
  };
  readonly garbageCollections: {
    readonly collections: number;
    /** Objects found unreachable and freed. */
    readonly collected: number;
    readonly uncollectable: number;
    readonly longestPauseSeconds: number;
    readonly totalPauseSeconds: number;
    /** `gc.get_stats()`, youngest first. */
    readonly generations: readonly {
      readonly collections: number;
      readonly collected: number;
      readonly uncollectable: number;
    }[];
  };
  /** Calls that arrived in each domain. */
  readonly requests: readonly {
    readonly domain: "raw" | "mem" | "obj";
    readonly malloc: number;
    readonly calloc: number;
    readonly realloc: number;
    readonly free: number;
    /** Answered with NULL. */
    readonly failed: number;
    /** Frees and reallocs of blocks older than the allocator. */
    readonly foreign: number;
  }[];
  /** What went wrong in the allocator without stopping the program. */
  readonly problems: readonly {
    readonly where: string;
    readonly message: string;
    readonly times: number;
  }[];
  /** Everything that is known of the heap, region by region; null where the allocator can't be looked into. */
  readonly heap: {
    /** When the program had ended. */
    readonly atEnd: HeapSnapshot | null;
    /** After Python's finalisation. */
    readonly afterFinalize: HeapSnapshot | null;
  };
}

/** Memory for requests of up to 512 bytes. */
export interface ArenasReport
  extends Pick<HeldArenas, "arenaBytes" | "poolBytes" | "packedArenas" | "groups" | "sizeClasses"> {
  /** Arenas taken from the system so far, and given back to it. */
  readonly taken: number;
  readonly givenBack: number;
  /** The most at any one time; the two need not be of the same moment. */
  readonly peak: { readonly heldBytes: number; readonly liveBytes: number };
  /** When the program had ended, before Python tore anything down: `live + free + lost = held`. */
  readonly end: Pick<
    HeldArenas,
    "arenas" | "heldBytes" | "liveBlocks" | "liveBytes" | "freeBytes" | "lostBytes"
  >;
}
