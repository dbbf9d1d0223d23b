/** Runs a Python program to its end, on a thread of its own. */
import { existsSync, realpathSync } from "node:fs";
import process from "node:process";
import { isatty, type WriteStream } from "node:tty";
import { Worker } from "node:worker_threads";
import { type ErrorCode, errorTable, PyrenaError } from "@pyrena/abi";
import type { RunPythonOptions } from "./options.ts";
import { raiseSignal } from "./signals.ts";
import { StdinRelay } from "./stdin-relay.ts";
import type { RunTelemetry } from "./telemetry.ts";
import {
  COLUMNS,
  INPUT_AT,
  INPUT_BYTES,
  ROWS,
  SIGNAL,
  type ThreadData,
  type ThreadMessage,
} from "./thread-data.ts";

/** How a program ended. */
export interface RunPythonResult {
  /** The program's exit code as a shell sees it: `sys.exit(n)`, 1 after an uncaught exception, 130 after Ctrl-C. */
  readonly exitCode: number;
  /** Undefined if the interpreter ended before a program ran: `--help`, `--version`, invalid interpreter options. */
  readonly telemetry: RunTelemetry | undefined;
}

/**
 * Stack of Python's thread, in MiB. CPython guards the stack of its C code, 10 MiB in linear memory, and raises
 * RecursionError when it is used up; the engine's own stack, where WebAssembly's frames lie, must not be exhausted first,
 * since that ends the process. In the deepest recursions it takes up to 20 times as much. It is address space until used.
 */
const STACK_MIB = 256;

/** After so long without a reaction to Ctrl-C, the next one ends the program. In milliseconds. */
const PATIENCE = 1500;

/**
 * Run a program as `python` would. Standard input, output and error are this process's file descriptors 0, 1 and 2,
 * used directly: write nothing to them through `process.stdout` in the meantime.
 *
 * Call it once in a process; while it runs, SIGINT goes to the program as KeyboardInterrupt.
 * @throws PyrenaError `unknown-allocator`, `not-built-in`, `bad-argument` (a module that exports no factory, or cannot
 *   be loaded), `not-attached`, all before the program starts
 */
export async function runPython(options: RunPythonOptions): Promise<RunPythonResult> {
  const shared = new SharedArrayBuffer(INPUT_AT + INPUT_BYTES);
  const words = new Int32Array(shared, 0, INPUT_AT / 4);
  const data: ThreadData = {
    options: {
      args: [],
      interpreterOptions: [],
      env: { ...process.env },
      cwd: process.cwd(),
      executable: runningCommand(),
      ...options,
    },
    shared,
    startedAt: performance.timeOrigin + performance.now(),
  };
  const worker = new Worker(threadFile(), {
    workerData: data,
    resourceLimits: { stackSizeMb: STACK_MIB },
    // Python's output goes to the descriptors; what an allocator's module prints goes by way of this thread.
    stdin: false,
  });
  const relay = new StdinRelay(words, new Uint8Array(shared, INPUT_AT));
  const stopWatching = watchTerminal(words);
  const stopListening = forwardInterrupts(words, relay, () => void worker.terminate());
  try {
    return await ended(worker, relay);
  } finally {
    stopListening();
    stopWatching();
    relay.close();
    await worker.terminate();
  }
}

/** Resolves when the program has ended, one way or another. */
function ended(worker: Worker, relay: StdinRelay): Promise<RunPythonResult> {
  return new Promise((resolve, reject) => {
    worker.on("message", (message: ThreadMessage) => {
      switch (message.type) {
        case "input":
          relay.asked();
          break;
        case "ended":
          resolve({ exitCode: message.exitCode, telemetry: message.telemetry });
          break;
        case "refused":
          reject(revived(message));
          break;
      }
    });
    worker.on("error", reject);
    // Only comes first if Ctrl-C had to end it, or a module of the user's called process.exit.
    worker.on("exit", (code) =>
      resolve({ exitCode: code === 1 ? 130 : code, telemetry: undefined }),
    );
  });
}

/** An error that was thrown on the other thread. */
function revived(message: Extract<ThreadMessage, { type: "refused" }>): Error {
  const error =
    message.code !== undefined && message.code in errorTable
      ? new PyrenaError(message.code as ErrorCode, message.message)
      : new Error(message.message);
  if (message.stack !== undefined) error.stack = message.stack;
  return error;
}

/** SIGINT becomes Python's, and wakes it from whatever it waits for. */
function forwardInterrupts(words: Int32Array, relay: StdinRelay, end: () => void): () => void {
  let since: number | undefined;
  const onInterrupt = (): void => {
    const SIGINT = 2;
    if (Atomics.load(words, SIGNAL) === SIGINT) {
      since ??= performance.now();
      if (performance.now() - since > PATIENCE) end();
    } else {
      since = performance.now();
    }
    raiseSignal(words, SIGINT);
    relay.interrupt();
  };
  process.on("SIGINT", onInterrupt);
  return () => process.off("SIGINT", onInterrupt);
}

/** Keep the size of the terminal up to date. */
function watchTerminal(words: Int32Array): () => void {
  if (!isatty(1)) return () => {};
  const stream = process.stdout as unknown as WriteStream;
  const measure = (): void => {
    Atomics.store(words, ROWS, stream.rows);
    Atomics.store(words, COLUMNS, stream.columns);
  };
  measure();
  stream.on("resize", measure);
  return () => stream.off("resize", measure);
}

/** Beside this file: as it was compiled, or as it was written. */
function threadFile(): URL {
  return new URL(
    `./python-thread${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`,
    import.meta.url,
  );
}

/** The command as it was called, for `sys.executable`. */
function runningCommand(): string {
  const path = process.argv[1];
  return path !== undefined && existsSync(path) ? realpathSync(path) : process.execPath;
}
