/**
 * What the WebAssembly engine (engine.ts) keeps besides the state that it shares with the TypeScript code: one block of
 * memory that it is given, the same on every ABI. Layout only. Whoever runs both engines in turn reads and writes these
 * figures from both sides.
 *
 *       0  previous          5 words for each domain, a `PyMemAllocatorEx` of the live interpreter: ctx, and the table
 *                            indices of malloc, calloc, realloc, free
 *      60  record            the record of blocks that were passed on, drawn below; NULL = none is kept
 *      64  keeps_last_arena  not 0: the profile keeps its last arena
 *      72  requests          8 doubles for each domain: calls of malloc, calloc, realloc, free; requests answered with
 *                            NULL; blocks that are not in the record; 2 unused
 *     264  pooled            2 doubles: bytes in live blocks of pools, and the most of these at one time
 *     280  passed_on         3 doubles: requests over the threshold; bytes asked for in them; the largest
 *     304
 *
 * Figures are doubles, as JavaScript's own are: they neither wrap nor need a conversion.
 *
 * The record tells the blocks that were passed on from those that are older than the pymalloc: one bit for each 8
 * bytes of addresses, in pages made when they are first needed.
 *
 *     0      pages     4096 words, one for each MiB of addresses ── NULL, or the address of a page
 *     16384  size      blocks in the record
 *     16388  overflow  how many of them the host keeps elsewhere, for want of a page
 *                                                         page: 16 KiB, bit (address / 8) mod 131072
 */
import { defineStruct, type StructDefinition } from "@pyrena/abi";

/** Fields of the engine's own block. */
export type EngineField =
  | "previous"
  | "record"
  | "keeps_last_arena"
  | "requests"
  | "pooled"
  | "passed_on";

/** What the engine keeps of its own. */
export const engineState: StructDefinition<EngineField> = defineStruct("pymalloc_engine", {
  previous: { type: "u32", count: 15, help: "3 structs of ctx, malloc, calloc, realloc, free" },
  record: { type: "u32", help: "record of blocks that were passed on; NULL = none" },
  keeps_last_arena: { type: "u32", help: "not 0: the last free arena is kept" },
  requests: { type: "f64", count: 24, help: "3 times 8 counters" },
  pooled: { type: "f64", count: 2, help: "bytes in live blocks of pools, and their peak" },
  passed_on: { type: "f64", count: 3, help: "large requests, bytes asked for, largest" },
});

/** Words of a struct in `previous`. */
export const PREVIOUS_WORDS = 5;

/** Doubles of a domain in `requests`. */
export const REQUEST_COUNTERS = 8;

/** Fields of the record of blocks that were passed on. */
export type RecordField = "pages" | "size" | "overflow";

/** log2 of the bytes of addresses that a page of the record covers. */
export const RECORD_PAGE_SHIFT = 20;

/** The record's root. */
export const blockRecord: StructDefinition<RecordField> = defineStruct("block_record", {
  pages: { type: "u32", count: 2 ** (32 - RECORD_PAGE_SHIFT), help: "addresses of pages" },
  size: { type: "u32", help: "blocks in the record" },
  overflow: { type: "u32", help: "how many of them the host keeps elsewhere" },
});
