/** Operations on any object, by its type. */
import type { Address } from "@pyrena/abi";

/** The abstract object layer (`PyObject_…`). */
export interface ProtocolApi {
  /** Low 32 bits of `hash(object)`, signed; the high 32 in `core.hashHigh` (lp64). -1 and -1: exception pending. */
  hash(this: void, object: Address): number;
  /** `a is b or a == b`: 1, 0, or -1 with an exception pending. `PyObject_RichCompareBool(Py_EQ)`. */
  equal(this: void, a: Address, b: Address): number;
  /** `a < b`: 1, 0, or -1 with an exception pending. */
  less(this: void, a: Address, b: Address): number;
  /**
   * What `repr()` shows; recursive containers show as `[...]`. Never fails, allocates nothing in the heap.
   * @param limit once so many characters have been made, whatever else there is shows as `...`: objects that share parts
   *   can have a repr that is larger than any memory
   */
  repr(this: void, object: Address, limit?: number): string;
  /** `len()`, or -1 with an exception pending. */
  length(this: void, object: Address): number;
  /** `bool()`. */
  isTrue(this: void, object: Address): boolean;
  /** `sys.getsizeof`: `__sizeof__` and what lies before the object, in bytes. */
  getsizeof(this: void, object: Address): number;
  /** Call an object: new reference, or NULL with an exception pending. Arguments are borrowed. */
  call(this: void, callable: Address, args: readonly Address[]): Address;
  /** `getattr`, new reference; NULL with AttributeError pending. */
  getAttribute(this: void, object: Address, name: string): Address;
  /** `setattr` with a borrowed value; -1 with an exception pending. */
  setAttribute(this: void, object: Address, name: string, value: Address): number;
  /** `delattr`; -1 with an exception pending. */
  deleteAttribute(this: void, object: Address, name: string): number;
  /** Visit what `tp_traverse` visits. */
  traverse(this: void, object: Address, visit: (referent: Address) => void): void;
}
