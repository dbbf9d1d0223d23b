/** Looking at the whole: graph, census, regions, checks. */
import type { Address, HeapWalker, ObjectGraph, StatSource } from "@pyrena/abi";

/** A named piece of the linear memory. */
export interface Region {
  /**
   * - `header`: the heap's header and the region manager's table
   * - `static data`: types, immortal singletons, constants, and the objects' own state
   * - `data stack`: chunks with frames
   * - `object heap`: arenas
   * - `raw blocks`: segments of the raw allocator
   * - `free`: memory that nobody has, and free stretches of a page and more in segments
   */
  readonly name: "header" | "static data" | "data stack" | "object heap" | "raw blocks" | "free";
  readonly base: Address;
  readonly bytes: number;
  /** Of these, bytes in live blocks (frames, for the data stack). */
  readonly used: number;
}

/** An object that is still alive, and who holds it. */
export interface Leak {
  readonly address: Address;
  readonly type: string;
  /** `repr`, cut to a line. */
  readonly repr: string;
  readonly bytes: number;
  readonly refcount: number;
  /** `handle made at …`, `frame main: local x`, `list at 0x… [0]`, or `cycle`. */
  readonly heldBy: readonly string[];
}

/** What `sys._debugmallocstats()` prints of one free list: `free` of them, each of `bytes` bytes. */
export interface FreeListLine {
  readonly free: number;
  /** `PyDictObject`, `3-sized PyTupleObject`; CPython adds an s. */
  readonly name: string;
  readonly bytes: number;
}

/** What `verify` is told. */
export interface VerifyOptions {
  /** References that the caller holds on its own: each address as often as it is held. */
  readonly held?: Iterable<Address>;
  /**
   * Whether to account for every live block of the allocators. Default: if walkers were given. Say false where others
   * allocate from the same allocators.
   */
  readonly blocks?: boolean;
}

/** Inspection of one heap's objects. */
export interface InspectApi {
  readonly graph: ObjectGraph;
  /**
   * Visit each reference that a root holds: frames, handles, static data, the pending exception.
   * @param which leave the frames out, and what they are handling
   */
  roots(
    this: void,
    visit: (referent: Address, holder: string) => void,
    which?: "interpreter",
  ): void;
  /** Visit every object reachable from roots or tracked by the collector, once. */
  each(this: void, visit: (object: Address) => void): void;
  /** Objects that are alive and would not be in a fresh heap: what the program made. */
  leaks(this: void): Leak[];
  /** Who references the object: `[holder object or NULL, description]`. */
  referrers(this: void, object: Address): { holder: Address; how: string }[];
  /** What the object refers to: each reference that it owns, and the way of it (`[0]`, `.name`), "" if none is known. */
  referents(this: void, object: Address): { referent: Address; how: string }[];
  /**
   * Visit each reference that the object owns: what `graph.traverse` visits, and what that leaves out, as a dict's keys
   * that are strs.
   */
  references(this: void, object: Address, visit: (referent: Address) => void): void;
  /** A repr on one line, cut where it is too long; takes little time however large the object is. */
  line(this: void, object: Address): string;
  /** Visit each block of memory that the object owns beside its own: list items, dict keys, values. */
  blocks(this: void, object: Address, visit: (block: Address) => void): void;
  /** Say how handles are named in `leaks` and error texts: the handle API knows where each was made. */
  nameHandles(this: void, name: (entry: number) => string): void;
  /**
   * Named pieces of the memory, in order of address, adding up to the whole of it.
   * @throws PyrenaError `bad-argument` if no walkers were given
   */
  regions(this: void): Region[];
  /** Objects alive by kind, dead ones kept for reuse, handles, frames. Reading a count of living objects visits all. */
  readonly stats: StatSource;
  /** Of the free lists on which the version's `sys._debugmallocstats()` has a line, in its order. */
  freeListLines(this: void): FreeListLine[];
  /** A walker over objects, as allocators have one over blocks. */
  readonly walker: HeapWalker;
  /**
   * Check every invariant: reference counts equal the references found, containers are well formed, every block of the
   * allocators belongs to an object, buffer or static data.
   * @throws PyrenaError `heap-corrupt` naming the invariant (O1 …, drawn up in inspect/verify.ts) and the address
   */
  verify(this: void, options?: VerifyOptions): void;
}
