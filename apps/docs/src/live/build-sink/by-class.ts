/** Counts live blocks by size class. An allocator that allocates nothing: every call goes on to the next one. */
import type { PyMemAllocatorEx } from "@pyrena/abi";

/** Live blocks of each class: 0 is up to 16 bytes, 1 up to 32, …, 31 up to 512; the last is all larger ones. */
export type Counts = Uint32Array;

export function byClass(next: PyMemAllocatorEx, counts: Counts): PyMemAllocatorEx {
  const sizes = new Map<number, number>(); // by address: free is not told the size
  const classOf = (size: number): number =>
    size > 512 ? 32 : Math.max(0, Math.ceil(size / 16) - 1);

  function born(block: number, size: number): number {
    if (block === 0) return 0; // refused: nothing was born
    sizes.set(block, size);
    counts[classOf(size)]++;
    return block;
  }

  function died(block: number): void {
    const size = sizes.get(block);
    if (size === undefined) return; // older than we are
    sizes.delete(block);
    counts[classOf(size)]--;
  }

  return {
    ctx: undefined,
    malloc: (_, size) => born(next.malloc(next.ctx, size), size),
    calloc: (_, nelem, elsize) => born(next.calloc(next.ctx, nelem, elsize), nelem * elsize),
    realloc(_, old, size) {
      const block = next.realloc(next.ctx, old, size);
      if (block === 0) return 0; // the old one lives on
      died(old);
      return born(block, size);
    },
    free(_, block) {
      died(block);
      next.free(next.ctx, block);
    },
    walker: next.walker,
  };
}
