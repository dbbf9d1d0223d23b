import { statsLaws } from "@pyrena/conformance";
import { Python } from "@pyrena/objects";
import { describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "../heap.ts";

describe.each(everyProfile)("statistics of objects in %s %s", (version, abi) => {
  const fresh = (): Python => Python.over(testObjects(version, abi));

  it.each(statsLaws)("$name", ({ check }) => {
    check(() => {
      const py = fresh();
      return {
        stats: py.core.inspect.stats,
        exercise: (round) => void py.list([round, 1.5, "text"]).keep(),
      };
    });
  });

  it("count what is alive by its kind", () => {
    const py = fresh();
    const { stats } = py.core.inspect;
    const read = (name: string): number =>
      stats.read(stats.declarations.findIndex((one) => one.name === name));
    const before = Object.fromEntries(stats.declarations.map(({ name }) => [name, read(name)]));
    using list = py.list([1.5, 2.5, [3.5], { alpha: "a text" }]);
    expect(read("floatObjects") - before.floatObjects).toBe(3);
    expect(read("listObjects") - before.listObjects).toBe(2);
    expect(read("dictObjects") - before.dictObjects).toBe(1);
    expect(read("strObjects") - before.strObjects).toBe(2);
    expect(read("handles")).toBe(1);
    expect(read("trackedObjects") - before.trackedObjects).toBe(version >= "3.14" ? 3 : 2);
    py.frame("f", [], () => expect(read("frames")).toBe(1));
    list.release();
    expect(read("floatObjects")).toBe(before.floatObjects);
    expect(read("keptObjects") - before.keptObjects).toBeGreaterThanOrEqual(6);
  });

  it("has the lines of sys._debugmallocstats() on free lists", () => {
    const py = fresh();
    const lists = [py.list(), py.list()];
    for (const list of lists) list.release();
    const lines = py.core.inspect.freeListLines();
    const wide = abi === "lp64";
    const names = lines.map(({ name }) => name);
    expect(names.slice(0, version >= "3.13" ? 4 : 3)).toEqual([
      "PyDictObject",
      ...(version >= "3.13" ? ["PyDictKeysObject"] : []),
      "PyFloatObject",
      "PyListObject",
    ]);
    expect(names.at(-1)).toBe("20-sized PyTupleObject");
    const of = (name: string): unknown => lines.find((line) => line.name === name);
    const head = version === "3.15" ? (wide ? 16 : 8) : 0;
    expect(of("PyListObject")).toEqual({
      free: 2,
      name: "PyListObject",
      bytes: head + (wide ? 40 : 20),
    });
    expect(of("1-sized PyTupleObject")).toMatchObject({
      bytes: head + (wide ? 32 : 16) + (version >= "3.14" ? (wide ? 8 : 4) : 0),
    });
  });
});
