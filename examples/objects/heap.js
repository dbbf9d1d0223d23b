/** A heap with CPython's allocators, and objects with handles on it: what the examples in this folder begin with. */
import { Domains, Heap, LinearMemory, profileFor } from "@pyrena/abi";
import { createPython } from "@pyrena/objects";
import { createPymalloc } from "@pyrena/pymalloc";
import { createArenaSource, createRawAllocator } from "@pyrena/raw";

/**
 * @param {string} version `3.11` to `3.15`
 * @param {"lp64" | "ilp32"} abi 64 bits, or 32 as in WebAssembly
 */
export function freshPython(version = "3.13", abi = "lp64") {
  const memory = LinearMemory.create({ bytes: 1 << 20, maxBytes: 1 << 28 });
  const heap = Heap.create(memory, profileFor(version, abi));
  const raw = createRawAllocator(heap);
  const arenas = createArenaSource(heap);
  const pymalloc = createPymalloc(heap, { raw, arenas });
  return createPython(heap, {
    domains: new Domains(heap.abi, { raw, mem: pymalloc, obj: pymalloc }),
    arenas,
    walkers: [pymalloc.walker, raw.walker],
  });
}
