/**
 * range (`Objects/rangeobject.c`).
 *
 *     0   count, type
 *     2W  start, stop, step, length   owned ints
 *
 * Not collectable: ints hold nothing. 3.14 and later keep 6 dead ones for reuse.
 */
import { type Address, defineStruct, layoutOf, type StructDefinition } from "@pyrena/abi";
import type { RangeApi } from "../api/sequences.ts";
import type { TypeSlots } from "../api/types.ts";
import type { Core } from "../core/core.ts";

/** `rangeobject`. */
export const rangeStruct: StructDefinition<
  "ob_refcnt" | "ob_type" | "start" | "stop" | "step" | "length"
> = defineStruct("rangeobject", {
  ob_refcnt: "size",
  ob_type: "ptr",
  start: { type: "ptr", help: "owned int" },
  stop: { type: "ptr", help: "owned int" },
  step: { type: "ptr", help: "owned int" },
  length: { type: "ptr", help: "owned int: number of items" },
});

export function makeRange(core: Core): RangeApi {
  const { memory, alloc, refs, types, errors, facts, profile } = core;
  const { bytes: BYTES, at } = layoutOf(rangeStruct, profile.abi);
  const kept = alloc.freeList("range", facts.keptRanges, alloc.freeObject);
  const read = (address: Address): Address => memory.u32[address >>> 2];
  const start = (range: Address): Address => read(range + at.start);
  const stop = (range: Address): Address => read(range + at.stop);
  const step = (range: Address): Address => read(range + at.step);
  const count = (range: Address): Address => read(range + at.length);
  const big = (object: Address): bigint => BigInt(core.int.value(object));

  const slots: TypeSlots = {
    name: "range",
    dealloc: (range) => {
      refs.decref(start(range));
      refs.decref(stop(range));
      refs.decref(step(range));
      refs.decref(count(range));
      if (!kept.push(range)) alloc.freeObject(range);
    },
    // Ranges are equal if they give the same items. CPython makes the tuple, too: one of those that are counted.
    hash: (range) => {
      const { none } = core.constants;
      const length = big(count(range));
      const first = length === 0n ? none : start(range);
      const tuple = core.tuple.pack([count(range), first, length <= 1n ? none : step(range)]);
      if (tuple === 0) return -1;
      const hash = core.protocol.hash(tuple);
      refs.decref(tuple);
      return hash;
    },
    equal: (range, other) => {
      if (types.typeOf(other) !== type) return 2;
      const length = big(count(range));
      if (length !== big(count(other))) return 0;
      if (length === 0n) return 1;
      if (big(start(range)) !== big(start(other))) return 0;
      return length === 1n || big(step(range)) === big(step(other)) ? 1 : 0;
    },
    repr: (range) => {
      const by = core.int.value(step(range));
      const bounds = `${core.int.value(start(range))}, ${core.int.value(stop(range))}`;
      return by === 1 ? `range(${bounds})` : `range(${bounds}, ${by})`;
    },
    length,
  };
  const type = types.define({ name: "range", basicsize: BYTES, flags: 0, slots });

  /** How many items there are from `first` to before `last`. */
  function itemsBetween(first: bigint, last: bigint, by: bigint): bigint {
    if (by > 0n ? first >= last : first <= last) return 0n;
    return by > 0n ? (last - first - 1n) / by + 1n : (first - last - 1n) / -by + 1n;
  }

  /**
   * The length as an int; NULL with MemoryError pending. 3.11 computes it in steps with ints of their own, which is why
   * it lies where it lies.
   */
  function makeLength(first: bigint, last: bigint, by: bigint): Address {
    const items = itemsBetween(first, last, by);
    if (!facts.rangeLengthInSteps || items === 0n) return core.int.from(narrow(items));
    const distance = by > 0n ? last - first : first - last;
    const parts = [distance, distance - 1n, items - 1n, items];
    if (by < 0n) parts.unshift(-by);
    const made: Address[] = [];
    for (const part of parts) {
      const object = core.int.from(narrow(part));
      if (object === 0) return abandon(made);
      made.push(object);
    }
    const length = made.pop() ?? 0;
    while (made.length > 0) refs.decref(made.pop() ?? 0);
    return length;
  }

  function fromInts(first: Address, last: Address, by: Address): Address {
    if (big(by) === 0n) return errors.raise("ValueError", "the step of a range cannot be 0");
    const items = makeLength(big(first), big(last), big(by));
    if (items === 0) return 0;
    let range = kept.pop();
    // What is kept still has its type, and the upper halves of its words.
    if (range !== 0) memory.u32[range >>> 2] = 1;
    else {
      range = alloc.object(type, BYTES);
      if (range === 0) return abandon([items]);
      memory.u32.fill(0, (range + at.start) >>> 2, (range + BYTES) >>> 2);
    }
    const u32 = memory.u32;
    u32[(range + at.start) >>> 2] = refs.newRef(first);
    u32[(range + at.stop) >>> 2] = refs.newRef(last);
    u32[(range + at.step) >>> 2] = refs.newRef(by);
    u32[(range + at.length) >>> 2] = items;
    return range;
  }

  function create(first: number | bigint, last: number | bigint, by: number | bigint = 1): Address {
    const made: Address[] = [];
    for (const part of [first, last, by]) {
      const object = core.int.from(part);
      if (object === 0) return abandon(made);
      made.push(object);
    }
    const range = fromInts(made[0], made[1], made[2]);
    abandon(made);
    return range;
  }

  function abandon(made: readonly Address[]): 0 {
    for (const object of made) refs.decref(object);
    return 0;
  }

  function length(range: Address): number {
    const items = core.int.value(count(range));
    if (items <= profile.abi.ssizeMax) return Number(items);
    errors.raise("OverflowError", "the range has more items than a length can be");
    return -1;
  }

  return {
    type,
    create,
    fromInts,
    length,
    getItem: (range, index) => {
      const items = big(count(range));
      const n = BigInt(index) + (index < 0 ? items : 0n);
      if (n < 0n || n >= items) return errors.raise("IndexError", "range index out of range");
      const first = big(start(range));
      const by = big(step(range));
      if (by === 1n) return core.int.from(narrow(first + n));
      // The product is an int of its own, as long as the sum is computed.
      const product = core.int.from(narrow(n * by));
      if (product === 0) return 0;
      const item = core.int.from(narrow(first + n * by));
      refs.decref(product);
      return item;
    },
    valueAt: (range, index) => narrow(big(start(range)) + BigInt(index) * big(step(range))),
    check: (object) => types.typeOf(object) === type,
  };
}

/** A number where it is exact, else the bigint. */
function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
