/** What the interpreter's binary imports, where the playground answers it. */
import type { Imports } from "./interpreter.ts";
import type { Suspender } from "./suspender.ts";

/** What CPython calls to ask for a signal, at every 50th look for interruptions. */
const TAKE_SIGNAL = "_Py_CheckEmscriptenSignals_Helper";

/** Who answers. */
export interface ImportsHost {
  /** Bytes of memory that the interpreter may have. */
  readonly memoryLimit: number;
  readonly suspender: Suspender | undefined;
  /** CPython looks here between two bytecodes. @returns a signal's number, 0 for none */
  checkpoint(): number;
  /** The same where the program can be suspended. */
  suspendingCheckpoint(): number | Promise<number>;
  /** Python is about to read its standard input. @returns a promise if it has to wait for a line */
  beforeRead(): void | Promise<void>;
}

/** Put the host's answers in the place of Emscripten's. */
export function adaptImports(imports: Record<string, Imports>, host: ImportsHost): void {
  const env = imports["env"]!;
  const resize = env["emscripten_resize_heap"] as (bytes: number) => number;
  // To refuse is what a full machine does: malloc answers NULL, and Python raises MemoryError.
  env["emscripten_resize_heap"] = (bytes: number): number =>
    bytes >>> 0 > host.memoryLimit ? 0 : resize(bytes);
  const take = (): number => host.checkpoint();
  const { suspender } = host;
  if (suspender === undefined) {
    env[TAKE_SIGNAL] = take;
    return;
  }
  env[TAKE_SIGNAL] = suspender.function(0, take, () => host.suspendingCheckpoint());
  const wasi = imports["wasi_snapshot_preview1"]!;
  const read = wasi["fd_read"] as (...args: number[]) => number;
  wasi["fd_read"] = suspender.function(4, read, (fd, ...others) => {
    const waits = fd === 0 ? host.beforeRead() : undefined;
    return waits === undefined ? read(fd!, ...others) : waits.then(() => read(fd, ...others));
  });
}
