/** Figures that say how well the memory that a heap holds is used; `Fragmentation` defines each. */
import type {
  Fragmentation,
  RegionSnapshot,
  SizeClassSnapshot,
  SnapshotTotals,
} from "./snapshot.ts";

/** An arena with less than this share of its bytes in live blocks counts as nearly empty. */
export const NEARLY_EMPTY = 0.1;

/** The figures of one snapshot. */
export function fragmentationOf(
  totals: SnapshotTotals,
  sizeClasses: readonly SizeClassSnapshot[],
  regions: readonly RegionSnapshot[],
): Fragmentation {
  let liveInPools = 0;
  let freeInPools = 0;
  let packedPools = 0;
  for (const one of sizeClasses) {
    liveInPools += one.liveBytes;
    freeInPools += one.freeBytes;
    packedPools += one.packedPools;
  }
  let emptyArenas = 0;
  let nearlyEmptyArenas = 0;
  let pinnedBytes = 0;
  let poolsInArenas = 0;
  let arenas = 0;
  let largestFree = 0;
  let freeOutsidePools = 0;
  for (const region of regions) {
    if (region.poolBytes === 0) {
      largestFree = Math.max(largestFree, region.largestFreeBytes);
      freeOutsidePools += region.freeBlockBytes;
      continue;
    }
    arenas++;
    poolsInArenas += region.pools + region.freePools;
    if (region.liveBlocks === 0) {
      emptyArenas++;
    } else {
      pinnedBytes += region.bytes - region.liveBytes;
      if (region.liveBytes < region.bytes * NEARLY_EMPTY) nearlyEmptyArenas++;
    }
  }
  return {
    utilization: totals.regionBytes === 0 ? 1 : totals.liveBytes / totals.regionBytes,
    poolOccupancy: liveInPools + freeInPools === 0 ? 1 : liveInPools / (liveInPools + freeInPools),
    externalFragmentation: freeOutsidePools === 0 ? 0 : 1 - largestFree / freeOutsidePools,
    emptyArenas,
    nearlyEmptyArenas,
    pinnedBytes,
    packedArenas: arenas === 0 ? 0 : Math.ceil((packedPools * arenas) / poolsInArenas),
  };
}
