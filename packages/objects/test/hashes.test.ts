/** Hashes with seed 0, against what CPython answered (test/fixtures). */
import { describe, expect, it } from "vitest";
import { answersOf, build, questions, show } from "./answers.ts";
import { everyProfile, testObjects } from "./heap.ts";

describe.each(everyProfile)("hashes in %s %s", (version, abi) => {
  it("are CPython's for every value asked about", () => {
    const core = testObjects(version, abi);
    const answers = answersOf(version, abi);
    const wrong: string[] = [];
    let asked = 0;
    questions.values.forEach((value, i) => {
      const expected = answers.values[i]?.[1] ?? null;
      if (expected === null) return;
      asked++;
      const object = build(core, value);
      const low = core.protocol.hash(object);
      const hash = core.wide
        ? ((BigInt(core.hashHigh) << 32n) | BigInt(low >>> 0)).toString()
        : String(low);
      if (hash !== expected) wrong.push(`${show(value)}: ${hash}, CPython ${expected}`);
      core.refs.decref(object);
    });
    expect(wrong).toEqual([]);
    expect(asked).toBeGreaterThan(250);
  });

  it("of lists, dicts, sets and bytearrays are refused", () => {
    const core = testObjects(version, abi);
    for (const value of [
      ["list", []],
      ["dict", []],
      ["set", []],
      ["bytearray", []],
    ] as const) {
      const object = build(core, value);
      expect(core.protocol.hash(object)).toBe(-1);
      expect(core.errors.matches("TypeError")).toBe(true);
      core.errors.clear();
      core.refs.decref(object);
    }
  });
});
