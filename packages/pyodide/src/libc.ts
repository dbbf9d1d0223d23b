/**
 * Memory straight from the interpreter's C library, for what is not a Python block: arenas, and the tables that an
 * installation keeps. Not through the RAW domain, whose allocator may itself be replaced or wrapped.
 */
import { type Address, type LinearMemory, NULL, type PyObjectArenaAllocator } from "@pyrena/abi";
import { freshen } from "./live-memory.ts";
import type { PyodideModule } from "./module.ts";

/** `bytes` at a multiple of `alignment`, uninitialised; NULL if there is no room. */
export function take(
  module: PyodideModule,
  memory: LinearMemory,
  alignment: number,
  bytes: number,
): Address {
  const address = module._memalign(alignment, bytes) >>> 0;
  freshen(memory);
  return address;
}

/** The same, all bytes 0. */
export function takeZeroed(
  module: PyodideModule,
  memory: LinearMemory,
  alignment: number,
  bytes: number,
): Address {
  const address = take(module, memory, alignment, bytes);
  if (address !== NULL) memory.u8.fill(0, address, address + bytes);
  return address;
}

/**
 * Arenas for pymalloc: pool-aligned blocks of the C library.
 *
 * CPython's own arena allocator, in Pyodide, is plain `malloc`: bases lie 8 bytes past a boundary or more, no pool fits
 * in before the next multiple of the pool size, and so each arena has one pool of 64 fewer. From `memalign` it has all
 * of them, and the 4 KiB between neighbours are left to the C library, which goes on using them for other requests.
 */
export function libcArenas(
  module: PyodideModule,
  memory: LinearMemory,
  poolBytes: number,
): PyObjectArenaAllocator<undefined> {
  return {
    ctx: undefined,
    alloc: (_, size) => take(module, memory, poolBytes, size),
    free: (_, base) => module._free(base),
  };
}
