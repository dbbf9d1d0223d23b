/**
 * The walk-throughs that introductions to Python's memory use. Expected figures: the same lines in CPython 3.11.7, 3.12.1,
 * 3.13.0 (64 bits), and 3.11.3, 3.12.7, 3.13.2, 3.14.2, 3.15.0rc1 (WebAssembly), run there as functions.
 */
import { type DictHandle, type Handle, type ListHandle, Python } from "@pyrena/objects";
import { describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "./heap.ts";

describe.each(everyProfile)("walk-throughs in %s %s", (version, abi) => {
  const fresh = (): Python => Python.over(testObjects(version, abi));
  /** From 3.14 on a local is lent to the call of getrefcount: one temporary reference less. */
  const temporary = version >= "3.14" ? 0 : 1;
  const wide = abi === "lp64";

  it("a list, an alias, a rebinding", () => {
    const py = fresh();
    py.frame("alias", ["a", "b", "c"], (f) => {
      f.set("a", [1, 2, 3]);
      expect(f.getrefcount("a")).toBe(1 + temporary);
      f.set("b", f.local("a"));
      expect(f.getrefcount("a")).toBe(2 + temporary);
      py.scope(() => {
        expect(f.ref("a").is(f.ref("b"))).toBe(true);
        f.ref<ListHandle>("b").append(4);
        expect(f.ref("a").toJS()).toEqual([1, 2, 3, 4]);
      });
      f.set("c", [f.local("a")]);
      expect(f.getrefcount("a")).toBe(3 + temporary);
      f.delete("c");
      f.set("b", [9]);
      expect(f.getrefcount("a")).toBe(1 + temporary);
      expect(f.getrefcount("b")).toBe(1 + temporary);
      py.verify();
    });
    expect(py.leaks()).toEqual([]);
    py.verify();
  });

  it("small ints are made once, larger ones each time", () => {
    const py = fresh();
    const largest = version === "3.15" ? 1024 : 256;
    for (const [value, same] of [
      [-6, false],
      [-5, true],
      [0, true],
      [256, true],
      [257, largest > 256],
      [1024, largest > 256],
      [1025, false],
    ] as const) {
      using a = py.int(value);
      using b = py.int(value);
      expect([value, a.is(b)]).toEqual([value, same]);
      expect(a.id === b.id).toBe(same);
      expect(a.equals(b)).toBe(true);
    }
    // The memory of one that is gone is used for the next.
    const first = py.int(100_000);
    const { hexId } = first;
    first.release();
    using next = py.int(200_000);
    expect(next.hexId).toBe(hexId);
    py.verify();
  });

  it("equal strings are two objects until they are interned", () => {
    const py = fresh();
    py.scope(() => {
      const a = py.str("hello world");
      const b = py.str("hello world");
      expect([a.is(b), a.equals(b)]).toEqual([false, true]);
      expect(py.intern("hello world").is(py.intern("hello world"))).toBe(true);
      expect(py.str("x").is(py.str("x"))).toBe(true);
      expect(py.str("").is(py.str(""))).toBe(true);
      expect(py.str("é").is(py.str("é"))).toBe(true);
      expect(py.str("€").is(py.str("€"))).toBe(false);
    });
    py.verify();
  });

  it("getrefcount sees a temporary reference of its own, but not in 3.14 and later", () => {
    const py = fresh();
    py.frame("temporary", ["x"], (f) => {
      f.set("x", []);
      expect(f.getrefcount("x")).toBe(version >= "3.14" ? 1 : 2);
    });
    using list = py.list();
    expect(py.getrefcount(list)).toBe(1);
  });

  it("a shallow copy shares the items, a deep copy has its own", () => {
    const py = fresh();
    py.frame("copies", ["inner", "a", "shallow", "deep"], (f) => {
      f.set("inner", [1, 2]);
      f.set("a", [f.local("inner"), 3]);
      py.scope(() => {
        const a = f.ref("a");
        const shallow = py.copy(a);
        const deep = py.deepcopy(a);
        expect(shallow.is(a)).toBe(false);
        expect(shallow.equals(a) && deep.equals(a)).toBe(true);
        f.set("shallow", shallow);
        f.set("deep", deep);
      });
      expect(f.getrefcount("inner")).toBe(3 + temporary);
      py.scope(() => {
        f.ref<ListHandle>("inner").append(99);
        expect(f.ref("shallow").toJS()).toEqual([[1, 2, 99], 3]);
        expect(f.ref("deep").toJS()).toEqual([[1, 2], 3]);
      });
      py.verify();
    });
    expect(py.leaks()).toEqual([]);
  });

  it("an instance keeps its attributes in a dict that is made when somebody asks for it", () => {
    const py = fresh();
    using Point = py.class("Point", {
      __init__(self: Handle, x: number, y: number) {
        self.setAttr("x", x);
        self.setAttr("y", y);
      },
    });
    // The first instances have room to spare; later ones just what the class needs.
    for (let n = 0; n < 40; n++) Point.new(1, 2).release();
    using p = Point.new(1, 2);
    expect(p.sizeof).toBe(version === "3.11" ? (wide ? 56 : 28) : wide ? 48 : 24);
    using d = p.attr("__dict__") as DictHandle;
    expect(d.toJS()).toEqual(
      new Map([
        ["x", 1],
        ["y", 2],
      ]),
    );
    expect(d.sizeof).toBe(wide ? 88 : 52);
    p.setAttr("z", 3);
    expect(d.get("z")).toBe(3);
    d.set("x", 10);
    expect(p.attr("x")).toBe(10);
    expect(d.refcount).toBe(2);
    py.verify();
    p.release();
    expect([...d.keys()]).toEqual(["x", "y", "z"]);
    expect(d.refcount).toBe(1);
    py.verify();
  });

  it("a local dies when its frame is left, in the version's order; rebinding and del kill at once", () => {
    const py = fresh();
    const log: string[] = [];
    using D = py.class("D", {
      __init__(self: Handle, name: string) {
        self.setAttr("name", name);
      },
      __del__(self: Handle) {
        log.push(self.attr("name") as string);
      },
    });
    const make = (name: string): Handle => D.new(name);
    py.frame("scope", ["a", "b", "c"], (f) => {
      for (const name of f.names) py.scope(() => void f.set(name, make(name)));
      log.push("end");
    });
    log.push("after");
    expect(log).toEqual(
      version >= "3.14" ? ["end", "c", "b", "a", "after"] : ["end", "a", "b", "c", "after"],
    );
    log.length = 0;
    py.frame("scope2", ["a", "b"], (f) => {
      py.scope(() => void f.set("a", make("a")).set("b", make("b")));
      f.set("a", null);
      log.push("mid");
      f.delete("b");
      log.push("end");
    });
    expect(log).toEqual(["a", "mid", "b", "end"]);
    py.verify();
  });
});
