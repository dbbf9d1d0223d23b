/** Runtimes of live parts. */
import { createRuntime, type Runtime, type RuntimeOptions } from "pyrena";

/**
 * A runtime that may be left to JavaScript's garbage collector, handles and all: a part that begins again forgets its whole
 * heap, and nobody is to be warned of handles that go with it.
 */
export function liveRuntime(options: RuntimeOptions = {}): Runtime {
  return createRuntime({ ...options, onLost: () => {} });
}
