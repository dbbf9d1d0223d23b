import { describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "./heap.ts";

describe.each(everyProfile)("str in %s %s", (version, abi) => {
  const core = testObjects(version, abi);
  const { str, refs } = core;

  it("keeps any text", () => {
    for (const text of [
      "",
      "a",
      "é",
      "€",
      "😀",
      "abc",
      "éa",
      "a€",
      "a😀€",
      "x".repeat(1000),
      "é".repeat(500),
    ]) {
      const object = str.from(text);
      expect(str.value(object)).toBe(text);
      expect(str.length(object)).toBe([...text].length);
      refs.decref(object);
    }
  });
});
