/** A bump allocator with three faults. */
import type { AllocatorFactory } from "@pyrena/abi";

const HEADER = 16;
const CHUNK = 65_536;

const bump: AllocatorFactory = (next, { memory }) => {
  let top = 0;
  let end = 0;

  function malloc(size: number): number {
    const bytes = Math.ceil(size / 8) * 8;
    if (HEADER + bytes > end - top) {
      top = next.malloc(next.ctx, CHUNK);
      if (top === 0) return 0;
      end = top + CHUNK;
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
      const block = malloc(newSize);
      memory.u8.copyWithin(block, old, old + size);
      return block;
    },
    free() {},
  };
};

export default bump;
