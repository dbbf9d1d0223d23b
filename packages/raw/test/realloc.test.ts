import { profileFor } from "@pyrena/abi";
import { tinyProfile } from "@pyrena/conformance";
import { describe, expect, test } from "vitest";
import { abiNames, freshLayers, type Layers } from "./support/heaps.ts";

/** A block filled with a pattern of its own. */
function filled({ malloc, memory }: Layers, size: number, seed: number): number {
  const block = malloc(size);
  for (let n = 0; n < size; n++) memory.u8[block + n] = seed + n * 7;
  return block;
}

/** Whether the first bytes are the pattern's. */
function keeps({ memory }: Layers, block: number, size: number, seed: number): boolean {
  for (let n = 0; n < size; n++) if (memory.u8[block + n] !== ((seed + n * 7) & 255)) return false;
  return true;
}

describe.each(abiNames)("realloc, %s", (abi) => {
  const fresh = (): Layers => freshLayers(tinyProfile(abi), { maxBytes: 8 << 20 });

  test("shrinks in place, and what is cut off can be used", () => {
    const layers = fresh();
    const block = filled(layers, 1000, 1);
    layers.malloc(16);
    expect(layers.realloc(block, 100)).toBe(block);
    const other = layers.malloc(800);
    expect(other).toBeGreaterThan(block);
    expect(other).toBeLessThan(block + 1000);
    expect(keeps(layers, block, 100, 1)).toBe(true);
    layers.raw.walker.verify();
  });

  test("joins what is cut off with a free chunk behind it", () => {
    const layers = fresh();
    const [block, behind] = [layers.malloc(1000), layers.malloc(1000)];
    layers.malloc(16);
    layers.free(behind);
    layers.realloc(block, 500);
    expect(layers.malloc(1400)).toBeLessThan(behind);
    layers.raw.walker.verify();
  });

  test("grows into the free chunk behind it", () => {
    const layers = fresh();
    const block = filled(layers, 1000, 2);
    const behind = layers.malloc(2000);
    layers.malloc(16);
    layers.free(behind);
    expect(layers.realloc(block, 1500)).toBe(block);
    layers.raw.walker.verify();
    // All of it: nothing is left between this block and the next.
    expect(layers.realloc(block, 3004 - (3004 % 16) - 4)).toBe(block);
    layers.raw.walker.verify();
    expect(keeps(layers, block, 1000, 2)).toBe(true);
  });

  test("grows into the chunk that small blocks are cut from", () => {
    const layers = fresh();
    const hole = layers.malloc(3000);
    layers.malloc(16);
    layers.free(hole);
    const block = filled(layers, 40, 3);
    expect(block).toBe(hole);
    expect(layers.realloc(block, 1000)).toBe(block);
    layers.raw.walker.verify();
    expect(keeps(layers, block, 40, 3)).toBe(true);
  });

  test("grows into the top, and makes the memory larger where that is used up", () => {
    // Real granules: the table of the tiny ones has to move in between, to where the block would grow.
    const layers = freshLayers(profileFor("3.13", abi), { maxBytes: 32 << 20 });
    const block = filled(layers, 1000, 4);
    let size = 1000;
    while (size < 3 << 20) {
      size *= 2;
      expect(layers.realloc(block, size)).toBe(block);
      layers.raw.walker.verify();
    }
    expect(keeps(layers, block, 1000, 4)).toBe(true);
    expect(layers.memory.byteLength).toBeGreaterThan(3 << 20);
  });

  test("grows a large block at the end of its segment though the top is elsewhere", () => {
    const layers = fresh();
    const block = filled(layers, 200_000, 5);
    // An arena keeps the segment from growing; the top moves behind it.
    const arena = layers.allocArena();
    const elsewhere = layers.malloc(400_000);
    layers.freeArena(arena);
    const grown = layers.realloc(block, 201_000);
    expect(keeps(layers, grown, 200_000, 5)).toBe(true);
    layers.raw.walker.verify();
    layers.free(elsewhere);
    layers.free(grown);
    layers.raw.walker.verify();
  });

  test("slides down into the free chunk before it rather than copy elsewhere", () => {
    const layers = fresh();
    const before = layers.malloc(2000);
    const block = filled(layers, 1000, 6);
    const guard = layers.malloc(16);
    layers.free(before);
    expect(layers.realloc(block, 2500)).toBe(before);
    expect(keeps(layers, before, 1000, 6)).toBe(true);
    layers.raw.walker.verify();
    layers.free(guard);
    layers.free(before);
    layers.raw.walker.verify();
  });

  test("slides down over free chunks on both sides", () => {
    const layers = fresh();
    const before = layers.malloc(2000);
    const block = filled(layers, 1000, 7);
    const behind = layers.malloc(2000);
    layers.malloc(16);
    layers.free(before);
    layers.free(behind);
    expect(layers.realloc(block, 4900)).toBe(before);
    expect(keeps(layers, before, 1000, 7)).toBe(true);
    layers.raw.walker.verify();
  });

  test("moves where there is no room, and frees the old block", () => {
    const layers = fresh();
    const block = filled(layers, 1000, 8);
    layers.malloc(16);
    const moved = layers.realloc(block, 5000);
    expect(moved).not.toBe(block);
    expect(keeps(layers, moved, 1000, 8)).toBe(true);
    expect(() => layers.free(block)).toThrow(/free already/);
    layers.raw.walker.verify();
  });

  test("of NULL is malloc; to zero bytes is a live minimal block", () => {
    const layers = fresh();
    const block = layers.realloc(0, 100);
    expect(block).toBeGreaterThan(0);
    expect(layers.realloc(block, 0)).toBe(block);
    expect(layers.stat("liveBlocks")).toBe(1);
    layers.free(block);
    layers.raw.walker.verify();
  });

  test("that cannot be met changes nothing", () => {
    const layers = freshLayers(tinyProfile(abi), { backing: "fixed", maxBytes: 1 << 17 });
    const blocks = [filled(layers, 20_000, 9), filled(layers, 20_000, 10)];
    for (const n of [0, 1]) {
      expect(layers.realloc(blocks[n], 120_000)).toBe(0);
      expect(keeps(layers, blocks[n], 20_000, 9 + n)).toBe(true);
      layers.raw.walker.verify();
    }
    layers.free(blocks[0]);
    expect(layers.realloc(blocks[1], 60_000)).toBeGreaterThan(0);
    layers.raw.walker.verify();
  });
});
