import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { commonSlots } from "../src/core/refcount.ts";
import { everyProfile, testObjects } from "./heap.ts";

describe.each(everyProfile)("refs in %s %s", (version, abi) => {
  it("has calls of their own for the types that have those numbers", () => {
    const { types, classes, ...core } = testObjects(version, abi);
    const { float, tuple, str, list, dict } = core;
    const numbers = Object.entries({ float, tuple, str, list, dict }).map(([name, { type }]) => [
      name,
      types.slotNumber(type),
    ]);
    const cls = classes.create({ name: "Some" });
    expect(Object.fromEntries([...numbers, ["class", types.slotNumber(cls)]])).toEqual(commonSlots);
  });

  it("releases the items of an array from the last to the first", () => {
    const core = testObjects(version, abi);
    const { refs, list, constants, types, alloc, memory, word } = core;
    const dead: number[] = [];
    const type = types.define({
      name: "Mortal",
      basicsize: 2 * word,
      flags: 0,
      slots: {
        name: "mortal",
        dealloc: (object) => {
          dead.push(object);
          alloc.freeObject(object);
        },
      },
    });
    // What is kept dies later, what is not dies at once, None stays; 0 is no item.
    const kinds = fc.array(fc.constantFrom("kept", "dies", "none", "null"), { maxLength: 20 });
    fc.assert(
      fc.property(kinds, (items) => {
        const array = list.create(items.length);
        const first = memory.u32[(array + 3 * word) >>> 2] >>> 2;
        const step = word >>> 2;
        const made = items.map((kind) => {
          if (kind === "null") return 0;
          return kind === "none" ? refs.newRef(constants.none) : alloc.object(type, 2 * word);
        });
        made.forEach((object, n) => {
          memory.u32[first + n * step] = object;
          if (items[n] === "kept") refs.incref(object);
        });
        const noneBefore = refs.refcount(constants.none);
        dead.length = 0;
        refs.decrefItems(first, first + items.length * step);
        expect(dead).toEqual(made.filter((_, n) => items[n] === "dies").reverse());
        const nones = refs.isImmortal(constants.none)
          ? 0
          : items.filter((kind) => kind === "none").length;
        expect(refs.refcount(constants.none)).toBe(noneBefore - nones);
        for (let n = 0; n < items.length; n++) memory.u32[first + n * step] = 0;
        made.forEach((object, n) => {
          if (items[n] === "kept") refs.decref(object);
        });
        refs.decref(array);
        core.inspect.verify();
      }),
      { numRuns: 20 },
    );
  });

  it("finds in debug mode what is no living object among the items", () => {
    const core = testObjects(version, abi, { debug: true });
    const { refs, tuple, float, memory } = core;
    const first = float.from(0.5);
    const dead = float.from(1.5);
    refs.decref(dead);
    const pair = tuple.pack([first, first]);
    const i = (pair + core.types.basicsize(tuple.type)) >>> 2;
    expect(memory.u32[i]).toBe(first);
    memory.u32[i] = dead;
    expect(() => refs.decref(pair)).toThrow(/no living object/);
  });
});
