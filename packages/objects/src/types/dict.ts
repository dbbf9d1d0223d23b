/**
 * dict (`Objects/dictobject.c`): a hash table in order of insertion. Its layout and its table are dict-table.ts's, its
 * keys dict-keys.ts's; here are the type and what it is made and dies with. Up to 80 dead dicts are kept for reuse.
 */
import { type Address, layoutCodes, layoutOf } from "@pyrena/abi";
import type { DictApi, TableCursor } from "../api/tables.ts";
import { type TypeSlots, typeFlags, type Visit } from "../api/types.ts";
import type { Core } from "../core/core.ts";
import { makeDictCopies } from "./dict-copies.ts";
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
import { dictStruct, makeDictTable } from "./dict-table.ts";
import { makeValues } from "./dict-values.ts";
import { makeDictCheck } from "./dict-verify.ts";
import { makeTableKeys } from "./table-keys.ts";

export { dictStruct };

/** Items that a table made in advance has room for at most, as log2 of its slots. */
const LOG2_MAX_PRESIZE = 17;

export function makeDict(core: Core): DictApi {
  const { memory, alloc, refs, types, protocol, facts, profile, wide, word } = core;
  const { bytes: BYTES, at } = layoutOf(dictStruct, profile.abi);
  const TYPE = word;
  const USED = at.ma_used;
  const TAG = at.ma_version_tag;
  const KEYS = at.ma_keys;
  const VALUES = at.ma_values;
  const HEAD = profile.headers.gcHead;
  const TRACKS_AT_ONCE = facts.tracksDictsAtOnce;
  const tableKeys = makeTableKeys(core);
  const keysApi: DictKeys = makeDictKeys(core);
  const values = makeValues(core);
  const table = makeDictTable(core, keysApi, values, tableKeys);
  const EMPTY = keysApi.empty;
  const { findStr, append, usable } = keysApi;
  const { hash: hashOf } = tableKeys;
  const { keysOf, valuesOf, valueAt, length, lookup, log2ForCount, mayBeTracked } = table;
  const { getItem, setItem, clear, dropValues, next } = table;
  const copies = makeDictCopies(core, keysApi, values, table, { make, makeNew, check });
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
    const dict = kept.pop();
    if (dict === 0) return makeNew(keys, itsValues, used);
    alloc.initHeader(dict, type);
    writeFields(dict, used, keys, itsValues);
    if (TRACKS_AT_ONCE) alloc.track(dict);
    return dict;
  }

  /** As `make`, but never a dict that was kept. */
  function makeNew(keys: Address, itsValues: Address, used: number): Address {
    const dict = alloc.gcObject(type, BYTES, HEAD);
    if (dict === 0) return 0;
    writeFields(dict, used, keys, itsValues);
    if (TRACKS_AT_ONCE) alloc.track(dict);
    return dict;
  }

  function create(): Address {
    const dict = kept.pop();
    if (dict === 0) return make(EMPTY, 0, 0);
    // What is kept still has its type, its tag, and the upper halves of its words.
    const u32 = memory.u32;
    u32[dict >>> 2] = 1;
    u32[(dict + USED) >>> 2] = 0;
    u32[(dict + KEYS) >>> 2] = EMPTY;
    u32[(dict + VALUES) >>> 2] = 0;
    if (TRACKS_AT_ONCE) alloc.track(dict);
    return dict;
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
   * A dict's references one by one, as `dealloc` releases them: values of a split table, or keys and values of
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
    const itsType = memory.u32[(dict + TYPE) >>> 2];
    if (itsType !== type) alloc.freeGcObject(dict, types.preBytes(itsType));
    else if (!kept.push(dict)) alloc.freeGcObject(dict, HEAD);
  }

  /** Whether a combined table's keys go with the dict. */
  function ownsKeys(keys: Address): boolean {
    return keys !== EMPTY && keysApi.refcount(keys) === 1;
  }

  function traverse(dict: Address, visit: Visit): void {
    const keys = keysOf(dict);
    const itsValues = valuesOf(dict);
    const count = keysApi.count(keys);
    if (itsValues !== 0) {
      // Inline values are the instance's to visit, before 3.15.
      if (values.isEmbedded(itsValues) && !facts.dictsVisitInlineValues) return;
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

  function check(object: Address): boolean {
    const itsType = memory.u32[(object + TYPE) >>> 2];
    return itsType === type || (types.flags(itsType) & typeFlags.dictSubclass) !== 0;
  }

  // Comparison, text

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
    // An all-str table is searched without code of users, so that no object need be made of the text.
    if (keysApi.kind(memory.u32[(dict + KEYS) >>> 2]) === ALL_STR) {
      const probe = core.str.probe(text);
      if (probe !== 0) return getItem(dict, probe);
    }
    const key = core.str.from(text);
    if (key === 0) return 0;
    const found = getItem(dict, key);
    refs.decref(key);
    return found;
  }

  function setItemString(dict: Address, text: string, value: Address): number {
    // A key that is there already is found in the same way, and stays.
    if (keysApi.kind(keysOf(dict)) === ALL_STR) {
      const probe = core.str.probe(text);
      if (probe !== 0 && getItem(dict, probe) !== 0) return setItem(dict, probe, value);
    }
    const key = core.str.interned(text);
    if (key === 0) return -1;
    const result = setItem(dict, key, value);
    refs.decref(key);
    return result;
  }

  function containsString(dict: Address, text: string): number {
    if (getItemString(dict, text) !== 0) return 1;
    return core.errors.occurred() === 0 ? 0 : -1;
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

  return {
    type,
    create,
    createPresized,
    initialize: (dict) => writeFields(dict, 0, EMPTY, 0),
    ...copies,
    length,
    getItem,
    getItemString,
    setItem,
    setItemString,
    containsString,
    deleteItem: table.deleteItem,
    contains: table.contains,
    pop: table.pop,
    popItem: table.popItem,
    setDefault: table.setDefault,
    clear,
    next,
    hashBefore: table.hashBefore,
    check,
    equal,
    keysOf,
    emptyKeys: EMPTY,
    eachReference,
    verify: makeDictCheck(core, keysApi, values, table),
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
