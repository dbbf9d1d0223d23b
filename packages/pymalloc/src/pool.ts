/**
 * A pool: a run of blocks of one size class, with a header at its start (CPython's `pool_header`). Layout only.
 *
 *     lp64  ilp32  field
 *        0      0  count          blocks handed out
 *        8      4  freeblock      head of the list of free blocks; NULL = none
 *       16      8  nextpool       next in its used list, or in its arena's freepools
 *       24     12  prevpool       previous in its used list
 *       32     16  arenaindex     index of its arena's record in the arena vector
 *       36     20  szidx          size class; 0xFFFF in a pool that never had one
 *       40     24  nextoffset     where the first block lies that was never used, from the pool's start
 *       44     28  maxnextoffset  the largest nextoffset at which a block still fits
 *       48     32  blocks,        each (szidx + 1) × alignment bytes
 *
 * A pool's address is a multiple of its size, so a block finds its pool by rounding down. A free block's first word is
 * the address of the next free one; in lp64 that word is 8 bytes, and the upper 4 of every pointer are 0.
 *
 * The free list is threaded lazily: blocks from `nextoffset` on were never handed out and are in no list. One of them
 * is put into the list whenever it would become empty, so
 *
 * - a **used** pool has 1 … capacity - 1 blocks handed out, a free list that is not empty, and is in the used list of
 *   its class;
 * - a **full** pool has all of them handed out, an empty free list, and is in no list;
 * - an **empty** pool has none handed out and is in its arena's freepools. It keeps szidx, free list and nextoffset,
 *   and goes on with them if its next class is the same.
 *
 *                    malloc of its last block
 *             ┌──────────────────────────────────────┐
 *     carved → used ←────────────────────────────── full
 *             │  ↑        free of any block
 *     free of │  │ malloc finds no used pool
 *    the last │  │
 *             ↓  │
 *             empty → gone, with its whole arena
 *
 * A pool must hold two blocks at least: then a pool is never full and empty at once, and filling one passes `used`.
 */
import { defineStruct, type StructDefinition } from "@pyrena/abi";

/** Fields of a pool header. */
export type PoolField =
  | "count"
  | "freeblock"
  | "nextpool"
  | "prevpool"
  | "arenaindex"
  | "szidx"
  | "nextoffset"
  | "maxnextoffset";

/** CPython's `pool_header`. */
export const poolHeader: StructDefinition<PoolField> = defineStruct("pool_header", {
  count: { type: "u32", help: "blocks handed out" },
  freeblock: { type: "ptr", help: "head of the list of free blocks" },
  nextpool: { type: "ptr", help: "next in its used list or in freepools" },
  prevpool: { type: "ptr", help: "previous in its used list" },
  arenaindex: { type: "u32", help: "index of its arena's record" },
  szidx: { type: "u32", help: "size class" },
  nextoffset: { type: "u32", help: "offset of the first block never used" },
  maxnextoffset: { type: "u32", help: "largest nextoffset at which a block fits" },
});

/** `szidx` of a pool that has never had a size class. */
export const NO_SIZE_CLASS = 0xffff;
