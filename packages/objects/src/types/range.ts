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
import { makeTupleHash } from "./tuple-hash.ts";

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
  const { memory, alloc, refs, types, errors, facts, profile, wide } = core;
  const { bytes: BYTES, at } = layoutOf(rangeStruct, profile.abi);
  const kept = alloc.freeList("range", facts.keptRanges, alloc.freeObject);
  const hashOf = makeTupleHash(core);
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
    // Ranges are equal if they give the same items.
    hash: (range) => {
      const { none } = core.constants;
      const length = big(count(range));
      const first = length === 0n ? none : start(range);
      return hashOf.ofObjects([count(range), first, length <= 1n ? none : step(range)]);
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

  function create(first: number | bigint, last: number | bigint, by: number | bigint = 1): Address {
    if (Number(by) === 0) return errors.raise("ValueError", "the step of a range cannot be 0");
    const parts = [first, last, by, itemsBetween(BigInt(first), BigInt(last), BigInt(by))];
    const made: Address[] = [];
    for (const part of parts) {
      const object = core.int.from(part);
      if (object === 0) return abandon(made);
      made.push(object);
    }
    let range = kept.pop();
    // What is kept still has its type, and the upper halves of its words.
    if (range !== 0) memory.u32[range >>> 2] = 1;
    else {
      range = alloc.object(type, BYTES);
      if (range === 0) return abandon(made);
    }
    const u32 = memory.u32;
    for (let n = 0, i = (range + at.start) >>> 2; n < 4; n++) {
      u32[i++] = made[n];
      if (wide) u32[i++] = 0;
    }
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
    length,
    getItem: (range, index) => {
      const items = big(count(range));
      const n = BigInt(index) + (index < 0 ? items : 0n);
      if (n < 0n || n >= items) return errors.raise("IndexError", "range index out of range");
      return core.int.from(narrow(big(start(range)) + n * big(step(range))));
    },
    check: (object) => types.typeOf(object) === type,
  };
}

/** A number where it is exact, else the bigint. */
function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
