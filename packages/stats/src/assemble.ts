/** Putting a snapshot together from what was counted. */
import { fragmentationOf } from "./fragmentation.ts";
import type { LayerStats } from "./read-stats.ts";
import {
  type HeapSnapshot,
  type RegionSnapshot,
  type SizeClassSnapshot,
  type SizeRangeSnapshot,
  SNAPSHOT_FORMAT,
  SNAPSHOT_VERSION,
  type SnapshotHeap,
  type SnapshotTotals,
} from "./snapshot.ts";

/** What a snapshot is made of; the rest follows from it. */
export interface SnapshotParts {
  readonly heaps: readonly SnapshotHeap[];
  readonly regions: readonly RegionSnapshot[];
  readonly sizeClasses: readonly SizeClassSnapshot[];
  readonly sizeRanges: readonly SizeRangeSnapshot[];
  readonly alignmentBytes: number;
  readonly stats: readonly LayerStats[];
}

/** Add up the totals and put a snapshot together. */
export function assemble(parts: SnapshotParts): HeapSnapshot {
  const { heaps, regions, sizeClasses, sizeRanges, alignmentBytes, stats } = parts;
  const regionBytes = sum(regions, ({ bytes }) => bytes);
  const liveBytes = sum(regions, (region) => region.liveBytes);
  const freeBlockBytes = sum(regions, (region) => region.freeBlockBytes);
  const unusedPoolBytes = sum(regions, ({ freePools, poolBytes }) => freePools * poolBytes);
  const poolHeaderBytes = sum(sizeClasses, (one) => one.poolHeaderBytes);
  const roundingBytes = sum(sizeClasses, (one) => one.roundingBytes);
  const totals: SnapshotTotals = {
    regions: regions.length,
    pools: sum(regions, ({ pools }) => pools),
    freePools: sum(regions, ({ freePools }) => freePools),
    liveBlocks: sum(regions, ({ liveBlocks }) => liveBlocks),
    freeBlocks: sum(regions, ({ freeBlocks }) => freeBlocks),
    regionBytes,
    liveBytes,
    freeBlockBytes,
    unusedPoolBytes,
    poolHeaderBytes,
    roundingBytes,
    alignmentBytes,
    blockOverheadBytes:
      regionBytes -
      liveBytes -
      freeBlockBytes -
      unusedPoolBytes -
      poolHeaderBytes -
      roundingBytes -
      alignmentBytes,
  };
  return {
    format: SNAPSHOT_FORMAT,
    version: SNAPSHOT_VERSION,
    heaps,
    totals,
    sizeClasses,
    sizeRanges,
    regions,
    fragmentation: fragmentationOf(totals, sizeClasses, regions),
    stats,
  };
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0);
}
