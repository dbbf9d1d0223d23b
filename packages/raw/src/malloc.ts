/** Allocation: `malloc` and `calloc`. See `bins.ts` on the numbers in here. */
import { type Address, eventKinds, NULL } from "@pyrena/abi";
import { insertChunk, retireVictim, takeChunk, unlinkChunk } from "./bins.ts";
import {
  CHUNK_OVERHEAD,
  type LIVE,
  MAX_REQUEST_BYTES,
  type MIN_CHUNK_BYTES,
  MIN_CHUNK_WORDS,
  type NEXT,
  type PREV,
  PREV_USED,
  wordsOf,
} from "./chunk.ts";
import type { RawContext } from "./raw-context.ts";
import {
  binOf,
  FAILURES,
  FRESH,
  type LEVEL_MAP,
  NODES,
  NOTHING,
  TOP,
  VICTIM,
} from "./raw-layout.ts";
import { growHeap } from "./segments.ts";

/** At most so many bytes are cleared word by word; `fill` costs more than that to call. */
const FILL_BYTES = 256;

/**
 * At least `size` bytes, uninitialised; NULL if there is no room.
 *
 * Small requests: a chunk of just that size; else one cut from the victim; else one from the next bin that has any,
 * what is left of it becoming the victim; else one from the top.
 */
export function malloc(ctx: RawContext, size: number): Address {
  // Also what is no size at all: the slow path looks closer.
  if (!(size >= 0 && size <= ctx.smallMax)) return mallocLarge(ctx, size);
  const u32 = ctx.memory.u32;
  const state = ctx.address >>> 2;
  let bytes = (size + ctx.roundUp) & ctx.sizeMask;
  if (bytes < (16 satisfies typeof MIN_CHUNK_BYTES)) bytes = 16 satisfies typeof MIN_CHUNK_BYTES;
  const words = bytes >>> 2;
  // Two words for a node, two for a unit of 8 bytes.
  const node = state + words + (48 satisfies typeof NODES);
  const chunk = u32[node + (1 satisfies typeof NEXT)] >>> 2;
  if (chunk !== node) {
    const next = u32[chunk + (1 satisfies typeof NEXT)];
    u32[node + (1 satisfies typeof NEXT)] = next;
    u32[(next >>> 2) + (2 satisfies typeof PREV)] = node << 2;
    u32[chunk] = bytes | (3 satisfies typeof LIVE);
    u32[chunk + words] |= 2 satisfies typeof PREV_USED;
    return ((chunk << 2) + (4 satisfies typeof CHUNK_OVERHEAD)) >>> 0;
  }
  const victim = u32[state + (3 satisfies typeof VICTIM)] >>> 2;
  const rest = ((u32[victim] >>> 3) << 1) - words;
  if (rest >= (4 satisfies typeof MIN_CHUNK_WORDS)) {
    const left = victim + words;
    u32[state + (3 satisfies typeof VICTIM)] = left << 2;
    u32[victim] = bytes | (3 satisfies typeof LIVE);
    u32[left] = (rest << 2) | (2 satisfies typeof PREV_USED);
    u32[left + rest - 1] = rest << 2;
    return ((victim << 2) + (4 satisfies typeof CHUNK_OVERHEAD)) >>> 0;
  }
  if (u32[state + (2 satisfies typeof LEVEL_MAP)] === 0) {
    const top = u32[state + (0 satisfies typeof TOP)] >>> 2;
    const remaining = ((u32[top] >>> 3) << 1) - words;
    if (remaining >= (4 satisfies typeof MIN_CHUNK_WORDS)) {
      const left = top + words;
      u32[state + (0 satisfies typeof TOP)] = left << 2;
      u32[top] = bytes | (3 satisfies typeof LIVE);
      u32[left] = (remaining << 2) | (2 satisfies typeof PREV_USED);
      return ((top << 2) + (4 satisfies typeof CHUNK_OVERHEAD)) >>> 0;
    }
  }
  return mallocSmall(ctx, u32, size, words);
}

/** A small request for which there is no chunk of its size and no victim to cut it from. */
function mallocSmall(ctx: RawContext, u32: Uint32Array, size: number, words: number): Address {
  const state = ctx.address >>> 2;
  const old = u32[state + (3 satisfies typeof VICTIM)] >>> 2;
  const oldWords = (u32[old] >>> 3) << 1;
  if (oldWords >= words) {
    // Not enough would be left of the victim for a chunk.
    u32[state + (3 satisfies typeof VICTIM)] = (state + (4 satisfies typeof NOTHING)) << 2;
    return takeWhole(u32, old, oldWords);
  }
  const chunk = takeChunk(ctx, u32, words >>> 1);
  if (chunk === 0) return mallocFromTop(ctx, size, words);
  const rest = ((u32[chunk] >>> 3) << 1) - words;
  if (rest < (4 satisfies typeof MIN_CHUNK_WORDS)) return takeWhole(u32, chunk, words + rest);
  const left = chunk + words;
  u32[state + (3 satisfies typeof VICTIM)] = left << 2;
  u32[chunk] = (words << 2) | (3 satisfies typeof LIVE);
  u32[left] = (rest << 2) | (2 satisfies typeof PREV_USED);
  u32[left + rest - 1] = rest << 2;
  if (oldWords > 0) insertChunk(ctx, u32, old, oldWords);
  return ((chunk << 2) + (4 satisfies typeof CHUNK_OVERHEAD)) >>> 0;
}

/** A large request: the first chunk of its own bin if it will do, else one from the next bin that has any, or the top. */
function mallocLarge(ctx: RawContext, size: number): Address {
  // `size >>> 0 === size` holds just for whole numbers 0 … 2^32 - 1.
  if (size >>> 0 !== size || size > MAX_REQUEST_BYTES) return refuse(ctx, size);
  const words = ((size + ctx.roundUp) & ctx.sizeMask) >>> 2;
  const u32 = ctx.memory.u32;
  const state = ctx.address >>> 2;
  // The victim may be what fits best.
  if (u32[state + VICTIM] >>> 2 !== state + NOTHING) retireVictim(ctx, u32);
  const bin = binOf(words >>> 1);
  const node = state + 2 * bin + NODES;
  let chunk = u32[node + (1 satisfies typeof NEXT)] >>> 2;
  if (chunk !== node && (u32[chunk] >>> 3) << 1 >= words) {
    unlinkChunk(u32, chunk);
  } else {
    chunk = takeChunk(ctx, u32, bin + 1);
    if (chunk === 0) return mallocFromTop(ctx, size, words);
  }
  const rest = ((u32[chunk] >>> 3) << 1) - words;
  if (rest < (4 satisfies typeof MIN_CHUNK_WORDS)) return takeWhole(u32, chunk, words + rest);
  u32[chunk] = (words << 2) | (3 satisfies typeof LIVE);
  insertChunk(ctx, u32, chunk + words, rest);
  return ((chunk << 2) + (4 satisfies typeof CHUNK_OVERHEAD)) >>> 0;
}

/** Make the whole of a chunk that was free live. */
function takeWhole(u32: Uint32Array, chunk: number, words: number): Address {
  u32[chunk] = (words << 2) | (3 satisfies typeof LIVE);
  u32[chunk + words] |= 2 satisfies typeof PREV_USED;
  return ((chunk << 2) + (4 satisfies typeof CHUNK_OVERHEAD)) >>> 0;
}

/** A request for which no bin has a chunk: cut from the top, which grows if it is too small. */
function mallocFromTop(ctx: RawContext, size: number, words: number): Address {
  const state = ctx.address >>> 2;
  let u32 = ctx.memory.u32;
  if (wordsOf(u32[u32[state + TOP] >>> 2]) < words) {
    if (!growHeap(ctx, words)) return ctx.mayGrow ? refuse(ctx, size) : NULL;
    u32 = ctx.memory.u32;
    ctx.grownTop = u32[state + TOP] >>> 2;
    // What was added may have joined with something else than the top: then it is in a bin, and found at once.
    if (wordsOf(u32[ctx.grownTop]) < words) return malloc(ctx, size);
  }
  const chunk = u32[state + TOP] >>> 2;
  const has = wordsOf(u32[chunk]);
  const rest = has - words;
  if (rest >= MIN_CHUNK_WORDS) {
    u32[state + TOP] = (chunk + words) << 2;
    u32[chunk] = (words << 2) | (3 satisfies typeof LIVE);
    u32[chunk + words] = (rest << 2) | PREV_USED;
  } else {
    // All of it: the sentinel is the top now.
    u32[state + TOP] = (chunk + has) << 2;
    u32[chunk] = (has << 2) | (3 satisfies typeof LIVE);
    u32[chunk + has] = PREV_USED;
  }
  return chunk * 4 + CHUNK_OVERHEAD;
}

/** `nelem * elsize` zeroed bytes; NULL if there is no room. Memory that was never written is not cleared again. */
export function calloc(ctx: RawContext, nelem: number, elsize: number): Address {
  const size = nelem * elsize;
  if (size >>> 0 !== size) return refuse(ctx, size);
  const state = ctx.address >>> 2;
  // Where the heap grows in between, the top from which the chunk may be cut is another one.
  ctx.grownTop = ctx.memory.u32[state + TOP] >>> 2;
  const ptr = malloc(ctx, size);
  if (ptr === NULL) return NULL;
  const u32 = ctx.memory.u32;
  const first = ptr >>> 2;
  let end = first + ((size + 3) >>> 2);
  // A chunk that starts where the top did was cut from it.
  if (first - 1 === ctx.grownTop) end = Math.min(end, u32[state + FRESH] >>> 2);
  if (end - first <= FILL_BYTES / 4) {
    for (let at = first; at < end; at++) u32[at] = 0;
  } else {
    u32.fill(0, first, end);
  }
  return ptr;
}

/** Answer a request that cannot be met. */
export function refuse(ctx: RawContext, size: number): Address {
  ctx.memory.u32[(ctx.address >>> 2) + FAILURES]++;
  const sink = ctx.sink;
  if (sink !== undefined) sink.event(sink.ctx, eventKinds.outOfMemory, size, 0, 0);
  return NULL;
}
