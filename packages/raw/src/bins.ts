/** The bins of free chunks: enter one, remove one, find one that is large enough. All in constant time. */
import { NEXT, PREV, PREV_USED, wordsOf } from "./chunk.ts";
import type { RawContext } from "./raw-context.ts";
import { binOf } from "./raw-layout.ts";

/** Make the words from `chunk` on a free chunk: header, links and footer. The chunk before it is live. */
export function insertChunk(ctx: RawContext, u32: Uint32Array, chunk: number, words: number): void {
  const bytes = words << 2;
  const address = chunk << 2;
  const bin = binOf(bytes, ctx.logAlignment);
  const head = ctx.heads + bin;
  const next = u32[head];
  u32[chunk] = bytes | PREV_USED;
  u32[chunk + NEXT] = next;
  u32[chunk + PREV] = 0;
  u32[chunk + words - 1] = bytes;
  u32[head] = address;
  if (next !== 0) {
    u32[(next >>> 2) + PREV] = address;
  } else {
    const level = bin >>> 5;
    u32[ctx.bitmaps + level] |= 1 << (bin & 31);
    u32[ctx.levels] |= 1 << level;
  }
}

/** Take a free chunk of so many words out of its bin. Its header and footer stay as they are. */
export function unlinkChunk(ctx: RawContext, u32: Uint32Array, chunk: number, words: number): void {
  const next = u32[chunk + NEXT];
  const previous = u32[chunk + PREV];
  if (next !== 0) u32[(next >>> 2) + PREV] = previous;
  if (previous !== 0) u32[(previous >>> 2) + NEXT] = next;
  else replaceHead(ctx, u32, binOf(words << 2, ctx.logAlignment), next);
}

/** Make `next` the first chunk of a bin, or the bin empty. */
function replaceHead(ctx: RawContext, u32: Uint32Array, bin: number, next: number): void {
  u32[ctx.heads + bin] = next;
  if (next !== 0) return;
  const level = bin >>> 5;
  const bitmap = u32[ctx.bitmaps + level] & ~(1 << (bin & 31));
  u32[ctx.bitmaps + level] = bitmap;
  if (bitmap === 0) u32[ctx.levels] &= ~(1 << level);
}

/**
 * Remove a free chunk of at least `words` words from its bin: of the bins that hold nothing smaller, from the first
 * that is not empty; before that the first chunk of the request's own bin is tried.
 * @returns the chunk's word index, or 0
 */
export function takeChunk(ctx: RawContext, u32: Uint32Array, words: number): number {
  const own = binOf(words << 2, ctx.logAlignment);
  let bin = own;
  let level = own >>> 5;
  let bitmap = u32[ctx.bitmaps + level] & (-1 << (own & 31));
  if (bitmap !== 0) {
    bin = (level << 5) | (31 - Math.clz32(bitmap & -bitmap));
    if (bin === own && level > 1) {
      // Only here can a chunk of the bin be too small.
      const first = u32[ctx.heads + own] >>> 2;
      if (wordsOf(u32[first]) < words) {
        bitmap &= bitmap - 1;
        bin = (level << 5) | (31 - Math.clz32(bitmap & -bitmap));
      }
    }
  }
  if (bitmap === 0) {
    const levels = u32[ctx.levels] & (-2 << level);
    if (levels === 0) return 0;
    level = 31 - Math.clz32(levels & -levels);
    bitmap = u32[ctx.bitmaps + level];
    bin = (level << 5) | (31 - Math.clz32(bitmap & -bitmap));
  }
  const chunk = u32[ctx.heads + bin] >>> 2;
  const next = u32[chunk + NEXT];
  if (next !== 0) u32[(next >>> 2) + PREV] = 0;
  replaceHead(ctx, u32, bin, next);
  return chunk;
}
