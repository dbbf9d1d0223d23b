/**
 * A dict's table, combined or split: lookup, growth, insertion, removal, iteration.
 *
 *     lp64  ilp32
 *        0      0   count, type
 *       16      8   ma_used: items
 *       24     16   ma_version_tag: for watchers; kept 0
 *       32     24   ma_keys: keys object (dict-keys.ts), its own or, with values, one that a class shares
 *       40     28   ma_values: NULL, or the values of a split table (dict-values.ts)
 *
 * D1  ma_used = entries (of a split table: values) that are not NULL.
 * D2  a combined table's keys are used by this dict alone; all empty dicts use the static empty keys.
 *
 * Looking a key up may run `__eq__` of users, which may change the dict: it is looked up again then. Whatever runs
 * code of users is done before the table is touched, or after it is whole again.
 */
import { type Address, defineStruct, layoutOf, type StructDefinition } from "@pyrena/abi";
import type { TableCursor, ValuesApi } from "../api/tables.ts";
import type { Core } from "../core/core.ts";
import { ABSENT, ALL_STR, type DictKeys, FAILED, GENERAL, LOG2_MIN } from "./dict-keys.ts";
import type { TableKeys } from "./table-keys.ts";

/** `PyDictObject`. */
export const dictStruct: StructDefinition<
  "ob_refcnt" | "ob_type" | "ma_used" | "ma_version_tag" | "ma_keys" | "ma_values"
> = defineStruct("PyDictObject", {
  ob_refcnt: "size",
  ob_type: "ptr",
  ma_used: { type: "size", help: "items" },
  ma_version_tag: "u64",
  ma_keys: { type: "ptr", help: "keys object" },
  ma_values: { type: "ptr", help: "values of a split table, or NULL" },
});

/** What a walk returns when code of users has changed the dict under it. */
const CHANGED = -4;

/** The tables of one heap's dicts: the part of `core.dict` that knows no type. */
export interface DictTable {
  keysOf(this: void, dict: Address): Address;
  valuesOf(this: void, dict: Address): Address;
  length(this: void, dict: Address): number;
  /** Value of an entry, borrowed; NULL: none (split tables). */
  valueAt(this: void, dict: Address, index: number): Address;
  /** Entry of a key, ABSENT, or FAILED with an exception pending. May run code of users. */
  lookup(this: void, dict: Address, key: Address, low: number, high: number): number;
  getItem(this: void, dict: Address, key: Address): Address;
  contains(this: void, dict: Address, key: Address): number;
  /** log2 of the slots that a table for `n` items is made with in advance. */
  log2ForCount(this: void, n: number): number;
  /** A new combined table with the same items; -1 with MemoryError pending: nothing has changed. */
  resize(this: void, dict: Address, log2: number, allStr: boolean): number;
  /** Whether holding the object can make a dict part of a cycle. */
  mayBeTracked(this: void, object: Address): boolean;
  setItem(this: void, dict: Address, key: Address, value: Address): number;
  /** As `setItem`, with the key's hash. */
  insert(
    this: void,
    dict: Address,
    key: Address,
    low: number,
    high: number,
    value: Address,
  ): number;
  setDefault(this: void, dict: Address, key: Address, value: Address): Address;
  deleteItem(this: void, dict: Address, key: Address): number;
  pop(this: void, dict: Address, key: Address): Address;
  popItem(this: void, dict: Address): Address;
  clear(this: void, dict: Address): void;
  /** Release a values block and what it holds. */
  dropValues(this: void, keys: Address, itsValues: Address): void;
  next(this: void, dict: Address, cursor: TableCursor): boolean;
  /** Low half of the hash of the key that the cursor has just passed, the high half in `core.hashHigh`. */
  hashBefore(this: void, dict: Address, cursor: TableCursor): number;
}

export function makeDictTable(
  core: Core,
  keysApi: DictKeys,
  values: ValuesApi,
  tableKeys: TableKeys,
): DictTable {
  const { memory, alloc, refs, types, errors, protocol, facts, profile, wide, word } = core;
  const { at } = layoutOf(dictStruct, profile.abi);
  const TYPE = word;
  const USED = at.ma_used;
  const KEYS = at.ma_keys;
  const VALUES = at.ma_values;
  const STR = core.str.type;
  const STR_HASH = 3 * word;
  const HEAD = profile.headers.gcHead;
  const TRACKS_AT_ONCE = facts.tracksDictsAtOnce;
  const EMPTY = keysApi.empty;
  const KIND = keysApi.kindOffset;
  const INDICES = keysApi.indicesOffset;
  const { hash: hashOf, hashFailed, sameSmallInt } = tableKeys;
  const { findStr, entryOfStr, append, usable } = keysApi;

  // Fields

  function keysOf(dict: Address): Address {
    return memory.u32[(dict + KEYS) >>> 2];
  }

  function valuesOf(dict: Address): Address {
    return memory.u32[(dict + VALUES) >>> 2];
  }

  function length(dict: Address): number {
    return memory.u32[(dict + USED) >>> 2];
  }

  /** Value of an entry, borrowed; NULL: none (split tables). */
  function valueAt(dict: Address, index: number): Address {
    const itsValues = valuesOf(dict);
    return itsValues === 0 ? keysApi.valueAt(keysOf(dict), index) : values.get(itsValues, index);
  }

  // Lookup

  /** Entry of a key, ABSENT, or FAILED with an exception pending. May run code of users. */
  function lookup(dict: Address, key: Address, low: number, high: number): number {
    const keys = keysOf(dict);
    return memory.u8[keys + KIND] !== GENERAL && memory.u32[(key + TYPE) >>> 2] === STR
      ? findStr(keys, key, low, high)
      : findAny(dict, key, low, high);
  }

  function findAny(dict: Address, key: Address, low: number, high: number): number {
    for (;;) {
      const keys = keysOf(dict);
      const step = keysApi.stride(keys);
      const general = memory.u8[keys + KIND] === GENERAL;
      const keyWord = keysApi.entries(keys) + (general ? word : 0);
      const index = probe(dict, keys, keyWord, step, general, key, low, high);
      if (index !== CHANGED) return index;
    }
  }

  /** One walk along a hash's way, with equality as the keys have it; CHANGED if that changed the dict. */
  function probe(
    dict: Address,
    keys: Address,
    firstKey: Address,
    step: number,
    general: boolean,
    key: Address,
    low: number,
    high: number,
  ): number {
    const log2 = keysApi.log2Slots(keys);
    const mask = (1 << log2) - 1;
    const indices = keys + INDICES;
    let { u8, u16, u32, i32 } = memory;
    let slot = low & mask;
    let perturb = low >>> 0;
    let upper = high;
    for (;;) {
      const index =
        log2 < 8
          ? (u8[indices + slot] << 24) >> 24
          : log2 < 16
            ? (u16[(indices + 2 * slot) >>> 1] << 16) >> 16
            : i32[(indices + 4 * slot) >>> 2];
      if (index >= 0) {
        const entry = firstKey + index * step;
        const found = u32[entry >>> 2];
        if (found === key) return index;
        const hash = (general ? entry - word : found + STR_HASH) >>> 2;
        if (i32[hash] === low && (!wide || i32[hash + 1] === high)) {
          if (sameSmallInt(found, key)) return index;
          const same = compare(dict, keys, entry, found, key);
          if (same === 1) return index;
          if (same !== 0) return same;
          ({ u8, u16, u32, i32 } = memory);
        }
      } else if (index === ABSENT) return ABSENT;
      if (wide) {
        perturb = ((perturb >>> 5) | (upper << 27)) >>> 0;
        upper >>>= 5;
      } else perturb >>>= 5;
      slot = (slot * 5 + perturb + 1) & mask;
    }
  }

  /** Whether two keys of the same hash are equal: 1, 0, FAILED or CHANGED. */
  function compare(
    dict: Address,
    keys: Address,
    entry: Address,
    found: Address,
    key: Address,
  ): number {
    refs.incref(found);
    const same = protocol.equal(found, key);
    refs.decref(found);
    if (same < 0) return FAILED;
    return keysOf(dict) !== keys || memory.u32[entry >>> 2] !== found ? CHANGED : same;
  }

  function getItem(dict: Address, key: Address): Address {
    const u32 = memory.u32;
    const keys = u32[(dict + KEYS) >>> 2];
    if (memory.u8[keys + KIND] !== ALL_STR || u32[(key + TYPE) >>> 2] !== STR) {
      return getItemAny(dict, key);
    }
    const i32 = memory.i32;
    const low = i32[(key + STR_HASH) >>> 2];
    const high = wide ? i32[(key + STR_HASH + 4) >>> 2] : -1;
    if (low === -1 && high === -1) return getItemAny(dict, key);
    const entry = entryOfStr(keys, key, low, high);
    return entry === 0 ? 0 : u32[(entry + word) >>> 2];
  }

  function getItemAny(dict: Address, key: Address): Address {
    const low = hashOf(key);
    if (low === -1 && hashFailed()) return 0;
    const index = lookup(dict, key, low, core.hashHigh);
    return index < 0 ? 0 : valueAt(dict, index);
  }

  function contains(dict: Address, key: Address): number {
    const low = hashOf(key);
    if (low === -1 && hashFailed()) return -1;
    const index = lookup(dict, key, low, core.hashHigh);
    if (index === FAILED) return -1;
    return index >= 0 && valueAt(dict, index) !== 0 ? 1 : 0;
  }

  // Growth

  /** log2 of the slots that a table for `n` items is made with in advance. */
  function log2ForCount(n: number): number {
    return keysApi.log2For(Math.floor((3 * n + 1) / 2));
  }

  /** Room for more: three times the items. -1 with MemoryError pending; nothing has changed then. */
  function grow(dict: Address, allStr: boolean): number {
    return resize(dict, keysApi.log2For(3 * length(dict)), allStr);
  }

  /** A new combined table with the same items, in order, without holes. */
  function resize(dict: Address, log2: number, allStr: boolean): number {
    const old = keysOf(dict);
    const oldValues = valuesOf(dict);
    const fresh = keysApi.create(log2, allStr && keysApi.kind(old) !== GENERAL);
    if (fresh === 0) return -1;
    const used = length(dict);
    if (oldValues !== 0) {
      for (let n = 0; n < used; n++) {
        const from = values.order(oldValues, n);
        const key = keysApi.keyAt(old, from);
        refs.incref(key);
        const low = keysApi.hashAt(old, from);
        keysApi.write(fresh, n, key, low, core.hashHigh, values.get(oldValues, from));
      }
    } else keysApi.moveEntries(old, fresh);
    keysApi.index(fresh, used);
    memory.u32[(dict + KEYS) >>> 2] = fresh;
    memory.u32[(dict + VALUES) >>> 2] = 0;
    if (oldValues !== 0) {
      if (values.isEmbedded(oldValues)) values.invalidate(oldValues);
      else values.free(oldValues);
      keysApi.decref(old);
    } else if (old !== EMPTY) keysApi.free(old);
    return 0;
  }

  // Insertion

  /** Up to 3.13 a dict is tracked when it gets a key or a value that may be part of a cycle. */
  function track(dict: Address, key: Address, value: Address): void {
    if (alloc.isTracked(dict)) return;
    if (mayBeTracked(value) || mayBeTracked(key)) alloc.track(dict);
  }

  function mayBeTracked(object: Address): boolean {
    if (!types.isCollectable(object)) return false;
    return types.typeOf(object) !== core.tuple.type || alloc.isTracked(object);
  }

  function setItem(dict: Address, key: Address, value: Address): number {
    const u32 = memory.u32;
    const keys = u32[(dict + KEYS) >>> 2];
    if (memory.u8[keys + KIND] !== ALL_STR || u32[(key + TYPE) >>> 2] !== STR) {
      return setItemAny(dict, key, value);
    }
    const i32 = memory.i32;
    const low = i32[(key + STR_HASH) >>> 2];
    const high = wide ? i32[(key + STR_HASH + 4) >>> 2] : -1;
    if (low === -1 && high === -1) return setItemAny(dict, key, value);
    const entry = entryOfStr(keys, key, low, high);
    refs.incref(value);
    // A str is never part of a cycle.
    if (!TRACKS_AT_ONCE && u32[(dict - HEAD) >>> 2] === 0 && mayBeTracked(value)) alloc.track(dict);
    if (entry === 0) return addStr(dict, key, low, high, value);
    const old = u32[(entry + word) >>> 2];
    u32[(entry + word) >>> 2] = value;
    refs.decref(old);
    return 0;
  }

  function addStr(dict: Address, key: Address, low: number, high: number, value: Address): number {
    refs.incref(key);
    return addNew(dict, key, true, low, high, value) < 0 ? giveUp(key, value) : 0;
  }

  function setItemAny(dict: Address, key: Address, value: Address): number {
    const low = hashOf(key);
    if (low === -1 && hashFailed()) return -1;
    return insert(dict, key, low, core.hashHigh, value);
  }

  function insert(dict: Address, key: Address, low: number, high: number, value: Address): number {
    const isStr = memory.u32[(key + TYPE) >>> 2] === STR;
    if (!isStr || memory.u8[keysOf(dict) + KIND] === GENERAL) {
      return insertAny(dict, key, isStr, low, high, value);
    }
    const index = findStr(keysOf(dict), key, low, high);
    refs.incref(value);
    if (!TRACKS_AT_ONCE) track(dict, key, value);
    if (index >= 0) {
      replace(dict, index, value);
      return 0;
    }
    return addStr(dict, key, low, high, value);
  }

  function insertAny(
    dict: Address,
    key: Address,
    isStr: boolean,
    low: number,
    high: number,
    value: Address,
  ): number {
    // Equality may run code of users, which may drop key or value elsewhere.
    refs.incref(value);
    refs.incref(key);
    const index = makeReady(dict, isStr) < 0 ? FAILED : lookup(dict, key, low, high);
    if (index === FAILED) return giveUp(key, value);
    if (!TRACKS_AT_ONCE) track(dict, key, value);
    if (index >= 0) {
      replace(dict, index, value);
      refs.decref(key);
      return 0;
    }
    return addNew(dict, key, isStr, low, high, value) < 0 ? giveUp(key, value) : 0;
  }

  /** A table of strs becomes a general one before a key of another kind is looked up for insertion. */
  function makeReady(dict: Address, isStr: boolean): number {
    const keys = keysOf(dict);
    if (isStr || keys === EMPTY || memory.u8[keys + KIND] === GENERAL) return 0;
    return grow(dict, false);
  }

  /** Add an item whose key is not there; takes both references if it succeeds. */
  function addNew(
    dict: Address,
    key: Address,
    isStr: boolean,
    low: number,
    high: number,
    value: Address,
  ): number {
    let keys = keysOf(dict);
    if (keys === EMPTY) {
      keys = keysApi.create(LOG2_MIN, isStr);
      if (keys === 0) return -1;
      memory.u32[(dict + KEYS) >>> 2] = keys;
    }
    // A lookup may have cleared a general table, which left the empty keys, of the all-str kind.
    if (usable(keys) === 0 || (!isStr && memory.u8[keys + KIND] !== GENERAL)) {
      if (grow(dict, isStr) < 0) return -1;
      keys = keysOf(dict);
    }
    const itsValues = valuesOf(dict);
    if (itsValues === 0) append(keys, key, low, high, value);
    else {
      const index = append(keys, key, low, high, 0);
      values.set(itsValues, index, value);
      values.addToOrder(itsValues, index);
    }
    memory.u32[(dict + USED) >>> 2]++;
    return 0;
  }

  function giveUp(key: Address, value: Address): number {
    refs.decref(value);
    refs.decref(key);
    return -1;
  }

  /** Put a value (its reference is taken) in an entry's place; only then is the old one released. */
  function replace(dict: Address, index: number, value: Address): void {
    const itsValues = valuesOf(dict);
    if (itsValues === 0) {
      const keys = keysOf(dict);
      const old = keysApi.valueAt(keys, index);
      keysApi.setValueAt(keys, index, value);
      refs.decref(old);
      return;
    }
    const old = values.get(itsValues, index);
    values.set(itsValues, index, value);
    if (old !== 0) refs.decref(old);
    else {
      values.addToOrder(itsValues, index);
      memory.u32[(dict + USED) >>> 2]++;
    }
  }

  function setDefault(dict: Address, key: Address, value: Address): Address {
    const low = hashOf(key);
    if (low === -1 && hashFailed()) return 0;
    const high = core.hashHigh;
    const isStr = memory.u32[(key + TYPE) >>> 2] === STR;
    if (makeReady(dict, isStr) < 0) return 0;
    const index = lookup(dict, key, low, high);
    if (index === FAILED) return 0;
    const found = index < 0 ? 0 : valueAt(dict, index);
    if (found !== 0) return found;
    if (!TRACKS_AT_ONCE) track(dict, key, value);
    if (index < 0) {
      if (addNew(dict, key, isStr, low, high, value) < 0) return 0;
      refs.incref(key);
      refs.incref(value);
    } else {
      refs.incref(value);
      replace(dict, index, value);
    }
    return value;
  }

  // Removal

  function deleteItem(dict: Address, key: Address): number {
    const low = hashOf(key);
    if (low === -1 && hashFailed()) return -1;
    const high = core.hashHigh;
    const index = lookup(dict, key, low, high);
    if (index === FAILED) return -1;
    const value = index < 0 ? 0 : valueAt(dict, index);
    if (value === 0) {
      errors.raiseObject("KeyError", key);
      return -1;
    }
    remove(dict, index, low, high, value);
    refs.decref(value);
    return 0;
  }

  /** Take an entry out; its value's reference is the caller's then, its key is released. */
  function remove(
    dict: Address,
    index: number,
    low: number,
    high: number,
    value: Address,
  ): Address {
    const keys = keysOf(dict);
    memory.u32[(dict + USED) >>> 2]--;
    const itsValues = valuesOf(dict);
    if (itsValues !== 0) {
      values.set(itsValues, index, 0);
      values.removeFromOrder(itsValues, index);
      return value;
    }
    keysApi.bury(keys, keysApi.slotOf(keys, low, high, index));
    const key = keysApi.keyAt(keys, index);
    keysApi.erase(keys, index);
    refs.decref(key);
    return value;
  }

  function pop(dict: Address, key: Address): Address {
    if (length(dict) === 0) return 0;
    const low = hashOf(key);
    if (low === -1 && hashFailed()) return 0;
    const high = core.hashHigh;
    const index = lookup(dict, key, low, high);
    if (index < 0) return 0;
    const value = valueAt(dict, index);
    return value === 0 ? 0 : remove(dict, index, low, high, value);
  }

  function popItem(dict: Address): Address {
    const { tuple } = core;
    // First, because making it may collect garbage, which may change the dict.
    const pair = tuple.create(2);
    if (pair === 0) return 0;
    if (length(dict) === 0) {
      refs.decref(pair);
      return errors.raise("KeyError", "popitem(): the dict is empty");
    }
    if (valuesOf(dict) !== 0 && resize(dict, keysApi.log2Slots(keysOf(dict)), true) < 0) {
      refs.decref(pair);
      return 0;
    }
    const keys = keysOf(dict);
    let last = keysApi.count(keys) - 1;
    while (keysApi.valueAt(keys, last) === 0) last--;
    const low = keysApi.hashAt(keys, last);
    keysApi.bury(keys, keysApi.slotOf(keys, low, core.hashHigh, last));
    tuple.setItem(pair, 0, keysApi.keyAt(keys, last));
    tuple.setItem(pair, 1, keysApi.valueAt(keys, last));
    alloc.track(pair);
    keysApi.erase(keys, last);
    // The slot of the entry is spent, so `usable` stays.
    keysApi.setCount(keys, last);
    memory.u32[(dict + USED) >>> 2]--;
    return pair;
  }

  function clear(dict: Address): void {
    const keys = keysOf(dict);
    if (keys === EMPTY) return;
    const itsValues = valuesOf(dict);
    const u32 = memory.u32;
    u32[(dict + USED) >>> 2] = 0;
    if (itsValues !== 0 && values.isEmbedded(itsValues)) {
      values.setSize(itsValues, 0);
      clearValues(keys, itsValues);
      return;
    }
    u32[(dict + KEYS) >>> 2] = EMPTY;
    u32[(dict + VALUES) >>> 2] = 0;
    if (itsValues !== 0) dropValues(keys, itsValues);
    keysApi.decref(keys);
  }

  /** Release a values block and what it holds. */
  function dropValues(keys: Address, itsValues: Address): void {
    clearValues(keys, itsValues);
    values.free(itsValues);
  }

  function clearValues(keys: Address, itsValues: Address): void {
    const count = keysApi.count(keys);
    for (let n = 0; n < count; n++) {
      const value = values.get(itsValues, n);
      if (value === 0) continue;
      values.set(itsValues, n, 0);
      refs.decref(value);
    }
  }

  // Iteration

  function next(dict: Address, cursor: TableCursor): boolean {
    const keys = keysOf(dict);
    const itsValues = valuesOf(dict);
    let n = cursor.position;
    if (itsValues !== 0) {
      if (n >= length(dict)) return false;
      cursor.position = n + 1;
      n = values.order(itsValues, n);
      cursor.value = values.get(itsValues, n);
    } else {
      const count = keysApi.count(keys);
      let value = 0;
      while (n < count && value === 0) value = keysApi.valueAt(keys, n++);
      if (value === 0) return false;
      cursor.value = value;
      cursor.position = n--;
    }
    cursor.key = keysApi.keyAt(keys, n);
    return true;
  }

  /** Entry that the cursor has just passed. */
  function entryBefore(dict: Address, cursor: TableCursor): number {
    const itsValues = valuesOf(dict);
    const n = cursor.position - 1;
    return itsValues === 0 ? n : values.order(itsValues, n);
  }

  return {
    keysOf,
    valuesOf,
    length,
    valueAt,
    lookup,
    getItem,
    contains,
    log2ForCount,
    resize,
    mayBeTracked,
    setItem,
    insert,
    setDefault,
    deleteItem,
    pop,
    popItem,
    clear,
    dropValues,
    next,
    hashBefore: (dict, cursor) => keysApi.hashAt(keysOf(dict), entryBefore(dict, cursor)),
  };
}
