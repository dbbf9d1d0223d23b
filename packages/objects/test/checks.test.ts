import { PyrenaError } from "@pyrena/abi";
import { type Handle, type Objects, Python } from "@pyrena/objects";
import { describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "./heap.ts";

function codeOf(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    return error instanceof PyrenaError ? `${error.code}: ${error.message}` : String(error);
  }
  return "nothing";
}

describe.each(everyProfile)("debug mode in %s %s", (version, abi) => {
  const fresh = (): Objects => testObjects(version, abi, { debug: true });

  it("names the type that came and the one that was wanted", () => {
    const core = fresh();
    const half = core.float.from(0.5);
    expect(codeOf(() => core.list.append(half, half))).toMatch(
      /^wrong-type: append of a float at 0x[0-9a-f]+, where a list is wanted$/,
    );
    expect(codeOf(() => core.str.value(half))).toMatch(/^wrong-type: value of a float/);
    expect(codeOf(() => core.dict.length(core.constants.none))).toMatch(/^wrong-type: .* NoneType/);
    core.inspect.verify({ held: [half] });
    core.refs.decref(half);
  });

  it("lets subclasses pass, and frozensets where a set is wanted", () => {
    const core = fresh();
    expect(core.int.value(core.int.true)).toBe(1);
    const frozen = core.set.pack([core.int.true], true);
    expect(core.set.length(frozen)).toBe(1);
    core.refs.decref(frozen);
    core.inspect.verify();
  });

  it("finds references that were released once too often", () => {
    const core = fresh();
    const list = core.list.pack([]);
    core.refs.decref(list);
    for (const use of [
      () => core.refs.decref(list),
      () => core.refs.incref(list),
      () => core.list.append(list, core.constants.none),
      () => core.list.length(0),
      () => core.list.length(core.memory.byteLength + 64),
      () => core.list.length(3),
    ]) {
      expect(codeOf(use)).toMatch(/^dead-object: .*no living object/);
    }
    core.inspect.verify();
  });

  it("works like any other heap otherwise", () => {
    const core = fresh();
    const py = Python.over(core);
    py.scope(() => {
      const Node = py.class("Node", {
        __init__(self: Handle, next: unknown) {
          self.setAttr("next", next);
        },
        __del__: (self: Handle) => void self.attr("next"),
      });
      let chain: Handle = py.list();
      for (let n = 0; n < 50; n++) chain = Node.new([chain, { n }]);
      py.deepcopy(chain);
      py.weakref(chain, () => {});
      py.frame("f", ["x"], (f) => f.set("x", chain).delete("x"));
      py.verify();
    });
    py.verify();
  });

  it("cannot be switched on for nothing: without it a wrong address is the caller's business", () => {
    const core = testObjects(version, abi);
    expect(core.debug).toBe(false);
    expect(codeOf(() => core.list.length(core.constants.none))).toBe("nothing");
  });
});
