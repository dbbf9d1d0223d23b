import type { Address } from "@pyrena/abi";
import { attachObjects, type Objects } from "@pyrena/objects";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { failingHeap } from "./failing.ts";
import { everyProfile, testObjects } from "./heap.ts";

function tupleOf(core: Objects, values: readonly number[]): Address {
  const items = values.map((value) => core.int.from(value));
  const made = core.tuple.pack(items);
  for (const item of items) core.refs.decref(item);
  return made;
}

function valuesOf(core: Objects, tuple: Address): number[] {
  return Array.from({ length: core.tuple.length(tuple) }, (_, n) =>
    Number(core.int.value(core.tuple.getItem(tuple, n))),
  );
}

const values = fc.array(fc.integer({ min: 5000, max: 5005 }), { maxLength: 25 });

describe.each(everyProfile)("tuple in %s %s", (version, abi) => {
  it("owns its items and releases them from the last to the first", () => {
    const core = testObjects(version, abi);
    const { tuple, float, refs } = core;
    const items = [1, 2, 3].map((value) => float.from(value));
    const made = tuple.pack(items);
    expect(items.map(refs.refcount)).toEqual([2, 2, 2]);
    for (const item of items) refs.decref(item);
    refs.decref(made);
    // Floats are kept for reuse, last freed first: the first item was freed last.
    const next = float.from(9);
    expect(next).toBe(items[0]);
    refs.decref(next);
    core.inspect.verify();
  });

  it("is one object when empty, which never goes", () => {
    const core = testObjects(version, abi);
    const { tuple, list, refs, alloc } = core;
    const nothing = list.create(0);
    const pair = tupleOf(core, [5000, 5001]);
    const empties = [
      tuple.pack([]),
      tuple.create(0),
      tuple.from(nothing),
      tuple.slice(pair, 2, 1, 0),
      tuple.repeat(pair, 0),
      tuple.repeat(pair, -1),
      tuple.concat(tuple.empty, tuple.empty),
    ];
    expect(new Set([...empties, tuple.empty]).size).toBe(1);
    expect(tuple.length(tuple.empty)).toBe(0);
    expect(alloc.isTracked(tuple.empty)).toBe(false);
    for (const object of [...empties, nothing, pair]) refs.decref(object);
    core.inspect.verify();
  });

  it("gives itself where the result would be the same", () => {
    const core = testObjects(version, abi);
    const { tuple, refs } = core;
    const made = tupleOf(core, [5000, 5001, 5002]);
    const same = [
      tuple.slice(made, 0, 1, 3),
      tuple.repeat(made, 1),
      tuple.concat(made, tuple.empty),
      tuple.concat(tuple.empty, made),
      tuple.from(made),
    ];
    expect(same).toEqual([made, made, made, made, made]);
    expect(refs.refcount(made)).toBe(6);
    for (const object of [...same, made]) refs.decref(object);
    core.inspect.verify();
  });

  it("does what an array does", () => {
    const core = testObjects(version, abi);
    const { tuple, refs, inspect, protocol } = core;
    fc.assert(
      fc.property(values, values, fc.nat(3), (a, b, times) => {
        const first = tupleOf(core, a);
        const second = tupleOf(core, b);
        const joined = tuple.concat(first, second);
        const repeated = tuple.repeat(first, times);
        const backwards = tuple.slice(first, a.length - 1, -1, a.length);
        const held = [first, second, joined, repeated, backwards];
        expect(valuesOf(core, joined)).toEqual([...a, ...b]);
        expect(valuesOf(core, repeated)).toEqual(Array.from({ length: times }, () => a).flat());
        expect(valuesOf(core, backwards)).toEqual(a.slice().reverse());
        const differs = a.findIndex((item, n) => n >= b.length || item !== b[n]);
        const less = differs < 0 ? a.length < b.length : (a[differs] ?? 0) < (b[differs] ?? -1);
        expect(protocol.less(first, second)).toBe(less ? 1 : 0);
        expect(protocol.equal(first, second)).toBe(differs < 0 && a.length === b.length ? 1 : 0);
        inspect.verify({ held });
        for (const object of held) refs.decref(object);
      }),
      { numRuns: 25 },
    );
    inspect.verify();
  });

  it("keeps 2000 of each length up to 20 for reuse, last freed first", () => {
    const core = testObjects(version, abi);
    const { tuple, refs, alloc, constants, inspect } = core;
    for (const length of [1, 20, 21]) {
      const items = Array.from({ length }, () => constants.none);
      const made = Array.from({ length: 2100 }, () => tuple.pack(items));
      for (const object of made) refs.decref(object);
      const kept = alloc.freeLists.find(({ name }) => name === `tuple${length}`);
      expect(kept?.count()).toBe(length <= 20 ? 2000 : undefined);
      if (length <= 20) {
        const again = tuple.pack(items);
        // 3.11 keeps those of 20 items, but never takes one back.
        if (length < 20 || core.facts.reusesLongestTuples) expect(again).toBe(made[1999]);
        else expect(made.slice(0, 2000)).not.toContain(again);
        refs.decref(again);
      }
    }
    inspect.verify();
  });

  it("is tracked as the version does", () => {
    const core = testObjects(version, abi);
    const { tuple, list, refs, alloc, facts, range, inspect } = core;
    const numbers = tupleOf(core, [5000, 5001]);
    expect(alloc.isTracked(numbers)).toBe(!facts.tracksTuplesByContent);
    const nothing = list.create(0);
    const three = range.create(5000, 5003, 1);
    const numberList = list.from(three);
    // Tracked in every version: one with something collectable, and those that are not made from an array.
    const tracked = [
      tuple.pack([nothing]),
      tuple.pack2(numbers, numbers),
      tuple.concat(numbers, numbers),
      tuple.slice(numbers, 0, 1, 1),
      tuple.repeat(numbers, 2),
      tuple.from(three),
    ];
    expect(tracked.map(alloc.isTracked)).toEqual(tracked.map(() => true));
    const fromList = tuple.from(numberList);
    expect(alloc.isTracked(fromList)).toBe(!facts.tracksTuplesByContent);
    for (const object of [...tracked, fromList, numberList, three, nothing, numbers])
      refs.decref(object);
    inspect.verify();
  });

  it("is hashed as CPython does, also from its cache", () => {
    const core = testObjects(version, abi);
    const { protocol, refs, tuple, list, errors } = core;
    // hash((1, 2, 3)) in CPython: 529344067295497451 with 64 bits, -2022708474 with 32.
    const made = tupleOf(core, [1, 2, 3]);
    for (let n = 0; n < 2; n++) {
      expect(protocol.hash(made)).toBe(
        abi === "lp64" ? Number(BigInt.asIntN(32, 529344067295497451n)) : -2022708474,
      );
      if (abi === "lp64") expect(core.hashHigh).toBe(Number(529344067295497451n >> 32n));
    }
    refs.decref(made);
    const next = tupleOf(core, [3, 2, 1]);
    expect(next).toBe(made);
    expect(protocol.hash(next)).not.toBe(-2022708474);
    refs.decref(next);
    const inner = list.create(0);
    const unhashable = tuple.pack([inner]);
    expect(protocol.hash(unhashable)).toBe(-1);
    expect(errors.matches("TypeError")).toBe(true);
    errors.clear();
    refs.decref(unhashable);
    refs.decref(inner);
    core.inspect.verify();
  });

  it("shows itself as Python does", () => {
    const core = testObjects(version, abi);
    const { protocol, refs, tuple } = core;
    const one = tupleOf(core, [1]);
    const two = tupleOf(core, [1, 2]);
    expect([tuple.empty, one, two].map((each) => protocol.repr(each))).toEqual([
      "()",
      "(1,)",
      "(1, 2)",
    ]);
    refs.decref(one);
    refs.decref(two);
  });

  it("goes on where a heap is opened again", () => {
    const core = testObjects(version, abi);
    const made = tupleOf(core, [5000, 5001]);
    const dead = tupleOf(core, [5002]);
    core.refs.decref(dead);
    const again = attachObjects(core.heap, core.options);
    expect(again.tuple.type).toBe(core.tuple.type);
    expect(again.tuple.empty).toBe(core.tuple.empty);
    expect(valuesOf(again, made)).toEqual([5000, 5001]);
    const next = tupleOf(again, [5003]);
    expect(next).toBe(dead);
    const range = again.range.create(0, 2, 1);
    const slice = again.slice.create(made, 0, 0);
    expect(core.protocol.repr(slice)).toBe("slice((5000, 5001), None, None)");
    for (const object of [made, next, range, slice]) again.refs.decref(object);
    again.inspect.verify();
  });

  it("loses nothing where there is no room for what is asked", () => {
    const heap = failingHeap(version, abi);
    const { core } = heap;
    const { tuple, range } = core;
    const two = (): Address[] => [tupleOf(core, [5000, 5001, 5002]), tupleOf(core, [5000])];
    const ranges = (): Address[] => [range.create(5000, 5004, 1)];
    const failures: typeof heap.everyFailureOf = (prepare, operate) =>
      heap.everyFailureOf(prepare, operate, "unchanged");
    const counts = [
      failures(two, () => ({ object: tuple.create(3) })),
      failures(two, (_, [a, b]) => ({ object: tuple.pack([a, b, a]) })),
      failures(two, (_, [a, b]) => ({ object: tuple.pack2(a, b) })),
      failures(two, (_, [a, b]) => ({ object: tuple.concat(a, b) })),
      failures(two, (_, [a]) => ({ object: tuple.repeat(a, 12) })),
      failures(two, (_, [a]) => ({ object: tuple.slice(a, 0, 2, 2) })),
      failures(ranges, (_, [a]) => ({ object: tuple.from(a) })),
      failures(two, (_, [a]) => ({ object: core.slice.create(a, 0, a) })),
      failures(two, () => ({ object: range.create(10_000, 20_000, 300) })),
    ];
    expect(counts.every((count) => count > 0)).toBe(true);
  });
});
