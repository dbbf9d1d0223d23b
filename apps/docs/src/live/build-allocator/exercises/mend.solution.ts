/** The bump allocator, mended. */
import type { AllocatorFactory } from "@pyrena/abi";

const HEADER = 16; // before each block: its size, which realloc needs
const CHUNK = 65_536; // what is obtained at a time

const roundUp = (size: number): number => Math.max(16, Math.ceil(size / 16) * 16);

const bump: AllocatorFactory = (next, { memory }) => {
  let top = 0; // where the next header goes
  let end = 0; // where the chunk ends

  function malloc(size: number): number {
    const bytes = roundUp(size);
    if (HEADER + bytes > end - top) {
      const wanted = Math.max(CHUNK, HEADER + bytes);
      const chunk = next.malloc(next.ctx, wanted);
      if (chunk === 0) return 0;
      top = chunk;
      end = chunk + wanted;
    }
    const block = top + HEADER;
    memory.u32[top >>> 2] = bytes;
    top = block + bytes;
    return block;
  }

  return {
    ctx: undefined,
    malloc: (_, size) => malloc(size),
    calloc(_, nelem, elsize) {
      const block = malloc(nelem * elsize);
      if (block !== 0) memory.u8.fill(0, block, block + nelem * elsize);
      return block;
    },
    realloc(_, old, newSize) {
      if (old === 0) return malloc(newSize);
      const size = memory.u32[(old - HEADER) >>> 2];
      if (newSize <= size) return old;
      const block = malloc(newSize);
      if (block !== 0) memory.u8.copyWithin(block, old, old + size);
      return block;
    },
    free() {},
  };
};

export default bump;
