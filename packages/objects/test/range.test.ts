import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "./heap.ts";

describe.each(everyProfile)("range in %s %s", (version, abi) => {
  it("has the items that counting gives", () => {
    const { range, int, refs, errors, protocol } = testObjects(version, abi);
    const small = fc.integer({ min: -40, max: 40 });
    fc.assert(
      fc.property(
        small,
        small,
        small.filter((n) => n !== 0),
        (start, stop, step) => {
          const items: number[] = [];
          for (let n = start; step > 0 ? n < stop : n > stop; n += step) items.push(n);
          const made = range.create(start, stop, step);
          expect(range.length(made)).toBe(items.length);
          for (let n = -items.length; n < items.length; n++) {
            const item = range.getItem(made, n);
            expect(int.value(item)).toBe(items.at(n));
            refs.decref(item);
          }
          expect(range.getItem(made, items.length)).toBe(0);
          expect(errors.matches("IndexError")).toBe(true);
          errors.clear();
          expect(protocol.isTrue(made)).toBe(items.length > 0);
          refs.decref(made);
        },
      ),
      { numRuns: 100 },
    );
  });

  it("has the size and the repr of CPython's", () => {
    const { range, protocol, refs } = testObjects(version, abi);
    const three = range.create(0, 3, 1);
    expect(protocol.getsizeof(three)).toBe(abi === "lp64" ? 48 : 24);
    expect(protocol.repr(three)).toBe("range(0, 3)");
    const odd = range.create(1, 10, 2);
    expect(protocol.repr(odd)).toBe("range(1, 10, 2)");
    refs.decref(three);
    refs.decref(odd);
  });

  it("is equal to a range of the same items, with the same hash", () => {
    const { range, protocol, refs } = testObjects(version, abi);
    const a = range.create(0, 10, 3);
    const b = range.create(0, 12, 3);
    const c = range.create(0, 13, 3);
    expect(protocol.equal(a, b)).toBe(1);
    expect(protocol.equal(a, c)).toBe(0);
    expect(protocol.hash(a)).toBe(protocol.hash(b));
    const ten = range.create(0, 10, 1);
    // hash(range(10)) in CPython: -7546101314042312252 with 64 bits, 999511635 with 32.
    expect(protocol.hash(ten)).toBe(
      abi === "lp64" ? Number(BigInt.asIntN(32, -7546101314042312252n)) : 999511635,
    );
    for (const object of [a, b, c, ten]) refs.decref(object);
  });

  it("refuses a step of 0, and a length that is more than a length can be", () => {
    const { range, refs, errors } = testObjects(version, abi);
    expect(range.create(0, 3, 0)).toBe(0);
    expect(errors.matches("ValueError")).toBe(true);
    errors.clear();
    const vast = range.create(0, 10n ** 30n, 1);
    expect(range.length(vast)).toBe(-1);
    expect(errors.matches("OverflowError")).toBe(true);
    errors.clear();
    refs.decref(vast);
  });

  it("keeps the ints that it is made of", () => {
    const { range, list, int, refs, inspect } = testObjects(version, abi);
    const [start, stop, step] = [5000, 9000, 1500].map((n) => int.from(n));
    const made = range.fromInts(start ?? 0, stop ?? 0, step ?? 0);
    expect([start, stop, step].map((object) => refs.refcount(object ?? 0))).toEqual([2, 2, 2]);
    const items = list.from(made);
    expect([0, 1, 2].map((n) => int.value(list.getItem(items, n)))).toEqual([5000, 6500, 8000]);
    for (const object of [items, made, start, stop, step]) refs.decref(object ?? 0);
    inspect.verify();
  });

  it("keeps dead ranges for reuse where the version does", () => {
    const { range, refs, alloc, facts } = testObjects(version, abi);
    const made = Array.from({ length: 10 }, () => range.create(0, 1, 1));
    for (const object of made) refs.decref(object);
    const kept = alloc.freeLists.find(({ name }) => name === "range");
    expect(kept?.count()).toBe(facts.keptRanges);
    if (facts.keptRanges > 0) expect(range.create(0, 2, 1)).toBe(made[facts.keptRanges - 1]);
  });
});
