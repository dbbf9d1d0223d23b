import { describe, expect, test } from "vitest";
import { quantile, ratios, spread } from "../src/statistics.ts";

describe("statistics", () => {
  test("take quantiles between values", () => {
    expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
    expect(quantile([1, 2, 3, 4, 5], 0.25)).toBe(2);
    expect(quantile([], 0.5)).toBeNaN();
  });

  test("do not depend on the order of the rounds", () => {
    expect(spread([5, 1, 3, 2, 4])).toEqual({ median: 3, low: 2, high: 4, count: 5 });
  });

  test("compare two peers round by round, so that a slow moment of the machine cancels out", () => {
    const reference = [10, 10, 40, 10, 10];
    const peer = [20, 20, 80, 20, 20];
    expect(ratios(peer, reference)).toEqual({ median: 2, low: 2, high: 2, count: 5 });
  });
});
