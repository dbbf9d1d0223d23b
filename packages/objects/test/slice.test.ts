import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "./heap.ts";

/** What `slice(...).indices(length)` is by its definition: every index of a walk, in plain JavaScript. */
function modelIndices(
  start: number | undefined,
  stop: number | undefined,
  step: number | undefined,
  length: number,
): number[] {
  const by = step ?? 1;
  const clip = (value: number): number => {
    const counted = value < 0 ? value + length : value;
    if (by > 0) return Math.min(Math.max(counted, 0), length);
    return Math.min(Math.max(counted, -1), length - 1);
  };
  const from = start === undefined ? (by > 0 ? 0 : length - 1) : clip(start);
  const to = stop === undefined ? (by > 0 ? length : -1) : clip(stop);
  const found: number[] = [];
  for (let n = from; by > 0 ? n < to : n > to; n += by) found.push(n);
  return found;
}

describe.each(everyProfile)("slice in %s %s", (version, abi) => {
  it("keeps its bounds, and one dead slice for reuse", () => {
    const { slice, int, refs, constants, protocol } = testObjects(version, abi);
    const bound = int.from(100_000);
    const first = slice.create(0, bound, 0);
    const second = slice.create(bound, bound, bound);
    expect(slice.start(first)).toBe(constants.none);
    expect(slice.stop(first)).toBe(bound);
    expect(protocol.repr(first)).toBe("slice(None, 100000, None)");
    expect(refs.refcount(bound)).toBe(5);
    refs.decref(first);
    refs.decref(second);
    expect(refs.refcount(bound)).toBe(1);
    const third = slice.create(0, 0, 0);
    expect(third).toBe(first);
    expect(protocol.getsizeof(third)).toBe(abi === "lp64" ? 56 : 28);
    refs.decref(third);
    refs.decref(bound);
  });

  it("has the indices that a walk by its bounds has", () => {
    const { slice, int, refs } = testObjects(version, abi);
    const bound = fc.option(fc.integer({ min: -12, max: 12 }), { nil: undefined });
    fc.assert(
      fc.property(bound, bound, bound, fc.nat(9), (start, stop, step, length) => {
        fc.pre(step !== 0);
        const parts = [start, stop, step].map((n) => (n === undefined ? 0 : int.from(n)));
        const made = slice.create(parts[0], parts[1], parts[2]);
        const indices = slice.indices(made, length);
        const [from, , by, count] = indices ?? [];
        const expected = modelIndices(start, stop, step, length);
        expect(Array.from({ length: count ?? -1 }, (_, n) => (from ?? 0) + n * (by ?? 0))).toEqual(
          expected,
        );
        refs.decref(made);
        for (const part of parts) refs.xdecref(part);
      }),
      { numRuns: 300 },
    );
  });

  it("compares as its bounds do, and is hashed where the version hashes slices", () => {
    const { slice, int, refs, protocol, facts, errors } = testObjects(version, abi);
    const make = (start: number, stop: number, step: number): number => {
      const parts = [start, stop, step].map((n) => int.from(n));
      const made = slice.create(parts[0], parts[1], parts[2]);
      for (const part of parts) refs.decref(part);
      return made;
    };
    const a = make(1, 2, 3);
    const b = make(1, 2, 3);
    const c = make(1, 2, 4);
    expect(protocol.equal(a, b)).toBe(1);
    expect(protocol.equal(a, c)).toBe(0);
    expect(protocol.less(a, c)).toBe(1);
    expect(protocol.less(c, a)).toBe(0);
    if (facts.hashesSlices) {
      // slice(1, 2, 3) in CPython: -2340833382717974474 with 64 bits, 1896625733 with 32.
      expect(protocol.hash(a)).toBe(
        abi === "lp64" ? Number(BigInt.asIntN(32, -2340833382717974474n)) : 1896625733,
      );
    } else {
      expect(protocol.hash(a)).toBe(-1);
      expect(errors.matches("TypeError")).toBe(true);
      errors.clear();
    }
    for (const object of [a, b, c]) refs.decref(object);
  });
});
