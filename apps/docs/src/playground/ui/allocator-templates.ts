/** Allocators to start from, when one is to be typed in. */

export const allocatorTemplates = {
  limit: `import type { AllocatorFactory } from "@pyrena/abi";

// Refuses blocks of more than 10 MB; everything else goes on to Pyodide's malloc.
const factory: AllocatorFactory = (next) => ({
  ...next,
  malloc: (ctx, size) => (size > 10_000_000 ? 0 : next.malloc(ctx, size)),
});
export default factory;
`,
  bump: `import { type AllocatorFactory, NULL } from "@pyrena/abi";

// Hands out one piece after the other, and takes nothing back. Before each block lies its size.
const CHUNK = 2 ** 20;
const HEADER = 8;

const factory: AllocatorFactory = (next, { memory }) => {
  let top = 0;
  let end = 0;
  const take = (size: number): number => {
    const bytes = HEADER + Math.ceil(size / 8) * 8;
    if (top + bytes > end) {
      const chunk = Math.max(CHUNK, bytes);
      top = next.malloc(next.ctx, chunk);
      end = top === NULL ? NULL : top + chunk;
      if (top === NULL) return NULL;
    }
    const address = top + HEADER;
    memory.u32[top / 4] = size;
    top += bytes;
    return address;
  };
  return {
    ctx: next.ctx,
    malloc: (_ctx, size) => take(size),
    calloc(_ctx, count, size) {
      const address = take(count * size);
      if (address !== NULL) memory.u8.fill(0, address, address + count * size);
      return address;
    },
    realloc(_ctx, address, size) {
      const before = address === NULL ? 0 : memory.u32[(address - HEADER) / 4]!;
      if (address !== NULL && size <= before) return address;
      const moved = take(size);
      if (moved !== NULL && before > 0) memory.u8.copyWithin(moved, address, address + before);
      return moved;
    },
    free() {},
  };
};
export default factory;
`,
} as const;

/** Name of an allocator to start from. */
export type AllocatorTemplate = keyof typeof allocatorTemplates;
