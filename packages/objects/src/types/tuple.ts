/**
 * tuple (`Objects/tupleobject.c`).
 *
 *     0   count, type, ob_size
 *     3W  ob_hash           only where the version caches it (3.14 and later); -1: not computed yet
 *         ob_item[ob_size]  owned
 *
 * There is one empty tuple. Dead tuples of 1 to 20 items are kept for reuse, 2000 of each length.
 */
import {
  type Address,
  defineStruct,
  layoutCodes,
  layoutOf,
  type StructDefinition,
} from "@pyrena/abi";
import type { TupleApi } from "../api/sequences.ts";
import { type TypeSlots, typeFlags } from "../api/types.ts";
import type { Core } from "../core/core.ts";
import { eachItem, itemCount } from "../core/iteration.ts";
import { typeLayout } from "../core/type-object.ts";
import { makeTupleHash } from "./tuple-hash.ts";

/** `PyTupleObject` up to its items, before 3.14. */
export const tupleStruct: StructDefinition<"ob_refcnt" | "ob_type" | "ob_size"> = defineStruct(
  "PyTupleObject",
  { ob_refcnt: "size", ob_type: "ptr", ob_size: { type: "size", help: "number of items" } },
);

/** `PyTupleObject` up to its items, 3.14 and later. */
export const hashedTupleStruct: StructDefinition<"ob_refcnt" | "ob_type" | "ob_size" | "ob_hash"> =
  defineStruct("PyTupleObject", {
    ob_refcnt: "size",
    ob_type: "ptr",
    ob_size: { type: "size", help: "number of items" },
    ob_hash: { type: "size", help: "cached hash, or -1" },
  });

export function makeTuple(core: Core): TupleApi {
  const { memory, alloc, refs, types, errors, facts, profile, state, at, word, wide } = core;
  const { tupleCachesHash: CACHES_HASH, tracksTuplesByContent: TRACKS_BY_CONTENT } = facts;
  const ITEMS = layoutOf(CACHES_HASH ? hashedTupleStruct : tupleStruct, profile.abi).bytes;
  const TYPE = word;
  const SIZE = 2 * word;
  const HASH = 3 * word;
  const FLAGS = typeLayout(core).at.tp_flags;
  const GC_HEAD = profile.headers.gcHead;
  /** A word's step in `memory.u32`. */
  const STEP = word >>> 2;
  const SHIFT = core.wordShift;
  /** Where the items begin, in words of `memory.u32`. */
  const ITEMS_WORD = ITEMS >>> 2;
  const { increfLimit: INCREF_LIMIT } = facts.refcount;
  const { tuple: KEPT_LIMIT, tupleMaxLength: KEPT_LENGTH } = profile.freeLists;
  const REUSED_LENGTH = facts.reusesLongestTuples ? KEPT_LENGTH : KEPT_LENGTH - 1;
  const hashOf = makeTupleHash(core);

  const kept = Array.from({ length: KEPT_LENGTH }, (_, n) =>
    alloc.freeList(`tuple${n + 1}`, KEPT_LIMIT, (object) => alloc.freeGcObject(object, GC_HEAD)),
  );
  /** Heads of the lists of kept tuples, and behind each its count, lie side by side: that of length n at KEPT + 2n. */
  const KEPT = kept[0].headWord - 2;

  const slots: TypeSlots = {
    name: "tuple",
    dealloc,
    unwind: {
      // How many items are left stands where a tracked tuple has its link: a kept tuple must not lose its size.
      begin: (tuple) => {
        memory.u32[(tuple - GC_HEAD) >>> 2] = memory.u32[(tuple + SIZE) >>> 2];
        return true;
      },
      next: (tuple) => {
        const u32 = memory.u32;
        const left = (tuple - GC_HEAD) >>> 2;
        while (u32[left] > 0) {
          const item = u32[(tuple + ITEMS + (--u32[left] << SHIFT)) >>> 2];
          if (item !== 0) return item;
        }
        return 0;
      },
      end: (tuple) => {
        const itsType = memory.u32[(tuple + TYPE) >>> 2];
        if (itsType === type) release(tuple, memory.u32[(tuple + SIZE) >>> 2]);
        else alloc.freeGcObject(tuple, types.preBytes(itsType));
      },
    },
    traverse: (tuple, visit) => {
      for (let n = memory.u32[(tuple + SIZE) >>> 2] - 1; n >= 0; n--) {
        const item = memory.u32[(tuple + ITEMS + (n << SHIFT)) >>> 2];
        if (item !== 0) visit(item);
      }
    },
    hash: (tuple) => {
      if (CACHES_HASH) {
        const i = (tuple + HASH) >>> 2;
        const cached = memory.i32[i];
        const cachedHigh = wide ? memory.i32[i + 1] : cached;
        if (cached !== -1 || cachedHigh !== -1) {
          core.hashHigh = wide ? cachedHigh : 0;
          return cached;
        }
      }
      const hash = hashOf.ofWords(tuple + ITEMS, memory.u32[(tuple + SIZE) >>> 2], true);
      if (CACHES_HASH) {
        // After an exception both halves are -1, which is "not computed".
        memory.i32[(tuple + HASH) >>> 2] = hash;
        if (wide) memory.i32[((tuple + HASH) >>> 2) + 1] = core.hashHigh;
      }
      return hash;
    },
    equal: (tuple, other) => {
      if (!check(other)) return 2;
      const n = firstDifference(tuple, other);
      if (n < 0) return -1;
      return n === length(tuple) && n === length(other) ? 1 : 0;
    },
    less: (tuple, other) => {
      if (!check(other)) return 2;
      const n = firstDifference(tuple, other);
      if (n < 0) return -1;
      if (n < length(tuple) && n < length(other)) {
        return core.protocol.less(getItem(tuple, n), getItem(other, n));
      }
      return length(tuple) < length(other) ? 1 : 0;
    },
    repr: (tuple) => {
      const texts: string[] = [];
      for (let n = 0; n < length(tuple); n++) texts.push(core.protocol.repr(getItem(tuple, n)));
      return texts.length === 1 ? `(${texts[0]},)` : `(${texts.join(", ")})`;
    },
    reprInside: "(...)",
    length,
  };
  const type = types.define({
    name: "tuple",
    basicsize: ITEMS,
    itemsize: word,
    flags: typeFlags.baseType | typeFlags.hasGc | typeFlags.tupleSubclass,
    slots,
    layout: [layoutCodes.inlineVar, ITEMS, SIZE],
  });
  const empty = core.fresh ? makeEmpty() : memory.u32[(state + at.tuple_empty) >>> 2];

  /** The empty tuple lies in static data and is never tracked. */
  function makeEmpty(): Address {
    const tuple = alloc.staticData(GC_HEAD + ITEMS) + GC_HEAD;
    alloc.initHeader(tuple, type);
    memory.u32[tuple >>> 2] = facts.refcount.staticImmortal;
    if (CACHES_HASH) forgetHash(tuple);
    memory.u32[(state + at.tuple_empty) >>> 2] = tuple;
    return tuple;
  }

  function forgetHash(tuple: Address): void {
    memory.i32[(tuple + HASH) >>> 2] = -1;
    if (wide) memory.i32[((tuple + HASH) >>> 2) + 1] = -1;
  }

  /** Memory for a tuple of 1 item or more, header and size written, upper halves of its items 0; not tracked. */
  function allocate(count: number): Address {
    if (count <= REUSED_LENGTH) {
      const u32 = memory.u32;
      const head = (KEPT + 2 * count) | 0;
      const tuple = u32[head];
      if (tuple !== 0) {
        // What is kept still has its type, size, and the upper halves of its words.
        u32[head] = u32[tuple >>> 2];
        u32[(head + 1) | 0]--;
        u32[tuple >>> 2] = 1;
        if (CACHES_HASH) forgetHash(tuple);
        return tuple;
      }
    }
    // An unsigned word like the other result, lest the engine make both floating point numbers.
    return allocateNew(count) >>> 0;
  }

  function allocateNew(count: number): Address {
    const tuple = alloc.gcObject(type, ITEMS + count * word, GC_HEAD);
    if (tuple === 0) return 0;
    const u32 = memory.u32;
    const i = (tuple + SIZE) >>> 2;
    u32[i] = count;
    if (wide) {
      u32[i + 1] = 0;
      for (let n = 0, high = ((tuple + ITEMS) >>> 2) + 1; n < count; n++, high += 2) u32[high] = 0;
    }
    if (CACHES_HASH) forgetHash(tuple);
    return tuple;
  }

  function dealloc(tuple: Address): void {
    alloc.untrack(tuple);
    const exact = memory.u32[(tuple + TYPE) >>> 2] === type;
    // A subclass's own dealloc has been through the trashcan.
    if (exact && refs.trashcanBegin(tuple)) return;
    const count = memory.u32[(tuple + SIZE) >>> 2];
    const first = ((tuple >>> 2) + ITEMS_WORD) | 0;
    refs.decrefItems(first, (first + Math.imul(count, STEP)) | 0);
    if (exact) {
      release(tuple, count);
      refs.trashcanEnd();
    } else {
      alloc.freeGcObject(tuple, types.preBytes(types.typeOf(tuple)));
    }
  }

  /** Keep a dead tuple for reuse, or give its memory back. */
  function release(tuple: Address, count: number): void {
    if (count <= KEPT_LENGTH) {
      const u32 = memory.u32;
      const head = (KEPT + 2 * count) | 0;
      const kept = u32[(head + 1) | 0];
      if (kept < KEPT_LIMIT) {
        u32[tuple >>> 2] = u32[head];
        u32[head] = tuple;
        u32[(head + 1) | 0] = kept + 1;
        return;
      }
    }
    alloc.freeGcObject(tuple, GC_HEAD);
  }

  /** Track a tuple if one of its items is of a collectable type. */
  function trackByContent(tuple: Address): void {
    const count = length(tuple);
    for (let n = 0; n < count; n++) {
      const item = memory.u32[(tuple + ITEMS + (n << SHIFT)) >>> 2];
      if ((memory.u32[(memory.u32[(item + TYPE) >>> 2] + FLAGS) >>> 2] & typeFlags.hasGc) !== 0) {
        alloc.track(tuple);
        return;
      }
    }
  }

  const trackPacked = TRACKS_BY_CONTENT ? trackByContent : alloc.track;

  function length(tuple: Address): number {
    return memory.u32[(tuple + SIZE) >>> 2];
  }

  function getItem(tuple: Address, index: number): Address {
    return memory.u32[(tuple + ITEMS + (index << SHIFT)) >>> 2];
  }

  function check(object: Address): boolean {
    const itsType = memory.u32[(object + TYPE) >>> 2];
    return itsType === type || (types.flags(itsType) & typeFlags.tupleSubclass) !== 0;
  }

  function isExact(object: Address): boolean {
    return memory.u32[(object + TYPE) >>> 2] === type;
  }

  function newEmpty(): Address {
    refs.incref(empty);
    return empty;
  }

  /** Fill with NULLs the low halves of a tuple just allocated. */
  function create(count: number): Address {
    if (count === 0) return newEmpty();
    const tuple = allocate(count);
    if (tuple === 0) return 0;
    const u32 = memory.u32;
    for (let n = 0, i = (tuple + ITEMS) >>> 2; n < count; n++, i += STEP) u32[i] = 0;
    return tuple;
  }

  function incref(object: Address): void {
    const u32 = memory.u32;
    const count = u32[object >>> 2];
    if (count < INCREF_LIMIT) u32[object >>> 2] = count + 1;
  }

  function pack(items: readonly Address[]): Address {
    const count = items.length;
    if (count === 0) return newEmpty();
    const tuple = allocate(count);
    if (tuple === 0) return 0;
    const u32 = memory.u32;
    for (let n = 0, i = ((tuple >>> 2) + ITEMS_WORD) | 0; n < count; n++, i = (i + STEP) | 0) {
      const item = items[n];
      u32[i] = item;
      const references = u32[item >>> 2];
      if (references < INCREF_LIMIT) u32[item >>> 2] = references + 1;
    }
    trackPacked(tuple);
    return tuple;
  }

  /** In debug mode: counting one up and down again finds what is no living object. */
  function checkedPack(items: readonly Address[]): Address {
    for (const item of items) {
      refs.incref(item);
      refs.decref(item);
    }
    return pack(items);
  }

  function pack2(first: Address, second: Address): Address {
    const tuple = allocate(2);
    if (tuple === 0) return 0;
    const u32 = memory.u32;
    const i = ((tuple >>> 2) + ITEMS_WORD) | 0;
    u32[i] = first;
    const references = u32[first >>> 2];
    if (references < INCREF_LIMIT) u32[first >>> 2] = references + 1;
    u32[i + STEP] = second;
    const references2 = u32[second >>> 2];
    if (references2 < INCREF_LIMIT) u32[second >>> 2] = references2 + 1;
    trackPacked(tuple);
    return tuple;
  }

  /** Copy references from words of memory (`step` words apart) into a tuple just allocated. */
  function fill(tuple: Address, from: Address, step: number, at: number, count: number): void {
    const u32 = memory.u32;
    let source = from >>> 2;
    let target = (tuple + ITEMS + (at << SHIFT)) >>> 2;
    for (let n = 0; n < count; n++) {
      const item = u32[source];
      u32[target] = item;
      incref(item);
      source += step * STEP;
      target += STEP;
    }
  }

  /** Index of the first items that are not equal, or the smaller length; -1 with an exception pending. */
  function firstDifference(a: Address, b: Address): number {
    const shorter = Math.min(length(a), length(b));
    for (let n = 0; n < shorter; n++) {
      const equal = core.protocol.equal(getItem(a, n), getItem(b, n));
      if (equal < 0) return -1;
      if (equal === 0) return n;
    }
    return shorter;
  }

  function from(items: Address): Address {
    if (isExact(items)) return refs.newRef(items);
    const count = itemCount(core, items);
    if (count < 0) return 0;
    const tuple = create(count);
    if (tuple === 0 || count === 0) return tuple;
    let n = 0;
    const result = eachItem(core, items, (item) => {
      memory.u32[(tuple + ITEMS + (n++ << SHIFT)) >>> 2] = item;
    });
    if (result < 0) {
      refs.decref(tuple);
      return 0;
    }
    if (core.list.check(items)) trackPacked(tuple);
    else alloc.track(tuple);
    return tuple;
  }

  function slice(tuple: Address, start: number, step: number, count: number): Address {
    if (count <= 0) return newEmpty();
    if (start === 0 && step === 1 && count === length(tuple) && isExact(tuple)) {
      return refs.newRef(tuple);
    }
    const result = allocate(count);
    if (result === 0) return 0;
    fill(result, tuple + ITEMS + (start << SHIFT), step, 0, count);
    alloc.track(result);
    return result;
  }

  function concat(a: Address, b: Address): Address {
    if (!check(b)) {
      return errors.raise(
        "TypeError",
        `a tuple and '${types.name(types.typeOf(b))}' cannot be joined, only two tuples`,
      );
    }
    const first = length(a);
    const second = length(b);
    if (first === 0 && isExact(b)) return refs.newRef(b);
    if (second === 0 && isExact(a)) return refs.newRef(a);
    if (first + second === 0) return newEmpty();
    const result = allocate(first + second);
    if (result === 0) return 0;
    fill(result, a + ITEMS, 1, 0, first);
    fill(result, b + ITEMS, 1, first, second);
    alloc.track(result);
    return result;
  }

  function repeat(tuple: Address, times: number): Address {
    const count = length(tuple);
    if ((count === 0 || times === 1) && isExact(tuple)) return refs.newRef(tuple);
    if (count === 0 || times <= 0) return newEmpty();
    if (count * times * word > profile.abi.ssizeMax) return errors.noMemory();
    const result = allocate(count * times);
    if (result === 0) return 0;
    for (let n = 0; n < times; n++) fill(result, tuple + ITEMS, 1, n * count, count);
    alloc.track(result);
    return result;
  }

  return {
    type,
    empty,
    create,
    track: (tuple) => {
      if (tuple !== empty) alloc.track(tuple);
    },
    pack: core.debug ? checkedPack : pack,
    pack2: core.debug ? (first, second) => checkedPack([first, second]) : pack2,
    from,
    length,
    getItem,
    setItem: (tuple, index, item) => {
      const i = (tuple + ITEMS + (index << SHIFT)) >>> 2;
      const before = memory.u32[i];
      memory.u32[i] = item;
      if (before !== 0) refs.decref(before);
    },
    slice,
    concat,
    repeat,
    check,
  };
}
