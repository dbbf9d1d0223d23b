import { attachObjects } from "@pyrena/objects";
import { afterAll, describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "./heap.ts";

describe.each(everyProfile)("complex in %s %s", (version, abi) => {
  const core = testObjects(version, abi);
  const { complex, float, int, refs, protocol } = core;

  afterAll(() => core.inspect.verify());

  it("keeps both parts", () => {
    const z = complex.from(1.5, -0);
    expect(complex.real(z)).toBe(1.5);
    expect(complex.imaginary(z)).toBe(-0);
    expect(protocol.getsizeof(z)).toBe(core.wide ? 32 : 24);
    refs.decref(z);
  });

  it.each([
    [1, 2, "(1+2j)"],
    [-0, -1, "(-0-1j)"],
    [0, 1, "1j"],
    [0, Number.NaN, "nanj"],
    [Number.POSITIVE_INFINITY, -0, "(inf-0j)"],
    [0, 1e16, "1e+16j"],
    [1.5, -1e-7, "(1.5-1e-07j)"],
    [Number.NaN, 0, "(nan+0j)"],
  ])("prints %d and %d as %s", (real, imaginary, text) => {
    const z = complex.from(real, imaginary);
    expect(protocol.repr(z)).toBe(text);
    refs.decref(z);
  });

  it("equals a real number exactly, and has no order", () => {
    const z = complex.from(2 ** 53, 0);
    const same = int.from(2n ** 53n);
    const next = int.from(2n ** 53n + 1n);
    const real = float.from(2 ** 53);
    const other = complex.from(2 ** 53, 1);
    expect(protocol.equal(z, same)).toBe(1);
    expect(protocol.equal(same, z)).toBe(1);
    expect(protocol.equal(next, z)).toBe(0);
    expect(protocol.equal(z, real)).toBe(1);
    expect(protocol.equal(real, z)).toBe(1);
    expect(protocol.equal(z, other)).toBe(0);
    expect(protocol.equal(other, same)).toBe(0);
    expect(protocol.less(z, real)).toBe(-1);
    expect(core.errors.matches("TypeError")).toBe(true);
    core.errors.clear();
    for (const each of [z, same, next, real, other]) refs.decref(each);
  });

  it("keeps dead ones for reuse in 3.15 only", () => {
    const kept = core.alloc.freeLists.find((list) => list.name === "complex");
    kept?.clear();
    const numbers = Array.from({ length: 101 }, (_, n) => complex.from(n, n));
    for (const each of numbers) refs.decref(each);
    expect(kept?.count()).toBe(version === "3.15" ? 100 : 0);
    core.inspect.verify();
  });
});

describe.each(everyProfile)("constants in %s %s", (version, abi) => {
  const core = testObjects(version, abi);
  const { constants, protocol, refs } = core;

  it("print as themselves, equal only themselves, and are found again", () => {
    const { none, ellipsis, notImplemented } = constants;
    expect([none, ellipsis, notImplemented].map((each) => protocol.repr(each))).toEqual([
      "None",
      "Ellipsis",
      "NotImplemented",
    ]);
    expect(protocol.getsizeof(none)).toBe(2 * core.word);
    expect(protocol.equal(none, none)).toBe(1);
    expect(protocol.equal(none, ellipsis)).toBe(0);
    expect(protocol.isTrue(none)).toBe(false);
    expect(protocol.isTrue(ellipsis)).toBe(true);
    expect(attachObjects(core.heap, core.options).constants).toEqual(constants);
  });

  it("never die of references that come and go", () => {
    const before = refs.refcount(constants.none);
    refs.incref(constants.none);
    expect(refs.refcount(constants.none)).toBe(version === "3.11" ? before + 1 : before);
    refs.decref(constants.none);
    expect(refs.refcount(constants.none)).toBe(before);
    expect(refs.isImmortal(constants.none)).toBe(version !== "3.11");
  });
});
