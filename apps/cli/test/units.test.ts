import { describe, expect, it } from "vitest";
import { count, formatSeconds } from "../src/units.ts";

describe("counts", () => {
  it("groups digits and speaks of one thing in the singular", () => {
    expect(count(1_234_567, "block")).toBe("1,234,567 blocks");
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
