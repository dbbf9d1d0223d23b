/** Memory for objects: from which domain, with which header; and objects kept for reuse. */
import type { Address } from "@pyrena/abi";

/** Freed objects of one kind, kept whole; last freed, first reused. */
export interface FreeList {
  readonly name: string;
  /** Index in `memory.u32` of its head; the count follows. For makers that take objects out without a call. */
  readonly headWord: number;
  /** A kept object (its header is the caller's to write), or NULL. */
  pop(this: void): Address;
  /** Keep an object; false if the list is full: the caller then frees the memory. */
  push(this: void, object: Address): boolean;
  count(this: void): number;
  /** Free everything kept. */
  clear(this: void): void;
}

/** Obtaining and giving back objects. NULL and a pending MemoryError where there is no room. */
export interface AllocationApi {
  /** Memory for an object without PyGC_Head, its header written (count 1). OBJ domain. `PyObject_Malloc`+`Init`. */
  object(this: void, type: Address, bytes: number): Address;
  /**
   * Memory for a collectable object: `preBytes` (PyGC_Head included) before it, zeroed; header written; the collector
   * is told. Not tracked. OBJ domain. `_PyObject_GC_New`.
   */
  gcObject(this: void, type: Address, bytes: number, preBytes: number): Address;
  /** Give back an object made by `object`. */
  freeObject(this: void, object: Address): void;
  /** Give back an object made by `gcObject`; must be untracked. */
  freeGcObject(this: void, object: Address, preBytes: number): void;
  /**
   * Give back the memory of an instance of any type, with whatever its type puts before it; must be untracked. What
   * the dealloc of a built-in type calls for objects that are not exactly of this type. `tp_free`.
   */
  free(this: void, object: Address): void;
  /** Write count 1 and type: for objects from a free list. */
  initHeader(this: void, object: Address, type: Address): void;
  /** Track and untrack through the installed collector. */
  track(this: void, object: Address): void;
  untrack(this: void, object: Address): void;
  isTracked(this: void, object: Address): boolean;
  /** Bit 0 of PyGC_Head's second word: the finalizer has been called. */
  isFinalized(this: void, object: Address): boolean;
  setFinalized(this: void, object: Address): void;
  /**
   * A free list whose head and count lie in the heap's state.
   * @param name one of `freeListNames` (core/state.ts)
   * @param limit how many objects it keeps at most
   * @param release frees the memory of one kept object
   * @throws PyrenaError `bad-argument` if there is none of that name
   */
  freeList(this: void, name: string, limit: number, release: (object: Address) => void): FreeList;
  /** All free lists made so far. */
  readonly freeLists: readonly FreeList[];
  /**
   * Static data: never given back while the heap lives (types, immortal singletons, constants). Zeroed, aligned to
   * the ABI's alignment.
   * @throws PyrenaError `memory-limit`
   */
  staticData(this: void, bytes: number): Address;
}
