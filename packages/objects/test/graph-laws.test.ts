/** The laws of the contracts between objects and collectors, tried on both sides that are here. */
import type { Address } from "@pyrena/abi";
import { collectorLaws, type ObjectGraphSubject, objectGraphLaws } from "@pyrena/conformance";
import { describe, expect, it } from "vitest";
import { trackingOnly } from "../src/core/tracking.ts";
import { Python } from "../src/handles/python.ts";
import { everyProfile, testObjects } from "./heap.ts";

describe("the collector that objects have until they are given another", () => {
  it.each(collectorLaws)("$name", ({ check }) => {
    check(() => ({ collector: trackingOnly(16), collects: false }));
  });
});

describe.each(everyProfile)("objects of %s %s as an object graph", (version, abi) => {
  function subject(): ObjectGraphSubject & { unraisable: string[] } {
    const unraisable: string[] = [];
    const core = testObjects(version, abi, {
      onUnraisable: ({ error }) => void unraisable.push(error),
    });
    const py = Python.over(core);
    const { refs } = core;
    const finalizers = new Map<Address, (object: Address) => void>();
    const Mortal = py.class("Mortal", {
      __del__: (self: { id: number }) => finalizers.get(self.id)?.(self.id),
    });
    /** The reference of a handle, which is released. */
    const own = (handle: { id: number; release(): void }): Address => {
      const object = refs.newRef(handle.id);
      handle.release();
      return object;
    };
    return {
      unraisable,
      graph: core.inspect.graph,
      collector: core.gc.collector(),
      container: (items) => {
        const list = core.list.pack(items);
        // Tuples have no clear, as in CPython: the law that clears uses one item.
        if (items.length % 3 !== 2) return list;
        refs.decref(list);
        return core.tuple.pack(items);
      },
      leaf: () => core.float.from(0.5),
      finalizable: (finalizer) => {
        const object = own(Mortal.new());
        finalizers.set(object, finalizer);
        return object;
      },
      weakref: (target, callback) => {
        if (callback === undefined) return core.weakrefs.ref(target);
        const fn = py.function("callback", (ref: { id: number }) => callback(ref.id));
        const ref = core.weakrefs.ref(target, fn.id);
        fn.release();
        return ref;
      },
      verify: (held) => py.verify({ held }),
    };
  }

  it.each(objectGraphLaws)("$name", ({ check }) => check(subject));

  it("report what finalizers and callbacks throw", () => {
    const one = subject();
    const [, , callbacks] = objectGraphLaws;
    callbacks.check(() => one);
    expect(one.unraisable).toEqual([
      "RuntimeError: Error: thrown by a finalizer",
      "RuntimeError: Error: thrown by a callback",
    ]);
  });
});
