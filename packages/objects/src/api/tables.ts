/** dict and set. */
import type { Address } from "@pyrena/abi";

/** Where an iteration over a dict or set stands; reuse one object for many steps. */
export interface TableCursor {
  /** 0 to begin. */
  position: number;
  /** Borrowed. */
  key: Address;
  /** Borrowed; for sets unused. */
  value: Address;
}

/** `PyDictValues`: the values of an instance whose keys its class shares; types/dict-values.ts draws it. */
export interface ValuesApi {
  /** Bytes of a values block, or of inline values, of that capacity. */
  bytes(this: void, capacity: number): number;
  /** A block of its own from the MEM domain, all NULL; NULL with MemoryError pending. `new_values`. */
  create(this: void, capacity: number): Address;
  /** Write inline values (3.13 and later), all NULL. `_PyObject_InitInlineValues`. */
  initInline(this: void, values: Address, capacity: number): void;
  /** A block with the same contents; references are not counted. NULL with MemoryError pending. */
  copy(this: void, values: Address, capacity: number): Address;
  /** Give a block back; inline values are no block. */
  free(this: void, values: Address): void;
  /** Where the block begins. */
  block(this: void, values: Address): Address;
  /** Values that are set. */
  size(this: void, values: Address): number;
  setSize(this: void, values: Address, size: number): void;
  /** Index of the value that came `n`-th. */
  order(this: void, values: Address, n: number): number;
  addToOrder(this: void, values: Address, index: number): void;
  removeFromOrder(this: void, values: Address, index: number): void;
  /** Borrowed, or NULL. */
  get(this: void, values: Address, index: number): Address;
  /** Store; counts nothing. */
  set(this: void, values: Address, index: number, object: Address): void;
  /** Whether they lie in an instance (3.13 and later). */
  isEmbedded(this: void, values: Address): boolean;
  /** Whether inline values are in use: not once the instance's dict has a table of its own. */
  isValid(this: void, values: Address): boolean;
  /** Mark inline values as not in use, before their references are released. */
  retire(this: void, values: Address): void;
  /** Empty inline values whose references have gone elsewhere, and mark them as not in use. */
  invalidate(this: void, values: Address): void;
}

/** `PyDictObject`: compact, insertion-ordered; combined and split tables. Keys objects as CPython allocates them. */
export interface DictApi {
  readonly type: Address;
  /** `{}`. New reference. */
  create(this: void): Address;
  /** Room for `n` items in advance, as `BUILD_MAP` and `_PyDict_NewPresized` do. */
  createPresized(this: void, n: number, allStrings?: boolean): Address;
  /** Write the fields of a new dict, whose header is written: for instances of subclasses. Not tracked. */
  initialize(this: void, dict: Address): void;
  /** `dict(other)` of a dict, or `dict()` for NULL: never one that was kept for reuse. New reference. */
  from(this: void, other: Address): Address;
  /** `dict.fromkeys(items, value)` of a list, tuple, set, frozenset or dict. New reference. */
  fromKeys(this: void, items: Address, value: Address): Address;
  length(this: void, dict: Address): number;
  /** Borrowed; NULL and nothing pending: absent. `PyDict_GetItemWithError`. */
  getItem(this: void, dict: Address, key: Address): Address;
  /** By text, without making a str where possible. Borrowed. */
  getItemString(this: void, dict: Address, key: string): Address;
  /** Borrowed key and value; 0 or -1. `PyDict_SetItem`. */
  setItem(this: void, dict: Address, key: Address, value: Address): number;
  /** By text; a key that is not there yet is made an interned str. */
  setItemString(this: void, dict: Address, key: string, value: Address): number;
  /** By text, without making a str where possible: 1, 0, -1 with an exception pending. */
  containsString(this: void, dict: Address, key: string): number;
  /** 0; -1 with KeyError or another exception pending. */
  deleteItem(this: void, dict: Address, key: Address): number;
  contains(this: void, dict: Address, key: Address): number;
  /** `d.pop(key)`: new reference; NULL: absent (nothing pending) or an exception is pending. */
  pop(this: void, dict: Address, key: Address): Address;
  /** `d.popitem()`: new reference to a tuple. */
  popItem(this: void, dict: Address): Address;
  /** `d.setdefault(key, value)`: borrowed. */
  setDefault(this: void, dict: Address, key: Address, value: Address): Address;
  clear(this: void, dict: Address): void;
  /** `d.copy()`, new reference. */
  copy(this: void, dict: Address): Address;
  /** `d.update(other)` with a dict. */
  update(this: void, dict: Address, other: Address): number;
  /** Advance; false at the end. `PyDict_Next`. */
  next(this: void, dict: Address, cursor: TableCursor): boolean;
  /** Low half of the hash of the key that the cursor has just passed, the high half in `core.hashHigh`. */
  hashBefore(this: void, dict: Address, cursor: TableCursor): number;
  check(this: void, object: Address): boolean;
  /** `a == b` of two dicts: 1, 0, -1 with an exception pending. */
  equal(this: void, a: Address, b: Address): number;
  /** Keys object and values block (0: combined table) of a dict: what it holds besides itself. */
  keysOf(this: void, dict: Address): Address;
  /** Shared keys object of all empty dicts, in static data. */
  readonly emptyKeys: Address;
  /**
   * Visit every reference that the dict owns, once: also those to str keys, which `traverse` leaves out as CPython's
   * does. Keys of a class are the class's.
   */
  eachReference(this: void, dict: Address, visit: (referent: Address) => void): void;
  /**
   * Check one dict's table against K1 to K3 and D1 (length equals entries with a value).
   * @throws PyrenaError `heap-corrupt`
   */
  verify(this: void, dict: Address): void;

  /** Values of instances. */
  readonly values: ValuesApi;
  // What classes and instances need: shared keys and split tables.
  /** A shared keys object with 30 slots for a class (`ht_cached_keys`), count 1. NULL if there is no room. */
  createSharedKeys(this: void): Address;
  /** Bytes of a keys object, as getsizeof(class) counts it. */
  keysBytes(this: void, keys: Address): number;
  decrefKeys(this: void, keys: Address): void;
  increfKeys(this: void, keys: Address): void;
  /** Entries used in and usable slots left of a shared keys object. */
  keysEntries(this: void, keys: Address): number;
  keysUsable(this: void, keys: Address): number;
  setKeysUsable(this: void, keys: Address, usable: number): void;
  /** Index of a str key in shared keys, or -1. */
  sharedIndex(this: void, keys: Address, key: Address): number;
  /** Insert a str key into shared keys (increfs it): its index, or -1 if there is no slot left. */
  insertShared(this: void, keys: Address, key: Address): number;
  /** Key at an index of shared keys, borrowed. */
  sharedKey(this: void, keys: Address, index: number): Address;
  /**
   * A dict with a split table over shared keys and a values block (`_PyDictValues` as the version lays it out; 3.13
   * and later: inside the instance, `embedded`). New reference.
   */
  createSplit(this: void, keys: Address, values: Address, used: number, embedded: boolean): Address;
  /** The values of a split table, NULL for a combined one. */
  valuesOf(this: void, dict: Address): Address;
  /** Copy embedded values out, as an instance dies whose dict lives on; 0 or -1. */
  detachValues(this: void, dict: Address): number;
}

/** `PySetObject`, also frozenset. */
export interface SetApi {
  readonly type: Address;
  readonly frozenType: Address;
  /** Write the fields of a new set, whose header is written: for instances of subclasses. Not tracked. */
  initialize(this: void, set: Address): void;
  /** `set()`, new reference. */
  create(this: void): Address;
  /** `frozenset(items)` or `set(items)` of a list, tuple, set or dict, new reference. */
  from(this: void, items: Address, frozen: boolean): Address;
  /** From an array of borrowed objects, in order, as `{a, b}` adds them. */
  pack(this: void, items: readonly Address[], frozen?: boolean): Address;
  length(this: void, set: Address): number;
  add(this: void, set: Address, key: Address): number;
  /** 1 found and removed, 0 absent, -1 exception. */
  discard(this: void, set: Address, key: Address): number;
  contains(this: void, set: Address, key: Address): number;
  /** `s.pop()`: new reference, NULL with KeyError pending. */
  pop(this: void, set: Address): Address;
  clear(this: void, set: Address): void;
  copy(this: void, set: Address): Address;
  update(this: void, set: Address, other: Address): number;
  union(this: void, a: Address, b: Address): Address;
  intersection(this: void, a: Address, b: Address): Address;
  difference(this: void, a: Address, b: Address): Address;
  symmetricDifference(this: void, a: Address, b: Address): Address;
  /** `a &= b`, `a -= b`, `a ^= b`: 0, or -1 with an exception pending. */
  intersectionUpdate(this: void, set: Address, other: Address): number;
  differenceUpdate(this: void, set: Address, other: Address): number;
  symmetricDifferenceUpdate(this: void, set: Address, other: Address): number;
  /** `a <= b`: 1, 0, -1 with an exception pending. */
  isSubset(this: void, a: Address, b: Address): number;
  /** Advance; false at the end. */
  next(this: void, set: Address, cursor: TableCursor): boolean;
  check(this: void, object: Address): boolean;
  /**
   * Check one set's table against S1 to S3.
   * @throws PyrenaError `heap-corrupt`
   */
  verify(this: void, set: Address): void;
}
