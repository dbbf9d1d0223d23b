/** What is said about an address that cannot be freed or resized: found out by walking the segment it lies in. */
import { type Address, hex, PyrenaError } from "@pyrena/abi";
import { CHUNK_OVERHEAD, SEGMENT_HEAD_WORDS, USED, wordsOf } from "./chunk.ts";
import type { RawContext } from "./raw-context.ts";
import { runKindNames, SEGMENT } from "./region-layout.ts";
import { kindAt, runStart } from "./runs.ts";

/**
 * The error for an address that is not that of a live block.
 * @param what the call, such as `free`
 */
export function badPointer(ctx: RawContext, ptr: Address, what: string): PyrenaError {
  const kind = kindAt(ctx.regions, ptr);
  if (kind !== SEGMENT) {
    const where =
      ptr >= 0 && ptr < ctx.memory.byteLength
        ? `it lies in memory of another kind (${runKindNames[kind]})`
        : "it lies outside the memory";
    return foreign(ptr, what, `${where}: give a block back to the allocator that it came from`);
  }
  const u32 = ctx.memory.u32;
  const granuleWords = ctx.regions.granuleBytes >>> 2;
  let chunk = runStart(ctx.regions, Math.floor(ptr / 4 / granuleWords)) * granuleWords;
  chunk += SEGMENT_HEAD_WORDS;
  for (;;) {
    const words = wordsOf(u32[chunk]);
    if (words === 0 || chunk * 4 + words * 4 + CHUNK_OVERHEAD > ptr) break;
    chunk += words;
  }
  const block = chunk * 4 + CHUNK_OVERHEAD;
  const live = (u32[chunk] & USED) !== 0;
  if (live && ptr === block) {
    return new PyrenaError(
      "heap-corrupt",
      `${what}(${hex(ptr)}): the words around the block contradict each other: something wrote outside its block; ` +
        "run the same program with the debug hooks: they name the block",
      { address: ptr },
    );
  }
  if (live && wordsOf(u32[chunk]) > 0) {
    const bytes = wordsOf(u32[chunk]) * 4 - CHUNK_OVERHEAD;
    return foreign(
      ptr,
      what,
      `it lies inside the live block at ${hex(block)} (${bytes} bytes): pass the address that malloc returned`,
    );
  }
  return new PyrenaError(
    "double-free",
    `${what}(${hex(ptr)}): the memory there is free already: free each block once, ` +
      "and drop an address when realloc returns another",
    { address: ptr },
  );
}

function foreign(ptr: Address, what: string, why: string): PyrenaError {
  const shown = Number.isInteger(ptr) && ptr >= 0 ? hex(ptr) : String(ptr);
  return new PyrenaError(
    "foreign-pointer",
    `${what}(${shown}): not a block of this allocator: ${why}`,
    {
      address: ptr,
    },
  );
}
