/** Giving a block back: `free`. See `bins.ts` on the numbers in here. */
import type { Address } from "@pyrena/abi";
import { insertChunk, unlinkChunk } from "./bins.ts";
import type { PREV_USED, SEGMENT_HEAD_WORDS, USED } from "./chunk.ts";
import { badPointer } from "./diagnose.ts";
import type { RawContext } from "./raw-context.ts";
import type { FRESH, NOTHING, TOP, VICTIM } from "./raw-layout.ts";
import type { KIND_SHIFT, SEGMENT } from "./region-layout.ts";
import { giveBackIfLong } from "./segments.ts";

/**
 * Give a block back; NULL is ignored.
 * @throws PyrenaError `double-free` or `foreign-pointer` where that shows; nothing has changed then
 */
export function free(ctx: RawContext, ptr: Address): void {
  if (ptr === 0) return;
  const u32 = ctx.memory.u32;
  const chunk = (ptr >>> 2) - 1;
  const header = u32[chunk];
  const words = (header >>> 3) << 1;
  const nextHeader = u32[chunk + words];
  // As in `looksLive`: USED here, PREV_USED in the header behind.
  if (
    (header & (nextHeader >>> 1) & 1) === 0 ||
    (ptr & ctx.alignMask) !== 0 ||
    ptr >>> 0 !== ptr ||
    u32[(u32[ctx.tableField] >>> 2) + (ptr >>> ctx.logGranule)] >>>
      (24 satisfies typeof KIND_SHIFT) !==
      (3 satisfies typeof SEGMENT)
  ) {
    throw badPointer(ctx, ptr, "free");
  }
  if ((header & nextHeader & 3) === 3 && words < ctx.worthALook) {
    // Live neighbours on both sides.
    u32[chunk + words] = nextHeader & ~(2 satisfies typeof PREV_USED);
    insertChunk(ctx, u32, chunk, words);
  } else {
    joinAndInsert(ctx, u32, chunk, words);
  }
}

/**
 * Whether an address can be that of a live block: it lies in a segment, is aligned, its header says live and the one
 * behind it agrees. Wrong only where the caller's own data look like headers.
 */
export function looksLive(ctx: RawContext, u32: Uint32Array, ptr: Address): boolean {
  const chunk = (ptr >>> 2) - 1;
  const header = u32[chunk];
  return (
    (header & (u32[chunk + ((header >>> 3) << 1)] >>> 1) & 1) !== 0 &&
    (ptr & ctx.alignMask) === 0 &&
    ptr >>> 0 === ptr &&
    u32[(u32[ctx.tableField] >>> 2) + (ptr >>> ctx.logGranule)] >>>
      (24 satisfies typeof KIND_SHIFT) ===
      (3 satisfies typeof SEGMENT)
  );
}

/** Make a live chunk free: join it with its free neighbours and keep it where it belongs. */
export function joinAndInsert(
  ctx: RawContext,
  u32: Uint32Array,
  chunk: number,
  words: number,
): void {
  const state = ctx.address >>> 2;
  const victim = u32[state + (3 satisfies typeof VICTIM)] >>> 2;
  const next = chunk + words;
  const nextHeader = u32[next];
  let from = chunk;
  let total = words;
  let isVictim = false;
  if ((u32[chunk] & (2 satisfies typeof PREV_USED)) === 0) {
    const before = u32[chunk - 1] >>> 2;
    from -= before;
    total += before;
    // This header is inside a free chunk from now on; without its flag a second free of the block is noticed.
    u32[chunk] = 0;
    if (from === victim) isVictim = true;
    else unlinkChunk(u32, from);
  }
  if ((nextHeader & 1) !== 0) {
    u32[next] = nextHeader & ~(2 satisfies typeof PREV_USED);
  } else {
    total += (nextHeader >>> 3) << 1;
    if (next === u32[state + (0 satisfies typeof TOP)] >>> 2) {
      if (isVictim)
        u32[state + (3 satisfies typeof VICTIM)] = (state + (4 satisfies typeof NOTHING)) << 2;
      u32[from] = (total << 2) | (2 satisfies typeof PREV_USED);
      u32[state + (0 satisfies typeof TOP)] = from << 2;
      const fresh = u32[state + (1 satisfies typeof FRESH)] >>> 2;
      if (fresh <= next) u32[state + (1 satisfies typeof FRESH)] = (next + 1) << 2;
      // Where the old top was the sentinel, it is an ordinary one now.
      if (nextHeader >>> 3 === 0) u32[next] = 1 satisfies typeof USED;
      if (mayGiveBack(ctx, from, total)) giveBackIfLong(ctx, from, total);
      return;
    }
    if (next === victim) isVictim = true;
    else unlinkChunk(u32, next);
  }
  if (isVictim) {
    u32[state + (3 satisfies typeof VICTIM)] = from << 2;
    u32[from] = (total << 2) | (2 satisfies typeof PREV_USED);
    u32[from + total - 1] = total << 2;
  } else {
    insertChunk(ctx, u32, from, total);
  }
  if (mayGiveBack(ctx, from, total)) giveBackIfLong(ctx, from, total);
}

/** Whether it is worth looking whether a free chunk has granules to give back: it is long, or may be a whole segment. */
function mayGiveBack(ctx: RawContext, chunk: number, words: number): boolean {
  return (
    words >= ctx.worthALook &&
    (words >= ctx.giveBackBytes >>> 2 ||
      ((chunk - (3 satisfies typeof SEGMENT_HEAD_WORDS)) & ctx.granuleMask) === 0)
  );
}
