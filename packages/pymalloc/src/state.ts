/**
 * What one pymalloc remembers besides pools and arena records: one block of memory, found through the heap's
 * directory. Layout only.
 *
 *     lp64  ilp32  field
 *        0      0  usable_arenas                list of arenas with free pools, fewest first
 *        8      4  unused_arena_objects         list of unused arena records, last in first out
 *       16      8  arenas                       the arena vector; NULL before the first arena
 *       24     12  maxarenas                    records in the vector
 *       28     16  narenas_currently_allocated  arenas held now
 *       32     20  ntimes_arena_allocated       arenas obtained so far
 *       36     24  narenas_highwater            most arenas held at once
 *       40     28  raw_allocated_blocks         live blocks that came from the raw allocator; signed
 *       44     32  address_map_slots            entries of address_map
 *       48     36  usedpools                    2 pointers for each size class, classes rounded up to a multiple of 8
 *                  nfp2lasta                    1 pointer for each n in 0 … pools per arena
 *                  address_map                  2 words for each slot of one arena's size (address-map.ts)
 *
 * `usedpools` holds one circular, doubly linked list of used pools for each size class. The two words of a class are
 * the nextpool and prevpool of a pool header of which nothing else exists, the list's dummy:
 *
 *     dummy of class c = address of usedpools[2c] - offset of nextpool
 *
 *     usedpools …  │ next │ prev │ next │ prev │ …          so taking the front pool is one read without a test,
 *                  └── class 0 ──┴── class 1 ──┘            and an empty list is a dummy that points at itself
 *
 * `nfp2lasta[n]` is the last arena in usable_arenas that has n free pools, or NULL: with it an arena that gains a free
 * pool finds its new place in the ordered list at once.
 */
import {
  defineStruct,
  layoutOf,
  type Profile,
  type StructDefinition,
  type StructLayout,
  sizeClassCount,
} from "@pyrena/abi";

/** Tag of pymalloc's state in the heap's directory. */
export const STATE_TAG = "PYMA";

/** Version of the layouts of state, arena record, pool header and address map. */
export const STATE_VERSION = 1;

/** Fields of the state. */
export type StateField =
  | "usable_arenas"
  | "unused_arena_objects"
  | "arenas"
  | "maxarenas"
  | "narenas_currently_allocated"
  | "ntimes_arena_allocated"
  | "narenas_highwater"
  | "raw_allocated_blocks"
  | "address_map_slots"
  | "usedpools"
  | "nfp2lasta"
  | "address_map";

/**
 * The state of a pymalloc. Its profile's numbers of size classes and of pools decide the lengths of two tables.
 * @param addressMapSlots entries of the third: arenas' sizes in the memory's maximum size
 */
export function stateStruct(
  profile: Profile,
  addressMapSlots: number,
): StructDefinition<StateField> {
  const { arenaBytes, poolBytes } = profile.pymalloc;
  const usedPools = 2 * Math.ceil(sizeClassCount(profile) / 8) * 8;
  return defineStruct("pymalloc_state", {
    usable_arenas: { type: "ptr", help: "arenas with free pools, fewest first" },
    unused_arena_objects: { type: "ptr", help: "unused arena records" },
    arenas: { type: "ptr", help: "the arena vector" },
    maxarenas: { type: "u32", help: "records in the vector" },
    narenas_currently_allocated: { type: "u32", help: "arenas held now" },
    ntimes_arena_allocated: { type: "u32", help: "arenas obtained so far" },
    narenas_highwater: { type: "u32", help: "most arenas held at once" },
    raw_allocated_blocks: { type: "i32", help: "live blocks from the raw allocator" },
    address_map_slots: { type: "u32", help: "entries of address_map" },
    usedpools: { type: "ptr", count: usedPools, help: "used pools by size class" },
    nfp2lasta: {
      type: "ptr",
      count: arenaBytes / poolBytes + 1,
      help: "last usable arena with n free pools",
    },
    address_map: { type: "u32", count: 2 * addressMapSlots, help: "lo and hi of each slot" },
  });
}

/** {@link stateStruct} placed for the profile's ABI. */
export function stateLayout(profile: Profile, addressMapSlots: number): StructLayout<StateField> {
  return layoutOf(stateStruct(profile, addressMapSlots), profile.abi);
}
