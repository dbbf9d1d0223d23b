/**
 * What passes between the thread that Python runs on and the main thread. Plain data, and one piece of shared memory:
 *
 *     word 0   signal      a signal's number for CPython, 0 if there is none (signals.ts)
 *          1   input       state of standard input: IDLE, ASKED, READY, INTERRUPTED
 *          2   length      bytes in the input buffer when READY; 0 at the end of the input
 *          3   wake        counts signals: whoever sleeps, sleeps on this word
 *          4   rows        of the terminal, 0 if unknown
 *          5   columns
 *     byte 64 … input buffer
 *
 * Python runs on a thread of its own because the main thread then hears signals while it runs, and because that thread
 * can have a stack as deep as a native CPython's.
 */
import type { RunPythonOptions } from "./options.ts";
import type { RunTelemetry } from "./telemetry.ts";

/** Words of the shared memory. */
export const SIGNAL = 0;
export const INPUT = 1;
export const LENGTH = 2;
export const WAKE = 3;
export const ROWS = 4;
export const COLUMNS = 5;

/** States of {@link INPUT}. */
export const IDLE = 0;
export const ASKED = 1;
export const READY = 2;
export const INTERRUPTED = 3;

/** Where the input buffer starts, and how much it holds, in bytes. */
export const INPUT_AT = 64;
export const INPUT_BYTES = 65_536;

/** What the thread starts with. */
export interface ThreadData {
  readonly options: Required<Omit<RunPythonOptions, "allocator" | "domains">> &
    Pick<RunPythonOptions, "allocator" | "domains">;
  readonly shared: SharedArrayBuffer;
  /** When `runPython` was called, as `performance.timeOrigin + performance.now()`. */
  readonly startedAt: number;
}

/** What the thread says. */
export type ThreadMessage =
  /** Python waits for standard input. */
  | { readonly type: "input" }
  /** The program has ended. */
  | {
      readonly type: "ended";
      readonly exitCode: number;
      readonly telemetry: RunTelemetry | undefined;
    }
  /** The program was not started. `code` is that of a PyrenaError. */
  | {
      readonly type: "refused";
      readonly code: string | undefined;
      readonly message: string;
      readonly stack: string | undefined;
    };
