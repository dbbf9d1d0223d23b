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
 * What each way of getting 256 KiB wastes in Pyodide:
 *
 * | from                       | waste for each arena                                                            |
 * |----------------------------|---------------------------------------------------------------------------------|
 * | `malloc`                   | one pool of 64 (4 KiB): the base is 8 bytes past a boundary, so no pool fits in the first 4 KiB |
 * | `PyObjectArenaAllocator`   | `mmap`, which Emscripten makes of `memalign(64 KiB)`: up to 60 KiB between neighbours, and it writes 256 KiB of zeros that nobody needs |
 * | `memalign(4 KiB)`          | at most 4 KiB between neighbours, which the C library goes on using for other requests |
 *
 * So `memalign`, aligned to the pool size.
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
