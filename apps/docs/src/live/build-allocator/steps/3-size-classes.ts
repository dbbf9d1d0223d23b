/** A list of free blocks for each size class. */
import type { AllocatorFactory } from "@pyrena/abi";

const HEADER = 16; // before each block: its size
const CHUNK = 65_536;
const LARGEST = 512; // larger requests are passed on

const roundUp = (size: number): number => Math.max(16, Math.ceil(size / 16) * 16);

const sizeClasses: AllocatorFactory = (next, { memory }) => {
  let top = 0;
  let end = 0;
  const first = new Uint32Array(1 + LARGEST / 16); // by class: 16 bytes is 1 … 512 is 32

  const word = (address: number): number => memory.u32[address >>> 2];
  const setWord = (address: number, value: number): void => {
    memory.u32[address >>> 2] = value;
  };
  const sizeOf = (block: number): number => word(block - HEADER);

  /** A block from the untouched part of the chunk. */
  function cut(bytes: number): number {
    if (HEADER + bytes > end - top) {
      const chunk = next.malloc(next.ctx, CHUNK);
      if (chunk === 0) return 0;
      top = chunk;
      end = chunk + CHUNK;
    }
    const block = top + HEADER;
    setWord(top, bytes);
    top = block + bytes;
    return block;
  }

  /** A block of its own from the allocator below. */
  function large(bytes: number): number {
    const start = next.malloc(next.ctx, HEADER + bytes);
    if (start === 0) return 0;
    setWord(start, bytes);
    return start + HEADER;
  }

  function malloc(size: number): number {
    const bytes = roundUp(size);
    if (bytes > LARGEST) return large(bytes);
    const block = first[bytes / 16];
    if (block === 0) return cut(bytes);
    first[bytes / 16] = word(block);
    return block;
  }

  function free(block: number): void {
    if (block === 0) return;
    const bytes = sizeOf(block);
    if (bytes > LARGEST) {
      next.free(next.ctx, block - HEADER);
      return;
    }
    setWord(block, first[bytes / 16]);
    first[bytes / 16] = block;
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
      const size = sizeOf(old);
      if (newSize <= size) return old;
      const block = malloc(newSize);
      if (block === 0) return 0;
      memory.u8.copyWithin(block, old, old + size);
      free(old);
      return block;
    },
    free: (_, block) => free(block),
  };
};

export default sizeClasses;
