/**
 * Segments: how the raw heap obtains memory and gives it back. `chunk.ts` draws one.
 *
 * A segment grows where it stands when the granules behind it can be had; a region that touches segments is joined
 * with them, so that chunks coalesce across. Conversely the granules that a large free chunk covers go back to the
 * region manager wherever in the segment they lie: at its end, at its start, in the middle (which leaves two
 * segments), or all of it. What is given back can become an arena, and the other way round.
 *
 * Given back at once are segments that become free as a whole (but the one with the top where it stands lowest), the
 * top where it is longer than 1/16 of the heap, and holes longer than 1/4 of it; 1 MiB at least. The raw heap reuses
 * the rest better itself: whole granules of it are less than it. But they are not hoarded: the arena source asks for
 * them before it makes the memory larger, and when there is no more memory everything is given back that can be.
 */
import { detachChunk, insertChunk, retireVictim } from "./bins.ts";
import {
  MIN_CHUNK_WORDS,
  NEXT,
  PREV_USED,
  SEGMENT_HEAD_WORDS,
  SEGMENT_OVERHEAD_BYTES,
  USED,
  wordsOf,
} from "./chunk.ts";
import { isFree } from "./free-runs.ts";
import type { RawContext } from "./raw-context.ts";
import {
  binOf,
  FRESH,
  LEVEL_BINS,
  LEVELS,
  NODES,
  NOTHING,
  PEAK_SEGMENT_BYTES,
  SEGMENT_BYTES,
  SEGMENTS,
  TOP,
} from "./raw-layout.ts";
import { SEGMENT } from "./region-layout.ts";
import { giveRun, takeAt, takeRun } from "./regions.ts";
import { joinRuns, kindAt, runLength, runStart } from "./runs.ts";

/** A segment grows by 1/64 of what the heap holds … */
const LOG_GROWTH = 6;
/** … but at most by so many bytes more than is needed. */
const LARGEST_STEP_BYTES = 2 ** 20;
/** The top is given back from 1/16 of what the heap holds on … */
const LOG_LONG_TOP = 4;
/** … and a hole from 1/4 on. */
const LOG_LONG_HOLE = 2;

/**
 * Obtain memory for a chunk of so many words. Afterwards the top is that large, or a bin has such a chunk.
 *
 * In this order: granules that are free already, behind the top or elsewhere; then a larger memory, behind the top or
 * elsewhere; then what this heap itself could give back.
 * @returns false if there is no memory
 */
export function growHeap(ctx: RawContext, words: number): boolean {
  const u32 = ctx.memory.u32;
  const state = ctx.address >>> 2;
  const top = u32[state + TOP] >>> 2;
  if (top === state + NOTHING) {
    if (addRegion(ctx, words, false) || (ctx.mayGrow && addRegion(ctx, words, true))) return true;
  } else {
    // What the top has left counts.
    const sentinel = top + wordsOf(u32[top]);
    const missing = words - (sentinel - top);
    if (growSegment(ctx, sentinel, missing, false) || addRegion(ctx, words, false)) return true;
    if (!ctx.mayGrow) return false;
    if (growSegment(ctx, sentinel, missing, true) || addRegion(ctx, words, true)) return true;
  }
  return ctx.mayGrow && giveBackAll(ctx, ctx.regions.granuleBytes) && addRegion(ctx, words, true);
}

/**
 * Grow a segment where it stands.
 * @param sentinel word index of its sentinel
 * @param words how much longer the free chunk at its end is to become, at least
 * @param grow whether to make the memory larger if it ends there
 * @returns false if what lies behind it is in use; nothing has changed then. Else that chunk is the top, or is joined
 *   with what follows and in a bin
 */
export function growSegment(
  ctx: RawContext,
  sentinel: number,
  words: number,
  grow: boolean,
): boolean {
  const regions = ctx.regions;
  const behind = (sentinel + 1) / (regions.granuleBytes >>> 2);
  const least = Math.ceil((4 * words) / regions.granuleBytes);
  const wanted = Math.ceil((4 * words + stepOf(ctx)) / regions.granuleBytes);
  if (!takeAt(regions, behind, least, wanted, SEGMENT, grow)) return false;
  addGranules(ctx, behind, regions.takenLength, regions.takenFresh);
  return true;
}

/**
 * Give back every stretch of whole granules of at least `least` bytes, and every segment that is free.
 * @returns whether there was anything
 */
export function giveBackAll(ctx: RawContext, least: number): boolean {
  const state = ctx.address >>> 2;
  let u32 = ctx.memory.u32;
  retireVictim(ctx, u32);
  const top = u32[state + TOP] >>> 2;
  let gave = giveBack(ctx, top, wordsOf(u32[top]), least);
  for (let bin = binOf(ctx.worthALook >>> 1); bin < LEVELS * LEVEL_BINS; bin++) {
    const node = state + 2 * bin + NODES;
    u32 = ctx.memory.u32;
    let chunk = u32[node + NEXT] >>> 2;
    while (chunk !== node) {
      const next = u32[chunk + NEXT] >>> 2;
      if (giveBack(ctx, chunk, wordsOf(u32[chunk]), least)) gave = true;
      u32 = ctx.memory.u32;
      chunk = next;
    }
  }
  return gave;
}

/** Give back what a free chunk covers, if it is long for this heap. */
export function giveBackIfLong(ctx: RawContext, chunk: number, words: number): void {
  const state = ctx.address >>> 2;
  const u32 = ctx.memory.u32;
  const log = chunk === u32[state + TOP] >>> 2 ? LOG_LONG_TOP : LOG_LONG_HOLE;
  giveBack(ctx, chunk, words, Math.max(ctx.giveBackBytes, u32[state + SEGMENT_BYTES] >>> log));
}

/**
 * Give back the granules that a free chunk (one in a bin, or the top) covers, if they are at least `least` bytes or a
 * whole segment; the one with the top only if there is room below it, so that the next one starts lower.
 */
export function giveBack(ctx: RawContext, chunk: number, words: number, least: number): boolean {
  if (words < ctx.worthALook) return false;
  const regions = ctx.regions;
  const u32 = ctx.memory.u32;
  const granuleWords = regions.granuleBytes >>> 2;
  const firstGranule = runStart(regions, Math.floor(chunk / granuleWords));
  const base = firstGranule * granuleWords;
  const end = base + runLength(regions, firstGranule) * granuleWords;
  const behind = chunk + words;

  // [from, to) goes. In front of it a segment remains that ends in a sentinel at from - 1, behind it one whose first
  // chunk starts at to + 3; what is left of this chunk on either side must be nothing or a whole chunk.
  let from = base;
  if (chunk !== base + SEGMENT_HEAD_WORDS) {
    from = Math.ceil((chunk + 1) / granuleWords) * granuleWords;
    const left = from - 1 - chunk;
    if (left !== 0 && left < MIN_CHUNK_WORDS) from += granuleWords;
  }
  let to = end;
  if (behind !== end - 1) {
    to = Math.floor((behind - SEGMENT_HEAD_WORDS) / granuleWords) * granuleWords;
    const right = behind - to - SEGMENT_HEAD_WORDS;
    if (right !== 0 && right < MIN_CHUNK_WORDS) to -= granuleWords;
  }
  const bytes = 4 * (to - from);
  const isTop = chunk === u32[(ctx.address >>> 2) + TOP] >>> 2;
  const whole = from === base && to === end && (!isTop || isFree(regions, firstGranule - 1));
  if (bytes <= 0 || (bytes < least && !whole)) return false;

  const oldFresh = u32[(ctx.address >>> 2) + FRESH] >>> 2;
  if (isTop) noTop(ctx, u32);
  else detachChunk(ctx, u32, chunk);
  if (from !== base) {
    const sentinel = from - 1;
    const left = sentinel - chunk;
    u32[sentinel] = left === 0 ? USED | PREV_USED : USED;
    if (isTop) setTop(ctx, u32, chunk, left, Math.min(oldFresh, sentinel));
    else if (left > 0) insertChunk(ctx, u32, chunk, left);
  }
  if (to !== end) {
    const first = to + SEGMENT_HEAD_WORDS;
    if (behind === first) u32[behind] |= PREV_USED;
    else insertChunk(ctx, u32, first, behind - first);
  }
  u32[(ctx.address >>> 2) + SEGMENTS] += (from !== base ? 1 : 0) + (to !== end ? 1 : 0) - 1;
  u32[(ctx.address >>> 2) + SEGMENT_BYTES] -= bytes;
  giveRun(regions, from / granuleWords, (to - from) / granuleWords);
  return true;
}

/** Obtain a region, wherever there is one, for a chunk of so many words. */
function addRegion(ctx: RawContext, words: number, grow: boolean): boolean {
  const regions = ctx.regions;
  const needed = 4 * words + SEGMENT_OVERHEAD_BYTES;
  const least = Math.ceil(needed / regions.granuleBytes);
  const wanted = Math.ceil((needed + stepOf(ctx)) / regions.granuleBytes);
  const first = takeRun(regions, least, wanted, SEGMENT, grow);
  if (first === 0) return false;
  addGranules(ctx, first, regions.takenLength, regions.takenFresh);
  return true;
}

function stepOf(ctx: RawContext): number {
  return Math.min(
    ctx.memory.u32[(ctx.address >>> 2) + SEGMENT_BYTES] >>> LOG_GROWTH,
    LARGEST_STEP_BYTES,
  );
}

/**
 * Make a run of granules part of the heap: as a segment of its own, or joined with segments that it touches.
 * @param freshFrom first granule of it that was never written
 */
function addGranules(ctx: RawContext, first: number, length: number, freshFrom: number): void {
  const regions = ctx.regions;
  const u32 = ctx.memory.u32;
  const granuleWords = regions.granuleBytes >>> 2;
  const base = first * granuleWords;
  const end = base + length * granuleWords;
  const behind = first + length;
  const joinsLeft = kindAt(regions, (first - 1) * regions.granuleBytes) === SEGMENT;
  const joinsRight = kindAt(regions, behind * regions.granuleBytes) === SEGMENT;

  const top = u32[(ctx.address >>> 2) + TOP] >>> 2;
  const growsTop = top + wordsOf(u32[top]) === base - 1;
  const oldFresh = u32[(ctx.address >>> 2) + FRESH] >>> 2;
  if (!growsTop) retireTop(ctx, u32);

  // The new free chunk is [from, to); the part below `fresh` may have been written.
  let from = base + SEGMENT_HEAD_WORDS;
  let fresh = Math.max(freshFrom * granuleWords, from + 1);
  if (joinsLeft) {
    const sentinel = base - 1;
    from = sentinel;
    fresh = Math.max(freshFrom * granuleWords, base);
    if (growsTop) {
      from = top;
      // The old sentinel is the one word that was written above the old mark.
      if (freshFrom === first) fresh = Math.max(oldFresh, from + 1);
    } else if ((u32[sentinel] & PREV_USED) === 0) {
      const words = u32[sentinel - 1] >>> 2;
      from -= words;
      detachChunk(ctx, u32, from);
    }
    u32[sentinel] = 0;
    joinRuns(regions, runStart(regions, first - 1), first);
  }
  let to = end - 1;
  if (joinsRight) {
    to = end + SEGMENT_HEAD_WORDS;
    const header = u32[to];
    if ((header & USED) === 0) {
      detachChunk(ctx, u32, to);
      to += wordsOf(header);
    }
    fresh = to;
    joinRuns(regions, runStart(regions, behind - 1), behind);
  } else {
    u32[to] = USED;
  }
  if (wordsOf(u32[to]) === 0) {
    u32[to] = USED;
    setTop(ctx, u32, from, to - from, Math.min(fresh, to));
  } else {
    if (growsTop) noTop(ctx, u32);
    insertChunk(ctx, u32, from, to - from);
    u32[to] &= ~PREV_USED;
  }
  const bytes = (u32[(ctx.address >>> 2) + SEGMENT_BYTES] += length * regions.granuleBytes);
  if (bytes > u32[(ctx.address >>> 2) + PEAK_SEGMENT_BYTES])
    u32[(ctx.address >>> 2) + PEAK_SEGMENT_BYTES] = bytes;
  u32[(ctx.address >>> 2) + SEGMENTS] += 1 - (joinsLeft ? 1 : 0) - (joinsRight ? 1 : 0);
}

/** Make a chunk at the end of its segment the top; with no words it is the sentinel. */
function setTop(
  ctx: RawContext,
  u32: Uint32Array,
  chunk: number,
  words: number,
  fresh: number,
): void {
  if (words > 0) u32[chunk] = (words << 2) | PREV_USED;
  else u32[chunk] &= ~USED;
  u32[(ctx.address >>> 2) + TOP] = chunk << 2;
  u32[(ctx.address >>> 2) + FRESH] = fresh << 2;
}

/** There is no top. */
function noTop(ctx: RawContext, u32: Uint32Array): void {
  const chunk = (ctx.address >>> 2) + NOTHING;
  u32[(ctx.address >>> 2) + TOP] = chunk << 2;
  u32[(ctx.address >>> 2) + FRESH] = chunk << 2;
}

/** Make the top an ordinary free chunk. */
function retireTop(ctx: RawContext, u32: Uint32Array): void {
  const top = u32[(ctx.address >>> 2) + TOP] >>> 2;
  const words = wordsOf(u32[top]);
  noTop(ctx, u32);
  if (words > 0) insertChunk(ctx, u32, top, words);
  else if (top !== (ctx.address >>> 2) + NOTHING) u32[top] |= USED;
}
