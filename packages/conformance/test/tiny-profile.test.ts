import { type AbiName, Heap, profiles, sizeClassCount } from "@pyrena/abi";
import { tinyHeap, tinyProfile } from "@pyrena/conformance";
import { describe, expect, it } from "vitest";

describe.each<[AbiName, threshold: number, classes: number]>([
  ["lp64", 96, 6],
  ["ilp32", 112, 14],
])("the tiny profile on %s", (abi, threshold, classes) => {
  const profile = tinyProfile(abi);

  it("has pools of 256 bytes, arenas of 4 KiB and free lists of one", () => {
    expect(profile.pymalloc).toMatchObject({ poolBytes: 256, arenaBytes: 4096, threshold });
    expect(sizeClassCount(profile)).toBe(classes);
    const { tupleMaxLength, ...lengths } = profile.freeLists;
    expect(new Set(Object.values(lengths))).toEqual(new Set([1]));
    expect(tupleMaxLength).toBeGreaterThan(1);
  });

  it("has room for two of the largest blocks in a pool, and not for three", () => {
    const header = abi === "lp64" ? 48 : 32;
    expect(Math.floor((256 - header) / threshold)).toBe(2);
  });

  it("keeps its last arena, or not, as asked", () => {
    expect(profile.pymalloc.keepsLastArena).toBe(true);
    expect(tinyProfile(abi, { keepsLastArena: false }).pymalloc.keepsLastArena).toBe(false);
  });
});

describe("tiny profiles", () => {
  const tiny = (["lp64", "ilp32"] as const).flatMap((abi) => [
    tinyProfile(abi),
    tinyProfile(abi, { keepsLastArena: false }),
  ]);

  it("have names and ids of their own", () => {
    const all = [...profiles, ...tiny];
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
    expect(all.every(({ id }) => id >>> 0 === id)).toBe(true);
  });

  it("make heaps that are found again when the profile is given", () => {
    for (const profile of tiny) {
      const { keepsLastArena } = profile.pymalloc;
      const heap = tinyHeap(profile.abi.name, { keepsLastArena, bytes: 1, maxBytes: 70_000 });
      expect(heap.memory).toMatchObject({ byteLength: 65_536, maxByteLength: 131_072 });
      expect(Heap.attach(heap.memory, 0, tiny).profile).toBe(profile);
      expect(() => Heap.attach(heap.memory)).toThrow(/profile with id/);
    }
  });
});
