import { describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "./heap.ts";

describe.each(everyProfile)("dict in %s %s", (version, abi) => {
  it("keeps int and str keys in order of insertion", () => {
    const core = testObjects(version, abi);
    const { dict, int, str, refs } = core;
    const made = dict.create();
    for (let n = 0; n < 20_000; n++) {
      const key = n % 2 === 0 ? int.from(n) : str.from(`key${n}`);
      const value = int.from(2 * n);
      expect(dict.setItem(made, key, value)).toBe(0);
      refs.decref(key);
      refs.decref(value);
    }
    expect(dict.length(made)).toBe(20_000);
    const cursor = { position: 0, key: 0, value: 0 };
    for (let n = 0; dict.next(made, cursor); n++) {
      if (int.value(cursor.value) !== 2 * n) expect(int.value(cursor.value)).toBe(2 * n);
      const key = n % 2 === 0 ? int.from(n) : str.from(`key${n}`);
      if (dict.getItem(made, key) !== cursor.value)
        expect(dict.getItem(made, key)).toBe(cursor.value);
      if (n % 3 === 0) {
        const other = dict.getItem(made, key);
        if (dict.setItem(made, key, other) !== 0) expect.fail();
      }
      refs.decref(key);
    }
    dict.verify(made);
    refs.decref(made);
  });

  it("shows itself as Python does", () => {
    const core = testObjects(version, abi);
    const { dict, int, str, refs, protocol } = core;
    const made = dict.create();
    const one = int.from(1);
    expect(dict.setItemString(made, "a", one)).toBe(0);
    expect(dict.setItem(made, one, one)).toBe(0);
    expect(protocol.repr(made)).toBe("{'a': 1, 1: 1}");
    refs.decref(made);
    refs.decref(one);
    expect(str).toBeDefined();
  });
});
