import { profileFor, sizeClassBytes, sizeClassCount } from "@pyrena/abi";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { poolCapacity, sizeClassOf } from "../src/index.ts";

const lp64 = profileFor("3.13", "lp64");
const ilp32 = profileFor("3.13", "ilp32");

describe.each([lp64, ilp32])("$name", (profile) => {
  test("a request gets the smallest class that holds it", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 512 }), (bytes) => {
        const sizeClass = sizeClassOf(profile, bytes);
        expect(sizeClassBytes(profile, sizeClass)).toBeGreaterThanOrEqual(bytes);
        expect(sizeClass === 0 || sizeClassBytes(profile, sizeClass - 1) < bytes).toBe(true);
      }),
    );
  });

  test("the last class is the threshold's", () => {
    expect(sizeClassOf(profile, 512)).toBe(sizeClassCount(profile) - 1);
  });

  test.each([0, 513, 2 ** 32 + 1, 2 ** 40, -1, Number.NaN])("%d bytes have no class", (bytes) => {
    expect(sizeClassOf(profile, bytes)).toBe(-1);
  });
});

test("pools of 16 KiB hold as many blocks as sys._debugmallocstats() of CPython 3.13 shows", () => {
  const capacities = [
    [16, 1021],
    [32, 510],
    [48, 340],
    [64, 255],
    [80, 204],
    [96, 170],
    [112, 145],
    [128, 127],
    [144, 113],
    [160, 102],
    [448, 36],
    [512, 31],
  ] as const;
  for (const [bytes, capacity] of capacities) {
    expect(poolCapacity(lp64, sizeClassOf(lp64, bytes))).toBe(capacity);
  }
});
