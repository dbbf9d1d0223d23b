/** Allocation: `malloc` and `calloc`. */
import { type Address, eventKinds, NULL } from "@pyrena/abi";
import { insertChunk, takeChunk } from "./bins.ts";
import {
  CHUNK_OVERHEAD,
  MAX_REQUEST_BYTES,
  MIN_CHUNK_BYTES,
  MIN_CHUNK_WORDS,
  PREV_USED,
  USED,
  wordsOf,
} from "./chunk.ts";
import type { RawContext } from "./raw-context.ts";
import { FAILURES } from "./raw-layout.ts";
import { growHeap } from "./segments.ts";

/** At most so many bytes are cleared word by word; `fill` costs more than that to call. */
const FILL_BYTES = 256;
/** A word index behind all memory. */
const NOWHERE: number = 2 ** 30;

/** At least `size` bytes, uninitialised; NULL if there is no room. */
export function malloc(ctx: RawContext, size: number): Address {
  // `size >>> 0 === size` holds just for whole numbers 0 … 2^32 - 1.
  if (size >>> 0 !== size || size > MAX_REQUEST_BYTES) return refuse(ctx, size);
  const bytes = (size + ctx.roundUp) & ~ctx.alignMask;
  const words = bytes >>> 0 < MIN_CHUNK_BYTES ? MIN_CHUNK_WORDS : bytes >>> 2;
  const chunk = obtain(ctx, words);
  if (chunk === 0) return refuse(ctx, size);
  return ((chunk << 2) + CHUNK_OVERHEAD) >>> 0;
}

/** `nelem * elsize` zeroed bytes; NULL if there is no room. Memory that was never written is not cleared again. */
export function calloc(ctx: RawContext, nelem: number, elsize: number): Address {
  const size = nelem * elsize;
  if (size >>> 0 !== size || size > MAX_REQUEST_BYTES) return refuse(ctx, size);
  const bytes = (size + ctx.roundUp) & ~ctx.alignMask;
  const words = bytes >>> 0 < MIN_CHUNK_BYTES ? MIN_CHUNK_WORDS : bytes >>> 2;
  ctx.carvedFresh = NOWHERE;
  const chunk = obtain(ctx, words);
  if (chunk === 0) return refuse(ctx, size);
  const u32 = ctx.memory.u32;
  const first = chunk + 1;
  const end = Math.min(first + ((size + 3) >>> 2), ctx.carvedFresh);
  if (4 * (end - first) <= FILL_BYTES) {
    for (let at = first; at < end; at++) u32[at] = 0;
  } else {
    u32.fill(0, first, end);
  }
  return first * 4;
}

/**
 * A live chunk of `words` words or a little more, counted; 0 if there is no room.
 * @param words at least {@link MIN_CHUNK_WORDS}, a multiple of the alignment
 */
export function obtain(ctx: RawContext, words: number): number {
  let u32 = ctx.memory.u32;
  let chunk = takeChunk(ctx, u32, words);
  if (chunk === 0) {
    if (wordsOf(u32[u32[ctx.top] >>> 2]) < words) {
      if (!growHeap(ctx, words)) return 0;
      u32 = ctx.memory.u32;
      // What was added may have joined with something else than the top.
      chunk = takeChunk(ctx, u32, words);
    }
    if (chunk === 0) return carveTop(ctx, u32, words);
  }
  const has = wordsOf(u32[chunk]);
  const rest = has - words;
  u32[ctx.liveBlocks]++;
  if (rest >= MIN_CHUNK_WORDS) {
    u32[ctx.liveBytes] += words << 2;
    u32[chunk] = (words << 2) | USED | PREV_USED;
    insertChunk(ctx, u32, chunk + words, rest);
  } else {
    u32[ctx.liveBytes] += has << 2;
    u32[chunk] = (has << 2) | USED | PREV_USED;
    u32[chunk + has] |= PREV_USED;
  }
  return chunk;
}

/** Cut a live chunk from the top, which is large enough. */
function carveTop(ctx: RawContext, u32: Uint32Array, words: number): number {
  const chunk = u32[ctx.top] >>> 2;
  const has = wordsOf(u32[chunk]);
  const rest = has - words;
  const fresh = u32[ctx.fresh] >>> 2;
  ctx.carvedFresh = fresh;
  u32[ctx.liveBlocks]++;
  if (rest >= MIN_CHUNK_WORDS) {
    const top = chunk + words;
    u32[ctx.liveBytes] += words << 2;
    u32[chunk] = (words << 2) | USED | PREV_USED;
    u32[top] = (rest << 2) | PREV_USED;
    u32[ctx.top] = top << 2;
    if (fresh <= top) u32[ctx.fresh] = (top + 1) << 2;
  } else {
    const sentinel = chunk + has;
    u32[ctx.liveBytes] += has << 2;
    u32[chunk] = (has << 2) | USED | PREV_USED;
    u32[sentinel] |= PREV_USED;
    u32[ctx.top] = sentinel << 2;
    u32[ctx.fresh] = sentinel << 2;
  }
  return chunk;
}

/** Answer a request that cannot be met. */
export function refuse(ctx: RawContext, size: number): Address {
  ctx.memory.u32[ctx.state + FAILURES]++;
  const sink = ctx.sink;
  if (sink !== undefined) sink.event(sink.ctx, eventKinds.outOfMemory, size, 0, 0);
  return NULL;
}
