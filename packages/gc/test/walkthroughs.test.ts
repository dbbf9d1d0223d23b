/**
 * The walk-throughs that introductions to Python's cycle collector use. Expected figures: the same lines in CPython
 * 3.11.7, 3.12.1, 3.13.0 (64 bits), and 3.12.7, 3.13.2, 3.14.2, 3.15.0rc1 (WebAssembly), run there as functions after
 * `gc.disable(); gc.collect(); gc.freeze(); gc.collect()`.
 */
import type { DictHandle, Handle, ListHandle } from "@pyrena/objects";
import { describe, expect, it } from "vitest";
import { freezeRest } from "./heap.ts";
import { misfits } from "./misfit.ts";
import { everyProfile, type World, world } from "./world.ts";

describe.each(everyProfile)("walk-throughs in %s %s", (version, abi) => {
  const incremental = version === "3.14";
  /** From 3.14 on a local is lent to the call of getrefcount: one temporary reference less. */
  const temporary = version >= "3.14" ? 0 : 1;

  function fresh(): World {
    const made = world(version, abi);
    freezeRest(made.core);
    return made;
  }

  it("a = []; b = [a]; a.append(b); del a; del b", () => {
    const { py, core } = fresh();
    const { gc } = core;
    py.frame("lists", ["a", "b"], (f) => {
      const make = (): void => {
        py.scope(() => {
          f.set("a", []);
          f.set("b", [f.local("a")]);
          f.ref<ListHandle>("a").append(f.local("b"));
        });
      };
      make();
      // Each is held by its variable and by the other list.
      expect(f.getrefcount("a")).toBe(2 + temporary);
      expect(f.getrefcount("b")).toBe(2 + temporary);
      f.delete("a");
      expect(f.getrefcount("b")).toBe(2 + temporary);
      f.delete("b");
      expect([gc.collect(0), gc.collect(0)]).toEqual([2, 0]);

      // What has survived a young collection is found by an older one: the next in the generational collector; in the
      // incremental one a full one at the latest.
      make();
      expect(gc.collect(0)).toBe(0);
      f.delete("a");
      f.delete("b");
      expect([gc.collect(0), gc.collect(1), gc.collect(2)]).toEqual(
        incremental ? [0, 0, 2] : [0, 2, 0],
      );
      py.verify();
    });
    expect(py.leaks()).toEqual([]);
  });

  it("two lists appended to each other, and a third name for one", () => {
    const { py, core } = fresh();
    const { gc, list, refs } = core;
    py.frame("names", ["a", "b", "c"], (f) => {
      py.scope(() => {
        f.set("a", []).set("b", []);
        f.ref<ListHandle>("a").append(f.local("b"));
        f.ref<ListHandle>("b").append(f.local("a"));
        const [a, b] = [f.ref("a").live, f.ref("b").live];
        for (const found of [gc.getReferrers([a]), gc.getReferents([a])]) {
          expect(list.length(found)).toBe(1);
          expect(list.getItem(found, 0)).toBe(b);
          refs.decref(found);
        }
      });
      f.set("c", f.local("a"));
      f.delete("a");
      f.delete("b");
      expect(gc.collect()).toBe(0);
      py.scope(() => expect(f.ref("c").toString()).toBe("[[[...]]]"));
      f.delete("c");
      expect(gc.collect()).toBe(2);
      py.verify();
    });
    expect(py.leaks()).toEqual([]);
  });

  it("a cycle with __del__: callbacks, then finalizers, then the contents", () => {
    const { py, core } = fresh();
    const { gc } = core;
    const log: string[] = [];
    using Node = py.class("Node", {
      __del__(self: Handle) {
        using weak = self.attrRef("weak");
        log.push(`del ${self.attr("name")} ${weak.call() === null}`);
      },
    });
    py.frame("nodes", ["x", "y"], (f) => {
      py.scope(() => {
        f.set("x", Node.new()).set("y", Node.new());
        for (const [name, other] of [
          ["x", "y"],
          ["y", "x"],
        ] as const) {
          const node = f.ref(name);
          node.setAttr("name", name);
          node.setAttr("other", f.local(other));
          node.setAttr("weak", py.weakref(node));
        }
        py.weakref(f.ref("x"), () => log.push("dead x")).keep();
      });
      f.delete("x");
      f.delete("y");
    });
    // Two instances, and the weak references that are part of the cycle.
    expect(gc.collect()).toBe(4);
    // From 3.15 on weak references without a callback are cleared after the finalizers.
    const isDead = version !== "3.15";
    expect(log).toEqual(["dead x", `del x ${isDead}`, `del y ${isDead}`]);
    py.verify();
  });

  it("a finalizer that saves its object is called once", () => {
    const { py, core } = fresh();
    const { gc } = core;
    const log: string[] = [];
    using saved = py.list();
    using Stays = py.class("Stays", {
      __del__(self: Handle) {
        saved.append(self);
        log.push("saves");
      },
    });
    py.scope(() => {
      const s = Stays.new();
      s.setAttr("me", s);
    });
    expect(gc.collect()).toBe(0);
    expect(log).toEqual(["saves"]);
    expect(saved.length).toBe(1);
    py.scope(() => expect(gc.isFinalized(saved.ref(0).live)).toBe(true));
    saved.clear();
    expect(gc.collect()).toBe(1);
    expect(log).toEqual(["saves"]);
    py.verify();
  });

  it("generations and thresholds", () => {
    const { py, core } = fresh();
    const { gc, list } = core;
    const events: [generation: number, length: number][] = [];
    using keep = py.list();
    const hear = (phase: string, info: DictHandle): void => {
      if (phase === "start") events.push([Number(info.get("generation")), keep.length]);
    };
    py.scope(() => {
      const told = py.function("told", hear, { params: ["phase", "info"] });
      list.append(gc.callbacks(), told.live);
    });
    gc.setThreshold(9, 2, 2);
    gc.enable();
    for (let i = 0; i < 200; i++) keep.append([]);
    gc.disable();
    list.clear(gc.callbacks());
    const generations = events.map(([generation]) => generation);
    const steps = events.slice(1, 12).map(([, length], i) => length - events[i]![1]);
    // Every tenth list sets off a collection …
    expect(new Set(steps)).toEqual(new Set([10]));
    // … of the young most times, the third time of those and the middle-aged, and at last of all. The incremental
    // collector does a little more of its work each time.
    expect(generations.slice(0, 14)).toEqual(
      incremental ? Array(14).fill(1) : [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 2, 0],
    );
    py.verify();
  });

  it("objects that the collector does not see", () => {
    const { py, core } = fresh();
    const { gc } = core;
    const isTracked = (made: Handle): boolean => {
      const seen = gc.isTracked(made.live);
      made.release();
      return seen;
    };
    // Atoms hold nothing; lists and sets may always come to hold something.
    expect(
      [py.int(1), py.float(1.5), py.str("a"), py.bytes(new Uint8Array(1))].map(isTracked),
    ).toEqual([false, false, false, false]);
    expect([py.list(), py.set([1])].map(isTracked)).toEqual([true, true]);
    // Tuples and dicts of atoms: which of them are tracked, and for how long, depends on the version.
    using t = py.tuple([1, "a"]);
    using d = py.dict({ a: 1 });
    using e = py.dict({ a: [] });
    const seen = (): boolean[] => [t, d, e].map((one) => gc.isTracked(one.live));
    const early = version < "3.14";
    expect(seen()).toEqual(early ? [true, false, true] : [false, true, true]);
    gc.collect();
    expect(seen()).toEqual(early ? [false, false, true] : [false, true, true]);

    // What is frozen is not looked at.
    py.scope(() => {
      const a = py.list();
      a.append(a);
    });
    gc.freeze();
    expect(gc.collect()).toBe(0);
    gc.unfreeze();
    expect(gc.collect()).toBe(1);
  });

  it("a reference that a type does not show keeps its cycle alive for ever", () => {
    const { core } = fresh();
    const { gc, list, refs } = core;
    // The collector is not shown what the first of these refers to: the list seems to be needed from outside.
    const boxes = misfits(core, "Box");
    for (const [visits, found] of [
      [0, 0],
      [1, 2],
    ] as const) {
      const box = boxes.create({ visits });
      const inside = list.pack([box]);
      boxes.set(box, inside);
      refs.decref(inside);
      refs.decref(box);
      expect(gc.collect()).toBe(found);
      expect(boxes.gone.has(box)).toBe(found > 0);
    }
    expect(gc.collect()).toBe(0);
  });
});
