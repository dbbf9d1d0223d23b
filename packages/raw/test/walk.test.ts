import { profileFor } from "@pyrena/abi";
import { describe, expect, test } from "vitest";
import { freshLayers } from "./support/heaps.ts";

const profile = profileFor("3.13", "lp64");

describe("the walker", () => {
  test("shows segments with their blocks, which with their headers fill them", () => {
    const { raw, malloc, free } = freshLayers(profile);
    const blocks = Array.from({ length: 40 }, (_, n) => malloc(n * 30));
    for (let n = 0; n < 40; n += 3) free(blocks[n]);
    let held = 0;
    let shown = 0;
    const live = new Set<number>();
    raw.walker.walk({
      region: (base, bytes, kind, freePools, poolBytes, alignmentBytes) => {
        expect({ kind, freePools, poolBytes, alignmentBytes }).toEqual({
          kind: "segment",
          freePools: 0,
          poolBytes: 0,
          alignmentBytes: 12,
        });
        expect(base % 4096).toBe(0);
        // What is no chunk: the 12 bytes at the start, and the sentinel.
        held += bytes - 16;
      },
      block: (address, bytes, isLive, sizeClass) => {
        expect(sizeClass).toBe(-1);
        shown += 4 + bytes;
        if (isLive) live.add(address);
      },
    });
    expect(shown).toBe(held);
    expect([...live]).toEqual(blocks.filter((_, n) => n % 3 !== 0));
  });

  test("leaves out the blocks of a segment whose visitor says so", () => {
    const { raw, malloc } = freshLayers(profile);
    malloc(10);
    let blocks = 0;
    raw.walker.walk({ region: () => false, block: () => void blocks++ });
    expect(blocks).toBe(0);
  });

  test("owns segments only: no arenas, no state of the heap, nothing outside, no other number", () => {
    const { raw, malloc, free, allocArena, memory } = freshLayers(profile, { maxBytes: 16 << 20 });
    const block = malloc(10);
    const large = malloc(2 << 20);
    const arena = allocArena();
    malloc(16);
    const { owns } = raw.walker;
    expect(owns(block)).toBe(true);
    expect(owns(block - 10)).toBe(true);
    expect(owns(large + (1 << 20))).toBe(true);
    for (const other of [
      0,
      512,
      arena,
      arena + 5,
      memory.byteLength,
      2 ** 32,
      -1,
      Number.NaN,
      1e20,
    ]) {
      expect([other, owns(other)]).toEqual([other, false]);
    }
    free(large);
    expect(owns(large + (1 << 20))).toBe(false);
  });

  test("tells how many bytes a block has", () => {
    const { raw, malloc } = freshLayers(profile);
    expect(raw.walker.usableSize(malloc(1))).toBe(12);
    expect(raw.walker.usableSize(malloc(13))).toBe(28);
    expect(raw.walker.usableSize(malloc(5000))).toBe(5004);
    expect(raw.walker.usableSize(0)).toBe(0);
    expect(raw.walker.name).toBe("malloc");
  });
});
