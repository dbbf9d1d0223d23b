/**
 * The arena source contract: CPython's `PyObjectArenaAllocator`, what `mmap` is to pymalloc.
 *
 * - S1 `alloc(size)` returns a region of `size` bytes that overlaps nothing, or NULL. Its base is at least aligned to
 *   the ABI's alignment. pymalloc copes with any such base; one aligned to the pool size costs it no pool.
 * - S2 `free(base, size)` takes back exactly what `alloc` gave.
 * - S3 Want of memory is answered with NULL and leaves everything valid.
 */
import type { Address } from "./address.ts";

/** CPython's arena allocator struct. Sizes are in bytes. */
export interface PyObjectArenaAllocator<Ctx = unknown> {
  /** Passed to each function as its first argument. */
  readonly ctx: Ctx;
  /** A region of `size` bytes, or NULL. */
  alloc(this: void, ctx: Ctx, size: number): Address;
  /** Give a region back. */
  free(this: void, ctx: Ctx, base: Address, size: number): void;
  /**
   * Visit every piece of the memory that the source manages, in order of address: regions it has handed out, others'
   * pieces of the same memory, its own records, and what is free. Absent: only the source knows.
   */
  walk?(
    this: void,
    ctx: Ctx,
    visit: (base: Address, bytes: number, kind: "arena" | "segment" | "own" | "free") => void,
  ): void;
}
