import { describe, expect, it } from "vitest";
import { count, formatBytes, formatCount, formatSeconds, formatShare } from "../src/units.ts";

describe("bytes", () => {
  it.each([
    [0, "0 bytes"],
    [1, "1 byte"],
    [1023, "1,023 bytes"],
    [1024, "1 KiB"],
    [18_432, "18 KiB"],
    [18_841, "18.4 KiB"],
    [1024 * 1024 - 1, "1.0 MiB"],
    [33 * 1024 * 1024, "33 MiB"],
    [32.8 * 1024 * 1024, "32.8 MiB"],
    [5 * 1024 ** 3, "5 GiB"],
    [2000 * 1024 ** 3, "2,000 GiB"],
  ])("%d is %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it("never shows 1024 of a unit", () => {
    for (let bytes = 1020 * 1024; bytes < 1028 * 1024; bytes += 7) {
      expect(formatBytes(bytes)).not.toMatch(/^1,?024/);
    }
  });
});

describe("counts", () => {
  it("groups digits and speaks of one thing in the singular", () => {
    expect(formatCount(1_234_567)).toBe("1,234,567");
    expect(count(1, "block")).toBe("1 block");
    expect(count(0, "block")).toBe("0 blocks");
    expect(count(2, "class", "classes")).toBe("2 classes");
  });
});

describe("times", () => {
  it.each([
    [0, "0.0 ms"],
    [0.0041, "4.1 ms"],
    [0.0994, "99.4 ms"],
    [0.0996, "0.10 s"],
    [1.234, "1.23 s"],
    [99.99, "99.99 s"],
    [99.996, "1 min 40 s"],
    [125, "2 min 05 s"],
  ])("%d s is %s", (seconds, text) => {
    expect(formatSeconds(seconds)).toBe(text);
  });
});

describe("shares", () => {
  it("shows 0 % and 100 % only where they are exact", () => {
    expect(formatShare(0, 0)).toBe("0 %");
    expect(formatShare(0, 9)).toBe("0 %");
    expect(formatShare(1, 1000)).toBe("under 1 %");
    expect(formatShare(62, 100)).toBe("62 %");
    expect(formatShare(999, 1000)).toBe("over 99 %");
    expect(formatShare(9, 9)).toBe("100 %");
  });
});
