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

/** Make the realloc of a profile. */
export function makeRealloc(geometry: Geometry, malloc: Malloc, free: Free): Realloc {
  const { szidxWord, alignmentShift } = geometry;
  const poolMask = -geometry.poolBytes;

  return function realloc(ctx: PymallocContext, ptr: Address, newSize: number): Address {
    if (ptr === NULL) return malloc(ctx, newSize);
    if (!inArena(ctx, ptr)) return ctx.raw.realloc(ctx.raw.ctx, ptr, newSize);

    const pool = (ptr & poolMask) >>> 2;
    const size = (ctx.memory.u32[pool + szidxWord] + 1) << alignmentShift;
    if (newSize <= size && 4 * newSize > 3 * size) return ptr;

    // The new block is taken before the old one is given back: both addresses depend on that order.
    const moved = malloc(ctx, newSize);
    if (moved === NULL) return NULL;
    copy(ctx, ptr, moved, Math.min(newSize, size));
    free(ctx, ptr);
    return moved;
  };
}

/** Up to so many bytes a loop is quicker than the engine's own copy, which must be called. */
const LOOP_BYTES = 96;

/** Copy between blocks, rounded up to whole words, which both hold. Not through f64, which may change NaNs. */
function copy(ctx: PymallocContext, from: Address, to: Address, bytes: number): void {
  const words = (bytes + 3) >>> 2;
  if (bytes > LOOP_BYTES) {
    ctx.memory.u8.copyWithin(to, from, from + words * 4);
    return;
  }
  const u32 = ctx.memory.u32;
  const start = from >>> 2;
  const end = start + words;
  const distance = (to >>> 2) - start;
  for (let word = start; word < end; word++) u32[word + distance] = u32[word];
}
