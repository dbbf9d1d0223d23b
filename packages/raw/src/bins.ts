/** The bins of free chunks: enter one, remove one, find one that is large enough. `raw-layout.ts` says how. */
import type { NEXT, PREV, PREV_USED } from "./chunk.ts";
import type { RawContext } from "./raw-context.ts";
import {
  type BITMAPS,
  binOf,
  type EXACT_BINS,
  type LEVEL_MAP,
  type NODES,
  NOTHING,
  VICTIM,
} from "./raw-layout.ts";

// Here and in malloc.ts and free.ts numbers stand where names would: engines read an imported constant, and a
// module's own, from memory each time, and the longer code is inlined less. `2 satisfies typeof PREV` is the number,
// and the compiler holds it to the name.

/** Make the words from `chunk` on a free chunk: header, links and footer. The chunk before it is live. */
export function insertChunk(ctx: RawContext, u32: Uint32Array, chunk: number, words: number): void {
  const state = ctx.address >>> 2;
  const address = chunk << 2;
  let bin = (words >>> 1) | 0;
  if (bin >= (64 satisfies typeof EXACT_BINS)) bin = binOf(bin);
  const node = state + 2 * bin + (48 satisfies typeof NODES);
  const next = u32[node + (1 satisfies typeof NEXT)];
  u32[chunk] = (words << 2) | (2 satisfies typeof PREV_USED);
  u32[chunk + words - 1] = words << 2;
  u32[chunk + (1 satisfies typeof NEXT)] = next;
  u32[chunk + (2 satisfies typeof PREV)] = node << 2;
  u32[node + (1 satisfies typeof NEXT)] = address;
  u32[(next >>> 2) + (2 satisfies typeof PREV)] = address;
  const at = state + (bin >>> 5) + (16 satisfies typeof BITMAPS);
  const bitmap = u32[at];
  const bit = 1 << bin;
  if ((bitmap & bit) === 0) {
    u32[at] = bitmap | bit;
    u32[state + (2 satisfies typeof LEVEL_MAP)] |= 1 << (bin >>> 5);
  }
}

/** Take a free chunk out of its bin. Its header and footer stay as they are. */
export function unlinkChunk(u32: Uint32Array, chunk: number): void {
  const next = u32[chunk + (1 satisfies typeof NEXT)];
  const previous = u32[chunk + (2 satisfies typeof PREV)];
  u32[(next >>> 2) + (2 satisfies typeof PREV)] = previous;
  u32[(previous >>> 2) + (1 satisfies typeof NEXT)] = next;
}

/** Take a free chunk, which is not the top, from wherever it is kept: its bin or the victim's place. */
export function detachChunk(ctx: RawContext, u32: Uint32Array, chunk: number): void {
  const state = ctx.address >>> 2;
  if (chunk === u32[state + VICTIM] >>> 2) u32[state + VICTIM] = (state + NOTHING) << 2;
  else unlinkChunk(u32, chunk);
}

/** Enter the victim, if there is one, into its bin. */
export function retireVictim(ctx: RawContext, u32: Uint32Array): void {
  const state = ctx.address >>> 2;
  const victim = u32[state + VICTIM] >>> 2;
  if (victim === state + NOTHING) return;
  u32[state + VICTIM] = (state + NOTHING) << 2;
  insertChunk(ctx, u32, victim, (u32[victim] >>> 3) << 1);
}

/**
 * Take the first chunk of the first bin from `bin` on that has one.
 * @returns the chunk's word index, or 0
 */
export function takeChunk(ctx: RawContext, u32: Uint32Array, bin: number): number {
  const state = ctx.address >>> 2;
  let level = (bin >>> 5) | 0;
  let mask = -1 << bin;
  for (;;) {
    let bitmap = u32[state + level + (16 satisfies typeof BITMAPS)] & mask;
    if (bitmap === 0) {
      const levels = u32[state + (2 satisfies typeof LEVEL_MAP)] & (-2 << level);
      if (levels === 0) return 0;
      level = 31 - Math.clz32(levels & -levels);
      mask = -1;
      bitmap = u32[state + level + (16 satisfies typeof BITMAPS)] | 0;
    }
    const lowest = 31 - Math.clz32(bitmap & -bitmap);
    const node = state + (level << 6) + 2 * lowest + (48 satisfies typeof NODES);
    const chunk = u32[node + (1 satisfies typeof NEXT)] >>> 2;
    if (chunk !== node) {
      const next = u32[chunk + (1 satisfies typeof NEXT)];
      u32[node + (1 satisfies typeof NEXT)] = next;
      u32[(next >>> 2) + (2 satisfies typeof PREV)] = node << 2;
      return chunk;
    }
    // The bit has outlived the last chunk of its bin.
    const rest = u32[state + level + (16 satisfies typeof BITMAPS)] & ~(1 << lowest);
    u32[state + level + (16 satisfies typeof BITMAPS)] = rest;
    if (rest === 0) u32[state + (2 satisfies typeof LEVEL_MAP)] &= ~(1 << level);
  }
}
