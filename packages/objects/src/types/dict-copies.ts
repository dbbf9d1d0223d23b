/** Dicts from others: copies, updates, `fromkeys`. Which tables they get is CPython's rule, and shows in their sizes. */
import { type Address, layoutOf } from "@pyrena/abi";
import type { DictApi, TableCursor, ValuesApi } from "../api/tables.ts";
import type { Core } from "../core/core.ts";
import { type DictKeys, GENERAL, LOG2_MIN, usableFraction } from "./dict-keys.ts";
import { type DictTable, dictStruct } from "./dict-table.ts";

/** What this needs of the type itself. */
export interface DictMaking {
  /** A dict over keys, whose reference it takes when it succeeds. */
  make(this: void, keys: Address, itsValues: Address, used: number): Address;
  /** The same, but never a dict that was kept for reuse. */
  makeNew(this: void, keys: Address, itsValues: Address, used: number): Address;
  check(this: void, object: Address): boolean;
}

export function makeDictCopies(
  core: Core,
  keysApi: DictKeys,
  values: ValuesApi,
  table: DictTable,
  { make, makeNew, check }: DictMaking,
): Pick<DictApi, "copy" | "update" | "from" | "fromKeys"> {
  const { memory, alloc, refs, errors, profile } = core;
  const { at } = layoutOf(dictStruct, profile.abi);
  const USED = at.ma_used;
  const KEYS = at.ma_keys;
  const VALUES = at.ma_values;
  const { keysOf, valuesOf, length, resize, log2ForCount, insert, setItem, next, hashBefore } =
    table;
  const makeEmpty = core.facts.copiesDictsAnew ? makeNew : make;
  const create = (): Address => makeEmpty(keysApi.empty, 0, 0);

  function copy(dict: Address): Address {
    const used = length(dict);
    if (used === 0) return create();
    const keys = keysOf(dict);
    if (valuesOf(dict) !== 0) return copySplit(dict);
    if (used >= Math.floor((2 * keysApi.count(keys)) / 3)) {
      const clone = keysApi.clone(keys);
      if (clone === 0) return 0;
      const result = make(clone, 0, used);
      if (result === 0) keysApi.decref(clone);
      else followTracking(dict, result);
      return result;
    }
    const result = create();
    if (result === 0) return 0;
    if (update(result, dict) === 0) return result;
    refs.decref(result);
    return 0;
  }

  function followTracking(from: Address, to: Address): void {
    if (alloc.isTracked(from) && !alloc.isTracked(to)) alloc.track(to);
  }

  function copySplit(dict: Address): Address {
    const keys = keysOf(dict);
    const capacity = keysApi.count(keys) + keysApi.usable(keys);
    const itsValues = values.copy(valuesOf(dict), capacity);
    if (itsValues === 0) return 0;
    keysApi.incref(keys);
    // The copy of a split dict is never one that was kept (3.11 to 3.15).
    const result = makeNew(keys, itsValues, 0);
    if (result === 0) {
      values.free(itsValues);
      keysApi.decref(keys);
      return 0;
    }
    // Making it may have collected garbage: values count from here on only, and a finalizer may have changed them.
    const original = keysOf(dict) === keys ? valuesOf(dict) : 0;
    if (original === 0) {
      memory.u32[(result + VALUES) >>> 2] = 0;
      memory.u32[(result + KEYS) >>> 2] = keysApi.empty;
      values.free(itsValues);
      keysApi.decref(keys);
      refs.decref(result);
      return copy(dict);
    }
    const count = keysApi.count(keys);
    for (let n = 0; n < count; n++) {
      const value = values.get(original, n);
      values.set(itsValues, n, value);
      refs.xincref(value);
    }
    const used = values.size(original);
    values.setSize(itsValues, 0);
    for (let n = 0; n < used; n++) values.addToOrder(itsValues, values.order(original, n));
    memory.u32[(result + USED) >>> 2] = used;
    followTracking(dict, result);
    return result;
  }

  function update(dict: Address, other: Address): number {
    if (other === dict) return 0;
    const more = length(other);
    if (more === 0) return 0;
    const keys = keysOf(other);
    const slotCount = keysApi.slots(keys);
    // A table without holes that is no larger than it need be is taken over as it is; by a split table up to 3.12 only.
    if (
      length(dict) === 0 &&
      (valuesOf(dict) === 0 || core.facts.attributes !== "inline") &&
      valuesOf(other) === 0 &&
      more === keysApi.count(keys) &&
      (slotCount === 1 << LOG2_MIN || usableFraction(slotCount / 2) < more)
    ) {
      return takeOver(dict, other, keys);
    }
    const own = keysOf(dict);
    if (usableFraction(keysApi.slots(own)) < more) {
      const allStr = keysApi.kind(keys) !== GENERAL;
      if (resize(dict, log2ForCount(length(dict) + more), allStr) < 0) return -1;
    }
    return insertAll(dict, other);
  }

  function takeOver(dict: Address, other: Address, keys: Address): number {
    const clone = keysApi.clone(keys);
    if (clone === 0) return -1;
    const old = keysOf(dict);
    const oldValues = valuesOf(dict);
    const u32 = memory.u32;
    u32[(dict + KEYS) >>> 2] = clone;
    u32[(dict + VALUES) >>> 2] = 0;
    u32[(dict + USED) >>> 2] = length(other);
    followTracking(other, dict);
    if (oldValues !== 0) {
      if (values.isEmbedded(oldValues)) values.invalidate(oldValues);
      else values.free(oldValues);
    }
    keysApi.decref(old);
    return 0;
  }

  function insertAll(dict: Address, other: Address): number {
    const before = keysApi.count(keysOf(other));
    const cursor: TableCursor = { position: 0, key: 0, value: 0 };
    while (next(other, cursor)) {
      const { key, value } = cursor;
      const low = hashBefore(other, cursor);
      const high = core.hashHigh;
      refs.incref(key);
      refs.incref(value);
      const result = insert(dict, key, low, high, value);
      refs.decref(value);
      refs.decref(key);
      if (result < 0) return -1;
      if (keysApi.count(keysOf(other)) !== before) {
        errors.raise("RuntimeError", "the dict was changed while another was updated with it");
        return -1;
      }
    }
    return 0;
  }

  // Calling the type allocates as for any type: what is kept is not taken (3.11 to 3.15).
  const createByCall = (): Address => makeNew(keysApi.empty, 0, 0);

  function from(other: Address): Address {
    const dict = createByCall();
    if (dict === 0 || other === 0 || update(dict, other) === 0) return dict;
    refs.decref(dict);
    return 0;
  }

  function fromKeys(items: Address, value: Address): Address {
    const dict = createByCall();
    if (dict === 0) return 0;
    const done = check(items) ? fromDict(dict, items, value) : fromOthers(dict, items, value);
    if (done === 0) return dict;
    refs.decref(dict);
    return 0;
  }

  function fromDict(dict: Address, items: Address, value: Address): number {
    const allStr = keysApi.kind(keysOf(items)) !== GENERAL;
    if (resize(dict, log2ForCount(length(items)), allStr) < 0) return -1;
    const cursor: TableCursor = { position: 0, key: 0, value: 0 };
    while (next(items, cursor)) {
      if (insertHeld(dict, cursor.key, value) < 0) return -1;
    }
    return 0;
  }

  function insertHeld(dict: Address, key: Address, value: Address): number {
    refs.incref(key);
    const result = setItem(dict, key, value);
    refs.decref(key);
    return result;
  }

  function fromOthers(dict: Address, items: Address, value: Address): number {
    const { set, list, tuple } = core;
    if (set.check(items)) {
      if (resize(dict, log2ForCount(set.length(items)), false) < 0) return -1;
      const cursor: TableCursor = { position: 0, key: 0, value: 0 };
      while (set.next(items, cursor)) {
        if (insertHeld(dict, cursor.key, value) < 0) return -1;
      }
      return 0;
    }
    const sequence = list.check(items) ? list : tuple.check(items) ? tuple : undefined;
    if (sequence === undefined) {
      errors.raise("TypeError", "fromkeys() takes a list, tuple, set, frozenset or dict");
      return -1;
    }
    for (let n = 0; n < sequence.length(items); n++) {
      if (insertHeld(dict, sequence.getItem(items, n), value) < 0) return -1;
    }
    return 0;
  }

  return { copy, update, from, fromKeys };
}
