/**
 * Profiles: what distinguishes one CPython version on one data model from another, as data. Code that behaves by
 * version asks the profile, never the version number.
 */
import type { Abi } from "./abi.ts";

/** Geometry and rules of pymalloc (`Objects/obmalloc.c`). All sizes in bytes. */
export interface PymallocProfile {
  /** Largest request that pymalloc serves itself; larger ones go to the raw allocator. */
  readonly threshold: number;
  /** A pool: the unit that holds blocks of one size class. A power of two. */
  readonly poolBytes: number;
  /** An arena: the unit obtained from and given back to the arena source. A multiple of `poolBytes`. */
  readonly arenaBytes: number;
  /** Whether one wholly free arena, the last in usableArenas, is kept instead of being given back (3.9 and later). */
  readonly keepsLastArena: boolean;
  /** Records in the first arena vector; doubled each time it is exhausted. */
  readonly initialArenaObjects: number;
  /** How CPython tells its own addresses from foreign ones; only the "arena map" lines of its statistics show it. */
  readonly addressTest: "arena-index" | "radix-tree";
  /** Bits of an address that the radix tree looks at; default: all of a pointer's. */
  readonly addressBits?: number;
}

/** Cycle collection. */
export interface GcProfile {
  readonly policy: "generational" | "incremental";
  /** Default thresholds, as `gc.get_threshold()` shows them. */
  readonly thresholds: readonly [number, number, number];
  /** What count 0 counts: allocations of GC-capable memory, or objects that become tracked. */
  readonly counts: "allocations" | "tracking";
  /** Whether an automatic collection runs inside the allocation or at the interpreter's next check. */
  readonly trigger: "at-once" | "deferred";
}

/** Object headers, in bytes. */
export interface HeaderProfile {
  /** PyObject: reference count and type. */
  readonly object: number;
  /** PyVarObject: PyObject and size. */
  readonly varObject: number;
  /** PyGC_Head, before the object. */
  readonly gcHead: number;
}

/** How many freed objects of a type are kept for reuse; 0 where the version keeps none. */
export interface FreeListProfile {
  readonly float: number;
  readonly int: number;
  readonly list: number;
  readonly dict: number;
  readonly dictKeys: number;
  /** Kept for each length from 1 to `tupleMaxLength`. */
  readonly tuple: number;
  readonly tupleMaxLength: number;
  readonly frame: number;
  readonly slice: number;
  readonly context: number;
  readonly method: number;
}

/** A CPython version on one data model. */
export interface Profile {
  /** `cpython-3.13-lp64`. */
  readonly name: string;
  /** Number by which a heap header names its profile; unique. */
  readonly id: number;
  /** Major and minor version: `3.13`. */
  readonly python: string;
  readonly abi: Abi;
  readonly pymalloc: PymallocProfile;
  /** Whether `PYTHONMALLOC` knows the mimalloc names. */
  readonly hasMimalloc: boolean;
  readonly gc: GcProfile;
  readonly headers: HeaderProfile;
  readonly freeLists: FreeListProfile;
  /** First and last of the cached ints. */
  readonly smallInts: readonly [number, number];
}

/** Number of size classes of a profile's pymalloc. */
export function sizeClassCount(profile: Profile): number {
  return profile.pymalloc.threshold / profile.abi.alignment;
}

/** Block size of a size class, in bytes. */
export function sizeClassBytes(profile: Profile, sizeClass: number): number {
  return (sizeClass + 1) * profile.abi.alignment;
}

/** Bytes of a pool's header: CPython's pool_header rounded up to the alignment (48 in lp64, 32 in ilp32). */
export function poolHeaderBytes(profile: Profile): number {
  return profile.abi.pointerBytes === 8 ? 48 : 32;
}

/** Shape of CPython's radix tree over arena addresses: how many bits of an address each level looks at. */
export interface ArenaMapShape {
  /** Of the root and of each middle node, whose entries are pointers; 0 where the root is the only node. */
  readonly interiorBits: number;
  /** Of each bottom node, or of the root where it is the only node; its entries are pairs of 32-bit numbers. */
  readonly bottomBits: number;
}

/** The radix tree of a profile's pymalloc (3.10 and later), or undefined where it has none. */
export function arenaMapShape(profile: Profile): ArenaMapShape | undefined {
  const { addressTest, addressBits, arenaBytes } = profile.pymalloc;
  if (addressTest !== "radix-tree") return undefined;
  const { pointerBytes } = profile.abi;
  const bits = (addressBits ?? 8 * pointerBytes) - Math.log2(arenaBytes);
  const interiorBits = pointerBytes === 8 ? Math.floor((bits + 2) / 3) : 0;
  return { interiorBits, bottomBits: bits - 2 * interiorBits };
}
