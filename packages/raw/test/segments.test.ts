import { profileFor } from "@pyrena/abi";
import { tinyProfile } from "@pyrena/conformance";
import { describe, expect, test } from "vitest";
import { findRawContext } from "../src/raw-context.ts";
import { SEGMENT } from "../src/region-layout.ts";
import { walkRuns } from "../src/walk.ts";
import { freshLayers, type Layers } from "./support/heaps.ts";

const tiny = tinyProfile("ilp32");
const real = profileFor("3.13", "ilp32");

function segments({ raw }: Layers): [number, number][] {
  const found: [number, number][] = [];
  raw.walker.walk({ region: (base, bytes) => void found.push([base, bytes]) });
  return found;
}

describe("segments", () => {
  test("grow where they stand as long as nothing is in the way", () => {
    const layers = freshLayers(real, { maxBytes: 64 << 20 });
    for (let n = 0; n < 100; n++) layers.malloc(100_000);
    expect(segments(layers)).toHaveLength(1);
    layers.raw.walker.verify();
  });

  test("that touch become one, so that chunks coalesce across", () => {
    const layers = freshLayers(tiny, { maxBytes: 8 << 20 });
    const first = layers.malloc(50_000);
    const arena = layers.allocArena();
    const second = layers.malloc(900_000);
    expect(segments(layers)).toHaveLength(2);
    layers.freeArena(arena);
    // Fills what is left of the first segment and the place where the arena was, up to the second one.
    const between: number[] = [];
    for (let n = 0; n < 500 && segments(layers).length > 1; n++) between.push(layers.malloc(2000));
    expect(segments(layers)).toHaveLength(1);
    layers.raw.walker.verify();
    for (const block of [second, first, ...between]) {
      layers.free(block);
      layers.raw.walker.verify();
    }
  });

  test("that are free as a whole are given back, and become arenas", () => {
    const layers = freshLayers(tiny, { backing: "fixed", maxBytes: 2 << 20 });
    const segmentBytes = layers.stat("segmentBytes");
    const blocks = Array.from({ length: 15 }, () => layers.malloc(100_000));
    for (const block of blocks) layers.free(block);
    expect(layers.stat("segmentBytes")).toBeLessThanOrEqual(segmentBytes + 65_536);
    let arenas = 0;
    while (layers.allocArena() !== 0) arenas++;
    expect(arenas).toBeGreaterThan(490);
    layers.raw.walker.verify();
  });

  test("give back holes that are long for the heap: at their start, middle and end", () => {
    const layers = freshLayers(real, { maxBytes: 128 << 20 });
    const mebibytes = [12, 1, 1, 12, 1, 1, 12];
    const blocks = mebibytes.map((size) => layers.malloc(size << 20));
    const held = (): number => layers.stat("segmentBytes");
    const full = held();
    for (const [n, index] of [3, 0, 6].entries()) {
      layers.free(blocks[index]);
      layers.raw.walker.verify();
      expect(held()).toBeLessThanOrEqual(full - (n + 1) * ((12 << 20) - 2 * 65_536));
    }
    expect(segments(layers)).toHaveLength(2);
    for (const n of [1, 2, 4, 5]) {
      layers.free(blocks[n]);
      layers.raw.walker.verify();
    }
    expect(segments(layers).length).toBeLessThanOrEqual(1);
  });

  test("give the arena source what they have in one piece, before the memory is made larger", () => {
    const layers = freshLayers(real, { maxBytes: 64 << 20 });
    const blocks = Array.from({ length: 40 }, () => layers.malloc(700_000));
    for (const n of [5, 15, 25]) layers.free(blocks[n]);
    const managed = layers.stat("managedBytes");
    const held = layers.stat("segmentBytes");
    // One whole arena of 256 KiB at least, two at most, fit into each of the holes.
    for (let n = 0; n < 3; n++) {
      const arena = layers.allocArena();
      expect(arena).toBeGreaterThan(0);
      expect(arena).toBeLessThan(blocks[26]);
    }
    expect(layers.stat("managedBytes")).toBe(managed);
    expect(layers.stat("segmentBytes")).toBeLessThan(held);
    layers.raw.walker.verify();
  });

  test("keep free chunks that are not worth it", () => {
    const layers = freshLayers(real, { maxBytes: 64 << 20 });
    const blocks = Array.from({ length: 12 }, () => layers.malloc(500_000));
    const held = layers.stat("segmentBytes");
    for (const n of [1, 4, 7, 10]) layers.free(blocks[n]);
    expect(layers.stat("segmentBytes")).toBe(held);
    for (let n = 0; n < 4; n++) expect(layers.malloc(500_000)).toBeGreaterThan(0);
    expect(layers.stat("segmentBytes")).toBe(held);
  });

  test("leave no piece too small to be a chunk, wherever a hole begins and ends", () => {
    for (let offset = 0; offset < 64; offset += 8) {
      for (let tail = 0; tail < 64; tail += 8) {
        const layers = freshLayers(tiny, { maxBytes: 1 << 20 });
        const before = layers.malloc(4096 - 40 + offset);
        const hole = layers.malloc(100_000 + tail);
        const behind = layers.malloc(100);
        layers.free(hole);
        layers.raw.walker.verify();
        layers.free(before);
        layers.raw.walker.verify();
        layers.free(behind);
        layers.raw.walker.verify();
      }
    }
  });
});

describe("trim", () => {
  test("gives back all that covers granules, and says whether there was any", () => {
    const layers = freshLayers(real, { maxBytes: 64 << 20 });
    const blocks = Array.from({ length: 8 }, () => layers.malloc(300_000));
    const before = layers.stat("segmentBytes");
    for (const n of [1, 3, 5]) layers.free(blocks[n]);
    expect(layers.raw.trim()).toBe(true);
    layers.raw.walker.verify();
    expect(layers.stat("segmentBytes")).toBeLessThan(before - 3 * 200_000);
    expect(layers.raw.trim()).toBe(false);
    for (const n of [0, 2, 4, 6, 7]) layers.free(blocks[n]);
    layers.raw.trim();
    expect(layers.stat("segments")).toBe(0);
    layers.raw.walker.verify();
    expect(layers.malloc(100)).toBeGreaterThan(0);
  });
});

describe("memory that one layer has in reserve", () => {
  test("serves the other: an arena out of the raw heap's free segments", () => {
    const layers = freshLayers(tiny, { backing: "fixed", maxBytes: 1 << 18 });
    const blocks: number[] = [];
    for (let block = layers.malloc(10_000); block !== 0; block = layers.malloc(10_000)) {
      blocks.push(block);
    }
    while (layers.allocArena() !== 0);
    // Free, but in one segment with live blocks, and too small to be given back at once.
    layers.free(blocks[3]);
    layers.free(blocks[4]);
    expect(layers.allocArena()).toBeGreaterThan(0);
    layers.raw.walker.verify();
  });

  test("serves the other: a block out of arenas that were given back", () => {
    const layers = freshLayers(tiny, { backing: "fixed", maxBytes: 1 << 18 });
    const arenas: number[] = [];
    for (let arena = layers.allocArena(); arena !== 0; arena = layers.allocArena()) {
      arenas.push(arena);
    }
    expect(layers.malloc(1)).toBe(0);
    for (const arena of arenas.slice(10, 20)) layers.freeArena(arena);
    expect(layers.malloc(30_000)).toBeGreaterThan(0);
    layers.raw.walker.verify();
  });

  test("serves a large block: free chunks and free granules side by side", () => {
    const layers = freshLayers(tiny, { backing: "fixed", maxBytes: 1 << 18 });
    const blocks: number[] = [];
    for (let block = layers.malloc(20_000); block !== 0; block = layers.malloc(20_000)) {
      blocks.push(block);
    }
    const arenaSource = layers.arenas.ctx.regions;
    for (const block of blocks.slice(0, -1)) layers.free(block);
    expect(layers.malloc(20_000 * (blocks.length - 2))).toBeGreaterThan(0);
    layers.raw.walker.verify();
    let runs = 0;
    walkRuns(arenaSource, (_, __, kind) => void (runs += kind === SEGMENT ? 1 : 0));
    expect(runs).toBe(layers.stat("segments"));
  });
});

test("a resizable memory gets shorter when its last blocks are freed", () => {
  const layers = freshLayers(real, { backing: "resizable", bytes: 1 << 20, maxBytes: 512 << 20 });
  const blocks = Array.from({ length: 100 }, () => layers.malloc(1 << 20));
  const peak = layers.memory.byteLength;
  expect(peak).toBeGreaterThan(100 << 20);
  for (const block of blocks) layers.free(block);
  expect(layers.memory.byteLength).toBeLessThan(4 << 20);
  expect(layers.stat("peakManagedBytes")).toBe(peak);
  layers.raw.walker.verify();
  expect(findRawContext(layers.arenas.ctx.regions)?.address).toBe(layers.raw.ctx.address);
});
