/** Sets from others: copies, merges, unions and the like, and comparison. Which tables they get is CPython's rule. */
import { type Address, layoutOf } from "@pyrena/abi";
import type { SetApi, TableCursor } from "../api/tables.ts";
import type { Core } from "../core/core.ts";
import { eachItem, itemCount } from "../core/iteration.ts";
import { type SetKinds, type SetTable, setStruct } from "./set-table.ts";

/** What a step returns that has not found an item. */
const MISSING = 2;

/** What this needs of the types. */
export interface SetMaking extends SetKinds {
  /** An empty set of a type, tracked. */
  make(this: void, itsType: Address): Address;
  type(this: void, frozen: boolean): Address;
}

/** Operations on whole sets. */
export type SetOperations = Pick<
  SetApi,
  | "from"
  | "pack"
  | "copy"
  | "update"
  | "union"
  | "intersection"
  | "difference"
  | "symmetricDifference"
  | "intersectionUpdate"
  | "differenceUpdate"
  | "symmetricDifferenceUpdate"
  | "isSubset"
> & { equal(this: void, a: Address, b: Address): number };

export function makeSetOperations(core: Core, table: SetTable, kinds: SetMaking): SetOperations {
  const { memory, refs, types, profile, wide } = core;
  const { at } = layoutOf(setStruct, profile.abi);
  const FILL = at.fill;
  const USED = at.used;
  const MASK = at.mask;
  const TABLE = at.table;
  const SMALL = at.smalltable;
  const HASH = at.hash;
  const FINGER = at.finger;
  const WEAKREFS = at.weakreflist;
  const { check, isFrozen, make, type: typeFor } = kinds;
  const { entryBytes: ENTRY, length, tableOf, maskOf, isHashed, forgetHash } = table;
  const { add, addKnown, discardKnown, containsKnown, clear, next, hashBefore } = table;
  const { resize, grow, moveEntries } = table;

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
    if (frozen && types.typeOf(items) === typeFor(true)) return refs.newRef(items);
    const set = makeFrom(typeFor(frozen), items);
    return frozen ? trackedByContent(set) : set;
  }

  /** A new frozenset (or NULL), of which the collector need not know if no item can be part of a cycle. */
  function trackedByContent(set: Address): Address {
    if (set === 0 || !core.facts.tracksFrozensetsByContent) return set;
    const cursor: TableCursor = { position: 0, key: 0, value: 0 };
    while (next(set, cursor)) {
      const { key } = cursor;
      if (!types.isCollectable(key)) continue;
      if (types.typeOf(key) !== core.tuple.type || core.alloc.isTracked(key)) return set;
    }
    core.alloc.untrack(set);
    return set;
  }

  function pack(items: readonly Address[], frozen = false): Address {
    const set = make(typeFor(frozen));
    if (set === 0) return 0;
    for (const item of items) {
      if (add(set, item) < 0) {
        refs.decref(set);
        return 0;
      }
    }
    return frozen ? trackedByContent(set) : set;
  }

  /** `set` or `frozenset`, whichever the set is or derives from: the type of results. */
  function baseType(set: Address): Address {
    return typeFor(isFrozen(set));
  }

  function copy(set: Address): Address {
    if (types.typeOf(set) === typeFor(true)) return refs.newRef(set);
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
    return grow(set);
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

  return {
    from,
    pack,
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
    equal,
  };
}
