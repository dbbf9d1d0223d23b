/**
 * set and frozenset (`Objects/setobject.c`): a hash table without order, whose first 8 entries lie in the object.
 *
 *     lp64  ilp32
 *        0      0   count, type
 *       16      8   fill: entries in use and deleted ones
 *       24     12   used: items
 *       32     16   mask: slots - 1
 *       40     20   table: the entries, in the object or a block of the MEM domain
 *       48     24   hash: of a frozenset, -1 until asked for
 *       56     28   finger: where pop() goes on searching
 *       64     32   smalltable: 8 entries of key and hash
 *      192     96   weakreflist
 *
 * A deleted entry has the address of the objects' state for a key (which is no object), and the hash -1.
 *
 * S1  used = entries with a key; fill = those and the deleted ones.
 * S2  an item is found from its hash: up to ten entries in a row from i = hash, then from i = 5i + 1 + perturb with
 *     perturb >>= 5, before a free entry.
 * S3  fill < slots × 3/5 after each addition, so that a free entry always remains. An item that is added takes the
 *     place of the last deleted entry that its search passed, if there is one: fill then stays.
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
import type { SetApi, TableCursor } from "../api/tables.ts";
import { type TypeSlots, typeFlags, type Visit } from "../api/types.ts";
import type { Core } from "../core/core.ts";
import { eachItem, itemCount } from "../core/iteration.ts";
import { finishHash, mixItem, type SetHash } from "./set-hash.ts";
import { makeTableKeys } from "./table-keys.ts";

/** `PySetObject`. */
export const setStruct: StructDefinition<
  | "ob_refcnt"
  | "ob_type"
  | "fill"
  | "used"
  | "mask"
  | "table"
  | "hash"
  | "finger"
  | "smalltable"
  | "weakreflist"
> = defineStruct("PySetObject", {
  ob_refcnt: "size",
  ob_type: "ptr",
  fill: { type: "size", help: "entries in use and deleted ones" },
  used: { type: "size", help: "items" },
  mask: { type: "size", help: "slots - 1" },
  table: { type: "ptr", help: "entries" },
  hash: { type: "size", help: "of a frozenset, or -1" },
  finger: { type: "size", help: "where pop() goes on" },
  smalltable: { type: "size", count: 16, help: "8 entries of key and hash" },
  weakreflist: "ptr",
});

/** What a search returns when code of users has changed the set under it; and a step that found no item. */
const CHANGED = -1;
const MISSING = 2;
/** Slots of the smallest table. */
const MIN_SLOTS = 8;
/** Entries that are looked at in a row after the first. */
const LINEAR_PROBES = 9;
/** Sets of more items grow by 2 in place of 4. */
const LARGE = 50_000;

export function makeSet(core: Core): SetApi {
  const { memory, mem, alloc, refs, types, errors, protocol, profile, wide, word } = core;
  const { bytes: BYTES, at } = layoutOf(setStruct, profile.abi);
  const TYPE = word;
  const FILL = at.fill;
  const USED = at.used;
  const MASK = at.mask;
  const TABLE = at.table;
  const HASH = at.hash;
  const FINGER = at.finger;
  const SMALL = at.smalltable;
  const WEAKREFS = at.weakreflist;
  const HEAD = profile.headers.gcHead;
  const STR = core.str.type;
  const { hash: hashOf, hashFailed, sameSmallInt } = makeTableKeys(core);
  const DUMMY = core.state;
  /** Bytes of an entry, and where its hash is. */
  const ENTRY = 2 * word;
  const ENTRY_SHIFT = core.wordShift + 1;
  const SMALL_BYTES = MIN_SLOTS * ENTRY;

  const shared: Omit<TypeSlots, "name"> = {
    dealloc,
    unwind: { begin: beginUnwinding, next: takeNext, end: endUnwinding },
    traverse,
    sizeof: (set) => {
      const own = types.basicsize(types.typeOf(set));
      return tableOf(set) === set + SMALL ? own : own + (maskOf(set) + 1) * ENTRY;
    },
    equal: (a, b) => (check(b) ? equal(a, b) : 2),
    less: (a, b) => (check(b) ? (length(a) < length(b) ? isSubset(a, b) : 0) : 2),
    repr,
    length,
  };
  const type = types.define({
    name: "set",
    basicsize: BYTES,
    flags: typeFlags.baseType | typeFlags.hasGc,
    weaklistoffset: WEAKREFS,
    slots: { ...shared, name: "set", clear, reprInside: "set(...)" },
    layout: [layoutCodes.custom],
  });
  const frozenType = types.define({
    name: "frozenset",
    basicsize: BYTES,
    flags: typeFlags.baseType | typeFlags.hasGc,
    weaklistoffset: WEAKREFS,
    slots: { ...shared, name: "frozenset", clear, hash: hashOfSet, reprInside: "frozenset(...)" },
    layout: [layoutCodes.custom],
  });

  // Making and dropping sets

  function create(): Address {
    return make(type);
  }

  function make(itsType: Address): Address {
    const set = alloc.gcObject(itsType, BYTES, HEAD);
    if (set === 0) return 0;
    initialize(set);
    alloc.track(set);
    return set;
  }

  function initialize(set: Address): void {
    const u32 = memory.u32;
    const end = (set + BYTES) >>> 2;
    for (let i = (set + FILL) >>> 2; i < end; i++) u32[i] = 0;
    emptySmall(set);
  }

  /** The fields of a set without items; the small table must be zeros. */
  function emptySmall(set: Address): void {
    const u32 = memory.u32;
    u32[(set + FILL) >>> 2] = 0;
    u32[(set + USED) >>> 2] = 0;
    u32[(set + MASK) >>> 2] = MIN_SLOTS - 1;
    u32[(set + TABLE) >>> 2] = set + SMALL;
    forgetHash(set);
  }

  function forgetHash(set: Address): void {
    const i = (set + HASH) >>> 2;
    memory.i32[i] = -1;
    if (wide) memory.i32[i + 1] = -1;
  }

  function dealloc(set: Address): void {
    const itsType = memory.u32[(set + TYPE) >>> 2];
    const exact = itsType === type || itsType === frozenType;
    if (alloc.isTracked(set)) alloc.untrack(set);
    if (exact && refs.trashcanBegin(set)) return;
    if (memory.u32[(set + WEAKREFS) >>> 2] !== 0) core.weakrefs.clearAll(set);
    const table = tableOf(set);
    let left = length(set);
    for (let entry = table; left > 0; entry += ENTRY) {
      const key = memory.u32[entry >>> 2];
      if (key === 0 || key === DUMMY) continue;
      left--;
      refs.decref(key);
    }
    if (table !== set + SMALL) mem.free(table);
    alloc.freeGcObject(set, exact ? HEAD : types.preBytes(itsType));
    if (exact) refs.trashcanEnd();
  }

  /** Weak references are dead before the first key goes. */
  function beginUnwinding(set: Address): boolean {
    if (memory.u32[(set + WEAKREFS) >>> 2] !== 0) core.weakrefs.clearAll(set);
    return true;
  }

  /** An exact set's keys one by one; how many slots are done stands in the first word of its PyGC_Head. */
  function takeNext(set: Address): Address {
    const progress = (set - HEAD) >>> 2;
    const table = tableOf(set);
    const slots = maskOf(set) + 1;
    for (let n = memory.u32[progress]; n < slots; n++) {
      const key = memory.u32[(table + n * ENTRY) >>> 2];
      if (key === 0 || key === DUMMY) continue;
      memory.u32[progress] = n + 1;
      return key;
    }
    return 0;
  }

  function endUnwinding(set: Address): void {
    memory.u32[(set - HEAD) >>> 2] = 0;
    const table = tableOf(set);
    if (table !== set + SMALL) mem.free(table);
    alloc.freeGcObject(set, HEAD);
  }

  function traverse(set: Address, visit: Visit): void {
    const table = tableOf(set);
    const end = table + (maskOf(set) + 1) * ENTRY;
    for (let entry = table; entry < end; entry += ENTRY) {
      const key = memory.u32[entry >>> 2];
      if (key !== 0 && key !== DUMMY) visit(key);
    }
  }

  function clear(set: Address): void {
    const table = tableOf(set);
    const isLarge = table !== set + SMALL;
    if (!isLarge && memory.u32[(set + FILL) >>> 2] === 0) return;
    // Releasing an item may run code that uses the set: it must be empty, and its entries elsewhere, before that.
    const keys: Address[] = [];
    traverse(set, (key) => keys.push(key));
    memory.u32.fill(0, (set + SMALL) >>> 2, (set + SMALL + SMALL_BYTES) >>> 2);
    emptySmall(set);
    for (const key of keys) refs.decref(key);
    if (isLarge) mem.free(table);
  }

  // Fields

  function length(set: Address): number {
    return memory.u32[(set + USED) >>> 2];
  }

  function tableOf(set: Address): Address {
    return memory.u32[(set + TABLE) >>> 2];
  }

  function maskOf(set: Address): number {
    return memory.u32[(set + MASK) >>> 2];
  }

  function check(object: Address): boolean {
    const itsType = memory.u32[(object + TYPE) >>> 2];
    if (itsType === type || itsType === frozenType) return true;
    return (
      (types.flags(itsType) & typeFlags.heapType) !== 0 &&
      (types.isSubtype(itsType, type) || types.isSubtype(itsType, frozenType))
    );
  }

  function isFrozen(set: Address): boolean {
    return types.isInstance(set, frozenType);
  }

  // Hash and lookup

  /** The deleted entry that the last search passed last, or 0: an item that is added goes there. */
  let passed: Address = 0;

  /**
   * Entry of a key, or the free entry where the search ended; 0 with an exception pending. May run code of users; when
   * that changes the set, the search begins anew.
   */
  function find(set: Address, key: Address, low: number, high: number): Address {
    for (;;) {
      const entry = search(set, key, low, high);
      // Equality may also have put an item where the search had passed a deleted one.
      if (entry === CHANGED) continue;
      if (passed === 0 || memory.u32[passed >>> 2] === DUMMY) return entry;
    }
  }

  function search(set: Address, key: Address, low: number, high: number): Address {
    let u32 = memory.u32;
    let i32 = memory.i32;
    const table = u32[(set + TABLE) >>> 2];
    const mask = u32[(set + MASK) >>> 2];
    let slot = low & mask;
    let perturb = low >>> 0;
    let upper = high;
    let deleted = 0;
    for (;;) {
      let entry = table + slot * ENTRY;
      const last = slot + LINEAR_PROBES <= mask ? entry + LINEAR_PROBES * ENTRY : entry;
      for (; entry <= last; entry += ENTRY) {
        const found = u32[entry >>> 2];
        if (found === 0 || found === key) {
          passed = deleted;
          return entry;
        }
        const hash = (entry + word) >>> 2;
        if (found === DUMMY) deleted = entry;
        else if (i32[hash] === low && (!wide || i32[hash + 1] === high)) {
          const same = compare(set, table, entry, found, key);
          passed = 0;
          if (same === 1) return entry;
          if (same !== 0) return same === CHANGED ? CHANGED : 0;
          u32 = memory.u32;
          i32 = memory.i32;
        }
      }
      if (wide) {
        perturb = ((perturb >>> 5) | (upper << 27)) >>> 0;
        upper >>>= 5;
      } else perturb >>>= 5;
      slot = (slot * 5 + 1 + perturb) & mask;
    }
  }

  /** Whether two keys of the same hash are equal: 1, 0, -2 with an exception pending, CHANGED. */
  function compare(
    set: Address,
    table: Address,
    entry: Address,
    found: Address,
    key: Address,
  ): number {
    const u32 = memory.u32;
    if (u32[(found + TYPE) >>> 2] === STR && u32[(key + TYPE) >>> 2] === STR) {
      return core.str.same(found, key) ? 1 : 0;
    }
    if (sameSmallInt(found, key)) return 1;
    refs.incref(found);
    const same = protocol.equal(found, key);
    refs.decref(found);
    if (same < 0) return -2;
    return tableOf(set) !== table || memory.u32[entry >>> 2] !== found ? CHANGED : same;
  }

  /** `key in set`: 1, 0, or -1. */
  function containsKnown(set: Address, key: Address, low: number, high: number): number {
    const entry = find(set, key, low, high);
    if (entry === 0) return -1;
    return memory.u32[entry >>> 2] === 0 ? 0 : 1;
  }

  /** A set as a key means the frozenset of the same items. -1 and -1: the exception stays. */
  function hashOfKey(key: Address): number {
    const low = hashOf(key);
    if (low !== -1 || !hashFailed()) return low;
    if (check(key) && errors.matches("TypeError")) {
      errors.clear();
      return hashOfSet(key);
    }
    core.hashHigh = -1;
    return -1;
  }

  function contains(set: Address, key: Address): number {
    const low = hashOfKey(key);
    return low === -1 && hashFailed() ? -1 : containsKnown(set, key, low, core.hashHigh);
  }

  // Growth

  /** Another table, the smallest of more than `minimum` slots, without deleted entries. */
  function resize(set: Address, minimum: number): number {
    let slotCount = MIN_SLOTS;
    while (slotCount <= minimum) slotCount *= 2;
    const old = tableOf(set);
    const oldEnd = old + (maskOf(set) + 1) * ENTRY;
    if (slotCount === MIN_SLOTS) {
      if (old === set + SMALL) {
        rebuildSmall(set);
        return 0;
      }
      memory.u32.fill(0, (set + SMALL) >>> 2, (set + SMALL + SMALL_BYTES) >>> 2);
      moveEntries(old, oldEnd, set + SMALL, MIN_SLOTS - 1);
    } else {
      const bytes = slotCount * ENTRY;
      const table = mem.malloc(bytes);
      if (table === 0) {
        errors.noMemory();
        return -1;
      }
      memory.u32.fill(0, table >>> 2, (table + bytes) >>> 2);
      moveEntries(old, oldEnd, table, slotCount - 1);
      memory.u32[(set + TABLE) >>> 2] = table;
    }
    const u32 = memory.u32;
    if (slotCount === MIN_SLOTS) u32[(set + TABLE) >>> 2] = set + SMALL;
    u32[(set + MASK) >>> 2] = slotCount - 1;
    u32[(set + FILL) >>> 2] = u32[(set + USED) >>> 2];
    if (old !== set + SMALL) mem.free(old);
    return 0;
  }

  /** Take deleted entries out of the table in the object. */
  function rebuildSmall(set: Address): void {
    const u32 = memory.u32;
    if (u32[(set + FILL) >>> 2] === u32[(set + USED) >>> 2]) return;
    const first = (set + SMALL) >>> 2;
    const words = SMALL_BYTES >>> 2;
    const entries = u32.slice(first, first + words);
    u32.fill(0, first, first + words);
    for (let i = 0; i < words; i += ENTRY >>> 2) {
      const key = entries[i];
      if (key === 0 || key === DUMMY) continue;
      const hash = i + (word >>> 2);
      const high = wide ? entries[hash + 1] | 0 : 0;
      insertClean(set + SMALL, MIN_SLOTS - 1, key, entries[hash] | 0, high);
    }
    u32[(set + FILL) >>> 2] = u32[(set + USED) >>> 2];
  }

  function moveEntries(from: Address, end: Address, table: Address, mask: number): void {
    const { u32, i32 } = memory;
    for (let entry = from; entry < end; entry += ENTRY) {
      const key = u32[entry >>> 2];
      if (key === 0 || key === DUMMY) continue;
      const hash = (entry + word) >>> 2;
      insertClean(table, mask, key, i32[hash], wide ? i32[hash + 1] : 0);
    }
  }

  /** Enter a key that is not there in a table without deleted entries. */
  function insertClean(
    table: Address,
    mask: number,
    key: Address,
    low: number,
    high: number,
  ): void {
    const u32 = memory.u32;
    let slot = low & mask;
    let perturb = low >>> 0;
    let upper = high;
    for (;;) {
      let entry = table + slot * ENTRY;
      const last = slot + LINEAR_PROBES <= mask ? entry + LINEAR_PROBES * ENTRY : entry;
      for (; entry <= last; entry += ENTRY) {
        if (u32[entry >>> 2] === 0) {
          writeEntry(entry, key, low, high);
          return;
        }
      }
      if (wide) {
        perturb = ((perturb >>> 5) | (upper << 27)) >>> 0;
        upper >>>= 5;
      } else perturb >>>= 5;
      slot = (slot * 5 + 1 + perturb) & mask;
    }
  }

  function writeEntry(entry: Address, key: Address, low: number, high: number): void {
    const i32 = memory.i32;
    memory.u32[entry >>> 2] = key;
    i32[(entry + word) >>> 2] = low;
    if (wide) i32[(entry + word + 4) >>> 2] = high;
  }

  // Items

  function add(set: Address, key: Address): number {
    const low = hashOf(key);
    if (low === -1 && hashFailed()) return -1;
    return addKnown(set, key, low, core.hashHigh);
  }

  function addKnown(set: Address, key: Address, low: number, high: number): number {
    refs.incref(key);
    const entry = find(set, key, low, high);
    const u32 = memory.u32;
    if (entry === 0 || u32[entry >>> 2] !== 0) {
      refs.decref(key);
      return entry === 0 ? -1 : 0;
    }
    if (passed !== 0) {
      writeEntry(passed, key, low, high);
      u32[(set + USED) >>> 2]++;
      return 0;
    }
    writeEntry(entry, key, low, high);
    const fill = u32[(set + FILL) >>> 2] + 1;
    u32[(set + FILL) >>> 2] = fill;
    const used = u32[(set + USED) >>> 2] + 1;
    u32[(set + USED) >>> 2] = used;
    if (fill * 5 < u32[(set + MASK) >>> 2] * 3) return 0;
    if (resize(set, used > LARGE ? used * 2 : used * 4) === 0) return 0;
    // No room for the larger table: the set stays as it was before.
    writeEntry(entry, 0, 0, 0);
    memory.u32[(set + FILL) >>> 2]--;
    memory.u32[(set + USED) >>> 2]--;
    refs.decref(key);
    return -1;
  }

  function discard(set: Address, key: Address): number {
    const low = hashOfKey(key);
    return low === -1 && hashFailed() ? -1 : discardKnown(set, key, low, core.hashHigh);
  }

  function discardKnown(set: Address, key: Address, low: number, high: number): number {
    const entry = find(set, key, low, high);
    if (entry === 0) return -1;
    const found = memory.u32[entry >>> 2];
    if (found === 0) return 0;
    writeEntry(entry, DUMMY, -1, -1);
    memory.u32[(set + USED) >>> 2]--;
    refs.decref(found);
    return 1;
  }

  function pop(set: Address): Address {
    if (length(set) === 0) return errors.raise("KeyError", "pop from an empty set");
    const u32 = memory.u32;
    const table = tableOf(set);
    const mask = maskOf(set);
    let slot = u32[(set + FINGER) >>> 2] & mask;
    let key = u32[(table + slot * ENTRY) >>> 2];
    while (key === 0 || key === DUMMY) {
      slot = slot === mask ? 0 : slot + 1;
      key = u32[(table + slot * ENTRY) >>> 2];
    }
    writeEntry(table + slot * ENTRY, DUMMY, -1, -1);
    u32[(set + USED) >>> 2]--;
    u32[(set + FINGER) >>> 2] = slot + 1;
    return key;
  }

  function next(set: Address, cursor: TableCursor): boolean {
    const u32 = memory.u32;
    const table = u32[(set + TABLE) >>> 2];
    const mask = u32[(set + MASK) >>> 2];
    for (let slot = cursor.position; slot <= mask; slot++) {
      const key = u32[(table + (slot << ENTRY_SHIFT)) >>> 2];
      if (key === 0 || key === DUMMY) continue;
      cursor.position = slot + 1;
      cursor.key = key;
      return true;
    }
    return false;
  }

  /** Low half of the hash of the item that the cursor has just passed, the high half in `core.hashHigh`. */
  function hashBefore(set: Address, cursor: TableCursor): number {
    const i = (tableOf(set) + (cursor.position - 1) * ENTRY + word) >>> 2;
    if (wide) core.hashHigh = memory.i32[i + 1];
    return memory.i32[i];
  }

  /**
   * Run a step for each item of a set, which is held meanwhile; code of users may change the set between steps.
   * @returns 0, or the first result of a step that is not 0
   */
  function eachKnown(
    set: Address,
    step: (key: Address, low: number, high: number) => number,
  ): number {
    const cursor: TableCursor = { position: 0, key: 0, value: 0 };
    while (next(set, cursor)) {
      const key = cursor.key;
      const low = hashBefore(set, cursor);
      const high = core.hashHigh;
      refs.incref(key);
      const result = step(key, low, high);
      refs.decref(key);
      if (result !== 0) return result;
    }
    return 0;
  }

  // Sets from others

  /** Room for `more` items at once, as merging makes it. */
  function makeRoom(set: Address, more: number): number {
    const u32 = memory.u32;
    if ((u32[(set + FILL) >>> 2] + more) * 5 < u32[(set + MASK) >>> 2] * 3) return 0;
    return resize(set, (u32[(set + USED) >>> 2] + more) * 2);
  }

  function merge(set: Address, other: Address): number {
    const more = length(other);
    if (other === set || more === 0) return 0;
    if (makeRoom(set, more) < 0) return -1;
    if (memory.u32[(set + FILL) >>> 2] === 0) {
      copyEntries(set, other);
      return 0;
    }
    const cursor: TableCursor = { position: 0, key: 0, value: 0 };
    while (next(other, cursor)) {
      const low = hashBefore(other, cursor);
      if (addKnown(set, cursor.key, low, core.hashHigh) < 0) return -1;
    }
    return 0;
  }

  /** Fill an empty set whose table is large enough: slot by slot where both tables are alike. */
  function copyEntries(set: Address, other: Address): void {
    const { u32 } = memory;
    const from = tableOf(other);
    const to = tableOf(set);
    const used = length(other);
    if (maskOf(set) === maskOf(other) && u32[(other + FILL) >>> 2] === used) {
      const bytes = (maskOf(other) + 1) * ENTRY;
      memory.u8.copyWithin(to, from, from + bytes);
    } else moveEntries(from, from + (maskOf(other) + 1) * ENTRY, to, maskOf(set));
    u32[(set + FILL) >>> 2] = used;
    u32[(set + USED) >>> 2] = used;
    const end = to + (maskOf(set) + 1) * ENTRY;
    for (let entry = to; entry < end; entry += ENTRY) {
      const key = u32[entry >>> 2];
      if (key !== 0) refs.incref(key);
    }
  }

  function update(set: Address, other: Address): number {
    if (check(other)) return merge(set, other);
    if (types.typeOf(other) === core.dict.type) return mergeDict(set, other);
    if (itemCount(core, other) < 0) return -1;
    let failed = 0;
    const done = eachItem(core, other, (item) => {
      if (failed === 0) failed = add(set, item);
      refs.decref(item);
    });
    return failed < 0 ? failed : done;
  }

  function mergeDict(set: Address, dict: Address): number {
    if (makeRoom(set, core.dict.length(dict)) < 0) return -1;
    const cursor: TableCursor = { position: 0, key: 0, value: 0 };
    while (core.dict.next(dict, cursor)) {
      const low = core.dict.hashBefore(dict, cursor);
      if (addKnown(set, cursor.key, low, core.hashHigh) < 0) return -1;
    }
    return 0;
  }

  /** A new set of a type with the items of another object; NULL with an exception pending. */
  function makeFrom(itsType: Address, items: Address): Address {
    const set = make(itsType);
    if (set === 0) return 0;
    if (update(set, items) === 0) return set;
    refs.decref(set);
    return 0;
  }

  function from(items: Address, frozen: boolean): Address {
    if (frozen && types.typeOf(items) === frozenType) return refs.newRef(items);
    return makeFrom(frozen ? frozenType : type, items);
  }

  function pack(items: readonly Address[], frozen = false): Address {
    const set = make(frozen ? frozenType : type);
    if (set === 0) return 0;
    for (const item of items) {
      if (add(set, item) < 0) {
        refs.decref(set);
        return 0;
      }
    }
    return set;
  }

  /** `set` or `frozenset`, whichever the set is or derives from: the type of results. */
  function baseType(set: Address): Address {
    return isFrozen(set) ? frozenType : type;
  }

  function copy(set: Address): Address {
    if (types.typeOf(set) === frozenType) return refs.newRef(set);
    return copyOf(set);
  }

  /** A copy also of a frozenset. */
  function copyOf(set: Address): Address {
    return makeFrom(baseType(set), set);
  }

  /** A set or, where that failed, NULL. */
  function finished(set: Address, result: number): Address {
    if (result >= 0) return set;
    refs.decref(set);
    return 0;
  }

  function union(a: Address, b: Address): Address {
    const result = copyOf(a);
    if (result === 0 || a === b) return result;
    return finished(result, update(result, b));
  }

  function intersection(a: Address, b: Address): Address {
    if (a === b) return copyOf(a);
    const result = make(baseType(a));
    if (result === 0) return 0;
    // The smaller one is gone through; its keys, not the equal ones of the other, are the result's.
    const [through, other] = length(b) > length(a) ? [a, b] : [b, a];
    const done = eachKnown(through, (key, low, high) => {
      const found = containsKnown(other, key, low, high);
      return found > 0 ? addKnown(result, key, low, high) : found;
    });
    return finished(result, done);
  }

  function difference(a: Address, b: Address): Address {
    if (length(a) >>> 2 > length(b)) {
      const result = copyOf(a);
      return result === 0 ? 0 : finished(result, differenceUpdate(result, b));
    }
    const result = make(baseType(a));
    if (result === 0) return 0;
    const done = eachKnown(a, (key, low, high) => {
      const found = containsKnown(b, key, low, high);
      return found === 0 ? addKnown(result, key, low, high) : Math.min(found, 0);
    });
    return finished(result, done);
  }

  function symmetricDifference(a: Address, b: Address): Address {
    const result = makeFrom(baseType(a), b);
    return result === 0 ? 0 : finished(result, symmetricDifferenceUpdate(result, a));
  }

  function differenceUpdate(set: Address, other: Address): number {
    if (set === other) {
      clear(set);
      return 0;
    }
    // Of a far larger set only the common items matter.
    const through =
      length(other) >>> 3 > length(set) ? intersection(set, other) : refs.newRef(other);
    if (through === 0) return -1;
    const done = eachKnown(through, (key, low, high) =>
      Math.min(discardKnown(set, key, low, high), 0),
    );
    refs.decref(through);
    if (done < 0) return -1;
    const used = length(set);
    const dummies = memory.u32[(set + FILL) >>> 2] - used;
    if (dummies <= Math.floor(maskOf(set) / 4)) return 0;
    return resize(set, used > LARGE ? used * 2 : used * 4);
  }

  function symmetricDifferenceUpdate(set: Address, other: Address): number {
    if (set === other) {
      clear(set);
      return 0;
    }
    return eachKnown(other, (key, low, high) => {
      const found = discardKnown(set, key, low, high);
      return found === 0 ? addKnown(set, key, low, high) : Math.min(found, 0);
    });
  }

  function intersectionUpdate(set: Address, other: Address): number {
    const result = intersection(set, other);
    if (result === 0) return -1;
    swap(set, result);
    refs.decref(result);
    return 0;
  }

  /** Exchange the tables of two sets. */
  function swap(a: Address, b: Address): void {
    const u32 = memory.u32;
    const tables = [tableOf(a), tableOf(b)];
    const first = FILL >>> 2;
    const end = WEAKREFS >>> 2;
    const i = a >>> 2;
    const j = b >>> 2;
    const finger = [u32[(a + FINGER) >>> 2], u32[(b + FINGER) >>> 2]];
    for (let n = first; n < end; n++) {
      const kept = u32[i + n];
      u32[i + n] = u32[j + n];
      u32[j + n] = kept;
    }
    u32[(a + FINGER) >>> 2] = finger[0];
    u32[(b + FINGER) >>> 2] = finger[1];
    u32[(a + TABLE) >>> 2] = tables[1] === b + SMALL ? a + SMALL : tables[1];
    u32[(b + TABLE) >>> 2] = tables[0] === a + SMALL ? b + SMALL : tables[0];
    forgetHash(a);
    forgetHash(b);
  }

  // Comparison, hash, text

  function isSubset(a: Address, b: Address): number {
    if (length(a) > length(b)) return 0;
    const done = eachKnown(a, (key, low, high) => {
      const found = containsKnown(b, key, low, high);
      return found > 0 ? 0 : found === 0 ? MISSING : -1;
    });
    return done === 0 ? 1 : done === MISSING ? 0 : -1;
  }

  function equal(a: Address, b: Address): number {
    if (length(a) !== length(b)) return 0;
    const i = (a + HASH) >>> 2;
    const j = (b + HASH) >>> 2;
    const i32 = memory.i32;
    const bothHashed = isHashed(a) && isHashed(b);
    if (bothHashed && (i32[i] !== i32[j] || (wide && i32[i + 1] !== i32[j + 1]))) return 0;
    return isSubset(a, b);
  }

  function isHashed(set: Address): boolean {
    const i = (set + HASH) >>> 2;
    return memory.i32[i] !== -1 || (wide && memory.i32[i + 1] !== -1);
  }

  /** Hash of a set as if it were frozen; a frozenset remembers it. */
  function hashOfSet(set: Address): number {
    const { u32, i32 } = memory;
    const where = (set + HASH) >>> 2;
    if (isHashed(set)) {
      if (wide) core.hashHigh = i32[where + 1];
      return i32[where];
    }
    const hash: SetHash = { low: 0, high: 0 };
    const table = tableOf(set);
    const end = table + (maskOf(set) + 1) * ENTRY;
    for (let entry = table; entry < end; entry += ENTRY) {
      const key = u32[entry >>> 2];
      if (key === 0 || key === DUMMY) continue;
      const i = (entry + word) >>> 2;
      mixItem(hash, i32[i], wide ? i32[i + 1] : 0, wide);
    }
    finishHash(hash, length(set), wide);
    if (isFrozen(set)) {
      i32[where] = hash.low;
      if (wide) i32[where + 1] = hash.high;
    }
    core.hashHigh = hash.high;
    return hash.low;
  }

  function repr(set: Address): string {
    const name = types.name(types.typeOf(set));
    if (length(set) === 0) return `${name}()`;
    const parts: string[] = [];
    const cursor: TableCursor = { position: 0, key: 0, value: 0 };
    while (next(set, cursor)) parts.push(protocol.repr(cursor.key));
    const text = `{${parts.join(", ")}}`;
    return types.typeOf(set) === type ? text : `${name}(${text})`;
  }

  // Checks

  function verify(set: Address): void {
    const broken = (invariant: string, text: string): never => {
      throw new PyrenaError("heap-corrupt", `${invariant}: set at ${hex(set)}: ${text}`, {
        address: set,
        invariant,
      });
    };
    const table = tableOf(set);
    const slotCount = maskOf(set) + 1;
    if (slotCount < MIN_SLOTS || (slotCount & (slotCount - 1)) !== 0) {
      broken("S2", `${slotCount} slots are no power of two from ${MIN_SLOTS} on`);
    }
    if ((table === set + SMALL) !== (slotCount === MIN_SLOTS)) {
      broken("S2", `a table of ${slotCount} slots lies at ${hex(table)}`);
    }
    let used = 0;
    let buried = 0;
    for (let slot = 0; slot < slotCount; slot++) {
      const entry = table + slot * ENTRY;
      const key = memory.u32[entry >>> 2];
      if (key === 0) continue;
      if (key === DUMMY) buried++;
      else {
        used++;
        const i = (entry + word) >>> 2;
        const high = wide ? memory.i32[i + 1] : 0;
        // The key itself is met before anything could be compared with it.
        if (reach(table, slotCount - 1, memory.i32[i], high, key) !== entry) {
          broken("S2", `the item in slot ${slot} is not found from its hash`);
        }
      }
    }
    const fill = memory.u32[(set + FILL) >>> 2];
    if (used !== length(set) || fill !== used + buried) {
      broken("S1", `used ${length(set)}, fill ${fill}, but ${used} items, ${buried} deleted`);
    }
    if (fill * 5 >= (slotCount - 1) * 3) {
      broken("S3", `fill is ${fill} of ${slotCount} slots`);
    }
  }

  /** Where a search that compares nothing finds a key; 0 if it meets a free entry first. */
  function reach(table: Address, mask: number, low: number, high: number, key: Address): Address {
    let slot = low & mask;
    let perturb = low >>> 0;
    let upper = high;
    for (;;) {
      let entry = table + slot * ENTRY;
      const last = slot + LINEAR_PROBES <= mask ? entry + LINEAR_PROBES * ENTRY : entry;
      for (; entry <= last; entry += ENTRY) {
        const found = memory.u32[entry >>> 2];
        if (found === key) return entry;
        if (found === 0) return 0;
      }
      if (wide) {
        perturb = ((perturb >>> 5) | (upper << 27)) >>> 0;
        upper >>>= 5;
      } else perturb >>>= 5;
      slot = (slot * 5 + 1 + perturb) & mask;
    }
  }

  return {
    type,
    frozenType,
    initialize,
    create,
    from,
    pack,
    length,
    add,
    discard,
    contains,
    pop,
    clear,
    copy,
    update,
    union,
    intersection,
    difference,
    symmetricDifference,
    intersectionUpdate,
    differenceUpdate,
    symmetricDifferenceUpdate,
    isSubset,
    next,
    check,
    verify,
  };
}
