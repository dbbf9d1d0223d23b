/** Weak references. */
import type { Address } from "@pyrena/abi";

/** `PyWeakReference`: ref and proxy. */
export interface WeakrefsApi {
  readonly refType: Address;
  readonly proxyType: Address;
  readonly callableProxyType: Address;
  /** `weakref.ref(object, callback)`; NULL for no callback. New reference; NULL with TypeError pending if not weakrefable. */
  ref(this: void, object: Address, callback?: Address): Address;
  proxy(this: void, object: Address, callback?: Address): Address;
  /** `ref()`: new reference to the object, or to None if it is dead. */
  get(this: void, ref: Address): Address;
  /** Borrowed referent, NULL if dead. */
  referent(this: void, ref: Address): Address;
  isDead(this: void, ref: Address): boolean;
  /** Number of weak references to the object. */
  count(this: void, object: Address): number;
  /** Visit the weak references to an object in list order. */
  each(this: void, object: Address, visit: (ref: Address) => void): void;
  /** The object dies: clear all, then call the callbacks, in order. `PyObject_ClearWeakRefs`. */
  clearAll(this: void, object: Address): void;
  /** Make one dead without calling back. `_PyWeakref_ClearRef`. */
  clear(this: void, ref: Address): void;
  /** New reference to the callback or NULL; the ref keeps it. */
  callback(this: void, ref: Address): Address;
  check(this: void, object: Address): boolean;
}
