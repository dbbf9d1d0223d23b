/**
 * The region manager's state in memory: what a kernel keeps for `mmap`.
 *
 * The memory is divided into granules. A run is a contiguous sequence of them, either free or handed out to one owner
 * (its kind). All bookkeeping is out of band, so that regions which touch each other have no header between them:
 * arenas can lie back to back, aligned.
 *
 *     granule   0               1 …                                                        end
 *               boot            runs: segments of the raw heap, arenas, free ones …         | not managed (yet)
 *               │
 *               ├ heap header   512 bytes (abi)
 *               ├ state         drawn below
 *               ├ layers        state of the raw allocator and of the arena source
 *               └ table         until more granules are managed than it has room for: then it moves
 *
 * The table has three arrays of `capacity` words, one word a granule in each:
 *
 *     tag      free run: first and last granule: FREE, length; between them: FREE, 0
 *              other run: every granule: kind, first granule of the run
 *              granules from `end` on: 0
 *     forward  free run: at its first granule: next run in its list, or 0; other run: at its first granule: length
 *     back     free run: at its first granule: previous run in its list; 0 in the first
 *
 * A tag is `kind << 24 | value`. Granule 0 is never free, which is why 0 can end a list.
 *
 * Free runs are listed by what they are good for. A slot is an aligned sequence of granules as long as an arena.
 * Runs without a whole slot are gaps, listed by length; all others are listed by the number of whole slots in them.
 * So an arena is found in constant time whatever the alignment, and raw segments use up gaps before they break slots.
 * The tail, the free run that ends at `end`, is in no list: it is used when no other run will do, so that it can grow
 * with the memory, and go with it when the memory shrinks.
 *
 * Both sets are two-level: exact for keys below 32, then 16 lists for each power of two, with a bitmap over levels and
 * one over the lists of each level.
 */
import { defineStruct, layoutOf, lp64, type StructDefinition } from "@pyrena/abi";

/** Tag in the heap's directory. */
export const REGIONS_TAG = "REGN";
/** Version of this layout. */
export const REGIONS_VERSION = 1;

/** What a run of granules is used for. */
export type RunKind = 0 | 1 | 2 | 3 | 4;
/** Nobody has it. */
export const FREE: RunKind = 0;
/** The heap header, this state, the first table. */
export const BOOT: RunKind = 1;
/** A table that has outgrown the boot run. */
export const TABLE: RunKind = 2;
/** A segment of the raw allocator. */
export const SEGMENT = 3;
/** A region given out by the arena source. */
export const ARENA: RunKind = 4;

/** Names of the kinds, for messages. */
export const runKindNames: readonly string[] = ["free", "boot", "table", "segment", "arena"];

/** A tag is `kind << KIND_SHIFT | value`. */
export const KIND_SHIFT = 24;
/** The value of a tag. */
export const VALUE_MASK = 0xff_ffff;
/** Words of the table for each granule. */
export const TABLE_WORDS = 3;
/** Granules that the tags can number. */
export const GRANULE_LIMIT: number = 2 ** 20 - 1;

/** Levels of a set: keys below 16, then one for each power of two below 2^20. */
export const SET_LEVELS = 17;
/** Lists on each level. */
export const SET_LISTS = 16;
/** Words of a set: bitmap of levels, bitmaps of lists, heads. */
export const SET_WORDS: number = 1 + SET_LEVELS + SET_LEVELS * SET_LISTS;

/** Bytes of the boot run that are kept for the state of layers. */
export const LAYERS_BYTES = 7168;

/** The state, the same in both ABIs. */
export const regionState: StructDefinition<
  | "lock"
  | "lockOwner"
  | "attachments"
  | "logGranule"
  | "logSlot"
  | "end"
  | "fresh"
  | "table"
  | "capacity"
  | "tableRun"
  | "layersNext"
  | "layersEnd"
  | "freeGranules"
  | "peakEnd"
  | "grown"
  | "shrunk"
  | "gaps"
  | "slots"
> = defineStruct("region manager", {
  lock: {
    type: "u32",
    help: "0 open, 1 held, 2 held and others wait (only used on shared memory)",
  },
  lockOwner: { type: "u32", help: "attachment that holds it; 0 none" },
  attachments: { type: "u32", help: "how often this heap was created or attached" },
  logGranule: { type: "u32", help: "log2 of a granule's bytes" },
  logSlot: { type: "u32", help: "log2 of a slot's granules" },
  end: { type: "u32", help: "granules managed" },
  fresh: { type: "u32", help: "granules from this one to end were never written: all 0" },
  table: { type: "u32", help: "address of the table" },
  capacity: { type: "u32", help: "granules for which the table has room" },
  tableRun: { type: "u32", help: "first granule of the table's own run; 0 in the boot run" },
  layersNext: { type: "u32", help: "address of the next byte for a layer's state" },
  layersEnd: { type: "u32", help: "end of the room for layers' state" },
  freeGranules: { type: "u32", help: "granules in free runs" },
  peakEnd: { type: "u32", help: "largest `end` so far" },
  grown: { type: "u32", help: "how often the memory was made larger" },
  shrunk: { type: "u32", help: "how often its tail was given back" },
  gaps: { type: "u32", count: SET_WORDS, help: "free runs without a whole slot, by length" },
  slots: { type: "u32", count: SET_WORDS, help: "free runs with whole slots, by their number" },
});

const layout = layoutOf(regionState, lp64);

/** Size of the state, in bytes. */
export const REGION_STATE_BYTES: number = layout.bytes;

// Word offsets of the fields.
export const LOCK: number = layout.at.lock >>> 2;
export const LOCK_OWNER: number = layout.at.lockOwner >>> 2;
export const ATTACHMENTS: number = layout.at.attachments >>> 2;
export const LOG_GRANULE: number = layout.at.logGranule >>> 2;
export const LOG_SLOT: number = layout.at.logSlot >>> 2;
export const END: number = layout.at.end >>> 2;
export const FRESH_GRANULE: number = layout.at.fresh >>> 2;
export const TABLE_ADDRESS: number = layout.at.table >>> 2;
export const CAPACITY: number = layout.at.capacity >>> 2;
export const TABLE_RUN: number = layout.at.tableRun >>> 2;
export const LAYERS_NEXT: number = layout.at.layersNext >>> 2;
export const LAYERS_END: number = layout.at.layersEnd >>> 2;
export const FREE_GRANULES: number = layout.at.freeGranules >>> 2;
export const PEAK_END: number = layout.at.peakEnd >>> 2;
export const GROWN: number = layout.at.grown >>> 2;
export const SHRUNK: number = layout.at.shrunk >>> 2;
export const GAPS: number = layout.at.gaps >>> 2;
export const SLOTS: number = layout.at.slots >>> 2;

/** The list for a key: level in the upper bits, list in the lower four. Monotonic; exact for keys below 32. */
export function setListOf(key: number): number {
  if (key < SET_LISTS) return key;
  const log = 31 - Math.clz32(key);
  return ((log - 3) << 4) | ((key >>> (log - 4)) & 15);
}

/** Whole slots in a run. */
export function slotsIn(first: number, length: number, logSlot: number): number {
  const slot = 1 << logSlot;
  const room = first + length - ((first + slot - 1) & -slot);
  return room < slot ? 0 : room >>> logSlot;
}
