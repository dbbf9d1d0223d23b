/**
 * malloc and calloc: the first block of the first used pool of the class, else of a new pool, else of the raw
 * allocator (CPython 3.8 to 3.15, `pymalloc_alloc`, `allocate_from_new_pool`, `pymalloc_pool_extend`).
 */
import { type Address, NULL } from "@pyrena/abi";
import type { PymallocContext } from "./context.ts";
import { takePool } from "./free-pools.ts";
import { linkUsedPool, unlinkUsedPool } from "./used-pools.ts";

/** At least `size` bytes, uninitialised; NULL if there is no room. */
export function malloc(ctx: PymallocContext, size: number): Address {
  const block = allocateBlock(ctx, size);
  if (block !== NULL) return block;
  const address = ctx.raw.malloc(ctx.raw.ctx, size);
  if (address !== NULL) ctx.memory.u32[ctx.rawAllocatedBlocksWord] += 1;
  return address;
}

/** `nelem * elsize` zeroed bytes; NULL if there is no room. A block of a pool is zeroed to its end. */
export function calloc(ctx: PymallocContext, nelem: number, elsize: number): Address {
  const size = nelem * elsize;
  const block = allocateBlock(ctx, size);
  if (block !== NULL) {
    const f64 = ctx.memory.f64;
    const end = (block >>> 3) + (((size - 1) >>> ctx.alignmentShift) + 1) * (ctx.alignment >>> 3);
    for (let word = block >>> 3; word < end; word++) f64[word] = 0;
    return block;
  }
  const address = ctx.raw.calloc(ctx.raw.ctx, nelem, elsize);
  if (address !== NULL) ctx.memory.u32[ctx.rawAllocatedBlocksWord] += 1;
  return address;
}

/** A block of a pool; NULL if the size is not pymalloc's or there is no room. */
function allocateBlock(ctx: PymallocContext, size: number): Address {
  // Not `(size - 1) >>> 0 < threshold`: it would take 2^32 + 1 for 1.
  if (size > 0 && size <= ctx.threshold) {
    const u32 = ctx.memory.u32;
    const sizeClass = (size - 1) >>> ctx.alignmentShift;
    const dummy = ctx.dummyWord + (sizeClass << ctx.usedPoolsShift);
    const pool = u32[dummy + ctx.nextpoolWord] >>> 2;
    if (pool === dummy) return allocateFromNewPool(ctx, sizeClass);
    const head = pool + ctx.freeblockWord;
    const block = u32[head];
    const next = u32[block >>> 2];
    u32[pool] += 1;
    u32[head] = next;
    if (next === NULL) refillPool(ctx, pool, sizeClass);
    return block;
  }
  return NULL;
}

/** A used pool's free list has become empty: put a never used block into it, or let the full pool out of its list. */
function refillPool(ctx: PymallocContext, pool: number, sizeClass: number): void {
  const u32 = ctx.memory.u32;
  const offset = u32[pool + ctx.nextoffsetWord];
  if (offset > u32[pool + ctx.maxnextoffsetWord]) {
    unlinkUsedPool(ctx, pool);
    return;
  }
  const block = pool + (offset >>> 2);
  u32[block + ctx.pointerWords - 1] = 0;
  u32[block] = NULL;
  u32[pool + ctx.freeblockWord] = block << 2;
  u32[pool + ctx.nextoffsetWord] = offset + ((sizeClass + 1) << ctx.alignmentShift);
}

/** The class has no used pool: start one. */
function allocateFromNewPool(ctx: PymallocContext, sizeClass: number): Address {
  const pool = takePool(ctx);
  if (pool === 0) return NULL;
  const u32 = ctx.memory.u32;
  linkUsedPool(ctx, pool, sizeClass);
  u32[pool] = 1;
  if (u32[pool + ctx.szidxWord] === sizeClass) {
    // It was of this class before, and holds all its blocks: two at least, so its free list cannot become empty here.
    const block = u32[pool + ctx.freeblockWord];
    u32[pool + ctx.freeblockWord] = u32[block >>> 2];
    return block;
  }
  const blockBytes = (sizeClass + 1) << ctx.alignmentShift;
  const first = pool + (ctx.poolHeaderBytes >>> 2);
  const second = first + (blockBytes >>> 2);
  u32[pool + ctx.szidxWord] = sizeClass;
  u32[pool + ctx.nextoffsetWord] = ctx.poolHeaderBytes + 2 * blockBytes;
  u32[pool + ctx.maxnextoffsetWord] = ctx.poolBytes - blockBytes;
  u32[pool + ctx.freeblockWord] = second << 2;
  u32[second + ctx.pointerWords - 1] = 0;
  u32[second] = NULL;
  return (first << 2) >>> 0;
}
