/**
 * The shortest complete allocator: hands out one block after the other from chunks of 64 KiB, and takes none back.
 * Good for programs that end soon. A word before each block holds its size, which realloc needs.
 *
 *     pyrena run --allocator ./bump.js program.py
 *
 * @type {import("@pyrena/abi").AllocatorFactory}
 */
export default function bump(next, { memory }) {
  const header = 16; // keeps blocks aligned to 16, which is enough on every platform
  let top = 0;
  let end = 0;

  /** @param {number} size */
  function malloc(size) {
    const bytes = header + Math.max(16, Math.ceil(size / 16) * 16);
    if (bytes > end - top) {
      const chunk = next.malloc(next.ctx, Math.max(65_536, bytes + 16));
      if (chunk === 0) return 0;
      top = Math.ceil(chunk / 16) * 16;
      end = chunk + Math.max(65_536, bytes + 16);
    }
    const block = top + header;
    top += bytes;
    memory.u32[(block - header) >>> 2] = bytes - header;
    return block;
  }

  return {
    ctx: next,
    malloc: (_, size) => malloc(size),
    calloc(_, nelem, elsize) {
      const block = malloc(nelem * elsize);
      if (block !== 0) memory.u8.fill(0, block, block + nelem * elsize);
      return block;
    },
    realloc(_, ptr, newSize) {
      const size = ptr === 0 ? 0 : memory.u32[(ptr - header) >>> 2];
      if (ptr !== 0 && newSize <= size) return ptr;
      const block = malloc(newSize);
      if (block !== 0) memory.u8.copyWithin(block, ptr, ptr + size);
      return block;
    },
    free() {},
  };
}
