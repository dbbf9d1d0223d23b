/** Taking a snapshot of one allocator. */
import type { HeapWalker, StatSource } from "@pyrena/abi";
import { assemble } from "./assemble.ts";
import { readStats } from "./read-stats.ts";
import type {
  HeapSnapshot,
  RegionSnapshot,
  SizeClassSnapshot,
  SizeRangeSnapshot,
} from "./snapshot.ts";

/** Options of {@link takeSnapshot}. */
export interface SnapshotOptions {
  /** A name for the heap. */
  readonly label?: string | undefined;
  /** Counters to be read at the same moment. */
  readonly stats?: Iterable<StatSource> | undefined;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/**
 * Look at everything that an allocator holds. The heap is not changed, and must not be while this runs.
 *
 * Pools are counted by their headers; single blocks are looked at only where there are no pools. So a pymalloc with a
 * million blocks takes a few milliseconds.
 */
export function takeSnapshot(walker: HeapWalker, options: SnapshotOptions = {}): HeapSnapshot {
  const regions: Writable<RegionSnapshot>[] = [];
  const classes = new Map<number, Writable<SizeClassSnapshot>>();
  const capacities = new Map<number, number>();
  const ranges = new Map<number, Writable<SizeRangeSnapshot>>();
  let region: Writable<RegionSnapshot> | undefined;
  let alignmentBytes = 0;

  walker.walk({
    region(base, bytes, kind, freePools, poolBytes, lost) {
      region = {
        heap: 0,
        base,
        bytes,
        kind,
        poolBytes,
        pools: 0,
        freePools,
        liveBlocks: 0,
        freeBlocks: 0,
        liveBytes: 0,
        freeBlockBytes: 0,
        largestFreeBytes: 0,
      };
      regions.push(region);
      alignmentBytes += lost;
    },
    pool(_base, bytes, sizeClass, blockBytes, inUse, capacity, headerBytes) {
      let one = classes.get(blockBytes);
      if (one === undefined) {
        one = {
          sizeClass,
          blockBytes,
          pools: 0,
          liveBlocks: 0,
          freeBlocks: 0,
          liveBytes: 0,
          freeBytes: 0,
          poolHeaderBytes: 0,
          roundingBytes: 0,
          packedPools: 0,
        };
        classes.set(blockBytes, one);
        capacities.set(blockBytes, capacity);
      }
      one.pools++;
      one.liveBlocks += inUse;
      one.freeBlocks += capacity - inUse;
      one.poolHeaderBytes += headerBytes;
      one.roundingBytes += bytes - headerBytes - capacity * blockBytes;
      if (region !== undefined) {
        region.pools++;
        region.liveBlocks += inUse;
        region.freeBlocks += capacity - inUse;
        region.liveBytes += inUse * blockBytes;
        region.freeBlockBytes += (capacity - inUse) * blockBytes;
      }
      return false;
    },
    block(_address, bytes, live) {
      const to = 2 ** Math.ceil(Math.log2(Math.max(bytes, 1)));
      let range = ranges.get(to);
      if (range === undefined) {
        range = { to, liveBlocks: 0, freeBlocks: 0, liveBytes: 0, freeBytes: 0 };
        ranges.set(to, range);
      }
      if (live) {
        range.liveBlocks++;
        range.liveBytes += bytes;
      } else {
        range.freeBlocks++;
        range.freeBytes += bytes;
      }
      if (region !== undefined) {
        if (live) {
          region.liveBlocks++;
          region.liveBytes += bytes;
        } else {
          region.freeBlocks++;
          region.freeBlockBytes += bytes;
          region.largestFreeBytes = Math.max(region.largestFreeBytes, bytes);
        }
      }
    },
  });

  for (const one of classes.values()) {
    one.liveBytes = one.liveBlocks * one.blockBytes;
    one.freeBytes = one.freeBlocks * one.blockBytes;
    one.packedPools = Math.ceil(one.liveBlocks / capacities.get(one.blockBytes)!);
  }
  return assemble({
    heaps: [{ allocator: walker.name, label: options.label ?? "" }],
    regions,
    sizeClasses: [...classes.values()].sort((a, b) => a.blockBytes - b.blockBytes),
    sizeRanges: [...ranges.values()].sort((a, b) => a.to - b.to),
    alignmentBytes,
    stats: readStats(options.stats ?? []),
  });
}
