/** What the raw allocator's functions get as their context: views and constants. The state is in the heap. */
import type { Address, LinearMemory, StatsSink } from "@pyrena/abi";
import { CHUNK_OVERHEAD, SEGMENT_OVERHEAD_BYTES } from "./chunk.ts";
import { EXACT_BINS, RAW_TAG } from "./raw-layout.ts";
import type { Regions } from "./region-context.ts";
import { TABLE_ADDRESS } from "./region-layout.ts";

/** Free chunks of less than so many bytes are not given back out of a segment that stays, unless somebody asks … */
const GIVE_BACK_BYTES = 2 ** 20;
/** … or less than so many granules, where granules are small. */
const GIVE_BACK_GRANULES = 16;
/** Chunks below this size, in bytes, have bins whose number is their size in units of 8. */
const EXACT_BYTES: number = 8 * EXACT_BINS;

/** One attachment to a heap's raw allocator. */
export class RawContext {
  declare readonly memory: LinearMemory;
  declare readonly regions: Regions;
  /** Address of the state. `address >>> 2` is its word index, and tells the engine that it is a small one. */
  declare readonly address: Address;
  /** Word index of the region manager's field that tells where the granules' tags are. */
  declare readonly tableField: number;
  declare readonly logGranule: number;
  /** 7 or 15. */
  declare readonly alignMask: number;
  /** Header and rounding: `(size + roundUp) & sizeMask` is the chunk for a request. */
  declare readonly roundUp: number;
  declare readonly sizeMask: number;
  /** Requests up to this, in bytes, are for chunks with exact bins. */
  declare readonly smallMax: number;
  /** From this size on, in words, a free chunk may be worth giving back: the smallest segment as one chunk. */
  declare readonly worthALook: number;
  /** Word index in a granule: `index & granuleMask`. */
  declare readonly granuleMask: number;
  /** Least bytes, in whole granules, that are given back out of a segment that stays without being asked for. */
  declare readonly giveBackBytes: number;

  /** Receives requests that could not be met. */
  sink: StatsSink | undefined = undefined;
  /** Whether a request may make the memory larger, or is to be answered with NULL where it would have to. */
  mayGrow = true;
  /** Result beside the last growth: word index of the top, as it was before anything was cut from it. */
  grownTop = 0;

  constructor(regions: Regions, stateAddress: Address) {
    const alignment = regions.heap.abi.alignment;
    this.memory = regions.memory;
    this.regions = regions;
    this.address = stateAddress;
    this.tableField = regions.state + TABLE_ADDRESS;
    this.logGranule = regions.logGranule;
    this.alignMask = alignment - 1;
    this.roundUp = CHUNK_OVERHEAD + alignment - 1;
    this.sizeMask = -alignment;
    this.smallMax = EXACT_BYTES - alignment - CHUNK_OVERHEAD;
    this.worthALook = (regions.granuleBytes - SEGMENT_OVERHEAD_BYTES) >>> 2;
    this.granuleMask = (regions.granuleBytes >>> 2) - 1;
    this.giveBackBytes = Math.min(GIVE_BACK_BYTES, GIVE_BACK_GRANULES * regions.granuleBytes);
  }
}

/** A context on the raw allocator of an open region manager's heap, if there is one. */
export function findRawContext(regions: Regions): RawContext | undefined {
  const entry = regions.heap.layers().find((layer) => layer.tag === RAW_TAG);
  return entry === undefined ? undefined : new RawContext(regions, entry.address);
}
