/**
 * malloc and calloc: the first block of the first used pool of the class, else of a new pool, else of the raw
 * allocator (CPython 3.8 to 3.15, `pymalloc_alloc`).
 */
import type { Address } from "@pyrena/abi";
import type { PymallocContext } from "./context.ts";
import { startPool } from "./free-pools.ts";
import type { Geometry } from "./geometry.ts";
import { dummyOf } from "./used-pools.ts";

/** {@link makeMalloc}'s function: at least `size` bytes, uninitialised; NULL if there is no room. */
export type Malloc = (ctx: PymallocContext, size: number) => Address;

/** {@link makeCalloc}'s function: `nelem * elsize` zeroed bytes; NULL if there is no room. */
export type Calloc = (ctx: PymallocContext, nelem: number, elsize: number) => Address;

/**
 * Make the malloc of a profile.
 *
 * Written for the engine: the profile's numbers are constants of the closure, which it folds into the code; sums are
 * cut to 32 bits with `| 0`, so that no overflow need be tested; NULL is a literal, so that no other module's binding
 * need be read; what is seldom done is done elsewhere.
 */
export function makeMalloc(geometry: Geometry): Malloc {
  const { threshold, freeblockWord, nextpoolWord, prevpoolWord } = geometry;
  const { nextoffsetWord, maxnextoffsetWord, upperWord, poolHeaderBytes } = geometry;
  const rest = geometry.alignment - 1;
  const mask = -geometry.alignment;

  function malloc(ctx: PymallocContext, size: number): Address {
    // Not `(size - 1) >>> 0 < threshold`: it would take 2^32 + 1 for 1.
    if (size > 0 && size <= threshold) {
      const u32 = ctx.memory.u32;
      const blockBytes = (size + rest) & mask;
      const entry = (ctx.usedPoolsWord + (blockBytes >>> 2)) | 0;
      const pool = u32[entry] >>> 2;
      // A dummy is recognised by where it lies.
      if (pool !== ((entry - nextpoolWord) | 0)) {
        const head = (pool + freeblockWord) | 0;
        const block = u32[head];
        const count = (u32[pool] + 1) | 0;
        u32[pool] = count;
        // Whether this was the last block of the free list is told by the header (P9), not by the block's own link:
        // the block is seldom in the cache, and a branch that waits for it costs more than all the rest.
        const at = (pool + nextoffsetWord) | 0;
        const offset = u32[at] | 0;
        if (((Math.imul(count, blockBytes) + poolHeaderBytes) | 0) !== offset) {
          u32[head] = u32[block >>> 2];
        } else if (offset <= u32[(pool + maxnextoffsetWord) | 0]) {
          // The list has become empty: a block that was never used becomes the list.
          const virgin = (pool + (offset >>> 2)) | 0;
          u32[(virgin + upperWord) | 0] = 0;
          u32[virgin] = 0;
          u32[head] = virgin << 2;
          u32[at] = offset + blockBytes;
        } else {
          // The pool is full: unlinkUsedPool, written out because a busy heap comes here every other time.
          u32[head] = 0;
          const next = u32[(pool + nextpoolWord) | 0];
          const prev = u32[(pool + prevpoolWord) | 0];
          u32[((next >>> 2) + prevpoolWord) | 0] = prev;
          u32[((prev >>> 2) + nextpoolWord) | 0] = next;
        }
        return block;
      }
    }
    // An unsigned word like the other result, lest the engine make both floating point numbers.
    return mallocSlowly(ctx, size) >>> 0;
  }

  /** No used pool of the class, or not a size of pymalloc's. */
  function mallocSlowly(ctx: PymallocContext, size: number): Address {
    if (havePool(ctx, size)) return malloc(ctx, size);
    const address = ctx.raw.malloc(ctx.raw.ctx, size);
    if (address !== 0) ctx.memory.u32[ctx.rawAllocatedBlocksWord] += 1;
    return address;
  }

  return malloc;
}

/** Make the calloc of a profile. It zeroes a block of a pool to its end. */
export function makeCalloc(geometry: Geometry, malloc: Malloc): Calloc {
  const rest = geometry.alignment - 1;
  const mask = -geometry.alignment;

  return function calloc(ctx: PymallocContext, nelem: number, elsize: number): Address {
    const size = nelem * elsize;
    if (havePool(ctx, size)) {
      const block = malloc(ctx, size);
      const f64 = ctx.memory.f64;
      const end = (block + ((size + rest) & mask)) / 8;
      for (let word = block >>> 3; word < end; word++) f64[word] = 0;
      return block;
    }
    const address = ctx.raw.calloc(ctx.raw.ctx, nelem, elsize);
    if (address !== 0) ctx.memory.u32[ctx.rawAllocatedBlocksWord] += 1;
    return address;
  };
}

/** Whether the class of a request has a used pool, after starting one if need be: then malloc cannot fail. */
function havePool(ctx: PymallocContext, size: number): boolean {
  if (!(size > 0 && size <= ctx.threshold)) return false;
  const sizeClass = (size - 1) >>> ctx.alignmentShift;
  const dummy = dummyOf(ctx, sizeClass);
  return (
    ctx.memory.u32[(dummy + ctx.nextpoolWord) | 0] >>> 2 !== dummy || startPool(ctx, sizeClass)
  );
}
