/**
 * malloc and calloc: the first block of the first used pool of the class, else of a new pool, else of the raw
 * allocator (CPython 3.8 to 3.15, `pymalloc_alloc`).
 *
 * Written for the engine: sums are cut to 32 bits with `| 0` so that no overflow need be tested, NULL is a literal so
 * that no other module's binding need be read, and what is seldom done is done elsewhere.
 */
import type { Address } from "@pyrena/abi";
import type { PymallocContext } from "./context.ts";
import { startPool } from "./free-pools.ts";
import { dummyOf, unlinkUsedPool } from "./used-pools.ts";

/** At least `size` bytes, uninitialised; NULL if there is no room. */
export function malloc(ctx: PymallocContext, size: number): Address {
  // Not `(size - 1) >>> 0 < threshold`: it would take 2^32 + 1 for 1.
  if (size > 0 && size <= ctx.threshold) {
    const u32 = ctx.memory.u32;
    const blockBytes = (size + ctx.alignmentRest) & ctx.alignmentMask;
    // A class's two pointers of usedpools are as long as the alignment, in both ABIs: no shift by a variable.
    const entry = (ctx.usedPoolsWord + (blockBytes >>> 2)) | 0;
    const pool = u32[entry] >>> 2;
    if (pool !== ((entry - ctx.nextpoolWord) | 0)) {
      const head = (pool + ctx.freeblockWord) | 0;
      const block = u32[head];
      const count = (u32[pool] + 1) | 0;
      u32[pool] = count;
      // Whether this was the last block of the free list is told by the header (P9), not by the block's own link: the
      // block is seldom in the cache, and a branch that waits for it costs more than all the rest.
      const at = (pool + ctx.nextoffsetWord) | 0;
      const offset = u32[at] | 0;
      if (((Math.imul(count, blockBytes) + ctx.poolHeaderBytes) | 0) !== offset) {
        u32[head] = u32[block >>> 2];
      } else if (offset <= u32[(pool + ctx.maxnextoffsetWord) | 0]) {
        const virgin = (pool + (offset >>> 2)) | 0;
        u32[(virgin + ctx.upperWord) | 0] = 0;
        u32[virgin] = 0;
        u32[head] = virgin << 2;
        u32[at] = offset + blockBytes;
      } else {
        u32[head] = 0;
        unlinkUsedPool(ctx, u32, pool);
      }
      return block;
    }
  }
  return mallocSlowly(ctx, size);
}

/** No used pool of the class, or not a size of pymalloc's. */
function mallocSlowly(ctx: PymallocContext, size: number): Address {
  if (havePool(ctx, size)) return malloc(ctx, size);
  const address = ctx.raw.malloc(ctx.raw.ctx, size);
  if (address !== 0) ctx.memory.u32[ctx.rawAllocatedBlocksWord] += 1;
  return address;
}

/** `nelem * elsize` zeroed bytes; NULL if there is no room. A block of a pool is zeroed to its end. */
export function calloc(ctx: PymallocContext, nelem: number, elsize: number): Address {
  const size = nelem * elsize;
  if (havePool(ctx, size)) {
    const block = malloc(ctx, size);
    const f64 = ctx.memory.f64;
    const end = (block + ((size + ctx.alignmentRest) & ctx.alignmentMask)) >>> 3;
    for (let word = block >>> 3; word < end; word++) f64[word] = 0;
    return block;
  }
  const address = ctx.raw.calloc(ctx.raw.ctx, nelem, elsize);
  if (address !== 0) ctx.memory.u32[ctx.rawAllocatedBlocksWord] += 1;
  return address;
}

/** Whether the class of a request has a used pool, after starting one if need be: then malloc will not fail. */
function havePool(ctx: PymallocContext, size: number): boolean {
  if (!(size > 0 && size <= ctx.threshold)) return false;
  const sizeClass = (size - 1) >>> ctx.alignmentShift;
  const dummy = dummyOf(ctx, sizeClass);
  return (
    ctx.memory.u32[(dummy + ctx.nextpoolWord) | 0] >>> 2 !== dummy || startPool(ctx, sizeClass)
  );
}
