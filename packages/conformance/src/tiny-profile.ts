/**
 * A profile that no CPython has: so small that rare paths (a full pool, a second arena, an arena given back, a vector
 * of arenas that must grow, a full free list) are taken after a handful of calls.
 */
import { type AbiName, abis, Heap, LinearMemory, PAGE_BYTES, type Profile } from "@pyrena/abi";

/** What can be varied. */
export interface TinyProfileOptions {
  /** As in CPython 3.9 and later (default true); false is 3.8's rule. */
  readonly keepsLastArena?: boolean;
}

/** Ids of the tiny profiles start here, where no version number of CPython can reach. */
const FIRST_ID = 0x7e00_0000;

/**
 * Pools of 256 bytes, arenas of 4 KiB (16 pools), one record in the first arena vector, free lists of one. Requests
 * up to 96 bytes (lp64: 6 size classes) or 112 bytes (ilp32: 14) are small: two of the largest fill a pool, and a pool
 * must hold two, because CPython's rules rely on it.
 */
export function tinyProfile(abi: AbiName, options: TinyProfileOptions = {}): Profile {
  const { keepsLastArena = true } = options;
  const model = abis[abi];
  const word = model.pointerBytes;
  return Object.freeze({
    name: `tiny-${abi}${keepsLastArena ? "" : "-3.8"}`,
    id: FIRST_ID | (keepsLastArena ? 0x100 : 0) | word,
    python: "3.13",
    abi: model,
    pymalloc: Object.freeze({
      threshold: abi === "lp64" ? 96 : 112,
      poolBytes: 256,
      arenaBytes: 4096,
      keepsLastArena,
      initialArenaObjects: 1,
      addressTest: "radix-tree",
    }),
    hasMimalloc: true,
    gc: Object.freeze({
      policy: "generational",
      thresholds: [5, 2, 2] as const,
      counts: "allocations",
      trigger: "at-once",
    }),
    headers: Object.freeze({ object: 2 * word, varObject: 3 * word, gcHead: 2 * word }),
    freeLists: Object.freeze({
      float: 1,
      int: 1,
      list: 1,
      dict: 1,
      dictKeys: 1,
      tuple: 1,
      tupleMaxLength: 2,
      frame: 1,
      slice: 1,
      context: 1,
      method: 1,
    }),
    smallInts: [-1, 2] as const,
  });
}

/** Where {@link tinyHeap} lies. */
export interface TinyHeapOptions extends TinyProfileOptions {
  /** Size of the memory at first, in bytes; default one page of 64 KiB. */
  readonly bytes?: number;
  /** Size that it can grow to, in bytes; default 1 MiB. */
  readonly maxBytes?: number;
}

/** A fresh heap with the tiny profile, at address 0 of a resizable memory of its own. */
export function tinyHeap(abi: AbiName, options: TinyHeapOptions = {}): Heap {
  const { bytes = PAGE_BYTES, maxBytes = 1 << 20 } = options;
  const memory = LinearMemory.create({ backing: "resizable", bytes, maxBytes });
  return Heap.create(memory, tinyProfile(abi, options));
}
