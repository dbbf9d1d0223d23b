/** What code needs at hand to work on a heap's region manager: views and constants. The state is in the heap. */
import type { Heap, LinearMemory, StatsSink } from "@pyrena/abi";
import { acquire, release } from "./lock.ts";
import { END, LOCK, LOG_GRANULE, LOG_SLOT } from "./region-layout.ts";

/**
 * One attachment to a heap's region manager.
 *
 * Here and in the other contexts fields are declared, not defined: a field that starts as undefined is kept as "any
 * value" by V8 for good, where one that only ever holds small integers needs neither test nor unboxing.
 */
export class Regions {
  declare readonly heap: Heap;
  declare readonly memory: LinearMemory;
  /** Word index of the state. */
  declare readonly state: number;
  declare readonly logGranule: number;
  declare readonly granuleBytes: number;
  declare readonly logSlot: number;
  /** Granules of an arena. */
  declare readonly arenaGranules: number;
  /** Granules that can ever be managed. */
  declare readonly limit: number;
  /** Number of this attachment: names it in the lock. */
  declare readonly owner: number;
  /** Receives growth and shrinkage of the memory. */
  sink: StatsSink | undefined = undefined;
  /** Result beside the last take: granules obtained. */
  takenLength = 0;
  /** Result beside the last take: first granule of it that was never written (its end if all of it may have been). */
  takenFresh = 0;

  constructor(heap: Heap, stateAddress: number, limit: number, owner: number) {
    const u32 = heap.memory.u32;
    this.heap = heap;
    this.memory = heap.memory;
    this.state = stateAddress >>> 2;
    this.logGranule = u32[this.state + LOG_GRANULE];
    this.granuleBytes = 2 ** this.logGranule;
    this.logSlot = u32[this.state + LOG_SLOT];
    this.arenaGranules = Math.ceil(heap.profile.pymalloc.arenaBytes / this.granuleBytes);
    this.limit = limit;
    this.owner = owner;
  }
}

/** Take the heap's lock (shared memory only), and notice growth by other workers. */
export function lockRegions(regions: Regions): void {
  const memory = regions.memory;
  acquire(memory.i32, regions.state + LOCK, regions.owner);
  if (memory.u32[regions.state + END] * regions.granuleBytes > memory.byteLength) memory.refresh();
}

/** Let go of the heap's lock. */
export function unlockRegions(regions: Regions): void {
  release(regions.memory.i32, regions.state + LOCK);
}

/** Run `body` under the heap's lock where the memory is shared. For slow paths: it takes a closure. */
export function underLock<Result>(regions: Regions, body: () => Result): Result {
  if (!regions.memory.shared) return body();
  lockRegions(regions);
  try {
    return body();
  } finally {
    unlockRegions(regions);
  }
}
