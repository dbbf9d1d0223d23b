import { describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "./heap.ts";

describe.each(everyProfile)("set in %s %s", (version, abi) => {
  it("holds each key once, in a table that grows", () => {
    const core = testObjects(version, abi);
    const { set, int, str, refs } = core;
    const made = set.create();
    for (let n = 0; n < 3000; n++) {
      const key = n % 2 === 0 ? int.from(n * 7) : str.from(`key${n}`);
      expect(set.add(made, key)).toBe(0);
      const again = n % 2 === 0 ? int.from(n * 7) : str.from(`key${n}`);
      expect(set.add(made, again)).toBe(0);
      refs.decref(again);
      refs.decref(key);
    }
    expect(set.length(made)).toBe(3000);
    set.verify(made);
    for (let n = 0; n < 3000; n += 3) {
      const key = n % 2 === 0 ? int.from(n * 7) : str.from(`key${n}`);
      expect(set.discard(made, key)).toBe(1);
      expect(set.discard(made, key)).toBe(0);
      expect(set.contains(made, key)).toBe(0);
      refs.decref(key);
    }
    set.verify(made);
    expect(set.length(made)).toBe(2000);
    refs.decref(made);
  });
});
