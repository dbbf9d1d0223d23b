/**
 * An arena: a region from the arena source, cut into pools. What pymalloc remembers of it stands outside of it, in a
 * record (CPython's `arena_object`); the records form one vector. Layout only.
 *
 *     lp64  ilp32  field
 *        0      0  address       of the region; 0 = this record is unused
 *        8      4  pool_address  of the next pool that was never carved
 *       16      8  nfreepools    pools that could be used at once: empty or never carved
 *       20     12  ntotalpools   pools that fit
 *       24     16  freepools     list of empty pools, through nextpool, last in first out
 *       32     20  nextarena     next in usable_arenas, or in unused_arena_objects
 *       40     24  prevarena     previous in usable_arenas
 *       48     28
 *
 * A region need not be aligned to the pool size. Then its first pool starts at the next multiple, and it holds one
 * pool fewer:
 *
 *     address          first pool                                                     address + arenaBytes
 *        ├─ excess ───────┼─ pool ─┼─ pool ─┼─ … ─┼─ pool ─┼─ poolBytes - excess ────────┤
 *                                                          lost, as the first part is
 *
 * A record is **unused** (address 0, in unused_arena_objects), **usable** (has free pools, in usable_arenas) or
 * **exhausted** (has none, in no list).
 */
import { defineStruct, type StructDefinition } from "@pyrena/abi";

/** Fields of an arena record. */
export type ArenaField =
  | "address"
  | "pool_address"
  | "nfreepools"
  | "ntotalpools"
  | "freepools"
  | "nextarena"
  | "prevarena";

/** CPython's `arena_object`. */
export const arenaObject: StructDefinition<ArenaField> = defineStruct("arena_object", {
  address: { type: "ptr", help: "of the region; 0 = unused record" },
  pool_address: { type: "ptr", help: "next pool that was never carved" },
  nfreepools: { type: "u32", help: "empty or never carved" },
  ntotalpools: { type: "u32", help: "pools that fit" },
  freepools: { type: "ptr", help: "list of empty pools" },
  nextarena: { type: "ptr", help: "next in usable_arenas or unused_arena_objects" },
  prevarena: { type: "ptr", help: "previous in usable_arenas" },
});
