/**
 * Emscripten's dlmalloc as Pyodide has it, called from JavaScript: what a page with CPython in it would use today.
 *
 * The interpreter's start leaves some MiB of holes in that heap. They are filled up first, so that it starts from as
 * clean a state as the others and every byte that it takes is seen: then the break moves for whatever comes.
 */
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import type { PyMemAllocatorEx } from "@pyrena/abi";
import type { OpenPeer } from "./open-peer.ts";

interface EmscriptenModule {
  readonly HEAPU32: Uint32Array;
  _malloc(size: number): number;
  _calloc(nelem: number, elsize: number): number;
  _realloc(block: number, size: number): number;
  _free(block: number): void;
  _sbrk(bytes: number): number;
  _mallinfo(result: number): void;
}

/** Index of `keepcost` in dlmalloc's `struct mallinfo`: bytes free at the top, below the break. */
const KEEPCOST = 9;

/** A fresh Pyodide's `_malloc` and its sisters. */
export async function openDlmalloc(): Promise<OpenPeer> {
  // Its package names no types for the module object, and its entry must be loaded as the file that it is.
  const entry = createRequire(import.meta.url).resolve("pyodide/pyodide.mjs");
  const { loadPyodide } = (await import(pathToFileURL(entry).href)) as {
    loadPyodide(): Promise<{ _module: EmscriptenModule }>;
  };
  const { _module: module } = await loadPyodide();

  const info = module._malloc(64);
  const freeAtTop = (): number => {
    module._mallinfo(info);
    return module.HEAPU32[(info >>> 2) + KEEPCOST]!;
  };
  const fillHoles = (): void => {
    for (let size = 65_536; size >= 16; size = Math.floor(size * 0.9)) {
      // A block above all others was cut from the top: there is no hole of this size any more.
      const top = module._sbrk(0) - freeAtTop();
      let block = module._malloc(size);
      while (block !== 0 && block < top) block = module._malloc(size);
      module._free(block);
    }
  };
  fillHoles();

  const allocator: PyMemAllocatorEx<EmscriptenModule> = {
    ctx: module,
    malloc: (ctx, size) => ctx._malloc(size),
    calloc: (ctx, nelem, elsize) => ctx._calloc(nelem, elsize),
    // Size 0 would free the block; CPython's raw allocator, which stands on this one, asks for a byte instead.
    realloc: (ctx, ptr, size) => ctx._realloc(ptr, size || 1),
    free: (ctx, ptr) => ctx._free(ptr),
  };
  const erased = allocator as PyMemAllocatorEx;
  const memory = {
    get u32() {
      return module.HEAPU32;
    },
  };
  let usedBefore = 0;
  let lengthBefore = 0;
  return {
    allocator: erased,
    raw: erased,
    memory,
    begin: () => {
      usedBefore = module._sbrk(0) - freeAtTop();
      lengthBefore = module.HEAPU32.byteLength;
    },
    // The break never goes down in WebAssembly, so what it is now is the peak.
    memoryUse: () => ({
      heap: module._sbrk(0) - usedBefore,
      memory: module.HEAPU32.byteLength - lengthBefore,
    }),
  };
}
