/**
 * dict (`Objects/dictobject.c`): a hash table in order of insertion.
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
import {
  type Address,
  defineStruct,
  hex,
  layoutCodes,
  layoutOf,
  PyrenaError,
  type StructDefinition,
} from "@pyrena/abi";
import type { DictApi, TableCursor } from "../api/tables.ts";
import { type TypeSlots, typeFlags, type Visit } from "../api/types.ts";
import type { Core } from "../core/core.ts";
import {
  ABSENT,
  ALL_STR,
  type DictKeys,
  FAILED,
  GENERAL,
  LOG2_MIN,
  makeDictKeys,
  usableFraction,
} from "./dict-keys.ts";
import { makeValues } from "./dict-values.ts";
import { makeTableKeys } from "./table-keys.ts";

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
/** Items that a table made in advance has room for at most, as log2 of its slots. */
const LOG2_MAX_PRESIZE = 17;

export function makeDict(core: Core): DictApi {
  const { memory, alloc, refs, types, errors, protocol, facts, profile, wide, word } = core;
  const { bytes: BYTES, at } = layoutOf(dictStruct, profile.abi);
  const TYPE = word;
  const USED = at.ma_used;
  const TAG = at.ma_version_tag;
  const KEYS = at.ma_keys;
  const VALUES = at.ma_values;
  const STR = core.str.type;
  const { hash: hashOf, hashFailed, sameSmallInt } = makeTableKeys(core);
  const STR_HASH = 3 * word;
  const HEAD = profile.headers.gcHead;
  const TRACKS_AT_ONCE = facts.tracksDictsAtOnce;
  const keysApi: DictKeys = makeDictKeys(core);
  const values = makeValues(core);
  const EMPTY = keysApi.empty;
  const KIND = keysApi.kindOffset;
  const INDICES = keysApi.indicesOffset;
  const { findStr, entryOfStr, append, usable } = keysApi;
  const kept = alloc.freeList("dict", profile.freeLists.dict, (dict) =>
    alloc.freeGcObject(dict, HEAD),
  );

  const slots: TypeSlots = {
    name: "dict",
    dealloc,
    unwind: { begin: () => true, next: takeNext, end: endUnwinding },
    traverse,
    clear,
    sizeof: (dict) => {
      const keys = keysOf(dict);
      let size = types.basicsize(types.typeOf(dict));
      if (valuesOf(dict) !== 0) size += (keysApi.count(keys) + keysApi.usable(keys)) * word;
      return keys !== EMPTY && keysApi.refcount(keys) === 1 ? size + keysApi.bytes(keys) : size;
    },
    equal: (a, b) => (check(b) ? equal(a, b) : 2),
    length,
    repr,
    reprInside: "{...}",
  };
  const type = types.define({
    name: "dict",
    basicsize: BYTES,
    flags: typeFlags.baseType | typeFlags.hasGc | typeFlags.dictSubclass,
    slots,
    layout: [layoutCodes.custom],
  });

  // Making and dropping dicts

  function setField(address: Address, value: number): void {
    const u32 = memory.u32;
    u32[address >>> 2] = value;
    if (wide) u32[(address >>> 2) + 1] = 0;
  }

  function writeFields(dict: Address, used: number, keys: Address, itsValues: Address): void {
    setField(dict + USED, used);
    memory.u32[(dict + TAG) >>> 2] = 0;
    memory.u32[(dict + TAG + 4) >>> 2] = 0;
    setField(dict + KEYS, keys);
    setField(dict + VALUES, itsValues);
  }

  /** A dict over keys, whose reference it takes when it succeeds. */
  function make(keys: Address, itsValues: Address, used: number): Address {
    let dict = kept.pop();
    if (dict !== 0) alloc.initHeader(dict, type);
    else {
      dict = alloc.gcObject(type, BYTES, HEAD);
      if (dict === 0) return 0;
    }
    writeFields(dict, used, keys, itsValues);
    if (TRACKS_AT_ONCE) alloc.track(dict);
    return dict;
  }

  function create(): Address {
    return make(EMPTY, 0, 0);
  }

  function createPresized(n: number, allStrings = false): Address {
    if (n <= usableFraction(1 << LOG2_MIN)) return create();
    const log2 = n > usableFraction(1 << LOG2_MAX_PRESIZE) ? LOG2_MAX_PRESIZE : log2ForCount(n);
    return makeOver(keysApi.create(log2, allStrings));
  }

  /** An empty dict over new keys; NULL keys: an exception is pending. */
  function makeOver(keys: Address): Address {
    if (keys === 0) return 0;
    const dict = make(keys, 0, 0);
    if (dict === 0) keysApi.decref(keys);
    return dict;
  }

  function dealloc(dict: Address): void {
    const itsType = memory.u32[(dict + TYPE) >>> 2];
    const exact = itsType === type;
    if (alloc.isTracked(dict)) alloc.untrack(dict);
    if (exact && refs.trashcanBegin(dict)) return;
    const keys = keysOf(dict);
    const itsValues = valuesOf(dict);
    if (itsValues !== 0) {
      if (!values.isEmbedded(itsValues)) dropValues(keys, itsValues);
      keysApi.decref(keys);
    } else keysApi.decref(keys);
    if (!exact) alloc.freeGcObject(dict, types.preBytes(itsType));
    else {
      if (!kept.push(dict)) alloc.freeGcObject(dict, HEAD);
      refs.trashcanEnd();
    }
  }

  /**
   * An exact dict's references one by one, as `dealloc` releases them: values of a split table, or keys and values of
   * a table of its own. How far it has come stands in the first word of its PyGC_Head.
   */
  function takeNext(dict: Address): Address {
    const progress = (dict - HEAD) >>> 2;
    const keys = keysOf(dict);
    const itsValues = valuesOf(dict);
    const count = keysApi.count(keys);
    if (itsValues !== 0) {
      if (values.isEmbedded(itsValues)) return 0;
      for (let n = memory.u32[progress]; n < count; n++) {
        const value = values.get(itsValues, n);
        if (value === 0) continue;
        values.set(itsValues, n, 0);
        memory.u32[progress] = n + 1;
        return value;
      }
      return 0;
    }
    if (!ownsKeys(keys)) return 0;
    for (let n = memory.u32[progress]; n < 2 * count; n++) {
      const index = n >>> 1;
      const object = (n & 1) === 0 ? keysApi.keyAt(keys, index) : keysApi.valueAt(keys, index);
      if (object === 0) continue;
      memory.u32[progress] = n + 1;
      return object;
    }
    return 0;
  }

  /** The end of it: the tables, which are empty now, and the dict. */
  function endUnwinding(dict: Address): void {
    memory.u32[(dict - HEAD) >>> 2] = 0;
    const keys = keysOf(dict);
    const itsValues = valuesOf(dict);
    if (itsValues !== 0 && !values.isEmbedded(itsValues)) values.free(itsValues);
    if (itsValues === 0 && ownsKeys(keys)) keysApi.free(keys);
    else keysApi.decref(keys);
    if (!kept.push(dict)) alloc.freeGcObject(dict, HEAD);
  }

  /** Whether a combined table's keys go with the dict. */
  function ownsKeys(keys: Address): boolean {
    return keys !== EMPTY && keysApi.refcount(keys) === 1;
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

  function traverse(dict: Address, visit: Visit): void {
    const keys = keysOf(dict);
    const itsValues = valuesOf(dict);
    const count = keysApi.count(keys);
    if (itsValues !== 0) {
      if (values.isEmbedded(itsValues)) return;
      for (let n = 0; n < count; n++) {
        const value = values.get(itsValues, n);
        if (value !== 0) visit(value);
      }
      return;
    }
    // The keys of an all-str table cannot be part of a cycle, and are not visited.
    const general = keysApi.kind(keys) === GENERAL;
    for (let n = 0; n < count; n++) {
      const value = keysApi.valueAt(keys, n);
      if (value === 0) continue;
      visit(value);
      if (general) visit(keysApi.keyAt(keys, n));
    }
  }

  function eachReference(dict: Address, visit: Visit): void {
    const keys = keysOf(dict);
    if (valuesOf(dict) === 0 && keysApi.kind(keys) !== GENERAL) {
      const count = keysApi.count(keys);
      for (let n = 0; n < count; n++) {
        const key = keysApi.keyAt(keys, n);
        if (key !== 0) visit(key);
      }
    }
    traverse(dict, visit);
  }

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

  function check(object: Address): boolean {
    const itsType = memory.u32[(object + TYPE) >>> 2];
    return itsType === type || (types.flags(itsType) & typeFlags.dictSubclass) !== 0;
  }

  /** Value of an entry, borrowed; NULL: none (split tables). */
  function valueAt(dict: Address, index: number): Address {
    const itsValues = valuesOf(dict);
    return itsValues === 0 ? keysApi.valueAt(keysOf(dict), index) : values.get(itsValues, index);
  }

  // Hash and lookup

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
    if (!TRACKS_AT_ONCE && u32[(dict - HEAD) >>> 2] === 0) track(dict, key, value);
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

  // Copies

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
    const result = make(keys, itsValues, length(dict));
    if (result === 0) {
      values.free(itsValues);
      return 0;
    }
    keysApi.incref(keys);
    const count = keysApi.count(keys);
    for (let n = 0; n < count; n++) refs.xincref(values.get(itsValues, n));
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
      const low = keysApi.hashAt(keysOf(other), entryBefore(other, cursor));
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

  /** Entry that the cursor has just passed. */
  function entryBefore(dict: Address, cursor: TableCursor): number {
    const itsValues = valuesOf(dict);
    const n = cursor.position - 1;
    return itsValues === 0 ? n : values.order(itsValues, n);
  }

  function fromKeys(items: Address, value: Address): Address {
    const dict = create();
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

  // Iteration, comparison, text

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

  function equal(a: Address, b: Address): number {
    if (length(a) !== length(b)) return 0;
    for (let n = 0; n < keysApi.count(keysOf(a)); n++) {
      const mine = valueAt(a, n);
      if (mine === 0) continue;
      const key = keysApi.keyAt(keysOf(a), n);
      const low = keysApi.hashAt(keysOf(a), n);
      const high = core.hashHigh;
      refs.incref(mine);
      refs.incref(key);
      const result = equalItem(b, key, low, high, mine);
      refs.decref(key);
      refs.decref(mine);
      if (result !== 1) return result;
    }
    return 1;
  }

  function equalItem(b: Address, key: Address, low: number, high: number, mine: Address): number {
    const index = lookup(b, key, low, high);
    if (index === FAILED) return -1;
    const theirs = index < 0 ? 0 : valueAt(b, index);
    if (theirs === 0) return 0;
    refs.incref(theirs);
    const result = protocol.equal(mine, theirs);
    refs.decref(theirs);
    return result;
  }

  function repr(dict: Address): string {
    const parts: string[] = [];
    const cursor: TableCursor = { position: 0, key: 0, value: 0 };
    while (next(dict, cursor)) {
      const { key, value } = cursor;
      parts.push(`${protocol.repr(key)}: ${protocol.repr(value)}`);
    }
    return `{${parts.join(", ")}}`;
  }

  // Items by text

  function getItemString(dict: Address, text: string): Address {
    const key = core.str.from(text);
    if (key === 0) return 0;
    const found = getItem(dict, key);
    refs.decref(key);
    return found;
  }

  function setItemString(dict: Address, text: string, value: Address): number {
    const key = core.str.interned(text);
    if (key === 0) return -1;
    const result = setItem(dict, key, value);
    refs.decref(key);
    return result;
  }

  // Shared keys

  function insertShared(keys: Address, key: Address): number {
    const low = hashOf(key);
    const high = core.hashHigh;
    const found = findStr(keys, key, low, high);
    if (found !== ABSENT) return found;
    if (usable(keys) === 0) return -1;
    refs.incref(key);
    return append(keys, key, low, high, 0);
  }

  function createSplit(keys: Address, itsValues: Address, used: number): Address {
    const dict = make(keys, itsValues, used);
    if (dict === 0) return 0;
    keysApi.incref(keys);
    if (!TRACKS_AT_ONCE) {
      const count = keysApi.count(keys);
      for (let n = 0; n < count && !alloc.isTracked(dict); n++) {
        const value = values.get(itsValues, n);
        if (value !== 0 && mayBeTracked(value)) alloc.track(dict);
      }
    }
    return dict;
  }

  function detachValues(dict: Address): number {
    const embedded = valuesOf(dict);
    if (embedded === 0 || !values.isEmbedded(embedded)) return 0;
    const copied = values.copy(embedded, 0);
    if (copied === 0) return -1;
    memory.u32[(dict + VALUES) >>> 2] = copied;
    values.invalidate(embedded);
    return 0;
  }

  // Checks

  function verify(dict: Address): void {
    const keys = keysOf(dict);
    const itsValues = valuesOf(dict);
    const broken = (invariant: string, text: string): never => {
      throw new PyrenaError("heap-corrupt", `${invariant}: dict at ${hex(dict)}: ${text}`, {
        address: dict,
        invariant,
      });
    };
    const count = keysApi.count(keys);
    const slotCount = keysApi.slots(keys);
    if (keys !== EMPTY && count + usable(keys) > usableFraction(slotCount)) {
      broken("K3", `${count} entries and ${usable(keys)} to come do not fit in ${slotCount} slots`);
    }
    if (itsValues === 0 && keys !== EMPTY && keysApi.refcount(keys) !== 1) {
      broken("D2", `a combined table's keys are used ${keysApi.refcount(keys)} times`);
    }
    let named = 0;
    for (let slot = 0; slot < slotCount && keys !== EMPTY; slot++) {
      const index = keysApi.slotAt(keys, slot);
      if (index < 0) continue;
      named++;
      if (index >= count || keysApi.keyAt(keys, index) === 0) {
        broken("K1", `slot ${slot} names entry ${index}, which is not there`);
      }
      const low = keysApi.hashAt(keys, index);
      if (keysApi.slotOf(keys, low, core.hashHigh, index) !== slot) {
        broken("K2", `entry ${index} is not found from its hash`);
      }
    }
    let used = 0;
    let withKey = 0;
    for (let n = 0; n < count; n++) {
      if (keysApi.keyAt(keys, n) !== 0) withKey++;
      if (valueAt(dict, n) !== 0) used++;
    }
    if (named !== withKey) broken("K1", `${named} slots name ${withKey} entries`);
    if (used !== length(dict)) broken("D1", `ma_used is ${length(dict)}, but there are ${used}`);
    if (itsValues !== 0 && values.size(itsValues) !== used) {
      broken("D1", `${values.size(itsValues)} values are in order, but ${used} are set`);
    }
  }

  return {
    type,
    create,
    createPresized,
    initialize: (dict) => writeFields(dict, 0, EMPTY, 0),
    fromKeys,
    length,
    getItem,
    getItemString,
    setItem,
    setItemString,
    deleteItem,
    contains,
    pop,
    popItem,
    setDefault,
    clear,
    copy,
    update,
    next,
    hashBefore: (dict, cursor) => keysApi.hashAt(keysOf(dict), entryBefore(dict, cursor)),
    check,
    equal,
    keysOf,
    emptyKeys: EMPTY,
    eachReference,
    verify,
    values,
    createSharedKeys: keysApi.createShared,
    keysBytes: keysApi.bytes,
    decrefKeys: keysApi.decref,
    increfKeys: keysApi.incref,
    keysEntries: keysApi.count,
    keysUsable: usable,
    setKeysUsable: keysApi.setUsable,
    sharedIndex: (keys, key) => {
      const low = hashOf(key);
      return findStr(keys, key, low, core.hashHigh);
    },
    insertShared,
    sharedKey: keysApi.keyAt,
    createSplit,
    valuesOf,
    detachValues,
  };
}
