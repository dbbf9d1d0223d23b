import { describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "./heap.ts";

describe.each(everyProfile)("float in %s %s", (version, abi) => {
  const core = testObjects(version, abi);
  const { float, int, complex, protocol, refs } = core;

  it("keeps its value, and its memory is used again by the next float", () => {
    const pi = float.from(3.25);
    expect(float.value(pi)).toBe(3.25);
    refs.decref(pi);
    const next = float.from(-0);
    expect(next).toBe(pi);
    expect(float.value(next)).toBe(-0);
    expect(protocol.repr(next)).toBe("-0.0");
    refs.decref(next);
  });

  it("keeps 100 dead ones and gives back the rest", () => {
    const kept = core.alloc.freeLists.find((list) => list.name === "float");
    kept?.clear();
    const floats = Array.from({ length: 103 }, (_, n) => float.from(n));
    for (const each of floats) refs.decref(each);
    expect(kept?.count()).toBe(100);
    const again = Array.from({ length: 100 }, () => float.from(0.5));
    expect(again).toEqual(floats.slice(0, 100).reverse());
    for (const each of again) refs.decref(each);
  });

  it.each([
    [0, "0.0"],
    [1e15, "1000000000000000.0"],
    [1e16, "1e+16"],
    [1.5e300, "1.5e+300"],
    [0.0001, "0.0001"],
    [0.00001, "1e-05"],
    [1.25e-7, "1.25e-07"],
    [0.1, "0.1"],
    [-2.5, "-2.5"],
    [5e-324, "5e-324"],
    [123456789012345680, "1.2345678901234568e+17"],
    [Number.NaN, "nan"],
    [Number.POSITIVE_INFINITY, "inf"],
    [Number.NEGATIVE_INFINITY, "-inf"],
  ])("prints %d as %s", (value, text) => {
    const object = float.from(value);
    expect(protocol.repr(object)).toBe(text);
    refs.decref(object);
  });

  it("compares with ints exactly, and NaN with nothing", () => {
    const big = int.from(2n ** 53n + 1n);
    const near = float.from(2 ** 53);
    const nan = float.from(Number.NaN);
    const one = float.from(1);
    expect(protocol.equal(big, near)).toBe(0);
    expect(protocol.equal(near, big)).toBe(0);
    expect(protocol.less(near, big)).toBe(1);
    expect(protocol.less(big, near)).toBe(0);
    expect(protocol.equal(one, int.true)).toBe(1);
    expect(protocol.equal(int.true, one)).toBe(1);
    const alsoNan = float.from(Number.NaN);
    expect(protocol.equal(nan, alsoNan)).toBe(0);
    expect(protocol.equal(nan, nan)).toBe(1);
    expect(protocol.less(nan, one)).toBe(0);
    expect(protocol.less(one, nan)).toBe(0);
    const z = complex.from(1, 0);
    expect(protocol.equal(z, one)).toBe(1);
    expect(protocol.equal(one, z)).toBe(1);
    for (const each of [big, near, nan, one, alsoNan, z]) refs.decref(each);
  });
});
