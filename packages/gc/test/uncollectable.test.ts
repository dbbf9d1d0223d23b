import { gcDebug } from "@pyrena/abi";
import { describe, expect, it } from "vitest";
import { generational } from "../src/index.ts";
import { collectedObjects, freezeRest } from "./heap.ts";

/** A type with a reference and a finalizer of the kind before PEP 442, as only types in C have it in CPython. */
function withLegacyType(collector = generational({ enabled: false })) {
  let text = "";
  const objects = collectedObjects("3.13", "lp64", collector, {
    stderr: (line) => {
      text += line;
    },
  });
  const died: number[] = [];
  const { word } = objects;
  const type = objects.types.define({
    name: "Legacy",
    basicsize: 3 * word,
    flags: 1 << 14,
    layout: [1, 2 * word, 1],
    slots: { name: "legacy", legacyFinalize: (object) => void died.push(object) },
  });
  const make = (referent: number): number => {
    const object = objects.alloc.gcObject(type, 3 * word, 2 * word);
    objects.memory.u32[(object + 2 * word) >>> 2] = objects.refs.newRef(referent);
    if (word === 8) objects.memory.u32[((object + 2 * word) >>> 2) + 1] = 0;
    objects.alloc.track(object);
    return object;
  };
  return { objects, died, make, text: () => text };
}

describe("an object with a finalizer of the old kind", () => {
  it("is finalized when its count falls to 0", () => {
    const { objects, died, make } = withLegacyType();
    const object = make(objects.constants.none);
    objects.refs.decref(object);
    expect(died).toEqual([object]);
    objects.inspect.verify();
  });

  it("is left in its cycle with all that it reaches, and goes to gc.garbage alone", () => {
    const { objects, died, make, text } = withLegacyType();
    const { gc, list, refs } = objects;
    freezeRest(objects);
    const reached = list.create(0);
    const ring = list.pack([reached]);
    refs.decref(reached);
    const object = make(ring);
    list.append(ring, object);
    refs.decref(ring);
    refs.decref(object);
    gc.setDebug(gcDebug.uncollectable);
    expect(gc.collect(2)).toBe(3);
    gc.setDebug(0);
    expect(died).toEqual([]);
    const garbage = gc.garbage();
    expect(list.length(garbage)).toBe(1);
    expect(list.getItem(garbage, 0)).toBe(object);
    expect(text().match(/^gc: uncollectable <(\w+) 0x[0-9a-f]+>$/gm)?.length).toBe(3);
    const { control, ctx } = gc.collector();
    expect(control?.generationStats(ctx)[2]).toMatchObject({ collected: 0, uncollectable: 3 });
    // Whoever breaks the cycle frees it.
    list.clear(garbage);
    list.clear(ring);
    expect(died).toEqual([object]);
    expect(gc.collect(2)).toBe(0);
    objects.inspect.verify();
  });

  it("is freed with the garbage that refers to it, where it is in no cycle itself", () => {
    const { objects, died, make } = withLegacyType();
    const { gc, list, refs } = objects;
    freezeRest(objects);
    const object = make(objects.constants.none);
    const ring = list.pack([object]);
    list.append(ring, ring);
    refs.decref(ring);
    refs.decref(object);
    // It is unreachable, too, and set aside at first; then the ring is cleared, and its count falls to 0.
    expect(gc.collect(2)).toBe(1);
    expect(died).toEqual([object]);
    expect(list.length(gc.garbage())).toBe(0);
    objects.inspect.verify();
  });
});
