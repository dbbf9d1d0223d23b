/**
 * realloc: a block stays where it is if it would not shrink by a quarter or more (CPython 3.8 to 3.15,
 * `pymalloc_realloc`).
 */
import { type Address, NULL } from "@pyrena/abi";
import { inArena } from "./address-map.ts";
import type { PymallocContext } from "./context.ts";
import type { Free } from "./free.ts";
import type { Geometry } from "./geometry.ts";
import type { Malloc } from "./malloc.ts";

/**
 * {@link makeRealloc}'s function: resize a block; NULL if there is no room, and then the block is unchanged. A block
 * of the raw allocator stays one, whatever its new size.
 */
export type Realloc = (ctx: PymallocContext, ptr: Address, newSize: number) => Address;

/**
 * Make the realloc of a profile; how it is written, and why, see `makeMalloc`.
 *
 * A list that grows by appending comes here every few items. So the common case is one function: a block of a pool
 * moves to the first free block of another pool, which is not its last. All else is done by the other functions.
 */
export function makeRealloc(geometry: Geometry, malloc: Malloc, free: Free): Realloc {
  const { arenaShift, alignmentShift, threshold, poolHeaderBytes } = geometry;
  const { szidxWord, freeblockWord, nextpoolWord, nextoffsetWord } = geometry;
  const poolMask = -geometry.poolBytes;
  const rest = geometry.alignment - 1;
  const mask = -geometry.alignment;

  function realloc(ctx: PymallocContext, ptr: Address, newSize: number): Address {
    const u32 = ctx.memory.u32;
    const slot = ptr >>> arenaShift;
    if (slot < ctx.addressMapSlots && newSize > 0 && newSize <= threshold) {
      const mapped = (ctx.addressMapWord + (slot << 1)) | 0;
      const address = ptr >>> 0;
      if (address > u32[(mapped + 1) | 0] || address < u32[mapped]) {
        const size = (u32[(((ptr & poolMask) >>> 2) + szidxWord) | 0] + 1) << alignmentShift;
        if (staysInPlace(newSize, size)) return ptr;
        const blockBytes = (newSize + rest) & mask;
        const entry = (ctx.usedPoolsWord + (blockBytes >>> 2)) | 0;
        const pool = u32[entry] >>> 2;
        const count = (u32[pool] + 1) | 0;
        const used = (Math.imul(count, blockBytes) + poolHeaderBytes) | 0;
        if (
          pool !== ((entry - nextpoolWord) | 0) &&
          used !== (u32[(pool + nextoffsetWord) | 0] | 0)
        ) {
          const head = (pool + freeblockWord) | 0;
          const block = u32[head];
          u32[pool] = count;
          u32[head] = u32[block >>> 2];
          copy(u32, ptr, block, Math.min(newSize, size));
          free(ctx, ptr);
          return block;
        }
      }
    }
    return reallocSlowly(ctx, ptr, newSize);
  }

  function reallocSlowly(ctx: PymallocContext, ptr: Address, newSize: number): Address {
    if (ptr === NULL) return malloc(ctx, newSize);
    if (!inArena(ctx, ptr)) return ctx.raw.realloc(ctx.raw.ctx, ptr, newSize);
    const pool = (ptr & poolMask) >>> 2;
    const size = (ctx.memory.u32[pool + szidxWord] + 1) << alignmentShift;
    if (staysInPlace(newSize, size)) return ptr;

    // The new block is taken before the old one is given back: both addresses depend on that order.
    const moved = malloc(ctx, newSize);
    if (moved === NULL) return NULL;
    copy(ctx.memory.u32, ptr, moved, Math.min(newSize, size));
    free(ctx, ptr);
    return moved;
  }

  return realloc;
}

function staysInPlace(newSize: number, size: number): boolean {
  return newSize <= size && 4 * newSize > 3 * size;
}

/** Up to so many bytes a loop is quicker than the engine's own copy, which must be called. */
const LOOP_BYTES = 96;

/** Copy between blocks, rounded up to whole words, which both hold. Not through f64, which may change NaNs. */
function copy(u32: Uint32Array, from: Address, to: Address, bytes: number): void {
  const start = from >>> 2;
  const target = to >>> 2;
  const words = (bytes + 3) >>> 2;
  if (bytes > LOOP_BYTES) u32.copyWithin(target, start, start + words);
  else for (let n = 0; n < words; n++) u32[(target + n) | 0] = u32[(start + n) | 0];
}
