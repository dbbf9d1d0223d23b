import { PyrenaError, profileFor, type StatSource } from "@pyrena/abi";
import { tinyProfile } from "@pyrena/conformance";
import { describe, expect, test } from "vitest";
import { freshLayers } from "./support/heaps.ts";

function all(stats: StatSource): Record<string, number> {
  return Object.fromEntries(stats.declarations.map(({ name }, n) => [name, stats.read(n)]));
}

describe("statistics", () => {
  test("of the raw allocator count blocks, segments, the memory and failures", () => {
    const layers = freshLayers(profileFor("3.13", "lp64"), {
      backing: "resizable",
      bytes: 1 << 20,
      maxBytes: 64 << 20,
    });
    const small = layers.malloc(12);
    const large = layers.malloc(20 << 20);
    layers.malloc(1 << 30);
    const busy = all(layers.raw.stats);
    expect(busy).toMatchObject({
      liveBlocks: 2,
      liveBytes: 16 + (20 << 20) + 16,
      segments: 1,
      failures: 1,
    });
    expect(busy["segmentBytes"]).toBe(busy["peakSegmentBytes"]);
    expect(busy["managedBytes"]).toBe(layers.memory.byteLength);
    expect(busy["grown"]).toBeGreaterThan(0);
    layers.free(large);
    layers.free(small);
    const idle = all(layers.raw.stats);
    expect(idle).toMatchObject({ liveBlocks: 0, liveBytes: 0, shrunk: 1 });
    expect(idle["peakSegmentBytes"]).toBe(busy["peakSegmentBytes"]);
    expect(idle["peakManagedBytes"]).toBe(busy["managedBytes"]);
    expect(idle["managedBytes"]).toBe(layers.memory.byteLength);
  });

  test("of the arena source count regions", () => {
    const layers = freshLayers(tinyProfile("ilp32"), { backing: "fixed", maxBytes: 1 << 16 });
    const arenas = [1, 2, 3].map(() => layers.allocArena());
    layers.freeArena(arenas[1]);
    expect(layers.allocArena(1 << 20)).toBe(0);
    expect(all(layers.arenas.stats)).toEqual({
      arenas: 2,
      arenaBytes: 8192,
      peakArenas: 3,
      peakArenaBytes: 12_288,
      allocated: 3,
      freed: 1,
      failures: 1,
    });
  });

  test("that do not exist are an error that says how many there are", () => {
    const { raw } = freshLayers(tinyProfile("ilp32"));
    expect(() => raw.stats.read(99)).toThrow(PyrenaError);
    expect(() => raw.stats.read(99)).toThrow(/0 to 9, none with number 99/);
  });
});
