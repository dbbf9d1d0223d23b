/**
 * The raw allocator's state in memory, and which bin a size belongs to.
 *
 * Bins are two-level (TLSF: Masmano, Ripoll, Crespo, Real 2004). With A the ABI's alignment, level 0 has one bin for
 * each multiple of A below 32 A; each further level covers one power of two with 32 bins. So sizes below 64 A (512
 * bytes in ilp32, 1024 in lp64) have bins of their own, and above that a bin spans 1/32 of its power of two. One
 * bitmap over the levels and one over each level's bins find the smallest bin that is not empty without a loop.
 *
 * The top is the last chunk of the segment that grew last. It is free but in no bin and has neither links nor footer,
 * only its header: memory from `fresh` on has never been written, which spares calloc the clearing. Where the segment
 * is used up the top is its sentinel, a chunk of size 0; where there is no segment it is `noTop`, one of that kind in
 * the state itself. So there always is a top.
 */
import { defineStruct, layoutOf, lp64, type StructDefinition } from "@pyrena/abi";

/** Tag in the heap's directory. */
export const RAW_TAG = "RAWA";
/** Version of this layout. */
export const RAW_VERSION = 1;

/** log2 of the bins on a level. */
export const LOG_LEVEL_BINS = 5;
/** Bins on a level. */
export const LEVEL_BINS = 32;
/** Levels: level 0, then powers of two from 32 A (A = 8: 2^8) to 2^31. */
export const LEVELS = 25;

/** The state, the same in both ABIs. */
export const rawState: StructDefinition<
  | "top"
  | "fresh"
  | "levels"
  | "liveBlocks"
  | "liveBytes"
  | "segments"
  | "segmentBytes"
  | "peakSegmentBytes"
  | "failures"
  | "reserved"
  | "noTop"
  | "bitmaps"
  | "heads"
> = defineStruct("raw allocator", {
  top: { type: "u32", help: "header address of the top chunk" },
  fresh: { type: "u32", help: "the top's bytes from this address on were never written: all 0" },
  levels: { type: "u32", help: "bit n: level n has a bin that is not empty" },
  liveBlocks: { type: "u32", help: "live chunks" },
  liveBytes: { type: "u32", help: "their sizes, headers included" },
  segments: { type: "u32", help: "segments held" },
  segmentBytes: { type: "u32", help: "their bytes" },
  peakSegmentBytes: { type: "u32", help: "the most that segmentBytes has been" },
  failures: { type: "u32", help: "requests that were answered with NULL" },
  reserved: { type: "u32", count: 2, help: "0" },
  noTop: { type: "u32", help: "the top where there is no segment: a header of size 0" },
  bitmaps: { type: "u32", count: LEVELS, help: "bit n: bin n of the level is not empty" },
  heads: {
    type: "u32",
    count: LEVELS * LEVEL_BINS,
    help: "header address of each bin's first chunk",
  },
});

const layout = layoutOf(rawState, lp64);

/** Size of the state, in bytes. */
export const RAW_STATE_BYTES: number = layout.bytes;

// Word offsets of the fields.
export const TOP: number = layout.at.top >>> 2;
export const FRESH: number = layout.at.fresh >>> 2;
export const LEVEL_MAP: number = layout.at.levels >>> 2;
export const LIVE_BLOCKS: number = layout.at.liveBlocks >>> 2;
export const LIVE_BYTES: number = layout.at.liveBytes >>> 2;
export const SEGMENTS: number = layout.at.segments >>> 2;
export const SEGMENT_BYTES: number = layout.at.segmentBytes >>> 2;
export const PEAK_SEGMENT_BYTES: number = layout.at.peakSegmentBytes >>> 2;
export const FAILURES: number = layout.at.failures >>> 2;
export const NO_TOP: number = layout.at.noTop >>> 2;
export const BITMAPS: number = layout.at.bitmaps >>> 2;
export const HEADS: number = layout.at.heads >>> 2;

/**
 * The bin of a chunk: `level << 5 | bin`. Monotonic in the size; exact for sizes below 64 A.
 * @param bytes size of the chunk
 * @param logAlignment 3 in ilp32, 4 in lp64
 */
export function binOf(bytes: number, logAlignment: number): number {
  const log = 31 - Math.clz32(bytes);
  const first = logAlignment + LOG_LEVEL_BINS;
  if (log < first) return bytes >>> logAlignment;
  return ((log - first + 1) << LOG_LEVEL_BINS) | ((bytes >>> (log - LOG_LEVEL_BINS)) & 31);
}
