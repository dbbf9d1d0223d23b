import { describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "./heap.ts";

describe.each(everyProfile)("tuple in %s %s", (version, abi) => {
  it("owns its items and releases them from the last to the first", () => {
    const core = testObjects(version, abi);
    const { tuple, float, refs } = core;
    const items = [1, 2, 3].map((value) => float.from(value));
    const made = tuple.pack(items);
    expect(items.map(refs.refcount)).toEqual([2, 2, 2]);
    for (const item of items) refs.decref(item);
    refs.decref(made);
    // Floats are kept for reuse, last freed first: the first item was freed last.
    expect(float.from(9)).toBe(items[0]);
  });

  it("is one object when empty", () => {
    const { tuple, refs } = testObjects(version, abi);
    const empty = tuple.pack([]);
    expect(empty).toBe(tuple.empty);
    expect(tuple.create(0)).toBe(empty);
    refs.decref(empty);
    expect(tuple.length(tuple.empty)).toBe(0);
  });
});
