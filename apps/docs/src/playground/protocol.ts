/**
 * What passes between the page and the worker in which Python runs.
 *
 * While Python runs, the worker's own event loop does not: how a command reaches it then depends on what the browser
 * gives (see `Reach`). What the worker says always arrives.
 */
import { FRAME_BYTES } from "./frame.ts";

/**
 * How commands reach a running program:
 *
 * - `shared`: through memory shared with the worker, which looks there between two bytecodes. Needs cross-origin
 *   isolation, so two headers of the server's.
 * - `suspending`: Python is suspended some thirty times a second (JavaScript Promise Integration), and the worker's event
 *   loop runs in between.
 * - `none`: not at all. To stop the program is to end the worker.
 */
export type Reach = "shared" | "suspending" | "none";

/** The allocator to be installed. */
export type AllocatorChoice =
  /** A value of `PYTHONMALLOC`. */
  | { readonly kind: "name"; readonly name: string }
  /** JavaScript of a module of the user's, types already stripped, in CommonJS form. */
  | { readonly kind: "custom"; readonly code: string };

/** What an interpreter is started with. */
export interface Settings {
  /** `3.14`. */
  readonly python: string;
  readonly allocator: AllocatorChoice;
  /** First threshold of the collector; 0: it never starts by itself; undefined: as Python has it. */
  readonly gcThreshold?: number | undefined;
  /** Bytes beyond which the linear memory does not grow: requests then fail, as on a full machine. */
  readonly memoryLimit: number;
  /** Whether lines are followed: their allocations counted, stepped through, run to again. Costs time at each line. */
  readonly lines: boolean;
  /** What the program of the second tab finds as `settings`; CPython has no use for it. */
  readonly runtime?: RuntimeSettings | undefined;
  /** Which moments of a run are kept, to go back to. Where it stood still, they always are. */
  readonly moments: "some" | "lines";
}

/** Options of `createRuntime` that can be chosen beside the editor. */
export interface RuntimeSettings {
  readonly python: string;
  readonly abi: "lp64" | "ilp32";
  readonly allocator: string;
  /** Absent: as the version has it. */
  readonly collector?: "generational" | "incremental" | "none" | undefined;
}

/** How far a program has come, whatever time that took. */
export interface Clock {
  /** Lines that it has come to. */
  readonly lines: number;
  /** Allocations since then. */
  readonly allocations: number;
}

/** What a program was given from outside, each kind in the order in which it was given. */
export interface TapeData {
  /** What clocks showed. */
  readonly readings: Float64Array;
  readonly random: Uint8Array;
  /** Lines of input; null: its end. */
  readonly input: readonly (string | null)[];
}

/** Where a moment of a run lies. */
export type MomentAt = "start" | "line" | "allocation" | "pause" | "end";

/** A moment of a run, with everything that is seen of it. */
export interface Moment {
  /** From 1, growing with time. */
  readonly id: number;
  readonly at: MomentAt;
  /** What the program itself calls it. */
  readonly name?: string | undefined;
  /** Whether the heap can go on from there with another program. */
  readonly canGoOn?: boolean | undefined;
  /** The program's line, 0 if none runs. */
  readonly line: number;
  readonly clock: Clock;
  readonly frame: ArrayBuffer;
  readonly graph: Graph | undefined;
  /** Whether the bytes of the heap are kept, so that more can be asked. */
  readonly kept: boolean;
  /** A number made of all the heap's bytes; undefined where they were not looked at. */
  readonly digest: number | undefined;
  /** What has come from outside since the moment before. */
  readonly tape: TapeData;
  /** Whether all that came from outside is on tape. */
  readonly taped: boolean;
}

/** To run a program again up to a moment. */
export interface Replay {
  readonly tape: TapeData;
  /** Moments to keep on the way, in order; the last one is where to stop. */
  readonly moments: readonly {
    readonly id: number;
    readonly clock: Clock;
    readonly at: MomentAt;
  }[];
}

/** What the page says to the worker. */
export type Command =
  /** The first one. Starts the interpreter. */
  | {
      readonly type: "load";
      readonly settings: Settings;
      /** Address of the folder of the interpreters, ends in a slash. */
      readonly files: string;
      /** Where there is isolation. */
      readonly shared?: SharedArrayBuffer | undefined;
      /** Whether suspending may be used, where there is no shared memory. */
      readonly suspend: boolean;
      /** The interpreter's binary, if another worker has compiled it. */
      readonly compiled?: WebAssembly.Module | undefined;
      /** What the interpreter's clocks show while it starts: milliseconds since 1970. */
      readonly epoch: number;
    }
  | {
      readonly type: "run";
      readonly program: string;
      readonly watch: readonly string[];
      readonly replay?: Replay | undefined;
    }
  /** Run another program on the heap as it was at a moment. */
  | { readonly type: "goOn"; readonly program: string; readonly moment: number }
  /** Raise KeyboardInterrupt. */
  | { readonly type: "interrupt" }
  | { readonly type: "pause" }
  | { readonly type: "resume" }
  /** Go on to the next line, or to the next allocation. */
  | { readonly type: "step"; readonly by: "line" | "allocation" }
  /** A line for `input()`, without its end; null: the end of the input. */
  | { readonly type: "input"; readonly text: string | null }
  /** Names of variables to be told of; with a moment, as they were then. */
  | {
      readonly type: "watch";
      readonly names: readonly string[];
      readonly moment?: number | undefined;
    }
  /** Tell of the blocks of the pool at this address, now or at a moment. */
  | { readonly type: "pool"; readonly address: number; readonly moment?: number | undefined };

/** Where in the program an exception came from, outermost first. Only lines of the program itself. */
export interface Raised {
  /** `ZeroDivisionError`. */
  readonly name: string;
  readonly lines: readonly number[];
}

/** How a program ended. */
export type Outcome =
  | { readonly kind: "finished"; readonly exitCode: number }
  | { readonly kind: "raised"; readonly raised: Raised }
  /** The interpreter itself came to grief and can do nothing more. */
  | { readonly kind: "crashed"; readonly message: string };

/** An object that a chosen variable leads to. */
export interface GraphNode {
  /** Its address. */
  readonly id: number;
  readonly type: string;
  /** Short. */
  readonly text: string;
  readonly refcount: number;
  /** Bytes, as `sys.getsizeof` has it. */
  readonly bytes: number;
  /** Objects that it refers to, as far as they are among the nodes. */
  readonly refers: readonly number[];
}

/** The chosen variables, and what they lead to. */
export interface Graph {
  readonly roots: readonly { readonly name: string; readonly id: number }[];
  readonly nodes: readonly GraphNode[];
  /** Whether there was more than is shown. */
  readonly cut: boolean;
}

/** The blocks of one pool. */
export interface PoolBlocks {
  readonly address: number;
  readonly sizeClass: number;
  readonly blockBytes: number;
  readonly headerBytes: number;
  readonly poolBytes: number;
  /** One for each block: 1 if it is live. */
  readonly live: readonly number[];
}

/** What the worker says to the page. */
export type Report =
  /** The interpreter is up. */
  | {
      readonly type: "ready";
      /** `3.14.2`. */
      readonly python: string;
      readonly allocator: string;
      /** `wasm` or `typescript`; undefined where Pyrena has nothing installed. */
      readonly engine?: "wasm" | "typescript" | undefined;
      readonly reach: Reach;
      readonly milliseconds: number;
    }
  /** The interpreter's binary has been compiled: the next worker can use it. */
  | { readonly type: "compiled"; readonly python: string; readonly module: WebAssembly.Module }
  /** What the heap is, once that is known. */
  | { readonly type: "label"; readonly text: string }
  /** It could not be started. */
  | { readonly type: "refused"; readonly message: string }
  | { readonly type: "output"; readonly to: "stdout" | "stderr"; readonly text: string }
  /** A frame, where there is no shared memory for it. */
  | { readonly type: "frame"; readonly frame: ArrayBuffer }
  /** The program waits for a line of input. */
  | { readonly type: "asks" }
  | { readonly type: "paused"; readonly line: number; readonly at: "line" | "allocation" | "pause" }
  | { readonly type: "resumed" }
  /** The answer to `watch`. */
  | { readonly type: "graph"; readonly graph: Graph; readonly moment?: number | undefined }
  | { readonly type: "moment"; readonly moment: Moment }
  /** Moments were let go for want of room: all of them, or the bytes of their heaps only. */
  | {
      readonly type: "forgotten";
      readonly moments: readonly number[];
      readonly bytesOf: readonly number[];
    }
  | { readonly type: "blocks"; readonly pool: PoolBlocks | undefined }
  /** Something went wrong in an allocator without stopping the program. */
  | { readonly type: "problem"; readonly where: string; readonly message: string }
  /** A command was taken from the shared memory: there is room for the next one. */
  | { readonly type: "taken" }
  | { readonly type: "ended"; readonly outcome: Outcome; readonly milliseconds: number };

/**
 * The shared memory:
 *
 *     word 0   mail       1 while a command lies in the box
 *          1   length     its bytes
 *          2   wake       counts what may have changed: the worker sleeps on this word
 *          3   frames     counts frames; odd while one is being written
 *     byte 64      …      the command, as JSON in UTF-8
 *     byte FRAME_AT …     the frame
 */
export const MAIL = 0;
export const LENGTH = 1;
export const WAKE = 2;
export const FRAMES = 3;
/** Where the box starts, in bytes. */
export const BOX_AT = 64;
/** Where the frame starts, in bytes; what lies between is the box. */
export const FRAME_AT: number = 64 + 262_144 - 64;
/** Bytes of all of it. */
export const SHARED_BYTES: number = FRAME_AT + FRAME_BYTES;
