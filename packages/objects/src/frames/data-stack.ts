/**
 * The data stack (`Python/pystate.c`): chunks of linear memory from the arena source, in which frames lie one after
 * another. A chunk is 16 KiB, or more for a very large frame; a full one is followed by another, an emptied one is
 * given back, but for the first.
 */
import { type Address, hex, layoutOf, PyrenaError } from "@pyrena/abi";
import type { Core } from "../core/core.ts";
import { chunkStruct } from "./layout.ts";

/** `DATA_STACK_CHUNK_SIZE`. */
const CHUNK_BYTES = 16 * 1024;
/** Room that a new chunk has beyond what it is made for, in words (`MINIMUM_OVERHEAD`). */
const MINIMUM_OVERHEAD = 1000;

/** Memory in last-in, first-out order. */
export interface DataStack {
  /** So many words, not cleared; NULL (nothing is pending) if there is no room. */
  push(this: void, words: number): Address;
  /** Give back what `push` returned and all above it. */
  pop(this: void, base: Address): void;
  /** Give back all that was pushed. */
  clear(this: void): void;
  /** Newest first. @throws PyrenaError `heap-corrupt` where the chain of them has no end */
  chunks(this: void): { base: Address; bytes: number; used: number }[];
  /** Give all chunks back. */
  dispose(this: void): void;
}

export function makeDataStack(core: Core): DataStack {
  const { memory, wide, wordShift, word, state, at } = core;
  const { arenas } = core.options;
  const { at: C, bytes: HEADER } = layoutOf(chunkStruct, core.profile.abi);
  const CHUNK = (state + at.chunk) >>> 2;
  const TOP = (state + at.stack_top) >>> 2;
  const LIMIT = (state + at.stack_limit) >>> 2;

  function setWord(address: Address, value: number): void {
    memory.u32[address >>> 2] = value;
    if (wide) memory.u32[(address >>> 2) + 1] = 0;
  }

  function pushChunk(words: number): Address {
    let size = CHUNK_BYTES;
    while (size < word * (words + MINIMUM_OVERHEAD)) size *= 2;
    const chunk = arenas.alloc(arenas.ctx, size);
    if (chunk === 0) return 0;
    const previous = memory.u32[CHUNK];
    if (previous !== 0) {
      setWord(previous + C.top, (memory.u32[TOP] - (previous + HEADER)) >>> wordShift);
    }
    setWord(chunk + C.previous, previous);
    setWord(chunk + C.size, size);
    setWord(chunk + C.top, 0);
    // The first word of the first chunk stays unused: so `pop` never gives that chunk back.
    const base = chunk + HEADER + (previous === 0 ? word : 0);
    memory.u32[CHUNK] = chunk;
    memory.u32[TOP] = base + (words << wordShift);
    memory.u32[LIMIT] = chunk + size;
    return base;
  }

  function popChunk(): void {
    const u32 = memory.u32;
    const chunk = u32[CHUNK];
    const previous = u32[(chunk + C.previous) >>> 2];
    u32[CHUNK] = previous;
    u32[TOP] = previous + HEADER + (u32[(previous + C.top) >>> 2] << wordShift);
    u32[LIMIT] = previous + u32[(previous + C.size) >>> 2];
    arenas.free(arenas.ctx, chunk, u32[(chunk + C.size) >>> 2]);
  }

  return {
    push: (words) => {
      const u32 = memory.u32;
      const top = u32[TOP];
      const bytes = words << wordShift;
      if (bytes >= u32[LIMIT] - top) return pushChunk(words);
      u32[TOP] = top + bytes;
      return top;
    },
    pop: (base) => {
      const u32 = memory.u32;
      // What is popped may lie chunks below, where records above it were left behind.
      while (base <= u32[CHUNK] || base >= u32[LIMIT]) popChunk();
      if (base === u32[CHUNK] + HEADER) popChunk();
      else u32[TOP] = base;
    },
    clear: () => {
      const u32 = memory.u32;
      if (u32[CHUNK] === 0) return;
      while (u32[(u32[CHUNK] + C.previous) >>> 2] !== 0) popChunk();
      u32[TOP] = u32[CHUNK] + HEADER + word;
    },
    chunks: () => {
      const u32 = memory.u32;
      const found: { base: Address; bytes: number; used: number }[] = [];
      const met = new Set<Address>();
      for (let chunk = u32[CHUNK]; chunk !== 0; chunk = u32[(chunk + C.previous) >>> 2]) {
        if (met.has(chunk) || chunk + HEADER > memory.byteLength) {
          throw new PyrenaError(
            "heap-corrupt",
            `the data stack has a chunk at ${hex(chunk)}, which is ${met.has(chunk) ? "in it already" : "beyond the memory"}`,
            { address: chunk },
          );
        }
        met.add(chunk);
        const used =
          chunk === u32[CHUNK]
            ? u32[TOP] - chunk
            : HEADER + (u32[(chunk + C.top) >>> 2] << wordShift);
        found.push({ base: chunk, bytes: u32[(chunk + C.size) >>> 2], used });
      }
      return found;
    },
    dispose: () => {
      const u32 = memory.u32;
      for (let chunk = u32[CHUNK]; chunk !== 0; ) {
        const previous = u32[(chunk + C.previous) >>> 2];
        arenas.free(arenas.ctx, chunk, u32[(chunk + C.size) >>> 2]);
        chunk = previous;
      }
      u32[CHUNK] = 0;
      u32[TOP] = 0;
      u32[LIMIT] = 0;
    },
  };
}
