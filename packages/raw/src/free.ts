/** Giving a block back: `free`. */
import { type Address, NULL } from "@pyrena/abi";
import { insertChunk, unlinkChunk } from "./bins.ts";
import { PREV_USED, USED, wordsOf } from "./chunk.ts";
import { badPointer } from "./diagnose.ts";
import type { RawContext } from "./raw-context.ts";
import { KIND_SHIFT, SEGMENT } from "./region-layout.ts";
import { giveBack } from "./segments.ts";

/**
 * Give a block back; NULL is ignored.
 * @throws PyrenaError `double-free` or `foreign-pointer` where that shows; nothing has changed then
 */
export function free(ctx: RawContext, ptr: Address): void {
  if (ptr === NULL) return;
  const u32 = ctx.memory.u32;
  const chunk = (ptr >>> 2) - 1;
  if (!looksLive(ctx, u32, ptr, chunk)) throw badPointer(ctx, ptr, "free");
  const bytes = u32[chunk] & ~7;
  u32[ctx.liveBlocks]--;
  u32[ctx.liveBytes] -= bytes;
  releaseChunk(ctx, u32, chunk, bytes >>> 2);
}

/**
 * Whether an address can be that of a live block: it lies in a segment, is aligned, its header says live and the one
 * behind it agrees. Wrong only where the caller's own data look like headers.
 */
export function looksLive(ctx: RawContext, u32: Uint32Array, ptr: Address, chunk: number): boolean {
  const header = u32[chunk];
  return (
    ptr >>> 0 === ptr &&
    (ptr & ctx.alignMask) === 0 &&
    (header & USED) !== 0 &&
    (u32[chunk + wordsOf(header)] & PREV_USED) !== 0 &&
    u32[(u32[ctx.table] >>> 2) + (ptr >>> ctx.logGranule)] >>> KIND_SHIFT === SEGMENT
  );
}

/** Make a chunk free that is live no more and not counted any more: join it with free neighbours, enter it in a bin. */
export function releaseChunk(
  ctx: RawContext,
  u32: Uint32Array,
  chunk: number,
  words: number,
): void {
  const header = u32[chunk];
  let from = chunk;
  let total = words;
  if ((header & PREV_USED) === 0) {
    const before = u32[chunk - 1] >>> 2;
    from -= before;
    total += before;
    unlinkChunk(ctx, u32, from, before);
    // This header is now inside a free chunk; without the flag a second free of the block is noticed.
    u32[chunk] = 0;
  }
  const next = chunk + words;
  const nextHeader = u32[next];
  if (next === u32[ctx.top] >>> 2) {
    total += wordsOf(nextHeader);
    if ((nextHeader & USED) !== 0) u32[next] = USED;
    u32[from] = (total << 2) | PREV_USED;
    u32[ctx.top] = from << 2;
    if (total >= ctx.worthALook) giveBack(ctx, from, total, ctx.giveBackBytes);
    return;
  }
  if ((nextHeader & USED) === 0) {
    const behind = wordsOf(nextHeader);
    total += behind;
    unlinkChunk(ctx, u32, next, behind);
  } else {
    u32[next] = nextHeader & ~PREV_USED;
  }
  insertChunk(ctx, u32, from, total);
  if (total >= ctx.worthALook) giveBack(ctx, from, total, ctx.giveBackBytes);
}
