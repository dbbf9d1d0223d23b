/** What collections do where users' code throws, memory is short, or somebody collects inside of them. */
import { type Address, gcDebug } from "@pyrena/abi";
import { everyFailure, type NthFailure } from "@pyrena/conformance";
import type { Handle, ListHandle } from "@pyrena/objects";
import { describe, expect, it } from "vitest";
import { type Manners, misfits } from "./misfit.ts";
import { collectorFor, everyProfile, type World, world } from "./world.ts";

function verify(w: World): void {
  const { core, py } = w;
  const collector = core.gc.collector();
  collector.verify(collector.ctx);
  py.verify();
}

/** Two objects that refer to each other, given up. */
function dropPair(w: World, first: Manners, second: Manners = {}): [Address, Address] {
  const kind = misfits(w.core);
  const [a, b] = [kind.create(first), kind.create(second)];
  kind.set(a, b);
  kind.set(b, a);
  for (const one of [a, b]) w.core.refs.decref(one);
  return [a, b];
}

function callbacksOf({ py, core }: World): ListHandle {
  return py.context.wrap(core.refs.newRef(core.gc.callbacks())) as ListHandle;
}

/** A list that refers to itself, given up. */
function dropList({ core }: World): void {
  const list = core.list.create(0);
  core.list.append(list, list);
  core.refs.decref(list);
}

describe.each(everyProfile)("where users' code throws, in %s %s", (python, abi) => {
  it("each call of a traverse in turn: the collection is abandoned or completed, all is valid", () => {
    for (let n = 0; ; n++) {
      const w = world(python, abi);
      let calls = 0;
      let armed = true;
      const traverse = (): void => {
        if (armed && calls++ === n) throw new Error("thrown by traverse");
      };
      const finalized: string[] = [];
      dropPair(w, { traverse, finalize: () => void finalized.push("a") }, { traverse });
      dropList(w);
      const found = w.core.gc.collect();
      armed = false;
      expect(w.unraisable.every((text) => /^traverse of Misfit at .*by traverse$/.test(text))).toBe(
        true,
      );
      verify(w);
      expect(found + w.core.gc.collect()).toBe(3);
      expect(finalized).toEqual(["a"]);
      verify(w);
      if (calls <= n) {
        expect(w.unraisable).toEqual([]);
        expect(n).toBeGreaterThan(3);
        return;
      }
      expect(w.unraisable).toHaveLength(1);
    }
  });

  it("a traverse that is asked for referrers or referents: the exception is pending", () => {
    const w = world(python, abi);
    const { core } = w;
    const object = misfits(core).create({
      traverse: () => {
        throw new Error("thrown by traverse");
      },
    });
    expect(core.gc.getReferrers([object])).toBe(0);
    expect(core.errors.matches("RuntimeError")).toBe(true);
    core.errors.clear();
    expect(core.gc.getReferents([object])).toBe(0);
    expect(core.errors.matches("RuntimeError")).toBe(true);
    core.errors.clear();
  });

  it("clear, finalizers, weak reference callbacks, gc callbacks: reported, and all goes on", () => {
    const w = world(python, abi);
    const { py, core } = w;
    const boom = (what: string) => (): never => {
      throw new Error(what);
    };
    dropPair(w, { clear: boom("clear"), finalize: boom("finalize") }, { clear: boom("clear") });
    const Node = py.class("Node", { __del__: () => py.raise("ValueError", "del") });
    const node = Node.new();
    node.setAttr("me", node);
    const ref = py.weakref(node, () => py.raise("KeyError", "callback"));
    node.release();
    const callbacks = callbacksOf(w);
    callbacks.append(py.function("cb", () => py.raise("TypeError", "gc"), { params: ["p", "i"] }));
    expect(core.gc.collect()).toBeGreaterThanOrEqual(3);
    expect(ref.isDead).toBe(true);
    callbacks.clear();
    const counts = new Map<string, number>();
    for (const text of w.unraisable) {
      const what = text.replace(/ at 0x\w+/g, "").replace(/^.*?: /, "");
      counts.set(what, (counts.get(what) ?? 0) + 1);
    }
    expect(Object.fromEntries(counts)).toEqual({
      // The other one goes when the first has let it go.
      "RuntimeError: Error: clear": 1,
      "RuntimeError: Error: finalize": 1,
      "ValueError: del": 1,
      "KeyError: 'callback'": 1,
      "TypeError: gc": 2,
    });
    verify(w);
    expect(core.gc.collect()).toBe(0);
  });
});

/** Each version, on one data model. */
const eachVersion = everyProfile.filter((_, n) => n % 4 === 0 || n % 4 === 3);

describe.each(eachVersion)("where memory is short, in %s %s", (python, abi) => {
  /** A heap whose allocators fail only while `armed`. */
  function failingWorld(failure: NthFailure): { w: World; arm(armed: boolean): void } {
    let armed = false;
    const w = world(python, abi, {
      wrapAllocator: (inner) => {
        const failing = failure.allocator(inner);
        return {
          ...inner,
          malloc: (_, size) =>
            armed ? failing.malloc(failing.ctx, size) : inner.malloc(inner.ctx, size),
          calloc: (_, count, size) =>
            armed ? failing.calloc(failing.ctx, count, size) : inner.calloc(inner.ctx, count, size),
          realloc: (_, block, size) =>
            armed
              ? failing.realloc(failing.ctx, block, size)
              : inner.realloc(inner.ctx, block, size),
          free: (_, block) => inner.free(inner.ctx, block),
        };
      },
    });
    return {
      w,
      arm: (now) => {
        armed = now;
      },
    };
  }

  it("each request of a collection in turn: callbacks, finalizers, weak references, gc.garbage", () => {
    const runs = everyFailure((failure) => {
      const { w, arm } = failingWorld(failure);
      const { py, core } = w;
      const made = (): void => void py.list([[1], { a: [2] }]).release();
      const Node = py.class("Node", { __del__: made });
      const nodes = [Node.new(), Node.new()];
      nodes[0].setAttr("other", nodes[1]);
      nodes[1].setAttr("other", nodes[0]);
      const refs = nodes.map((node) => py.weakref(node, made));
      for (const node of nodes) node.release();
      const callbacks = callbacksOf(w);
      callbacks.append(py.function("cb", (_phase: string, info: Handle) => void info.repr()));
      core.gc.setDebug(gcDebug.saveAll);
      dropList(w);
      arm(true);
      core.gc.collect();
      arm(false);
      for (const text of w.unraisable) expect(text).toMatch(/MemoryError/);
      expect(core.errors.occurred()).toBe(0);
      verify(w);
      expect(refs.every((ref) => ref.isDead)).toBe(true);
      core.gc.setDebug(0);
      core.list.clear(core.gc.garbage());
      callbacks.clear();
      core.gc.collect();
      verify(w);
      expect(py.leaks().filter(({ type }) => type === "Node")).toEqual([]);
    });
    expect(runs).toBeGreaterThan(10);
  });

  it("each request of the functions in turn: MemoryError, nothing leaks", () => {
    const calls: ((w: World) => Address)[] = [
      ({ core }) => core.gc.getObjects(),
      ({ core }) => core.gc.getReferrers([core.list.type, core.gc.garbage()]),
      ({ core }) => core.gc.getReferents([core.gc.garbage()]),
      ({ core }) => core.gc.getStats(),
      ({ core }) => core.gc.getCount(),
      ({ core }) => {
        core.gc.setThreshold(100_000, 200_000, 300_000);
        return core.gc.getThreshold();
      },
    ];
    for (const call of calls) {
      const runs = everyFailure((failure) => {
        const { w, arm } = failingWorld(failure);
        const { core, py } = w;
        const list = py.list();
        list.append(core.gc.garbage() === 0 ? 0 : list);
        core.list.append(core.gc.garbage(), list.live);
        arm(true);
        const result = call(w);
        arm(false);
        if (result === 0) expect(core.errors.matches("MemoryError")).toBe(true);
        core.errors.clear();
        core.refs.xdecref(result);
        verify(w);
      });
      expect(runs).toBeGreaterThan(0);
    }
  });

  it("a collector that cannot be made leaves the one that is there", () => {
    everyFailure((failure) => {
      const { w, arm } = failingWorld(failure);
      const { core, py } = w;
      const before = core.gc.collector();
      arm(true);
      let made = true;
      try {
        core.gc.use(collectorFor(python));
      } catch {
        made = false;
      }
      arm(false);
      expect(core.gc.collector() === before).toBe(!made);
      dropList(w);
      expect(core.gc.collect()).toBe(1);
      verify(w);
      py.list();
    });
  });
});

describe.each(everyProfile)("collections inside of collections, in %s %s", (python, abi) => {
  it("asked for by finalizers, callbacks of both kinds, clear: nothing happens", () => {
    const w = world(python, abi);
    const { py, core } = w;
    const found: number[] = [];
    const collect = (): void => {
      for (const generation of [0, 1, 2]) found.push(core.gc.collect(generation));
    };
    dropPair(w, { finalize: collect, clear: collect }, { finalize: collect, clear: collect });
    const node = py.class("Node", { __del__: collect }).new();
    node.setAttr("me", node);
    const ref = py.weakref(node, collect);
    node.release();
    const callbacks = callbacksOf(w);
    callbacks.append(py.function("cb", collect, { params: ["phase", "info"] }));
    expect(core.gc.collect()).toBeGreaterThanOrEqual(3);
    expect(found).toHaveLength(21);
    expect(found.every((one) => one === 0)).toBe(true);
    expect(ref.isDead).toBe(true);
    callbacks.clear();
    verify(w);
    expect(w.unraisable).toEqual([]);
  });

  it("due by what a finalizer allocates: they wait until this one has ended", () => {
    const w = world(python, abi, { collector: collectorFor(python, true) });
    const { py, core } = w;
    core.gc.setThreshold(5, 2, 2);
    const running: boolean[] = [];
    const kept: Handle[] = [];
    const allocate = (): void => {
      for (let n = 0; n < 50; n++) kept.push(py.list([[n]]).keep());
      const { control, ctx } = core.gc.collector();
      running.push(control?.isCollecting(ctx) === true);
    };
    const Node = py.class("Node", { __del__: allocate });
    for (let n = 0; n < 20; n++) {
      const node = Node.new();
      node.setAttr("me", node);
      node.release();
      core.gc.poll();
    }
    core.gc.collect();
    expect(running).toEqual(Array(20).fill(true));
    expect(kept).toHaveLength(1000);
    verify(w);
    kept.forEach((list, n) => {
      expect(list.toJS()).toEqual([[n % 50]]);
      list.release();
    });
    verify(w);
  });

  it("another collector: refused until this collection has ended", () => {
    const w = world(python, abi);
    const { py, core } = w;
    const refused: string[] = [];
    const node = py
      .class("Node", {
        __del__: () => {
          try {
            core.gc.use(collectorFor(python));
          } catch (error) {
            refused.push(String(error));
          }
        },
      })
      .new();
    node.setAttr("me", node);
    node.release();
    core.gc.collect();
    expect(refused).toEqual([expect.stringMatching(/cannot be replaced inside a collection/)]);
    core.gc.use(collectorFor(python));
    verify(w);
  });
});
