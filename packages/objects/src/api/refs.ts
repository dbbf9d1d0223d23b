/** Reference counts and deallocation: `Py_INCREF`, `Py_DECREF` and what follows a count of 0. */
import type { Address } from "@pyrena/abi";

/** Reference counting of one heap. */
export interface RefsApi {
  /** One more reference; nothing for an immortal object. `Py_INCREF`. */
  incref(this: void, object: Address): void;
  /** One reference less; at 0 the object is deallocated at once. Nothing for an immortal object. `Py_DECREF`. */
  decref(this: void, object: Address): void;
  /** `Py_XINCREF`: NULL is allowed. */
  xincref(this: void, object: Address): void;
  /** `Py_XDECREF`: NULL is allowed. */
  xdecref(this: void, object: Address): void;
  /**
   * Release the references in an array of pointers, the last first; NULLs are passed over. The array must stay where it
   * is meanwhile, and what is released is still to be read there.
   * @param first index in `memory.u32` of its first word
   * @param end index behind its last one
   */
  decrefItems(this: void, first: number, end: number): void;
  /** Incref, and the object itself: `Py_NewRef`. */
  newRef(this: void, object: Address): Address;
  /** The count as stored (an immortal object's is its version's constant). `Py_REFCNT`. */
  refcount(this: void, object: Address): number;
  isImmortal(this: void, object: Address): boolean;
  /** Make an object immortal, where the version has immortal objects; else nothing. */
  immortalize(this: void, object: Address): void;
  /**
   * `Py_TRASHCAN_BEGIN`: a container's dealloc calls it after untracking. True: the object has been put aside because
   * deallocations are nested too deeply, and the dealloc must return at once; it will be called again.
   */
  trashcanBegin(this: void, object: Address): boolean;
  /** `Py_TRASHCAN_END`: the last thing in a dealloc whose `trashcanBegin` returned false. */
  trashcanEnd(this: void): void;
}
