import { afterAll, describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "./heap.ts";

describe.each(everyProfile)("types without anything to release in %s %s", (version, abi) => {
  const core = testObjects(version, abi);
  const { types, alloc, refs, word } = core;

  afterAll(() => core.inspect.verify());

  it("are freed without a call of dealloc, others with one", () => {
    const calls: string[] = [];
    const define = (name: string, plain: boolean): number =>
      types.define({
        name,
        basicsize: 2 * word,
        flags: 0,
        slots: {
          name,
          plain,
          dealloc: (object) => {
            calls.push(name);
            alloc.freeObject(object);
          },
        },
      });
    for (const type of [define("Plain", true), define("Other", false)]) {
      const object = alloc.object(type, 2 * word);
      refs.incref(object);
      refs.decref(object);
      refs.decref(object);
      // The block is free: the next object of that size has it.
      const next = alloc.object(type, 2 * word);
      expect(next).toBe(object);
      refs.decref(next);
    }
    expect(calls).toEqual(["Other", "Other"]);
  });
});
