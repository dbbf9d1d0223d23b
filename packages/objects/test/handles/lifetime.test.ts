/** Handles that are lost, handles that a heap still has when it is opened again, and user code that throws. */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Domains, Heap, LinearMemory } from "@pyrena/abi";
import {
  attachPython,
  type Handle,
  type ListHandle,
  type LostHandle,
  Python,
} from "@pyrena/objects";
import { attachPymalloc } from "@pyrena/pymalloc";
import { attachArenaSource, attachRawAllocator } from "@pyrena/raw";
import { describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "../heap.ts";

/** The garbage collector, as `node --expose-gc` has it. */
function exposedGc(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}

describe("scopes", () => {
  it("release what was made inside, newest first, but for what is returned or kept", () => {
    const log: string[] = [];
    const py = Python.over(testObjects("3.13", "lp64"));
    const Noisy = py.class("Noisy", {
      __init__: (self: Handle, name: string) => self.setAttr("name", name),
      __del__: (self: Handle) => void log.push(self.attr("name") as string),
    });
    const outer = py.scope(() => {
      Noisy.new("first");
      const kept = Noisy.new("kept").keep();
      const returned = py.scope(() => {
        Noisy.new("inner");
        return Noisy.new("returned");
      });
      expect(log).toEqual(["inner"]);
      returned.setAttr("partner", kept);
      return kept;
    });
    expect(log).toEqual(["inner", "returned", "first"]);
    expect(outer.attr("name")).toBe("kept");
    outer.release();
    expect(log.at(-1)).toBe("kept");
    py.verify();
  });

  it("cannot wait for anything", () => {
    const py = Python.over(testObjects("3.13", "lp64"));
    expect(() => py.scope(async () => py.list())).toThrow(/must not be asynchronous/);
    expect(() => py.frame("f", [], async () => {})).toThrow(/must not be asynchronous/);
    expect(py.leaks()).toEqual([]);
    expect(py.core.frames.depth()).toBe(0);
    py.verify();
  });
});

describe("a handle that is lost", () => {
  it("is found by the garbage collector, released, and reported with where it was made", async () => {
    const gc = exposedGc();
    const lost: LostHandle[] = [];
    const py = Python.over(testObjects("3.13", "lp64"), {
      onLost: (report) => void lost.push(report),
      traceHandles: true,
    });
    const kept = py.list(["kept"]);
    (() => {
      py.list(["lost"]);
      py.list(["released"]).release();
      py.scope(() => void py.list(["in a scope"]));
    })();
    for (let round = 0; round < 50 && lost.length === 0; round++) {
      gc();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(lost).toEqual([
      {
        type: "list",
        address: expect.any(Number),
        repr: "['lost']",
        madeAt: expect.stringMatching(/lifetime\.test\.ts:\d+/),
      },
    ]);
    py.verify();
    expect(py.leaks().map(({ repr }) => repr)).toEqual(
      expect.arrayContaining(["['kept']", "'kept'"]),
    );
    kept.release();
    expect(py.leaks()).toEqual([]);
  });

  it("is not reported where nobody but the library made it", async () => {
    const gc = exposedGc();
    const lost: LostHandle[] = [];
    const { context, canary } = (() => {
      const py = Python.over(testObjects("3.13", "lp64"), {
        onLost: (report) => void lost.push(report),
      });
      const constants = [py.none, py.true, py.false, py.ellipsis];
      expect(constants.filter(({ released }) => released)).toEqual([]);
      // A handle that is lost as well: when it is reported, the others had their turn.
      return { context: py.context, canary: py.list(["canary"]).id };
    })();
    for (let round = 0; round < 50 && lost.length === 0; round++) {
      gc();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(lost.map(({ address }) => address)).toEqual([canary]);
    expect(context.closed).toBe(false);
  });

  it("waits while Python calls JavaScript", () => {
    const lost: LostHandle[] = [];
    const py = Python.over(testObjects("3.13", "lp64"), {
      onLost: (report) => void lost.push(report),
    });
    const { context } = py;
    const handle = py.list([1]).keep();
    const inside = py.function("inside", () => {
      // What the garbage collector would say in the middle of a call.
      context.lost.push(handle.entry);
      context.releaseLost();
      return lost.length;
    });
    expect(inside.call()).toBe(0);
    context.registry.unregister(handle);
    context.releaseLost();
    expect(lost.map(({ repr }) => repr)).toEqual(["[1]"]);
  });
});

describe.each(everyProfile)("user code that throws in %s %s", (version, abi) => {
  it("in a finalizer, a weak reference's callback, a comparison: is reported or raised, and the heap is whole", () => {
    const unraisable: string[] = [];
    const py = Python.over(
      testObjects(version, abi, {
        onUnraisable: ({ error, where }) => void unraisable.push(`${where}: ${error}`),
      }),
    );
    using Bad = py.class("Bad", {
      __del__() {
        throw new Error("from the finalizer");
      },
      __eq__(_self: Handle, _other: unknown) {
        throw new Error("from the comparison");
      },
    });
    py.scope(() => {
      const bad = Bad.new();
      py.weakref(bad, () => {
        throw new Error("from the callback");
      }).keep();
      const list = py.list([bad]);
      expect(() => list.has(1)).toThrow(/RuntimeError: Error: from the comparison/);
      expect(() => list.equals([2])).toThrow(/from the comparison/);
    });
    expect(unraisable.length).toBe(2);
    expect(unraisable[0]).toMatch(/finalizer.*Bad.*from the finalizer/);
    expect(unraisable[1]).toMatch(/from the callback/);
    py.verify();
    // A pending exception outlives a finalizer that throws.
    expect(() =>
      py.frame("f", ["x"], (f) => {
        py.scope(() => void f.set("x", Bad.new()));
        py.raise("ValueError", "the first");
      }),
    ).toThrow(/^ValueError: the first$/);
    expect(unraisable.length).toBe(3);
    py.verify();
  });

  it("in the middle of conversions: what was half made is given back", () => {
    const py = Python.over(testObjects(version, abi));
    const trap = {
      get trapped(): never {
        throw new RangeError("from a getter");
      },
    };
    const released = py.list();
    released.release();
    expect(() => py.list([1.5, [2.5, trap]])).toThrow(RangeError);
    expect(() => py.dict({ a: [1.5], b: released })).toThrow(/released/);
    expect(() => py.tuple([1.5, released])).toThrow(/released/);
    expect(() => py.list([[]])?.set(0, released)).toThrow(/released/);
    expect(() => py.dict().set(1.5, released)).toThrow(/released/);
    expect(() => py.set([[]])).toThrow(/TypeError/);
    expect(() => py.dict(new Map([[[], 1]]))).toThrow(/TypeError/);
    const deep: unknown[] = [];
    let inner = deep;
    for (let n = 0; n < 2000; n++) {
      const next: unknown[] = [];
      inner.push(next);
      inner = next;
    }
    expect(() => py.list(deep)).toThrow(/RecursionError/);
    py.dispose();
    py.core.inspect.verify();
    expect(py.core.inspect.leaks()).toEqual([]);
  });

  it("a heap that was saved has its handles when it is opened again", () => {
    const core = testObjects(version, abi);
    const py = Python.over(core);
    py.list([1, "two", { three: [4.5] }]);
    py.str("held, too");
    // The bytes are all there is.
    const memory = LinearMemory.create({ bytes: core.memory.byteLength, maxBytes: 1 << 28 });
    memory.u8.set(core.memory.u8);
    const heap = Heap.attach(memory);
    const raw = attachRawAllocator(heap);
    const arenas = attachArenaSource(heap);
    const pymalloc = attachPymalloc(heap, { raw, arenas });
    const again = attachPython(heap, {
      domains: new Domains(heap.abi, { raw, mem: pymalloc, obj: pymalloc }),
      arenas,
      walkers: [pymalloc.walker, raw.walker],
    });
    again.verify();
    const handles = again.adopt();
    again.verify();
    expect(handles.map((handle: Handle) => handle.repr()).sort()).toEqual([
      "'held, too'",
      "[1, 'two', {'three': [4.5]}]",
    ]);
    const list = handles.find((handle) => handle.type === "list") as ListHandle;
    list.append(5);
    expect(list.length).toBe(4);
    expect(again.adopt()).toEqual([]);
    for (const handle of handles) handle.release();
    again.verify();
    expect(again.leaks()).toEqual([]);
    py.verify();
  });
});
