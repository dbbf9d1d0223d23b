/**
 * The live interpreter's memory as a LinearMemory.
 *
 * Emscripten replaces the buffer when the memory grows, which detaches every view on the old one. It can happen in any
 * call into WebAssembly, and between any two calls out of it. So every function that WebAssembly calls, and everything
 * that comes back from a call into WebAssembly, calls {@link freshen} first; then all other code may use the views of
 * the memory object as it does on any other backing.
 */
import { ADDRESS_LIMIT, LinearMemory, type MemoryHost, PyrenaError } from "@pyrena/abi";
import type { PyodideModule } from "./module.ts";

/**
 * A memory over the module's; nothing is written to it.
 * @throws PyrenaError `not-attached` if the module's memory keeps one resizable buffer: growth would not detach it
 */
export function liveMemory(module: PyodideModule): LinearMemory {
  if ((module.HEAPU8.buffer as ArrayBuffer).resizable === true) {
    throw new PyrenaError(
      "not-attached",
      "this build of Pyodide keeps its memory in a resizable buffer (-sGROWABLE_ARRAYBUFFERS), which is not supported",
    );
  }
  const host: MemoryHost = {
    buffer: () => module.HEAPU8.buffer,
    maxByteLength: ADDRESS_LIMIT,
    // The new bytes are the C library's to hand out: whoever grows the memory has made room, not taken it.
    grow: (byteLength) =>
      module._emscripten_resize_heap !== undefined &&
      Boolean(module._emscripten_resize_heap(byteLength)),
  };
  return LinearMemory.over(host);
}

/** Replace the views if the memory has grown. A detached view has length 0: one load tells. */
export function freshen(memory: LinearMemory): void {
  if (memory.u8.length === 0) memory.refresh();
}
