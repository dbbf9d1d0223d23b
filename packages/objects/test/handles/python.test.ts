import { inspect } from "node:util";
import { PyrenaError } from "@pyrena/abi";
import { type DictHandle, type ListHandle, PyException, Python } from "@pyrena/objects";
import { describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "../heap.ts";

describe.each(everyProfile)("handles in %s %s", (version, abi) => {
  const fresh = (): Python => Python.over(testObjects(version, abi));

  it("make a list of anything, read it, change it, and give all of it back", () => {
    const py = fresh();
    py.verify();
    {
      using l = py.list([1, "two", [3]]);
      expect(l.repr()).toBe("[1, 'two', [3]]");
      expect(l.length).toBe(3);
      l.append(4.5, null, true, { five: 5n });
      expect(l.get(3)).toBe(4.5);
      expect(l.get(4)).toBe(null);
      expect(l.get(-2)).toBe(true);
      expect(l.at(99)).toBe(undefined);
      using inner = l.get(2) as ListHandle;
      expect(inner.toJS()).toEqual([3]);
      expect(inner.refcount).toBe(2);
      expect(l.toJS()).toEqual([1, "two", [3], 4.5, null, true, new Map([["five", 5]])]);
      py.verify();
      l.set(0, inner);
      expect(inner.refcount).toBe(3);
      expect(l.pop()).toBeInstanceOf(Object);
      l.delete(0);
      l.insert(0, "first").reverse();
      expect([...l.slice(1, 3)]).toEqual([null, 4.5]);
      expect(() => l.get(99)).toThrow(PyException);
      py.verify();
    }
    py.dispose();
    py.verify();
  });

  it("keep cycles in both directions", () => {
    const py = fresh();
    const loop: unknown[] = [1];
    loop.push(loop, new Map([["me", loop]]));
    const l = py.list(loop);
    expect(l.repr()).toBe("[1, [...], {'me': [...]}]");
    const back = l.toJS() as unknown[];
    expect(back[1]).toBe(back);
    expect((back[2] as Map<string, unknown>).get("me")).toBe(back);
    py.verify();
    l.clear();
    l.release();
    py.verify();
  });

  it("make dicts, sets, tuples and whatever else, and read them", () => {
    const py = fresh();
    py.scope(() => {
      const d = py.dict({ one: 1, two: [2] });
      expect(d.get("one")).toBe(1);
      expect(d.get("none")).toBe(undefined);
      expect(d.has("two")).toBe(true);
      d.set(7, "seven").set("one", "uno");
      expect([...d.keys()]).toEqual(["one", "two", 7]);
      expect([...d.entries()][0]).toEqual(["one", "uno"]);
      d.delete("two");
      expect(() => d.delete("two")).toThrow(/KeyError/);
      expect(() => d.get([])).toThrow(/TypeError/);
      expect(d.size).toBe(2);
      const s = py.set([1, 2, 2, "x"]);
      expect(s.size).toBe(3);
      expect(s.has("x")).toBe(true);
      expect(s.delete(9)).toBe(false);
      expect(py.frozenset([1, 2]).hash()).toBe(py.frozenset([2, 1]).hash());
      const t = py.tuple([1, [2]]);
      expect(t.get(-2)).toBe(1);
      expect(() => t.get(2)).toThrow(/IndexError/);
      expect(t.repr()).toBe("(1, [2])");
      expect(() => t.hash()).toThrow(/TypeError: unhashable type: 'list'/);
      expect([...py.range(5)]).toEqual([0, 1, 2, 3, 4]);
      expect(py.bytes(new Uint8Array([1, 255])).repr()).toBe("b'\\x01\\xff'");
      expect(py.bytearray().append(1, 2).toJS()).toEqual(new Uint8Array([1, 2]));
      expect(py.complex(1, -2).repr()).toBe("(1-2j)");
      expect(py.int(2n ** 100n).toJS()).toBe(2n ** 100n);
      expect(py.float(1).repr()).toBe("1.0");
      expect(py.equals(1, 1.0)).toBe(true);
      expect(py.len("abc")).toBe(3);
      const date = new Date();
      expect(py.js(date).value).toBe(date);
      expect((py.list([date]).toJS() as unknown[])[0]).toBe(date);
      expect(py.none.repr()).toBe("None");
      py.verify();
    });
    py.verify();
  });

  it("show the object on a console, and not how handles are made", () => {
    const py = fresh();
    const l = py.list([1, "two", [3]]);
    expect(inspect(l)).toBe("list [1, 'two', [3]]");
    expect(inspect({ l }).length).toBeLessThan(40);
    const long = py.list(Array.from({ length: 10_000 }, (_, n) => n));
    expect(inspect(long).length).toBeLessThan(1100);
    for (const handle of [l, long]) handle.release();
    expect(inspect(l)).toMatch(/^released handle/);
    py.dispose();
  });

  it("share items that are asked for as handles, and replace one in a tuple", () => {
    const py = fresh();
    py.scope(() => {
      const old = py.tuple(["a text of its own", 12345, [1]]);
      const again = py.tuple(old.refs());
      const items = py.list(old.refs());
      expect([...items.refs()].map(({ id }) => id)).toEqual([...old.refs()].map(({ id }) => id));
      expect(again.ref(0).is(old.ref(0))).toBe(true);
      expect(py.tuple(old).ref(0).is(old.ref(0))).toBe(false);
      const other = old.with(-2, "new");
      expect(other.repr()).toBe("('a text of its own', 'new', [1])");
      expect(old.repr()).toBe("('a text of its own', 12345, [1])");
      expect(other.ref(0).is(old.ref(0))).toBe(true);
      expect(other.ref(2).is(old.ref(2))).toBe(true);
      expect(() => old.with(3, null)).toThrow(/IndexError/);
      expect(() => py.tuple().with(0, null)).toThrow(/IndexError/);
      py.verify();
    });
    expect(py.leaks()).toEqual([]);
    py.verify();
  });

  it("own what the low-level API made, and throw what it left pending", () => {
    const py = fresh();
    const { core } = py;
    py.scope(() => {
      const made = py.own<ListHandle>(core.list.create(0));
      expect(made.append(1).repr()).toBe("[1]");
      expect(made.refcount).toBe(1);
      expect(py.check(core.list.length(made.live))).toBe(1);
      const one = py.int(1);
      expect(() => py.own(core.int.floorDivide(one.live, py.int(0).live))).toThrow(
        /ZeroDivisionError/,
      );
      expect(() => py.check(core.list.deleteItem(made.live, 7))).toThrow(/IndexError/);
      expect(core.errors.occurred()).toBe(0);
    });
    expect(py.leaks()).toEqual([]);
    py.verify();
  });

  it("name what was used after its release", () => {
    const py = fresh();
    const l = py.list([1]);
    const id = l.hexId;
    l.release();
    l.release();
    for (const use of [
      () => l.get(0),
      () => l.append(2),
      () => l.length,
      () => l.repr(),
      () => py.list([l]),
      () => l.dup(),
    ]) {
      expect(use).toThrow(PyrenaError);
      expect(use).toThrow(
        new RegExp(`a ListHandle was used after it had been released \\(it held ${id}\\)`),
      );
    }
    py.verify();
    const kept = py.scope(() => py.list().keep());
    const returned = py.scope(() => {
      py.list([1, 2, 3]);
      return py.dict();
    });
    expect(kept.length + returned.size).toBe(0);
    py.verify();
    py.dispose();
    expect(() => kept.length).toThrow(/after its Python had been disposed of/);
    kept.release();
  });

  it("call functions of JavaScript, and pass exceptions through in both directions", () => {
    const py = fresh();
    const add = py.function("add", (a: number, b: number) => a + b);
    expect(add.call(1, 2)).toBe(3);
    expect(() => add.call(1)).toThrow(/TypeError/);
    py.verify();
    const fail = py.function("fail", (what: string) => {
      if (what === "js") throw new RangeError("too far");
      if (what === "key") py.dict().delete("nothing");
      py.raise("ValueError", what);
    });
    expect(() => fail.call("bad")).toThrow(/^ValueError: bad$/);
    expect(() => fail.call("key")).toThrow(/^KeyError: 'nothing'$/);
    expect(() => fail.call("js")).toThrow(/^RuntimeError: RangeError: too far$/);
    try {
      fail.call("js");
    } catch (error) {
      expect((error as Error).cause).toBeInstanceOf(RangeError);
    }
    const outer = py.function("outer", () => {
      try {
        fail.call("inner");
      } catch (error) {
        expect(error).toBeInstanceOf(PyException);
        return (error as PyException).type;
      }
      return "";
    });
    expect(outer.call()).toBe("ValueError");
    py.verify();
    using caught = py.catch(() => void fail.call("seen"));
    expect(caught?.message).toBe("seen");
    expect(caught?.type).toBe("ValueError");
    py.verify();
    expect(py.catch(() => {})).toBe(undefined);
    const l = py.list([1]);
    const same = py.function("same", (x: ListHandle) => x);
    using again = same.call(l) as ListHandle;
    expect(again.is(l)).toBe(true);
    expect(l.refcount).toBe(2);
    py.verify();
  });

  it("make classes with methods, attributes and finalizers", () => {
    const py = fresh();
    const log: string[] = [];
    const Node = py.class("Node", {
      kind: "plain",
      __init__(self: DictHandle, name: string) {
        self.setAttr("name", name);
      },
      greet: (self: DictHandle, whom: string) => `${self.attr("name")} greets ${whom}`,
      __del__(self: DictHandle) {
        log.push(`del ${self.attr("name")}`);
      },
    });
    const node = Node.new("ann");
    expect(node.type).toBe("Node");
    expect(node.attr("name")).toBe("ann");
    expect(node.attr("kind")).toBe("plain");
    expect(node.callMethod("greet", "bob")).toBe("ann greets bob");
    expect(() => node.attr("nothing")).toThrow(/AttributeError/);
    node.setAttr("self", node);
    py.verify();
    node.deleteAttr("self");
    const seen: boolean[] = [];
    const ref = py.weakref(node, (dead) => {
      seen.push(dead.isDead);
    });
    py.scope(() => {
      expect(ref.get()?.is(node)).toBe(true);
    });
    py.verify();
    expect(py.leaks().find(({ type }) => type === "Node")).toMatchObject({
      address: node.id,
      refcount: 1,
      heldBy: [expect.stringMatching(/^handle #\d+$/)],
    });
    using Sub = py.class("Sub", {}, { bases: [Node], slots: ["a"] });
    expect(Sub.mro).toEqual(["Sub", "Node", "object"]);
    py.verify();
    expect([log, seen]).toEqual([[], []]);
    node.release();
    expect(log).toEqual(["del ann"]);
    expect(seen).toEqual([true]);
    expect(ref.get()).toBe(null);
    py.verify();
  });

  it("frames own their locals", () => {
    const py = fresh();
    const result = py.frame("main", ["a", "b"], (f) => {
      f.set("a", [1, 2]);
      f.set("b", f.local("a"));
      py.verify();
      expect(f.getrefcount("a")).toBe(version >= "3.14" ? 2 : 3);
      expect(f.has("b")).toBe(true);
      f.delete("b");
      expect(() => f.get("b")).toThrow(/UnboundLocalError/);
      expect(() => f.get("c")).toThrow(/has no local 'c'/);
      return f.ref("a");
    });
    expect((result as ListHandle).refcount).toBe(1);
    py.verify();
    using caught = py.catch(() =>
      py.frame("inner", ["x"], (f) => {
        f.set("x", "held by the traceback");
        py.raise("ValueError", "out");
      }),
    );
    expect(caught?.message).toBe("out");
    py.verify();
    result.release();
  });
});
