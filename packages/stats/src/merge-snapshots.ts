/** Several snapshots as one: of the heaps of a process, or of its workers. */
import { assemble } from "./assemble.ts";
import { mergeStats } from "./read-stats.ts";
import type { HeapSnapshot, SizeClassSnapshot, SizeRangeSnapshot } from "./snapshot.ts";

/** The snapshots as one. Regions stay apart, each with the heap it belongs to; everything else is added up. */
export function mergeSnapshots(snapshots: Iterable<HeapSnapshot>): HeapSnapshot {
  const all = [...snapshots];
  const classes = new Map<number, SizeClassSnapshot>();
  const ranges = new Map<number, SizeRangeSnapshot>();
  let before = 0;
  const regions = all.flatMap((snapshot) => {
    const first = before;
    before += snapshot.heaps.length;
    return snapshot.regions.map((region) => ({ ...region, heap: region.heap + first }));
  });
  for (const { sizeClasses, sizeRanges } of all) {
    // By block size, which says the same in both data models, unlike the class's number.
    for (const one of sizeClasses) {
      const other = classes.get(one.blockBytes);
      classes.set(one.blockBytes, other === undefined ? one : addClasses(other, one));
    }
    for (const one of sizeRanges) {
      const other = ranges.get(one.to);
      ranges.set(one.to, other === undefined ? one : addRanges(other, one));
    }
  }
  return assemble({
    heaps: all.flatMap(({ heaps }) => heaps),
    regions,
    sizeClasses: [...classes.values()].sort((a, b) => a.blockBytes - b.blockBytes),
    sizeRanges: [...ranges.values()].sort((a, b) => a.to - b.to),
    alignmentBytes: all.reduce((sum, { totals }) => sum + totals.alignmentBytes, 0),
    stats: mergeStats(all.map(({ stats }) => stats)),
  });
}

function addClasses(a: SizeClassSnapshot, b: SizeClassSnapshot): SizeClassSnapshot {
  return {
    sizeClass: a.sizeClass,
    blockBytes: a.blockBytes,
    pools: a.pools + b.pools,
    liveBlocks: a.liveBlocks + b.liveBlocks,
    freeBlocks: a.freeBlocks + b.freeBlocks,
    liveBytes: a.liveBytes + b.liveBytes,
    freeBytes: a.freeBytes + b.freeBytes,
    poolHeaderBytes: a.poolHeaderBytes + b.poolHeaderBytes,
    roundingBytes: a.roundingBytes + b.roundingBytes,
    // Blocks of one heap can't lie in the pools of another.
    packedPools: a.packedPools + b.packedPools,
  };
}

function addRanges(a: SizeRangeSnapshot, b: SizeRangeSnapshot): SizeRangeSnapshot {
  return {
    to: a.to,
    liveBlocks: a.liveBlocks + b.liveBlocks,
    freeBlocks: a.freeBlocks + b.freeBlocks,
    liveBytes: a.liveBytes + b.liveBytes,
    freeBytes: a.freeBytes + b.freeBytes,
  };
}
