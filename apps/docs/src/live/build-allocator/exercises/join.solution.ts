/** One list of free blocks, in order of address: so neighbours are found, and joined. */
import type { AllocatorFactory } from "@pyrena/abi";

const HEADER = 16; // before each block: its size
const CHUNK = 65_536;

const roundUp = (size: number): number => Math.max(16, Math.ceil(size / 16) * 16);

const freeList: AllocatorFactory = (next, { memory }) => {
  let top = 0;
  let end = 0;
  let first = 0; // the lowest free block; its first word leads to the next

  const word = (address: number): number => memory.u32[address >>> 2];
  const setWord = (address: number, value: number): void => {
    memory.u32[address >>> 2] = value;
  };
  const sizeOf = (block: number): number => word(block - HEADER);

  /** A block from the untouched part of the chunk. */
  function cut(bytes: number): number {
    if (HEADER + bytes > end - top) {
      const wanted = Math.max(CHUNK, HEADER + bytes);
      const chunk = next.malloc(next.ctx, wanted);
      if (chunk === 0) return 0;
      top = chunk;
      end = chunk + wanted;
    }
    const block = top + HEADER;
    setWord(top, bytes);
    top = block + bytes;
    return block;
  }

  function malloc(size: number): number {
    const bytes = roundUp(size);
    let before = 0;
    for (let block = first; block !== 0; block = word(block)) {
      if (sizeOf(block) >= bytes) {
        if (before === 0) first = word(block);
        else setWord(before, word(block));
        split(block, bytes);
        return block;
      }
      before = block;
    }
    return cut(bytes);
  }

  /** Let the block have so many bytes; the rest becomes a free block. */
  function split(block: number, bytes: number): void {
    const left = sizeOf(block) - bytes;
    if (left < HEADER + 16) return;
    setWord(block - HEADER, bytes);
    const rest = block + bytes + HEADER;
    setWord(rest - HEADER, left - HEADER);
    free(rest);
  }

  function free(block: number): void {
    if (block === 0) return;
    let before = 0;
    let after = first;
    while (after !== 0 && after < block) {
      before = after;
      after = word(after);
    }
    setWord(block, after);
    if (before === 0) first = block;
    else setWord(before, block);
    if (after !== 0) join(block, after);
    if (before !== 0) join(before, block);
  }

  /** Make one of two free blocks, if they touch. */
  function join(lower: number, upper: number): void {
    if (lower + sizeOf(lower) + HEADER !== upper) return;
    setWord(lower - HEADER, sizeOf(lower) + HEADER + sizeOf(upper));
    setWord(lower, word(upper));
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
      if (block === 0) return 0; // the old block stays as it is
      memory.u8.copyWithin(block, old, old + size);
      free(old);
      return block;
    },
    free: (_, block) => free(block),
  };
};

export default freeList;
