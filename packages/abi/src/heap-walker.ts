/**
 * The walker contract: an optional capability of an allocator that lets others look at its memory. Statistics,
 * explanations, the heap map and the debugger use this and nothing else, so they work on every allocator.
 *
 * What is walked is a tree: regions (arenas of pymalloc, segments of a raw allocator), in them pools (pymalloc only),
 * in them blocks. Everything is passed as plain numbers; a visitor must not allocate from or free to the allocator
 * while it is being walked.
 */
import type { Address } from "./address.ts";

/** What a region is. */
export type RegionKind = "arena" | "segment";

/** Called by {@link HeapWalker.walk}. Any method may be absent; one that returns `false` skips what is inside. */
export interface HeapVisitor {
  /**
   * A contiguous piece of memory that the allocator holds, in order of address.
   * @param bytes size of the whole region
   * @param freePools pools that could be used at once (empty or never carved); 0 where there are no pools
   * @param poolBytes size of a pool; 0 where there are no pools
   * @param alignmentBytes bytes that are lost because the region's base is not aligned as the allocator needs it
   */
  region?(
    base: Address,
    bytes: number,
    kind: RegionKind,
    freePools: number,
    poolBytes: number,
    alignmentBytes: number,
  ): boolean | void;
  /**
   * A pool with at least one live block, in order of address.
   * @param sizeClass from 0
   * @param blockBytes size of each of its blocks
   * @param inUse live blocks
   * @param capacity blocks that fit; `bytes - headerBytes - capacity * blockBytes` is lost to rounding
   * @param headerBytes bytes of the pool taken by its header
   */
  pool?(
    base: Address,
    bytes: number,
    sizeClass: number,
    blockBytes: number,
    inUse: number,
    capacity: number,
    headerBytes: number,
  ): boolean | void;
  /**
   * A block, live or free, in order of address within its pool or region.
   * @param address what `malloc` returned or would return
   * @param bytes bytes usable by the caller
   * @param sizeClass as in `pool`; -1 where there are no size classes
   */
  block?(address: Address, bytes: number, live: boolean, sizeClass: number): void;
}

/** Lets others look at an allocator's memory. */
export interface HeapWalker {
  /** Name of the allocator, as in `PYTHONMALLOC`: `pymalloc`, `malloc`, … */
  readonly name: string;
  /** Visit everything that the allocator holds. */
  walk(visitor: HeapVisitor): void;
  /**
   * Whether the address lies in memory that this allocator holds, so that freeing it is this allocator's business.
   * Right for any number: foreign addresses, NULL, addresses in regions that were given back.
   */
  owns(address: Address): boolean;
  /** Bytes usable in the live block at this address. Undefined results for anything but a live block's address. */
  usableSize(address: Address): number;
  /**
   * Visit the blocks that this allocator holds from the one below it for its own records, but for its state, which the
   * heap's directory names. Absent: none. What it passes on to the one below is not its own.
   */
  holds?(visit: (block: Address) => void): void;
  /**
   * Check every invariant of the structure.
   * @throws PyrenaError `heap-corrupt` naming the invariant and the address
   */
  verify(): void;
}
