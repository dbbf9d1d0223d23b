/**
 * The table of a set or frozenset: no order, and its first 8 entries lie in the object. Lookup, growth, items.
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
import { type Address, defineStruct, layoutOf, type StructDefinition } from "@pyrena/abi";
import type { TableCursor } from "../api/tables.ts";
import type { Visit } from "../api/types.ts";
import type { Core } from "../core/core.ts";
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

/** What a search returns when code of users has changed the set under it. */
const CHANGED = -1;
/** Slots of the smallest table. */
export const MIN_SLOTS = 8;
/** Entries that are looked at in a row after the first. */
export const LINEAR_PROBES = 9;
/** Sets of more items grow by 2 in place of 4. */
const LARGE = 50_000;

/** The tables of one heap's sets: the part of `core.set` that makes none. Hashes are a low half, signed, and a high one. */
export interface SetTable {
  /** What the key of a deleted entry is. */
  readonly dummy: Address;
  /** Bytes of an entry. */
  readonly entryBytes: number;
  length(this: void, set: Address): number;
  tableOf(this: void, set: Address): Address;
  maskOf(this: void, set: Address): number;
  /** Write the fields of a set without items; the small table must be zeros. */
  emptySmall(this: void, set: Address): void;
  forgetHash(this: void, set: Address): void;
  isHashed(this: void, set: Address): boolean;
  /** Hash of a set as if it were frozen; a frozenset remembers it. */
  hashOfSet(this: void, set: Address): number;
  contains(this: void, set: Address, key: Address): number;
  containsKnown(this: void, set: Address, key: Address, low: number, high: number): number;
  /** Another table, the smallest of more than `minimum` slots, without deleted entries. 0, or -1 with MemoryError. */
  resize(this: void, set: Address, minimum: number): number;
  /** The same, as after an addition. */
  grow(this: void, set: Address): number;
  /** Enter the keys of entries in a table that has room and none of them; counts nothing. */
  moveEntries(this: void, from: Address, end: Address, table: Address, mask: number): void;
  add(this: void, set: Address, key: Address): number;
  addKnown(this: void, set: Address, key: Address, low: number, high: number): number;
  discard(this: void, set: Address, key: Address): number;
  discardKnown(this: void, set: Address, key: Address, low: number, high: number): number;
  pop(this: void, set: Address): Address;
  clear(this: void, set: Address): void;
  traverse(this: void, set: Address, visit: Visit): void;
  next(this: void, set: Address, cursor: TableCursor): boolean;
  /** Low half of the hash of the item that the cursor has just passed, the high half in `core.hashHigh`. */
  hashBefore(this: void, set: Address, cursor: TableCursor): number;
}

/** What this needs of the types. */
export interface SetKinds {
  check(this: void, object: Address): boolean;
  isFrozen(this: void, set: Address): boolean;
}

export function makeSetTable(core: Core, { check, isFrozen }: SetKinds): SetTable {
  const { memory, mem, refs, errors, protocol, profile, wide, word } = core;
  const { at } = layoutOf(setStruct, profile.abi);
  const TYPE = word;
  const FILL = at.fill;
  const USED = at.used;
  const MASK = at.mask;
  const TABLE = at.table;
  const SMALL = at.smalltable;
  const HASH = at.hash;
  const FINGER = at.finger;
  const STR = core.str.type;
  const { hash: hashOf, hashFailed, sameSmallInt } = makeTableKeys(core);
  const DUMMY = core.state;
  /** Bytes of an entry. */
  const ENTRY = 2 * word;
  const ENTRY_SHIFT = core.wordShift + 1;
  const SMALL_BYTES = MIN_SLOTS * ENTRY;

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

  // Hash

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

  // Lookup

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

  function grow(set: Address): number {
    const used = length(set);
    return resize(set, used > LARGE ? used * 2 : used * 4);
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
    if (grow(set) === 0) return 0;
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

  function traverse(set: Address, visit: Visit): void {
    const table = tableOf(set);
    const end = table + (maskOf(set) + 1) * ENTRY;
    for (let entry = table; entry < end; entry += ENTRY) {
      const key = memory.u32[entry >>> 2];
      if (key !== 0 && key !== DUMMY) visit(key);
    }
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

  return {
    dummy: DUMMY,
    entryBytes: ENTRY,
    length,
    tableOf,
    maskOf,
    emptySmall,
    forgetHash,
    isHashed,
    hashOfSet,
    contains,
    containsKnown,
    resize,
    grow,
    moveEntries,
    add,
    addKnown,
    discard,
    discardKnown,
    pop,
    clear,
    traverse,
    next,
    hashBefore,
  };
}
