import type { StatSource } from "@pyrena/abi";
import { statsLaws } from "@pyrena/conformance";
import { describe, expect, test } from "vitest";
import { mergeStats, readStats, statValue } from "../src/index.ts";

const source = (layer: string, values: Record<string, number>): StatSource => ({
  layer,
  declarations: Object.keys(values).map((name) => ({
    name,
    unit: "blocks",
    kind: "current",
    help: `the ${name}`,
  })),
  read: (index) => Object.values(values)[index]!,
});

describe("readStats", () => {
  test("reads every statistic of every source, with its declaration", () => {
    expect(statsLaws.length).toBeGreaterThan(0);
    const read = readStats([source("a", { live: 3, free: 4 }), source("b", {})]);
    expect(read).toEqual([
      {
        layer: "a",
        stats: [
          { name: "live", unit: "blocks", kind: "current", help: "the live", value: 3 },
          { name: "free", unit: "blocks", kind: "current", help: "the free", value: 4 },
        ],
      },
      { layer: "b", stats: [] },
    ]);
    expect(statValue(read, "a", "free")).toBe(4);
    expect(statValue(read, "a", "spam")).toBeUndefined();
    expect(statValue(read, "c", "free")).toBeUndefined();
  });

  test("mergeStats adds the same statistic of the same layer up, and keeps the rest", () => {
    const one = readStats([source("a", { live: 3, free: 4 }), source("b", { live: 1 })]);
    const two = readStats([source("b", { live: 10, large: 5 })]);
    const merged = mergeStats([one, two]);
    expect(merged.map(({ layer }) => layer)).toEqual(["a", "b"]);
    expect(statValue(merged, "a", "live")).toBe(3);
    expect(statValue(merged, "b", "live")).toBe(11);
    expect(statValue(merged, "b", "large")).toBe(5);
    expect(statValue(one, "b", "live")).toBe(1);
  });
});
