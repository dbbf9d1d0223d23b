/**
 * PyGC_Head, the two words before a collectable object, and the lists that they form. The words are those of CPython
 * (`Include/internal/pycore_gc.h`); in lp64 each is 8 bytes wide, of which the upper 4 stay 0.
 *
 *                     first word                                second word
 *     untracked       0                                         0                | finalized
 *     tracked         next head | space                         previous head    | finalized
 *     in a region     next head | space                         gcRefs           | collecting | finalized
 *     unreachable     next head | space | unreachable           previous head    | collecting | finalized
 *
 * Lists are rings through a head of their own, which belongs to no object: a generation's, or one of those in the
 * collector's state that a collection works with. Heads are aligned to 8 bytes at least, so that the two lowest bits of
 * a word are free for flags.
 *
 * In this package a head is known by the number of its word in memory: its address / 4. So the flags drop out of a
 * link in the shift that makes an index of it, and lists of both data models are walked by the same loop.
 */
import type { Address, LinearMemory } from "@pyrena/abi";

/** In the second word: the finalizer has been called (PEP 442). It is the object's; a collector leaves it alone. */
export const FINALIZED = 1;
/** In the second word: part of the region that is looked at, and not yet found reachable. */
export const COLLECTING = 2;
/** In the first word: on the tentative list of unreachable objects. */
export const UNREACHABLE = 2;
/** In the first word: which of the two old spaces the object belongs to; 0 but in the incremental collector. */
export const SPACE = 1;
/** All flags of a word. */
export const FLAGS = 3;
/** One reference, in a second word that holds gcRefs: they lie above the flags. */
export const ONE_REF = 4;

/** The number of a head's word. */
export type Head = number;

/** Lists of heads in one memory. */
export interface HeadLists {
  /** Words from a head to its second word. */
  readonly prevWords: number;
  /** Words from a head to its object. */
  readonly objectWords: number;
  headOf(this: void, object: Address): Head;
  objectOf(this: void, head: Head): Address;
  /** Make a ring of one: an empty list. */
  init(this: void, list: Head): void;
  isEmpty(this: void, list: Head): boolean;
  /** The head after this one. */
  next(this: void, head: Head): Head;
  /** Append one that is on no list. Its flags stay. */
  append(this: void, head: Head, list: Head): void;
  /** Take one from the list that it is on and append it to another. Its flags stay. */
  move(this: void, head: Head, list: Head): void;
  /** Append what lies before a head on its list to another list, in order; all of it, if the head is the list. */
  moveUpTo(this: void, list: Head, head: Head, to: Head): void;
  /** Append all of a list to another, in order. It is empty then. */
  merge(this: void, from: Head, to: Head): void;
  size(this: void, list: Head): number;
}

/** @param gcHeadBytes bytes of a PyGC_Head */
export function headLists(memory: LinearMemory, gcHeadBytes: number): HeadLists {
  const PREV = gcHeadBytes >>> 3;
  const OBJECT = gcHeadBytes >>> 2;

  function append(head: Head, list: Head): void {
    const u32 = memory.u32;
    const last = u32[list + PREV] >>> 2;
    u32[last] = (head << 2) | (u32[last] & FLAGS);
    u32[head] = (list << 2) | (u32[head] & FLAGS);
    u32[head + PREV] = (last << 2) | (u32[head + PREV] & FLAGS);
    u32[list + PREV] = head << 2;
  }

  function moveUpTo(from: Head, head: Head, to: Head): void {
    const u32 = memory.u32;
    const first = u32[from] >>> 2;
    if (first === head) return;
    const last = u32[head + PREV] >>> 2;
    const end = u32[to + PREV] >>> 2;
    u32[end] = (first << 2) | (u32[end] & FLAGS);
    u32[first + PREV] = (end << 2) | (u32[first + PREV] & FLAGS);
    u32[last] = (to << 2) | (u32[last] & FLAGS);
    u32[to + PREV] = last << 2;
    u32[from] = head << 2;
    u32[head + PREV] = (from << 2) | (u32[head + PREV] & FLAGS);
  }

  return {
    prevWords: PREV,
    objectWords: OBJECT,
    headOf: (object) => (object >>> 2) - OBJECT,
    objectOf: (head) => ((head + OBJECT) << 2) >>> 0,
    init: (list) => {
      const u32 = memory.u32;
      u32[list] = list << 2;
      u32[list + PREV] = list << 2;
    },
    isEmpty: (list) => memory.u32[list] >>> 2 === list,
    next: (head) => memory.u32[head] >>> 2,
    append,
    move: (head, list) => {
      const u32 = memory.u32;
      const before = u32[head + PREV] >>> 2;
      const after = u32[head] >>> 2;
      u32[before] = (after << 2) | (u32[before] & FLAGS);
      u32[after + PREV] = (before << 2) | (u32[after + PREV] & FLAGS);
      append(head, list);
    },
    moveUpTo,
    merge: (from, to) => moveUpTo(from, from, to),
    size: (list) => {
      const u32 = memory.u32;
      let size = 0;
      for (let head = u32[list] >>> 2; head !== list; head = u32[head] >>> 2) size++;
      return size;
    },
  };
}
