import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatBytes, formatCount, formatShare } from "../src/index.ts";

describe("formatBytes", () => {
  test("takes the largest unit that leaves at least one, with three digits", () => {
    for (const [bytes, text] of [
      [0, "0 bytes"],
      [1, "1 byte"],
      [512, "512 bytes"],
      [1023, "1023 bytes"],
      [1024, "1.00 KiB"],
      [1536, "1.50 KiB"],
      [10 * 1024, "10.0 KiB"],
      [10_235, "10.0 KiB"],
      [64 * 1024, "64.0 KiB"],
      [262_144, "256 KiB"],
      [1024 * 1024 - 1, "1.00 MiB"],
      [1023.4 * 1024, "1023 KiB"],
      [63 * 2 ** 20, "63.0 MiB"],
      [2 ** 32, "4.00 GiB"],
      [2 ** 53, "8.00 PiB"],
      [2 ** 63, "8192 PiB"],
      [-1536, "-1.50 KiB"],
    ] as const) {
      expect(formatBytes(bytes)).toBe(text);
    }
  });

  test("never shows 1024 of a unit that has a larger one, nor more than four digits", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 53 - 1 }), (bytes) => {
        const text = formatBytes(bytes);
        expect(text).toMatch(
          /^(\d{1,4} bytes?|\d\.\d\d [KMGTP]iB|\d\d\.\d [KMGTP]iB|\d{3,4} [KMGTP]iB)$/,
        );
        expect(Number.parseFloat(text)).toBeLessThan(1024);
      }),
    );
  });
});

describe("formatCount", () => {
  test("puts commas between thousands", () => {
    expect([0, 7, 999, 1000, 1_490_208, -12_345].map(formatCount)).toEqual([
      "0",
      "7",
      "999",
      "1,000",
      "1,490,208",
      "-12,345",
    ]);
  });
});

test("formatShare gives a percentage", () => {
  expect([0, 0.8754, 1].map(formatShare)).toEqual(["0.0 %", "87.5 %", "100.0 %"]);
});
