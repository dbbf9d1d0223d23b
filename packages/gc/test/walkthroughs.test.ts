/**
 * The walk-throughs that introductions to Python's garbage collection use. Expected figures: the same lines in CPython
 * 3.11.7, 3.12.1, 3.13.0 (64 bits), and 3.12.7, 3.13.2, 3.14.2, 3.15.0rc1 (WebAssembly), run there as functions.
 */
import type { Address } from "@pyrena/abi";
import type { DictHandle, Handle, ListHandle } from "@pyrena/objects";
import { describe, expect, it } from "vitest";
import { explain } from "../src/index.ts";
import { everyProfile, type World, world } from "./world.ts";

/** Addresses in a list that is a new reference. */
function addresses({ core }: World, list: Address): Address[] {
  const found = Array.from({ length: core.list.length(list) }, (_, n) =>
    core.list.getItem(list, n),
  );
  core.refs.decref(list);
  return found;
}

/** Generations in which an object is. */
function generationsOf(w: World, object: Handle): number[] {
  return [0, 1, 2].filter((generation) =>
    addresses(w, w.core.gc.getObjects(generation)).includes(object.live),
  );
}

describe.each(everyProfile)("walk-throughs of gc in %s %s", (python, abi) => {
  const minor = Number(python.split(".")[1]);
  /** From 3.14 on a local is lent to the call of getrefcount: one temporary reference less. */
  const temporary = minor >= 14 ? 0 : 1;

  it("a = []; b = [a]; a.append(b); del a; del b", () => {
    const w = world(python, abi);
    const { py, core } = w;
    py.frame("main", ["a", "b"], (f) => {
      f.set("a", []);
      const counts = [f.getrefcount("a")];
      f.set("b", [f.local("a")]);
      counts.push(f.getrefcount("a"), f.getrefcount("b"));
      py.scope(() => void f.ref<ListHandle>("a").append(f.local("b")));
      counts.push(f.getrefcount("a"), f.getrefcount("b"));
      const [a, b] = py.scope(() => [f.ref("a").live, f.ref("b").live]);
      f.delete("a");
      counts.push(f.getrefcount("b"));
      f.delete("b");
      expect(counts.map((count) => count - temporary)).toEqual([1, 2, 1, 2, 2, 2]);
      expect(addresses(w, core.gc.getObjects()).filter((one) => one === a || one === b)).toEqual([
        a,
        b,
      ]);
      expect(core.gc.collect()).toBe(2);
      expect(core.gc.collect()).toBe(0);
      expect(addresses(w, core.gc.getObjects())).not.toContain(a);
    });
    expect(py.leaks()).toEqual([]);
    py.verify();
  });

  it("two lists appended to each other", () => {
    const w = world(python, abi);
    const { py, core } = w;
    py.frame("main", ["a", "b"], (f) => {
      f.set("a", []);
      f.set("b", []);
      py.scope(() => void f.ref<ListHandle>("a").append(f.local("b")));
      py.scope(() => void f.ref<ListHandle>("b").append(f.local("a")));
      expect(f.getrefcount("a") - temporary).toBe(2);
      expect(f.getrefcount("b") - temporary).toBe(2);
      const [a, b] = py.scope(() => [f.ref("a").live, f.ref("b").live]);
      expect(addresses(w, core.gc.getReferrers([a]))).toEqual([b]);
      expect(addresses(w, core.gc.getReferents([a]))).toEqual([b]);
      // A collection finds them in use, and makes them old; a young one does not look at them again.
      expect(core.gc.collect()).toBe(0);
      f.delete("a");
      f.delete("b");
      expect(core.gc.collect(0)).toBe(0);
      const { cycle, generation } = explain(core.gc.graph, core.gc.collector(), a);
      expect(cycle.map(({ holder, referent }) => [holder, referent])).toEqual([
        [a, b],
        [b, a],
      ]);
      expect(generation).toBe(2);
      expect(core.gc.collect()).toBe(2);
    });
    expect(py.leaks()).toEqual([]);
    py.verify();
  });

  it("a cycle with __del__, and weak references to it", () => {
    const w = world(python, abi);
    const { py, core } = w;
    const log: unknown[] = [];
    let plain: Handle & { get(): Handle | null; isDead: boolean };
    const Node = py.class("Node", {
      __init__(self: Handle, name: string) {
        self.setAttr("name", name);
      },
      __del__(self: Handle) {
        log.push(["del", self.attr("name"), self.attr("other") !== null, plain.isDead]);
      },
    });
    const [a, b] = [Node.new("a"), Node.new("b")];
    a.setAttr("other", b);
    b.setAttr("other", a);
    plain = py.weakref(b) as typeof plain;
    py.weakref(b, (ref) => void log.push(["callback", ref.isDead]));
    a.release();
    b.release();
    expect(log).toEqual([]);
    expect(core.gc.collect()).toBe(2);
    // Callbacks come first. In 3.15 a weak reference without one still works in finalizers.
    expect(log).toEqual([
      ["callback", true],
      ["del", "a", true, minor < 15],
      ["del", "b", true, minor < 15],
    ]);
    expect(plain.isDead).toBe(true);
    py.verify();
  });

  it("an object that saves itself in __del__: it is finalized once", () => {
    const w = world(python, abi);
    const { py, core } = w;
    const log: string[] = [];
    let saved: Handle | undefined;
    const Phoenix = py.class("Phoenix", {
      __del__(self: Handle) {
        log.push("del");
        saved = self.keep();
      },
    });
    const phoenix = Phoenix.new();
    phoenix.setAttr("me", phoenix);
    const ref = py.weakref(phoenix);
    phoenix.release();
    expect(core.gc.collect()).toBe(0);
    expect(ref.isDead).toBe(minor < 15);
    expect(core.gc.isFinalized((saved as Handle).live)).toBe(true);
    (saved as Handle).release();
    expect(core.gc.collect()).toBe(1);
    expect(log).toEqual(["del"]);
    py.verify();
  });

  it("generations: what survives a collection grows older", () => {
    const w = world(python, abi);
    const { py, core } = w;
    const { gc } = core;
    gc.collect();
    const x = py.list();
    const ages = [generationsOf(w, x)];
    for (const generation of [0, 1, 2]) {
      gc.collect(generation);
      ages.push(generationsOf(w, x));
    }
    // The incremental collector of 3.14 has no middle one.
    expect(ages).toEqual(minor === 14 ? [[0], [2], [2], [2]] : [[0], [1], [2], [2]]);
    gc.collect();
    const before = gc.counts()[0];
    const kept = Array.from({ length: 10 }, () => py.list());
    const counts = [[gc.counts()[0] - before, ...gc.counts().slice(1)]];
    for (const generation of [0, 0, 1, 2]) {
      gc.collect(generation);
      counts.push([...gc.counts()]);
    }
    expect(kept).toHaveLength(10);
    const third = minor === 14 ? [0, 2, 0] : [0, 0, 1];
    expect(counts).toEqual([[10, 0, 0], [0, 1, 0], [0, 2, 0], third, [0, 0, 0]]);
    py.verify();
  });

  it("thresholds: for _ in range(120): l.append([])", () => {
    const w = world(python, abi);
    const { py, core } = w;
    const { gc, list, refs } = core;
    gc.freeze();
    const target = py.list();
    const seen: number[] = [];
    const callback = py.function("cb", (phase: string, info: DictHandle) => {
      if (phase === "start") seen.push((info.get("generation") as number) * 1000 + target.length);
    });
    list.append(gc.callbacks(), callback.live);
    gc.setThreshold(5, 2, 2);
    const runs = (): number[] => {
      const { control, ctx } = gc.collector();
      return (control?.generationStats(ctx) ?? []).map(({ collections }) => collections);
    };
    const before = runs();
    gc.collect();
    seen.length = 0;
    gc.enable();
    for (let n = 0; n < 120; n++) {
      const item = list.create(0);
      list.append(target.live, item);
      refs.decref(item);
      gc.poll(); // where a loop goes back
    }
    gc.disable();
    list.clear(gc.callbacks());
    // Up to 3.11 inside the allocation, later when the loop goes back; every third time the next generation too.
    const generational = [
      ...[
        5, 11, 17, 1023, 29, 35, 41, 1047, 53, 59, 65, 1071, 2077, 82, 88, 94, 1100, 106, 112, 118,
      ],
    ].map((one) => (minor === 11 ? one - 1 : one));
    const incremental = Array.from({ length: 20 }, (_, n) => 1006 + 6 * n);
    expect(seen).toEqual(minor === 14 ? incremental : generational);
    if (minor !== 14) {
      expect(gc.counts()).toEqual([2, 3, 1]);
      expect(runs().map((count, n) => count - before[n])).toEqual([15, 4, 2]);
    }
    py.verify();
  });

  it("objects that the collector does not see", () => {
    const w = world(python, abi);
    const { py, core } = w;
    const { gc } = core;
    const tracks = (...objects: Handle[]): boolean[] =>
      objects.map(({ live }) => gc.isTracked(live));
    const Node = py.class("Node");
    const atoms = tracks(py.int(1), py.str("x"), py.float(1.5), py.none);
    expect(atoms).toEqual([false, false, false, false]);
    const t = py.tuple([1, "x"]);
    const nested = py.tuple([t, 2]);
    const withList = py.tuple([1, []]);
    const [empty, plain, full] = [py.dict(), py.dict({ a: 1 }), py.dict({ a: [] })];
    const byContent = minor >= 14;
    expect(tracks(py.list(), t, nested, withList)).toEqual([true, !byContent, true, true]);
    expect(tracks(empty, plain, full)).toEqual([byContent, byContent, true]);
    expect(tracks(py.set(), Node)).toEqual([true, true]);
    gc.collect();
    // What cannot be part of a cycle is let go.
    expect(tracks(t, nested, withList, plain)).toEqual([false, false, true, byContent]);
    full.set("a", 1);
    expect(tracks(full)).toEqual([true]);
    gc.collect();
    expect(tracks(full)).toEqual([byContent]);
    py.verify();
  });
});
