import { type ListHandle, Python } from "@pyrena/objects";
import { describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "../heap.ts";

describe.each(everyProfile)("leaks in %s %s", (version, abi) => {
  it("are none in a fresh heap, and none when all has been given back", () => {
    const py = Python.over(testObjects(version, abi));
    expect(py.leaks()).toEqual([]);
    py.scope(() => {
      const Node = py.class("Node", { __init__: (self: ListHandle) => self.setAttr("x", [1]) });
      Node.new();
      py.function("f", () => {}).call();
      py.none.repr();
      py.list([py.intern("hello"), { a: 1 }]);
      expect(py.leaks().length).toBeGreaterThan(3);
    });
    // The class itself is a cycle (its mro holds it), which waits for a collector.
    const left = py.leaks();
    expect(left.filter(({ type }) => type === "Node" || type === "list" || type === "str")).toEqual(
      [],
    );
    for (const { heldBy } of left) expect(heldBy.at(-1)).toBe("cycle");
  });

  it("are named with who holds them", () => {
    const py = Python.over(testObjects(version, abi), { traceHandles: true });
    const l = py.list([[1], { key: [2] }]);
    py.frame("work", ["kept"], (f) => {
      f.set("kept", [3]);
      const byRepr = new Map(py.leaks().map((leak) => [leak.repr, leak]));
      expect(byRepr.get("[1]")?.heldBy).toEqual([`list at ${l.hexId} [0]`]);
      expect(byRepr.get("[2]")?.heldBy).toEqual([
        expect.stringMatching(/^dict at 0x[0-9a-f]+ \['key'\]$/),
      ]);
      expect(byRepr.get("[3]")?.heldBy).toEqual([expect.stringMatching(/work.*kept/)]);
      expect(byRepr.get(l.repr())?.heldBy).toEqual([
        expect.stringMatching(/^handle made at .*leaks\.test\.ts:\d+/),
      ]);
    });
    l.release();
    expect(py.leaks()).toEqual([]);
  });

  it("show a cycle as one", () => {
    const py = Python.over(testObjects(version, abi));
    const l = py.list();
    l.append(l);
    const where = `list at ${l.hexId} [0]`;
    expect(py.leaks()[0].heldBy).toEqual([expect.stringMatching(/^handle/), where]);
    expect(py.core.inspect.referrers(l.id)).toEqual([
      { holder: 0, how: expect.stringMatching(/^handle/) },
      { holder: l.id, how: where },
    ]);
    l.release();
    expect(py.leaks().map(({ heldBy }) => heldBy)).toEqual([[where, "cycle"]]);
    py.verify();
  });
});

it("leaks of a large list take time in proportion to it", () => {
  const py = Python.over(testObjects("3.13", "lp64"));
  using list = py.list(Array.from({ length: 20_000 }, (_, n) => [n]));
  const leaks = py.leaks().filter(({ type }) => type === "list");
  expect(leaks.length).toBe(20_001);
  expect(leaks.filter(({ heldBy }) => heldBy[0] === `list at ${list.hexId} [12345]`).length).toBe(
    1,
  );
});

it("a line about an object is short, however much there is to show", () => {
  const py = Python.over(testObjects("3.13", "lp64"));
  const { inspect, protocol } = py.core;
  py.scope(() => {
    expect(inspect.line(py.list([1, ["a\nb"]]).id)).toBe("[1, ['a\\nb']]");
    // Two references to the same list at each of 200 levels: 2 ** 200 brackets.
    let nest = py.list();
    for (let level = 0; level < 200; level++) nest = py.list([nest, nest]);
    const line = inspect.line(nest.id);
    expect(line).toHaveLength(60);
    expect(line).toMatch(/^\[+\.?.*…$/);
    // A limit holds for one call, and says what is left out.
    expect(protocol.repr(py.list([[12345], [67890], "x"]).id, 5)).toBe("[[12345], ..., ...]");
    expect(protocol.repr(py.list([[12345], [67890], "x"]).id)).toBe("[[12345], [67890], 'x']");
    const long = py.list(Array.from({ length: 50_000 }, (_, n) => n));
    expect(inspect.line(long.id)).toMatch(/^\[0, 1, 2, .*…$/);
  });
});
