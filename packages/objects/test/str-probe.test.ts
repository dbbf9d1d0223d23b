import { describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "./heap.ts";

describe.each(everyProfile)("the probe in %s %s", (version, abi) => {
  it("finds what a str of the same text finds, and makes no object", () => {
    const core = testObjects(version, abi);
    const { dict, str, int, refs } = core;
    const table = dict.create();
    const texts = [
      "",
      "a",
      "key",
      "hello world",
      "x".repeat(64),
      "x".repeat(65),
      "é",
      "€uro",
      "a\0b",
    ];
    texts.forEach((text, n) => {
      dict.setItemString(table, text, int.from(n));
    });
    const count = (): number => {
      let objects = 0;
      core.inspect.each(() => objects++);
      return objects;
    };
    const before = count();
    for (let round = 0; round < 2; round++) {
      texts.forEach((text, n) => {
        expect([text, int.value(dict.getItemString(table, text))]).toEqual([text, n]);
        expect(dict.getItemString(table, `${text}?`)).toBe(0);
      });
      // Not an all-str table any more: strs are made, and it finds the same.
      const key = int.from(1);
      dict.setItem(table, key, key);
    }
    expect(count()).toBe(before);
    expect(str.probe("x".repeat(65))).toBe(0);
    expect(str.probe("é")).toBe(0);
    refs.decref(table);
    core.inspect.verify();
  });

  it("remembers the hashes of some thousands of texts and computes the others anew", () => {
    const core = testObjects(version, abi, { hashSeed: 7 });
    const table = core.dict.create();
    for (let n = 0; n < 5000; n++) core.dict.setItemString(table, `k${n}`, core.int.from(n % 200));
    for (const round of [1, 2]) {
      for (let n = 0; n < 5000; n += round)
        if (core.int.value(core.dict.getItemString(table, `k${n}`)) !== n % 200)
          expect(`k${n}`).toBe("found");
    }
    core.refs.decref(table);
    core.inspect.verify();
  });
});
