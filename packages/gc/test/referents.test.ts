/** `gc.get_referents` of one object of each type, as CPython 3.11.7, 3.12.7, 3.13.0, 3.14.2 and 3.15.0rc1 list them. */
import type { DictHandle, Handle, ListHandle } from "@pyrena/objects";
import { describe, expect, it } from "vitest";
import { everyProfile, type World, world } from "./world.ts";

/** What an object refers to, in order, in words. */
function referents({ py, core }: World, object: Handle): string {
  return py.scope(() => {
    const found = py.context.handle(core.gc.getReferents([object.live])) as ListHandle;
    return Array.from({ length: found.length }, (_, n) => inWords(found.ref(n))).join(" ");
  });
}

function inWords(object: Handle): string {
  const { types } = object.context.core;
  if (object.type === "type") return `class ${types.name(object.live)}`;
  if (object.type === "dict") {
    const dict = object as DictHandle;
    if (dict.has("__module__")) return "class-dict";
    if (dict.has("__name__")) return "globals";
  }
  const isNamed = object.type === "code" || / at 0x/.test(object.repr());
  return isNamed ? object.type : object.repr();
}

describe.each(everyProfile)("get_referents in %s %s", (python, abi) => {
  const minor = Number(python.split(".")[1]);
  /** What holds from a version on. */
  const since = (version: number, then: string, before: string): string =>
    minor >= version ? then : before;

  it("lists what tp_traverse visits, in its order", () => {
    const w = world(python, abi);
    const { py } = w;
    const derived = (name: string, base: string): ReturnType<typeof py.class> =>
      py.class(name, {}, { bases: [py.builtin(base)] });
    const C = py.class("C", {
      __init__: (self: Handle) => {
        self.setAttr("a", [1]);
        self.setAttr("b", 2);
      },
      m: (self: Handle) => self,
    });
    const S = py.class("S", {}, { slots: ["p", "q", "__weakref__"] });
    const c = C.new();
    const s = S.new();
    s.setAttr("p", []);
    s.setAttr("q", "q");
    const ll = derived("LL", "list").new([1, 2]);
    ll.setAttr("attr", "x");
    const d = derived("D", "dict").new({ a: 1 });
    d.setAttr("x", 5);
    const t = derived("T", "tuple").new([1, 2]);
    t.setAttr("x", 3);
    const e = derived("E", "Exception").new(1);
    e.setAttr("foo", 2);
    const f = py.function("f", (a: unknown, _b: unknown) => a, { defaults: [[]] });
    const inner = py.function("inner", () => null, { free: { c2: py.cell([7]) } });
    const of = (object: Handle): string => referents(w, object);

    expect(of(c)).toBe("[1] 2 class C");
    expect(of(s)).toBe("[] 'q' class S");
    expect(of(ll)).toBe(since(14, "'x' class LL 2 1", "{'attr': 'x'} class LL 2 1"));
    expect(of(d)).toBe(since(14, "5 class D 1", "{'x': 5} class D 1"));
    expect(of(t)).toBe("{'x': 3} class T 2 1");
    expect(of(e)).toBe("class E {'foo': 2} (1,)");
    // Once an instance has its dict: up to 3.12, and again in 3.15, the values are seen through that.
    const dict = c.attrRef("__dict__");
    const throughDict = minor <= 12 || minor >= 15;
    expect(of(c)).toBe(throughDict ? "{'a': [1], 'b': 2} class C" : "[1] 2 class C");
    expect(of(dict)).toBe(throughDict ? "[1] 2" : "");
    // (CPython's functions refer to the dict of builtins, too.)
    expect(of(f)).toBe("code globals '__main__' ([],) None 'f' 'f'");
    expect(of(inner)).toBe("code globals '__main__' None 'inner' tuple 'inner'");
    expect(of(py.cell([7]))).toBe("[7]");
    expect(of(py.cell())).toBe("");
    expect(of(c.attrRef("m"))).toBe("function C");
    expect(of(py.weakref(c))).toBe("");
    expect(of(py.weakref(c, f))).toBe("function");
    expect(of(py.proxy(c))).toBe("");
    expect(of(C)).toBe(
      "class-dict (<class '__main__.C'>, <class 'object'>) (<class 'object'>,) class object",
    );
    const mixed = new Map<unknown, unknown>([
      ["k", [1]],
      [5, "v"],
      [py.tuple([1]), 2],
    ]);
    expect(of(py.dict(mixed))).toBe("[1] 'k' 'v' 5 2 (1,)");
    expect(of(py.dict({ k: [1] }))).toBe("[1]");
    expect(of(py.list([1, "a", []]))).toBe("[] 'a' 1");
    expect(of(py.tuple([1, "a", []]))).toBe("[] 'a' 1");
    expect(of(py.set([1]))).toBe("1");
    expect(of(py.frozenset([1]))).toBe("1");
    expect(of(py.slice(1, [], 3))).toBe("1 [] 3");
    expect(of(py.exception("ValueError", "x", 2))).toBe("('x', 2)");
    expect(of(py.module("mm"))).toBe("globals");
    for (const object of [py.range(3), py.int(5), py.builtin("int")]) expect(of(object)).toBe("");
  });
});
