/**
 * Resizing. In this order: shrink in place; grow into the free chunk or the top behind; slide down into the free
 * chunk before (with the one behind, if it is free); make the segment longer if the block is its last; move to where
 * there is room; and the last two once more with a larger memory.
 */
import { type Address, NULL } from "@pyrena/abi";
import { detachChunk, insertChunk } from "./bins.ts";
import {
  CHUNK_OVERHEAD,
  MAX_REQUEST_BYTES,
  MIN_CHUNK_WORDS,
  PREV_USED,
  USED,
  wordsOf,
} from "./chunk.ts";
import { badPointer } from "./diagnose.ts";
import { joinAndInsert, looksLive } from "./free.ts";
import { malloc, refuse } from "./malloc.ts";
import type { RawContext } from "./raw-context.ts";
import { TOP } from "./raw-layout.ts";
import { growSegment } from "./segments.ts";

/** From this size on, in words, a block is grown by adding to its segment rather than moved into a hole. */
const LARGE_WORDS = 16_384;

/**
 * Resize a block; NULL if there is no room, and then the block is unchanged.
 * @throws PyrenaError `double-free` or `foreign-pointer` where that shows; nothing has changed then
 */
export function realloc(ctx: RawContext, ptr: Address, newSize: number): Address {
  if (ptr === NULL) return malloc(ctx, newSize);
  let u32 = ctx.memory.u32;
  const chunk = (ptr >>> 2) - 1;
  if (!looksLive(ctx, u32, ptr)) throw badPointer(ctx, ptr, "realloc");
  if (newSize >>> 0 !== newSize || newSize > MAX_REQUEST_BYTES) return refuse(ctx, newSize);
  const words = Math.max(((newSize + ctx.roundUp) & ctx.sizeMask) >>> 2, MIN_CHUNK_WORDS);
  const has = wordsOf(u32[chunk]);
  if (words <= has) {
    if (has - words >= MIN_CHUNK_WORDS) cutOff(ctx, u32, chunk, words, has);
    return ptr;
  }
  if (growInPlace(ctx, u32, chunk, words, has)) return ptr;
  if ((u32[chunk] & PREV_USED) === 0) {
    const moved = slideDown(ctx, u32, chunk, words, has);
    if (moved !== 0) return ((moved << 2) + CHUNK_OVERHEAD) >>> 0;
  }
  // What is free already comes before a larger memory, though the block has to move for it.
  if (growAtEnd(ctx, u32, chunk, words, has, false)) return ptr;
  ctx.mayGrow = false;
  let moved = malloc(ctx, newSize);
  ctx.mayGrow = true;
  if (moved === NULL) {
    if (growAtEnd(ctx, ctx.memory.u32, chunk, words, has, true)) return ptr;
    moved = malloc(ctx, newSize);
    if (moved === NULL) return NULL;
  }
  u32 = ctx.memory.u32;
  u32.copyWithin(moved >>> 2, chunk + 1, chunk + has);
  joinAndInsert(ctx, u32, chunk, has);
  return moved;
}

/** Free the end of a live chunk. */
function cutOff(
  ctx: RawContext,
  u32: Uint32Array,
  chunk: number,
  words: number,
  has: number,
): void {
  const rest = has - words;
  u32[chunk] = (words << 2) | (u32[chunk] & PREV_USED) | USED;
  u32[chunk + words] = (rest << 2) | USED | PREV_USED;
  joinAndInsert(ctx, u32, chunk + words, rest);
}

/** Let a live chunk take what it lacks from the top or the free chunk behind it; false if that is not enough. */
function growInPlace(
  ctx: RawContext,
  u32: Uint32Array,
  chunk: number,
  words: number,
  has: number,
): boolean {
  const state = ctx.address >>> 2;
  const next = chunk + has;
  const header = u32[next];
  if ((header & USED) !== 0) return false;
  const total = has + wordsOf(header);
  if (total < words) return false;
  const isTop = next === u32[state + TOP] >>> 2;
  if (!isTop) detachChunk(ctx, u32, next);
  const live = (u32[chunk] & PREV_USED) | USED;
  const rest = total - words;
  const kept = rest < MIN_CHUNK_WORDS ? total : words;
  const after = chunk + kept;
  u32[chunk] = (kept << 2) | live;
  if (isTop) {
    // With nothing left of it, the sentinel is the top.
    u32[state + TOP] = after << 2;
    u32[after] = ((total - kept) << 2) | PREV_USED;
  } else if (kept < total) {
    insertChunk(ctx, u32, after, rest);
  } else {
    u32[after] |= PREV_USED;
  }
  return true;
}

/** Make the segment longer for a live chunk behind which there is nothing live; false if that cannot be. */
function growAtEnd(
  ctx: RawContext,
  u32: Uint32Array,
  chunk: number,
  words: number,
  has: number,
  grow: boolean,
): boolean {
  const next = chunk + has;
  const isTop = next === u32[(ctx.address >>> 2) + TOP] >>> 2;
  // Small blocks had better fill a hole than keep adding granules to a segment that is not growing.
  if (!isTop && words < LARGE_WORDS) return false;
  const free = (u32[next] & USED) === 0 ? wordsOf(u32[next]) : 0;
  if (wordsOf(u32[next + free]) !== 0) return false;
  return (
    growSegment(ctx, next + free, words - has - free, grow) &&
    growInPlace(ctx, ctx.memory.u32, chunk, words, has)
  );
}

/** Move a live chunk down over the free one before it, if that (with what is free behind) gives it enough room. */
function slideDown(
  ctx: RawContext,
  u32: Uint32Array,
  chunk: number,
  words: number,
  has: number,
): number {
  const before = u32[chunk - 1] >>> 2;
  const next = chunk + has;
  const header = u32[next];
  const isTop = next === u32[(ctx.address >>> 2) + TOP] >>> 2;
  const behind = isTop || (header & USED) !== 0 ? 0 : wordsOf(header);
  const total = before + has + behind;
  if (total < words) return 0;
  const from = chunk - before;
  detachChunk(ctx, u32, from);
  if (behind > 0) detachChunk(ctx, u32, next);
  u32.copyWithin(from + 1, chunk + 1, chunk + has);
  u32[from] = (total << 2) | USED | PREV_USED;
  u32[from + total] |= PREV_USED;
  if (total - words >= MIN_CHUNK_WORDS) cutOff(ctx, u32, from, words, total);
  return from;
}
