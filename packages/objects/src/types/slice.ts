/**
 * slice (`Objects/sliceobject.c`).
 *
 *     0   count, type
 *     2W  start, stop, step   owned; any objects, mostly ints or None
 *
 * One dead slice is kept for reuse.
 */
import {
  type Address,
  defineStruct,
  layoutCodes,
  layoutOf,
  type StructDefinition,
} from "@pyrena/abi";
import type { SliceApi } from "../api/sequences.ts";
import { type TypeSlots, typeFlags } from "../api/types.ts";
import type { Core } from "../core/core.ts";
import { makeTupleHash } from "./tuple-hash.ts";

/** `PySliceObject`. */
export const sliceStruct: StructDefinition<"ob_refcnt" | "ob_type" | "start" | "stop" | "step"> =
  defineStruct("PySliceObject", {
    ob_refcnt: "size",
    ob_type: "ptr",
    start: { type: "ptr", help: "owned" },
    stop: { type: "ptr", help: "owned" },
    step: { type: "ptr", help: "owned" },
  });

export function makeSlice(core: Core): SliceApi {
  const { memory, alloc, refs, types, errors, facts, profile, word } = core;
  const { bytes: BYTES, at } = layoutOf(sliceStruct, profile.abi);
  const GC_HEAD = profile.headers.gcHead;
  const kept = alloc.freeList("slice", profile.freeLists.slice, (object) =>
    alloc.freeGcObject(object, GC_HEAD),
  );
  const hashOf = makeTupleHash(core);
  const read = (address: Address): Address => memory.u32[address >>> 2];
  const start = (slice: Address): Address => read(slice + at.start);
  const stop = (slice: Address): Address => read(slice + at.stop);
  const step = (slice: Address): Address => read(slice + at.step);

  const slots: TypeSlots = {
    name: "slice",
    dealloc: (slice) => {
      alloc.untrack(slice);
      refs.decref(step(slice));
      refs.decref(start(slice));
      refs.decref(stop(slice));
      if (!kept.push(slice)) alloc.freeGcObject(slice, GC_HEAD);
    },
    traverse: (slice, visit) => {
      visit(start(slice));
      visit(stop(slice));
      visit(step(slice));
    },
    hash: (slice) => {
      if (facts.hashesSlices) return hashOf.ofWords(slice + at.start, 3, false);
      errors.raise("TypeError", "unhashable type: 'slice'");
      core.hashHigh = -1;
      return -1;
    },
    // As tuples of start, stop and step.
    equal: (slice, other) => {
      if (types.typeOf(other) !== type) return 2;
      const n = firstDifference(slice, other);
      return n < 0 ? -1 : n === 3 ? 1 : 0;
    },
    less: (slice, other) => {
      if (types.typeOf(other) !== type) return 2;
      const n = firstDifference(slice, other);
      if (n < 0) return -1;
      const at = n * word;
      return n === 3 ? 0 : core.protocol.less(start(slice + at), start(other + at));
    },
    repr: (slice) => {
      const { repr } = core.protocol;
      return `slice(${repr(start(slice))}, ${repr(stop(slice))}, ${repr(step(slice))})`;
    },
  };
  const type = types.define({
    name: "slice",
    basicsize: BYTES,
    flags: typeFlags.hasGc,
    slots,
    layout: [layoutCodes.words, at.start, 3],
  });

  /** 0, 1 or 2: which of start, stop and step differ first; 3: none; -1: an exception is pending. */
  function firstDifference(a: Address, b: Address): number {
    for (let n = 0; n < 3; n++) {
      const equal = core.protocol.equal(start(a + n * word), start(b + n * word));
      if (equal < 0) return -1;
      if (equal === 0) return n;
    }
    return 3;
  }

  function create(first: Address, last: Address, by: Address): Address {
    let slice = kept.pop();
    // What is kept still has its type, and the upper halves of its words.
    if (slice !== 0) memory.u32[slice >>> 2] = 1;
    else {
      slice = alloc.gcObject(type, BYTES, GC_HEAD);
      if (slice === 0) return 0;
      memory.u32.fill(0, (slice + at.start) >>> 2, (slice + BYTES) >>> 2);
    }
    const { none } = core.constants;
    memory.u32[(slice + at.start) >>> 2] = refs.newRef(first === 0 ? none : first);
    memory.u32[(slice + at.stop) >>> 2] = refs.newRef(last === 0 ? none : last);
    memory.u32[(slice + at.step) >>> 2] = refs.newRef(by === 0 ? none : by);
    alloc.track(slice);
    return slice;
  }

  /** A bound as a whole number within what a length can be; undefined with TypeError pending. */
  function bound(object: Address, none: number): number | undefined {
    if (object === core.constants.none) return none;
    if (!core.int.check(object)) {
      errors.raise("TypeError", "the bounds of a slice must be ints or None");
      return undefined;
    }
    const limit = profile.abi.ssizeMax;
    const value = Number(core.int.value(object));
    return Math.min(Math.max(value, -limit), limit);
  }

  return {
    type,
    create,
    start,
    stop,
    step,
    indices: (slice, length) => {
      const by = bound(step(slice), 1);
      if (by === undefined) return undefined;
      if (by === 0) {
        errors.raise("ValueError", "the step of a slice cannot be 0");
        return undefined;
      }
      // Where a bound may lie at most: counting down, before the first item is allowed and behind the last is not.
      const lowest = by < 0 ? -1 : 0;
      const highest = by < 0 ? length - 1 : length;
      const clip = (value: number): number =>
        Math.min(Math.max(value < 0 ? value + length : value, lowest), highest);
      const first = bound(start(slice), by < 0 ? highest : lowest);
      const last = bound(stop(slice), Number.NaN);
      if (first === undefined || last === undefined) return undefined;
      const from = start(slice) === core.constants.none ? first : clip(first);
      const to = Number.isNaN(last) ? (by < 0 ? lowest : highest) : clip(last);
      return [from, to, by, Math.max(0, Math.ceil((to - from) / by))];
    },
  };
}
