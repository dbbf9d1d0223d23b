/** What the raw allocator's functions get as their context: views and constants. The state is in the heap. */
import type { LinearMemory, StatsSink } from "@pyrena/abi";
import { CHUNK_OVERHEAD, SEGMENT_OVERHEAD_BYTES } from "./chunk.ts";
import {
  BITMAPS,
  FRESH,
  HEADS,
  LEVEL_MAP,
  LIVE_BLOCKS,
  LIVE_BYTES,
  RAW_TAG,
  TOP,
} from "./raw-layout.ts";
import type { Regions } from "./region-context.ts";
import { TABLE_ADDRESS } from "./region-layout.ts";

/** A free chunk of so many bytes is given back to the region manager, as far as it covers granules. */
const GIVE_BACK_BYTES = 2 ** 20;
/** … or so many granules, where granules are small. */
const GIVE_BACK_GRANULES = 16;

/** One attachment to a heap's raw allocator. */
export class RawContext {
  readonly memory: LinearMemory;
  readonly regions: Regions;
  /** Word index of the state. */
  readonly state: number;

  // Word indices of the fields that the hot paths use, so that each is one load away.
  readonly top: number;
  readonly fresh: number;
  readonly levels: number;
  readonly bitmaps: number;
  readonly heads: number;
  readonly liveBlocks: number;
  readonly liveBytes: number;
  /** Of the region manager's field that tells where the granules' tags are. */
  readonly table: number;

  readonly logGranule: number;
  /** 3 or 4. */
  readonly logAlignment: number;
  /** 7 or 15. */
  readonly alignMask: number;
  /** Header and rounding: `(size + roundUp) & ~alignMask` is the chunk for a request. */
  readonly roundUp: number;
  /** From this size on, in words, a free chunk may be worth giving back: the smallest segment as one chunk. */
  readonly worthALook: number;
  /** Least bytes, in whole granules, that are given back out of a segment that stays. */
  readonly giveBackBytes: number;

  /** Receives requests that could not be met. */
  sink: StatsSink | undefined = undefined;
  /** Result beside the last take from the top: word index from which on the chunk was never written. */
  carvedFresh = 0;

  constructor(regions: Regions, stateAddress: number) {
    const alignment = regions.heap.abi.alignment;
    const state = stateAddress >>> 2;
    this.memory = regions.memory;
    this.regions = regions;
    this.state = state;
    this.top = state + TOP;
    this.fresh = state + FRESH;
    this.levels = state + LEVEL_MAP;
    this.bitmaps = state + BITMAPS;
    this.heads = state + HEADS;
    this.liveBlocks = state + LIVE_BLOCKS;
    this.liveBytes = state + LIVE_BYTES;
    this.table = regions.state + TABLE_ADDRESS;
    this.logGranule = regions.logGranule;
    this.logAlignment = Math.log2(alignment);
    this.alignMask = alignment - 1;
    this.roundUp = CHUNK_OVERHEAD + alignment - 1;
    this.worthALook = (regions.granuleBytes - SEGMENT_OVERHEAD_BYTES) >>> 2;
    this.giveBackBytes = Math.min(GIVE_BACK_BYTES, GIVE_BACK_GRANULES * regions.granuleBytes);
  }
}

/** A context on the raw allocator of an open region manager's heap, if there is one. */
export function findRawContext(regions: Regions): RawContext | undefined {
  const entry = regions.heap.layers().find((layer) => layer.tag === RAW_TAG);
  return entry === undefined ? undefined : new RawContext(regions, entry.address);
}
