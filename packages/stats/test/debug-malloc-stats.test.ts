import { type HeapWalker, PyrenaError, profileFor } from "@pyrena/abi";
import { describe, expect, test } from "vitest";
import { debugMallocStats, takeSnapshot } from "../src/index.ts";
import { printedBy, versions } from "./support/printed.ts";

describe("debugMallocStats", () => {
  test.each(versions)("writes what CPython %s printed, to the byte", (version) => {
    const { text, profile, walker, stats, freeLists, arenaMap } = printedBy(version);
    const snapshot = takeSnapshot(walker, { stats: [stats] });
    expect(debugMallocStats(snapshot, { profile, freeLists, arenaMap })).toBe(text);
  });

  test("every line of figures has the width that CPython's has", () => {
    const { profile, walker, stats, freeLists } = printedBy("3.13");
    const text = debugMallocStats(takeSnapshot(walker, { stats: [stats] }), { profile, freeLists });
    const lines = text.split("\n").filter((line) => line.includes("="));
    expect(lines.length).toBeGreaterThan(30);
    for (const line of lines.slice(1)) {
      expect(line.length).toBe(line.includes(" free ") ? 71 : 57);
    }
  });

  test("3.8 and 3.9 have no part about the arena map", () => {
    for (const version of ["3.8", "3.9"])
      expect(printedBy(version).text).not.toContain("arena map");
    const { walker, stats } = printedBy("3.9");
    const snapshot = takeSnapshot(walker, { stats: [stats] });
    const text = debugMallocStats(snapshot, { profile: profileFor("3.9", "lp64") });
    expect(text).not.toContain("arena map");
    expect(text.endsWith("\n\n")).toBe(true);
  });

  test("on 32 bits the arena map has its root only, and no total", () => {
    const { stats } = printedBy("3.13");
    const empty: HeapWalker = { ...printedBy("3.13").walker, walk() {} };
    const text = debugMallocStats(takeSnapshot(empty, { stats: [stats] }), {
      profile: profileFor("3.13", "ilp32"),
    });
    expect(text).toContain(
      "\narena map counts\n# bytes lost to arena map root     =              131,072\n\n",
    );
    expect(text).toContain("Small block threshold = 512, in 64 size classes.\n");
    expect(text.match(/^Total/gm)).toHaveLength(1);
  });

  test("the arena map has the nodes that the arenas need, unless it is told", () => {
    const text = (version: string, bases: number[]): string => {
      const { profile, walker, stats } = printedBy(version);
      const arenas: HeapWalker = {
        ...walker,
        walk(visitor) {
          for (const base of bases) visitor.region?.(base, 2 ** 20, "arena", 64, 2 ** 14, 0);
        },
      };
      return debugMallocStats(takeSnapshot(arenas, { stats: [stats] }), { profile });
    };
    const nodes = (shown: string): number[] =>
      [...shown.matchAll(/^# arena map ... nodes +=([ \d,]+)$/gm)].map((line) => Number(line[1]));
    expect(nodes(text("3.13", []))).toEqual([0, 0]);
    expect(nodes(text("3.13", [2 ** 20, 2 ** 31]))).toEqual([1, 1]);
    // 3.10's bottom nodes cover 256 MiB, and an arena may reach into the next.
    expect(nodes(text("3.10", [2 ** 20, 2 ** 31]))).toEqual([1, 2]);
    expect(nodes(text("3.10", [2 ** 20, 2 ** 28 - 2 ** 19]))).toEqual([1, 2]);
  });

  test("of another allocator only the free lists are shown, as CPython does", () => {
    const { profile, freeLists, text } = printedBy("3.13");
    const walker: HeapWalker = { ...printedBy("3.13").walker, name: "malloc" };
    const shown = debugMallocStats(takeSnapshot(walker), { profile, freeLists });
    expect(shown).toBe(text.slice(text.search(/^ +\d+ free PyDictObjects/m)));
    expect(shown.length).toBeGreaterThan(1000);
    expect(debugMallocStats(takeSnapshot(walker), { profile })).toBe("");
  });

  test("a snapshot without pymalloc's counters, or of another profile, is refused", () => {
    const { profile, walker, stats } = printedBy("3.13");
    const without = takeSnapshot(walker);
    expect(() => debugMallocStats(without, { profile })).toThrow(/arenasAllocatedTotal.*stats: \[/);
    const snapshot = takeSnapshot(walker, { stats: [stats] });
    const other = profileFor("3.13", "ilp32");
    expect(() => debugMallocStats(snapshot, { profile: other })).toThrow(PyrenaError);
  });
});
