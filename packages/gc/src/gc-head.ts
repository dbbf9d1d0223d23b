/**
 * PyGC_Head, the two words before a collectable object, and the lists that they form. The words are those of CPython
 * (`Include/internal/pycore_gc.h`); in lp64 each is 8 bytes wide, of which the upper 4 stay 0.
 *
 *                      first word: next                      second word: prev
 *     untracked        0                                     finalized
 *     tracked          head after it  | space (incremental)  head before it | finalized
 *     in a collection  head after it  | unreachable          gcRefs << 2 | collecting | finalized
 *
 * Lists are rings through a head of their own (a generation's, or one on the collector's side), which belongs to no
 * object. During a collection, while the second word holds gcRefs, they are linked one way only.
 *
 * Heads are aligned to at least 8 bytes, so that the two lowest bits of an address are free for flags.
 */
import type { Address } from "@pyrena/abi";

/** In the second word: the finalizer has been called (PEP 442). Belongs to the object, not to the collector. */
export const FINALIZED = 1;
/** In the second word: part of the collection under way; its count of references from outside is above the flags. */
export const COLLECTING = 2;
/** In the first word, during a collection: on the tentative list of unreachable objects. */
export const UNREACHABLE = 1;
/** In the first word, between collections of the incremental collector: which of the two old spaces it belongs to. */
export const SPACE = 1;
/** Bits of gcRefs lie above those of the flags. */
export const REFS_SHIFT = 2;
export const ONE_REF = 4;

/** Lists of PyGC_Heads in one memory. A list is known by the address of its own head; all addresses are of heads. */
export interface HeadLists {
  /** Make a list empty. */
  clear(this: void, list: Address): void;
  isEmpty(this: void, list: Address): boolean;
  /** Append a head; its flags in the second word stay. */
  append(this: void, head: Address, list: Address): void;
  /** Take a head out of the list it is on; its first word is 0 then. */
  remove(this: void, head: Address): void;
  /** Move a head from the list it is on to the end of another. */
  move(this: void, head: Address, list: Address): void;
  /** Append all of one list, in order, to another; the first is empty then. */
  merge(this: void, from: Address, to: Address): void;
  size(this: void, list: Address): number;
}

/**
 * @param memory where the heads lie; its views are read anew in each call
 * @param prevOffset bytes from a head to its second word
 */
export function headLists(
  memory: { readonly u32: Uint32Array },
  prevOffset: number,
): HeadLists {
  const PREV = prevOffset;

  function append(head: Address, list: Address): void {
    const u32 = memory.u32;
    const last = u32[(list + PREV) >>> 2];
    const prev = (head + PREV) >>> 2;
    u32[last >>> 2] = head | (u32[last >>> 2] & SPACE & -Number(last !== list));
    u32[prev] = last | (u32[prev] & FINALIZED);
    u32[head >>> 2] = list;
    u32[(list + PREV) >>> 2] = head;
  }
  return { append } as unknown as HeadLists;
}
