/**
 * The raw allocator's state in memory, and which bin a size belongs to.
 *
 * Bins are two-level (TLSF: Masmano, Ripoll, Crespo, Real 2004), by the size of chunks in units of 8 bytes, in both
 * ABIs. Bins 0 to 31 hold chunks of so many units; each further level covers one power of two with 32 bins. So sizes
 * below 512 bytes have bins of their own (so do, in lp64, those below 1024), and above that a bin spans 1/32 of its
 * power of two.
 *
 * A bin is a ring through its chunks and a node in the state, whose two words are its links: a node is a chunk without
 * header, so that entering and removing need no test for the ends.
 *
 * One bitmap over the levels and one over each level's bins lead to the smallest bin with a chunk. A bit is set when a
 * chunk is entered and cleared only when a search finds the bin empty: a bit may be set for an empty bin, never the
 * other way round. Each turn of a search beyond its first clears a bit, so there are at most as many as bins, and on
 * average less than one for each chunk entered.
 *
 * Two free chunks are in no bin:
 *
 * - The top, the last chunk of the segment that grew last. It has only its header, no links and no footer: its memory
 *   from `fresh` on (and from behind its header on) was never written, which spares calloc the clearing. Where the
 *   segment is used up the top is its sentinel.
 * - The victim, what was left of the chunk that was split last for a small request. Small requests are cut from it
 *   while it lasts (dlmalloc's "designated victim"), so what is allocated together lies together, and neither cutting
 *   nor growing it touches a bin.
 *
 * Where there is no top or no victim, `nothing` stands in, a header of size 0 in the state.
 */
import { defineStruct, layoutOf, lp64, type StructDefinition } from "@pyrena/abi";

/** Tag in the heap's directory. */
export const RAW_TAG = "RAWA";
/** Version of this layout. */
export const RAW_VERSION = 1;

/** Bins on a level. */
export const LEVEL_BINS = 32;
/** Bins below this have the size of their chunks, in units, as their number. */
export const EXACT_BINS = 64;
/** Levels: one for sizes below 256 bytes, then one for each power of two from 2^8 to 2^31. */
export const LEVELS = 25;

/** The state, the same in both ABIs. */
export const rawState: StructDefinition<
  | "top"
  | "fresh"
  | "levels"
  | "victim"
  | "nothing"
  | "segments"
  | "segmentBytes"
  | "peakSegmentBytes"
  | "failures"
  | "reserved"
  | "bitmaps"
  | "reserved2"
  | "nodes"
> = defineStruct("raw allocator", {
  top: { type: "u32", help: "header address of the top" },
  fresh: { type: "u32", help: "the top's bytes from this address on were never written: all 0" },
  levels: { type: "u32", help: "bit n: level n's bitmap is not 0" },
  victim: { type: "u32", help: "header address of the victim" },
  nothing: { type: "u32", help: "a header of size 0: top or victim where there is none" },
  segments: { type: "u32", help: "segments held" },
  segmentBytes: { type: "u32", help: "their bytes" },
  peakSegmentBytes: { type: "u32", help: "the most that segmentBytes has been" },
  failures: { type: "u32", help: "requests that were answered with NULL" },
  reserved: { type: "u32", count: 7, help: "0" },
  bitmaps: { type: "u32", count: LEVELS, help: "bit n: bin n of the level may have a chunk" },
  reserved2: { type: "u32", count: 8, help: "0" },
  nodes: {
    type: "u32",
    count: 2 * LEVELS * LEVEL_BINS,
    help: "each bin's next and prev: header addresses of its first and last chunk",
  },
});

const layout = layoutOf(rawState, lp64);

/** Size of the state, in bytes. */
export const RAW_STATE_BYTES: number = layout.bytes;

// Word offsets of the fields. They are literals, so that the hot paths can have them as literals too, each checked by
// the compiler (`2 satisfies typeof LEVEL_MAP`); a test holds them to the layout.
export const TOP = 0;
export const FRESH = 1;
export const LEVEL_MAP = 2;
export const VICTIM = 3;
export const NOTHING = 4;
export const SEGMENTS = 5;
export const SEGMENT_BYTES = 6;
export const PEAK_SEGMENT_BYTES = 7;
export const FAILURES = 8;
export const BITMAPS = 16;
/** One less than the field: a node's links lie 1 and 2 words behind it, as a chunk's do behind its header. */
export const NODES = 48;

/**
 * The bin of a chunk: `level << 5 | bin`. Monotonic in the size; exact for sizes below 512 bytes.
 * @param units size of the chunk in units of 8 bytes
 */
export function binOf(units: number): number {
  if (units < EXACT_BINS) return units | 0;
  const log = 31 - Math.clz32(units);
  return ((log - 4) << 5) | ((units >>> (log - 5)) & 31);
}
