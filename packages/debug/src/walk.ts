/**
 * The wrapped allocator's walker, with blocks as the caller sees them: their address behind the header, their size the
 * bytes asked for. Regions and pools are passed on as they are.
 *
 * Not every block below need be a hooked one: allocators take memory from one another unhooked, and hooks of several
 * domains may share one allocator. A live block whose header has an id and an untouched leading pad is shown as a
 * hooked one, of whichever domain; any other is shown as it is.
 *
 * Invariant of `verify`, besides those of the wrapped allocator:
 *
 * - D1 The trailing pad of each live hooked block is untouched.
 */
import {
  type Address,
  domainApiIds,
  type HeapWalker,
  hex,
  type LinearMemory,
  PyrenaError,
} from "@pyrena/abi";
import { type FenceLayout, headerIntact, readSize, trailingPadIntact } from "./fence-layout.ts";

/** The walker of hooks around an allocator. */
export function debugWalker(
  next: HeapWalker,
  memory: LinearMemory,
  layout: FenceLayout,
): HeapWalker {
  const { word, before, extra } = layout;
  /** Size stored in the underlying block, or -1 if that is no hooked block. */
  const sizeIn = (base: Address, bytes: number): number => {
    if (bytes < extra || base % word !== 0 || base + bytes > memory.byteLength) return -1;
    if (!domainApiIds.some((id) => headerIntact(memory.u32, base, word, id))) return -1;
    const size = readSize(memory, base, word);
    return size + extra <= bytes ? size : -1;
  };
  return Object.freeze<HeapWalker>({
    name: `${next.name}_debug`,
    walk: (visitor) => {
      memory.refresh();
      const { block } = visitor;
      next.walk({
        ...(visitor.region && { region: visitor.region.bind(visitor) }),
        ...(visitor.pool && { pool: visitor.pool.bind(visitor) }),
        ...(block && {
          block: (address, bytes, live, sizeClass) => {
            const size = live ? sizeIn(address, bytes) : Math.max(0, bytes - extra);
            if (size < 0) block.call(visitor, address, bytes, live, sizeClass);
            else block.call(visitor, address + before, size, live, sizeClass);
          },
        }),
      });
    },
    owns: (address) => next.owns(address),
    ...(next.holds && { holds: next.holds }),
    usableSize: (address) => {
      memory.refresh();
      const base = address - before;
      if (base > 0 && next.owns(base)) {
        const size = sizeIn(base, memory.byteLength - base);
        if (size >= 0) return size;
      }
      return next.usableSize(address);
    },
    verify: () => {
      next.verify();
      memory.refresh();
      next.walk({
        block(base, bytes, live) {
          const size = live ? sizeIn(base, bytes) : -1;
          if (size < 0 || trailingPadIntact(memory.u8, base + before + size, word)) return;
          const address = base + before;
          throw new PyrenaError(
            "heap-corrupt",
            `D1: something wrote behind the block of ${size} bytes at ${hex(address)}: free or realloc it for a dump`,
            { address, size, invariant: "D1" },
          );
        },
      });
    },
  });
}
