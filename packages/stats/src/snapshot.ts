/**
 * Snapshots: what an allocator holds at one moment, as a plain object that survives JSON.
 *
 * Every byte of the regions that an allocator holds is accounted for once:
 *
 *     regionBytes = liveBytes             blocks in use, rounded up to their class
 *                 + freeBlockBytes        free blocks: of pools in use, or of regions without pools
 *                 + unusedPoolBytes       pools without a live block
 *                 + poolHeaderBytes       headers of pools in use
 *                 + roundingBytes         ends of pools too short for another block ("quantization")
 *                 + alignmentBytes        starts of regions that are not aligned
 *                 + blockOverheadBytes    the rest: headers of blocks and regions without pools
 *
 * A snapshot is taken through the walker contract alone, so it works on every allocator.
 */
import type { Address, RegionKind } from "@pyrena/abi";
import type { LayerStats } from "./read-stats.ts";

/** What `format` says in every snapshot. */
export const SNAPSHOT_FORMAT = "pyrena-heap-snapshot";

/** Version of the snapshot's shape. */
export const SNAPSHOT_VERSION = 1;

/** Sums over everything that was walked. */
export interface SnapshotTotals {
  readonly regions: number;
  /** Pools with at least one live block. */
  readonly pools: number;
  /** Pools without, carved or not. */
  readonly freePools: number;
  readonly liveBlocks: number;
  /** Free blocks of pools in use, or of regions without pools. */
  readonly freeBlocks: number;
  readonly regionBytes: number;
  readonly liveBytes: number;
  readonly freeBlockBytes: number;
  readonly unusedPoolBytes: number;
  readonly poolHeaderBytes: number;
  readonly roundingBytes: number;
  readonly alignmentBytes: number;
  readonly blockOverheadBytes: number;
}

/** One size class of pools. */
export interface SizeClassSnapshot {
  /** From 0. */
  readonly sizeClass: number;
  /** Bytes of each block. */
  readonly blockBytes: number;
  /** Pools of the class with at least one live block. */
  readonly pools: number;
  readonly liveBlocks: number;
  readonly freeBlocks: number;
  readonly liveBytes: number;
  readonly freeBytes: number;
  readonly poolHeaderBytes: number;
  readonly roundingBytes: number;
  /** Pools that the live blocks would fill if they lay together. */
  readonly packedPools: number;
}

/** Blocks without size class, grouped by size. */
export interface SizeRangeSnapshot {
  /** Usable bytes of a block: more than half of `to`, at most `to`, a power of two. */
  readonly to: number;
  readonly liveBlocks: number;
  readonly freeBlocks: number;
  readonly liveBytes: number;
  readonly freeBytes: number;
}

/** One region: an arena of pymalloc, a segment of a raw allocator. */
export interface RegionSnapshot {
  /** Index into `heaps`. */
  readonly heap: number;
  readonly base: Address;
  readonly bytes: number;
  readonly kind: RegionKind;
  /** Size of its pools; 0: it has none. */
  readonly poolBytes: number;
  /** Pools with at least one live block: together with `liveBlocks`, why the region is not given back. */
  readonly pools: number;
  readonly freePools: number;
  readonly liveBlocks: number;
  readonly freeBlocks: number;
  readonly liveBytes: number;
  readonly freeBlockBytes: number;
  /** The largest free block, where there are no pools; otherwise 0. */
  readonly largestFreeBytes: number;
}

/** One heap that was walked. */
export interface SnapshotHeap {
  /** Name of the allocator, as its walker tells it. */
  readonly allocator: string;
  /** What the caller called it; "" if nothing. */
  readonly label: string;
}

/** How well memory is used. Shares are 0 … 1. */
export interface Fragmentation {
  /** `liveBytes / regionBytes`: 1 if every byte held is in use; 1 too where nothing is held. */
  readonly utilization: number;
  /** Live share of the blocks in pools in use; 1 where there are none. Low: blocks of a class lie scattered. */
  readonly poolOccupancy: number;
  /**
   * Of regions without pools: 1 - largest free block / all free bytes. 0 if the free memory is in one piece, near 1 if
   * it is in crumbs.
   */
  readonly externalFragmentation: number;
  /** Arenas without any live block, which are kept all the same. */
  readonly emptyArenas: number;
  /** Arenas with live blocks in less than a tenth of their bytes. */
  readonly nearlyEmptyArenas: number;
  /** Bytes of arenas that a live block keeps from being given back, less the live bytes themselves. */
  readonly pinnedBytes: number;
  /** Arenas that would do if the live blocks lay together, class by class. */
  readonly packedArenas: number;
}

/** What an allocator, or several, held at one moment. Sizes are in bytes. */
export interface HeapSnapshot {
  readonly format: typeof SNAPSHOT_FORMAT;
  readonly version: typeof SNAPSHOT_VERSION;
  readonly heaps: readonly SnapshotHeap[];
  readonly totals: SnapshotTotals;
  /** Classes with at least one pool in use, smallest first. */
  readonly sizeClasses: readonly SizeClassSnapshot[];
  /** Blocks without size class, smallest first. */
  readonly sizeRanges: readonly SizeRangeSnapshot[];
  /** In order of heap and address. */
  readonly regions: readonly RegionSnapshot[];
  readonly fragmentation: Fragmentation;
  /** What the layers counted, where the caller passed any. */
  readonly stats: readonly LayerStats[];
}
