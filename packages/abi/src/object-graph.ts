/**
 * The object graph contract: what a cycle collector needs of objects, and all that it may know of them. Implemented
 * by `@pyrena/objects` over its own heap; the collectors in `@pyrena/gc` work on any implementation.
 *
 * - O1 Every object has a reference count that counts the references to it from other objects, from roots (frames,
 *   handles, static data) and from running code. {@link ObjectGraph.traverse} visits the first kind: each reference
 *   that the object owns once, so that counts minus visits tell what is referenced from outside.
 * - O2 A collectable object is preceded by `gcHeadBytes` bytes (two words, PyGC_Head) that belong to the collector,
 *   but for bit 0 of the second word, which says that the finalizer has been called (PEP 442).
 * - O3 `finalize`, `clear` and `callWeakrefCallback` run code of users: they may allocate, create and drop references,
 *   and track and untrack objects. An exception thrown there is reported as unraisable and never reaches the collector.
 */
import type { Address } from "./address.ts";
import type { LinearMemory } from "./linear-memory.ts";
import type { Profile } from "./profile.ts";

/**
 * Where the references of an object lie, as a program of words in linear memory: an operation, then its operands.
 * Collectors run it in a tight loop; only {@link layoutCodes}`.custom` needs a call. Offsets and counts are in bytes
 * from the object's address; references that are NULL are skipped. The order is that of `tp_traverse`, on which the order
 * of finalizers in a cycle depends: operations one after another, `words` from the first to the last, `inlineVar` and
 * `buffer` from the last to the first, as CPython goes through its tuples and lists.
 *
 * | operation | operands                            | references                                               |
 * |-----------|-------------------------------------|----------------------------------------------------------|
 * | end       |                                     | no more                                                  |
 * | words     | offset, count                       | `count` words at `offset`                                |
 * | inlineVar | offset, countOffset                 | as many words at `offset` as the word at `countOffset`   |
 * | buffer    | pointerOffset, countOffset          | as many words where the word at `pointerOffset` points   |
 * | custom    |                                     | whatever `traverse` visits; stands alone                 |
 */
export const layoutCodes: {
  readonly end: 0;
  readonly words: 1;
  readonly inlineVar: 2;
  readonly buffer: 3;
  readonly custom: 4;
} = Object.freeze({ end: 0, words: 1, inlineVar: 2, buffer: 3, custom: 4 });

/**
 * Where a collector reads, without a call, what it must know of each object. All offsets are in bytes; the words that
 * are read have 32 bits (of wider ones the low half).
 *
 *     object + count   reference count; from `immortalFrom` on: immortal
 *     object + type    address of the type
 *     type + flags     with `collectable`: its objects have a PyGC_Head; with `ask` too: `isCollectable` knows
 *     type + layout    address of the layout program, or NULL: only `traverse` knows
 */
export interface GraphWords {
  readonly count: number;
  readonly immortalFrom: number;
  readonly type: number;
  readonly flags: number;
  readonly collectable: number;
  readonly ask: number;
  /** -1: types have no layout programs. */
  readonly layout: number;
}

/** Objects as a collector sees them. Addresses are those of objects, not of the memory before them. */
export interface ObjectGraph<Ctx = unknown> {
  /** Passed to each function as its first argument. */
  readonly ctx: Ctx;
  readonly memory: LinearMemory;
  readonly profile: Profile;
  /** Bytes of PyGC_Head, which end where the object begins. */
  readonly gcHeadBytes: number;
  /** Where the facts lie that a collection asks of each object. */
  readonly words: GraphWords;
  /** Whether the object is collectable: has a PyGC_Head. */
  isCollectable(this: void, ctx: Ctx, object: Address): boolean;
  /** The reference count; meaningless for immortal objects. */
  refcount(this: void, ctx: Ctx, object: Address): number;
  isImmortal(this: void, ctx: Ctx, object: Address): boolean;
  /**
   * Visit each reference that the object owns, in CPython's order (`tp_traverse`). Must not change anything. What a
   * user's code throws in there is thrown: a collection that meets with that is abandoned.
   */
  traverse(this: void, ctx: Ctx, object: Address, visit: (referent: Address) => void): void;
  /** Address of the layout program of the object's type; NULL where only `traverse` knows. */
  layout(this: void, ctx: Ctx, object: Address): Address;
  incref(this: void, ctx: Ctx, object: Address): void;
  decref(this: void, ctx: Ctx, object: Address): void;
  /** Whether the type has a finalizer (`tp_finalize`) that has not been called for this object yet. */
  needsFinalizer(this: void, ctx: Ctx, object: Address): boolean;
  /** Mark the object as finalized, then call its finalizer. */
  finalize(this: void, ctx: Ctx, object: Address): void;
  /**
   * Whether the type has a finalizer of the kind before PEP 442 (`tp_del`): cycles with such an object are never taken
   * apart. Absent: no type has one.
   */
  isUncollectable?(this: void, ctx: Ctx, object: Address): boolean;
  /** Drop the references that can be part of a cycle (`tp_clear`). */
  clear(this: void, ctx: Ctx, object: Address): void;
  /** Visit the weak references to an object, in their list's order: most of them newest first. */
  weakrefs(this: void, ctx: Ctx, object: Address, visit: (ref: Address) => void): void;
  /** Whether the object is itself a weak reference. */
  isWeakref(this: void, ctx: Ctx, object: Address): boolean;
  hasWeakrefCallback(this: void, ctx: Ctx, ref: Address): boolean;
  /** Make a weak reference dead without calling its callback. */
  clearWeakref(this: void, ctx: Ctx, ref: Address): void;
  /** Call the callback of a weak reference that has been cleared. */
  callWeakrefCallback(this: void, ctx: Ctx, ref: Address): void;
  /**
   * Whether objects of a type are untracked by the collector when nothing that they refer to can be tracked: 0: never,
   * 1: in every collection (exact tuples), 2: in full ones only (exact dicts, where the version does so). Such an object
   * counts as something that can be tracked unless its type says 1 and it is not tracked.
   */
  mayUntrack(this: void, ctx: Ctx, type: Address): 0 | 1 | 2;
  /**
   * Whether no object of a type can have a finalizer (of either kind) or weak references, or be a weak reference: then a
   * collector need not ask each of them. Absent: each is asked.
   */
  isPlain?(this: void, ctx: Ctx, type: Address): boolean;
  /**
   * Whether an object of a type that may be untracked refers to nothing that can be tracked, now or later. Asked where
   * `traverse` does not show all: a dict whose values lie in its instance has none to show (3.13), and stays tracked if
   * one of them may be. Absent: `traverse` shows all.
   */
  isUntrackable?(this: void, ctx: Ctx, object: Address): boolean;
  /** Give back all objects that are kept for reuse. */
  clearFreeLists(this: void, ctx: Ctx): void;
  /** Visit each reference that a root holds: frames, handles, static data. */
  roots(this: void, ctx: Ctx, visit: (referent: Address, holder: string) => void): void;
  /**
   * Visit what an incremental collector marks from, in CPython's order: what the interpreter itself holds, or what the
   * frames hold, the running one first (its `locals()` dict, its function, then from the top of its stack down to its
   * first local, those that are borrowed included). What is left out is found later, at a higher cost; nothing that a
   * root does not hold may be visited. Absent: {@link roots} stands in for the frames.
   */
  markingRoots?(
    this: void,
    ctx: Ctx,
    which: "interpreter" | "frames",
    visit: (referent: Address) => void,
  ): void;
  /**
   * Visit each reference that the object owns: what `traverse` visits, in that order, then what it leaves out because it
   * cannot be part of a cycle, as a dict's keys that are strs. For diagnosis. Absent: `traverse` leaves nothing out.
   */
  references?(this: void, ctx: Ctx, object: Address, visit: (referent: Address) => void): void;
  /** Name of the object's type. */
  typeName(this: void, ctx: Ctx, object: Address): string;
  /** A short name for people: type and address, or what a repr shows. */
  describe(this: void, ctx: Ctx, object: Address): string;
  /** How an object refers to another, for people: `[0]`, `['key']`, `.name`. Absent: nobody knows. */
  referenceName?(this: void, ctx: Ctx, holder: Address, referent: Address): string;
}
