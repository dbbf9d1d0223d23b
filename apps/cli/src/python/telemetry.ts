/** What a run tells about itself: plain data, numbers in bytes, milliseconds and calls. */
import type { AbiName } from "@pyrena/abi";
import type { HeapSnapshot } from "@pyrena/stats";

/** Calls that arrived in one domain, counted from installation on. */
export interface DomainRequests {
  readonly domain: "raw" | "mem" | "obj";
  readonly malloc: number;
  readonly calloc: number;
  readonly realloc: number;
  readonly free: number;
  /** Requests answered with NULL, whatever the reason. */
  readonly failed: number;
  /** `free` and `realloc` of blocks that are older than the installation: passed on to the previous allocator. */
  readonly foreign: number;
}

/** Requests of more than 512 bytes, which pymalloc passes on to the raw allocator. */
export interface LargeRequests {
  readonly count: number;
  /** Sum of the bytes asked for, over the whole run. */
  readonly bytes: number;
  /** The largest single request, in bytes. */
  readonly largest: number;
  /** Blocks live at the end of the program. */
  readonly liveBlocks: number;
  /** Bytes in them; undefined where the raw allocator cannot tell the size of a block. */
  readonly liveBytes: number | undefined;
}

/** Garbage collections, as `gc.callbacks` and `gc.get_stats()` report them. */
export interface GcTelemetry {
  readonly collections: number;
  /** Objects that were found unreachable and freed. */
  readonly collected: number;
  readonly uncollectable: number;
  readonly longestPauseMs: number;
  readonly totalPauseMs: number;
  /** `gc.get_stats()` at the program's end, youngest generation first. */
  readonly generations: readonly {
    readonly collections: number;
    readonly collected: number;
    readonly uncollectable: number;
  }[];
}

/** Size of the linear memory and what was used of it, in bytes. */
export interface MemoryTelemetry {
  /** The WebAssembly memory when the allocator was installed. */
  readonly linearAtStart: number;
  /** At the end; a WebAssembly memory never shrinks, so this is also its peak. */
  readonly linearAtEnd: number;
  /** Most bytes in live small blocks at one time (whole blocks, as their size class has them). */
  readonly peakLiveBytes: number;
  /** Most bytes held in arenas at one time. */
  readonly peakArenaBytes: number;
}

/** One thing that went wrong in an allocator without stopping the program. */
export interface AllocatorProblem {
  /** `obj.malloc`, `mem.free`, … */
  readonly where: string;
  readonly message: string;
  /** How often this same problem occurred. */
  readonly times: number;
}

/** Times, in milliseconds of the wall clock. */
export interface RunTimes {
  /** From the call of `runPython` to the program's first instruction. */
  readonly start: number;
  /** The program, with its `atexit` functions. */
  readonly program: number;
  /** Python's finalisation. */
  readonly finalize: number;
}

/** What is known about a run when it has ended. */
export interface RunTelemetry {
  /** `3.14.2`. */
  readonly python: string;
  /** Version of the interpreter's package, `314.0.7`. */
  readonly pyodide: string;
  /** Name of the profile, `cpython-3.14-ilp32`. */
  readonly profile: string;
  readonly abi: AbiName;
  readonly allocator: {
    /** A value of `PYTHONMALLOC`, or the module's path as it was given. */
    readonly name: string;
    readonly custom: boolean;
    readonly domains: readonly ("raw" | "mem" | "obj")[];
    /** False if the program (or `-X dev`) took the allocator out again; figures then end where that happened. */
    readonly installedAtEnd: boolean;
    /** What the module's own `report()` returned, if it exports one: text for people. */
    readonly report?: string | undefined;
  };
  readonly times: RunTimes;
  readonly requests: readonly DomainRequests[];
  readonly large: LargeRequests;
  readonly memory: MemoryTelemetry;
  readonly gc: GcTelemetry;
  /**
   * The allocator's memory when the program had ended and its `atexit` functions had run, before Python tore anything
   * down. Undefined where the allocator has no walker, or the program left by `os._exit`.
   */
  readonly atEnd: HeapSnapshot | undefined;
  /** The same after finalisation: what is still live now was leaked by Python itself or is immortal. */
  readonly afterFinalize: HeapSnapshot | undefined;
  readonly problems: readonly AllocatorProblem[];
}
