import { eventKinds, Heap, LinearMemory, PyrenaError, profileFor } from "@pyrena/abi";
import { recordingSink, tinyProfile } from "@pyrena/conformance";
import { describe, expect, test } from "vitest";
import { MAX_REQUEST_BYTES } from "../src/chunk.ts";
import { createRawAllocator } from "../src/raw-allocator.ts";
import { abiNames, freshHeap, freshLayers, layersOn } from "./support/heaps.ts";

const tiny = tinyProfile("ilp32");

describe.each(abiNames)("malloc, %s", (abi) => {
  const profile = profileFor("3.13", abi);
  const { alignment } = profile.abi;

  test("costs four bytes a block, rounded up to the alignment", () => {
    const { malloc } = freshLayers(profile);
    const start = malloc(100);
    for (const size of [0, 1, 12, 13, 28, 29, 100, 1000, 5000, 70_000]) {
      const block = malloc(size);
      const next = malloc(size);
      const expected = Math.max(16, Math.ceil((size + 4) / alignment) * alignment);
      expect([size, next - block]).toEqual([size, expected]);
    }
    expect(start % alignment).toBe(0);
  });

  test("uses a freed block of the same size first, the last one freed", () => {
    const { malloc, free } = freshLayers(profile);
    const blocks = Array.from({ length: 9 }, () => malloc(40));
    // Not neighbours, which would be joined.
    for (const n of [1, 3, 5]) free(blocks[n]);
    expect([malloc(40), malloc(40), malloc(40)]).toEqual([blocks[5], blocks[3], blocks[1]]);
  });

  test("takes the smallest hole that is large enough, to within 1/32", () => {
    const { malloc, free } = freshLayers(profile);
    const sizes = [5000, 1200, 9000, 3000, 40_000];
    const holes = sizes.map((size) => {
      const hole = malloc(size);
      malloc(16);
      return hole;
    });
    for (const hole of holes) free(hole);
    expect(malloc(2800)).toBe(holes[3]);
    expect(malloc(1000)).toBe(holes[1]);
    expect(malloc(8000)).toBe(holes[2]);
    expect(malloc(4990)).toBe(holes[0]);
    expect(malloc(30_000)).toBe(holes[4]);
  });

  test("cuts small blocks one after the other from what was split last", () => {
    const { malloc, free, raw } = freshLayers(profile);
    const hole = malloc(4000);
    malloc(16);
    free(hole);
    const blocks = Array.from({ length: 20 }, (_, n) => malloc(20 + (n % 3) * 20));
    for (const block of blocks) {
      expect(block).toBeGreaterThanOrEqual(hole);
      expect(block).toBeLessThan(hole + 4000);
    }
    expect(blocks).toEqual([...blocks].sort((a, b) => a - b));
    raw.walker.verify();
  });

  test("refuses what is no size, or none that an address space can hold", () => {
    const { malloc, calloc, realloc, stat, raw } = freshLayers(profile);
    for (const size of [-1, -1e9, 2 ** 32, 2 ** 53, MAX_REQUEST_BYTES + 1, Infinity, 1e6 + 0.5]) {
      expect([size, malloc(size)]).toEqual([size, 0]);
      expect([size, calloc(size)]).toEqual([size, 0]);
    }
    expect(raw.calloc(raw.ctx, 65_536, 65_536)).toBe(0);
    const block = malloc(10);
    expect(realloc(block, 2 ** 32)).toBe(0);
    expect(realloc(block, -1)).toBe(0);
    expect(stat("failures")).toBe(17);
    raw.walker.verify();
  });
});

describe("want of memory", () => {
  test("is told to the sink with the size, once a request", () => {
    const sink = recordingSink();
    const heap = freshHeap(tiny, { backing: "fixed", maxBytes: 65_536 });
    const raw = createRawAllocator(heap, { sink });
    expect(raw.malloc(raw.ctx, 100_000)).toBe(0);
    expect(sink.ctx).toEqual([{ kind: eventKinds.outOfMemory, a: 100_000, b: 0, c: 0 }]);
  });

  test("leaves every byte usable that can be: in blocks of any size, again and again", () => {
    const { malloc, free, raw } = freshLayers(tiny, { backing: "fixed", maxBytes: 1 << 18 });
    for (const size of [12, 100, 1000, 20_000, 1, 100_000]) {
      const blocks: number[] = [];
      for (let block = malloc(size); block !== 0; block = malloc(size)) blocks.push(block);
      const used = blocks.length * Math.max(16, Math.ceil((size + 4) / 8) * 8);
      expect(used).toBeGreaterThan(0.9 * (1 << 18) - Math.max(size, 16_384));
      raw.walker.verify();
      for (let n = 0; n < blocks.length; n += 2) free(blocks[n]);
      raw.walker.verify();
      for (let n = 1; n < blocks.length; n += 2) free(blocks[n]);
      raw.walker.verify();
    }
  });
});

describe("calloc", () => {
  test("clears what was used before, whatever its size", () => {
    const { memory, malloc, calloc, free } = freshLayers(tiny);
    for (const size of [1, 5, 12, 100, 255, 256, 257, 4096, 200_001]) {
      const dirty = malloc(size);
      memory.u8.fill(0xff, dirty, dirty + size);
      free(dirty);
      const block = calloc(size);
      expect(block).toBe(dirty);
      expect(memory.u8.subarray(block, block + size).every((byte) => byte === 0)).toBe(true);
      memory.u8.fill(0xff, block, block + size);
    }
  });

  test("does not clear memory that was never written", () => {
    const { memory, malloc, calloc, raw } = freshLayers(tiny, { bytes: 65_536, maxBytes: 8 << 20 });
    // A large block makes the memory grow; what follows it is fresh.
    const first = malloc(300_000);
    const probe = first + 400_000;
    if (probe >= memory.byteLength) malloc(100_000);
    // Nobody may write there: the mark shows whether calloc did.
    const ahead = calloc(8);
    const mark = ahead + 40;
    memory.u8[mark] = 99;
    const block = calloc(200);
    expect(block).toBe(ahead + 16);
    expect(memory.u8[mark]).toBe(99);
    memory.u8[mark] = 0;
    raw.walker.verify();
  });

  test("does not clear a large block for which the memory has just grown", () => {
    const memory = LinearMemory.create({ backing: "wasm", bytes: 1 << 16, maxBytes: 32 << 20 });
    const { calloc, malloc, raw } = layersOn(Heap.create(memory, tiny));
    malloc(10);
    const fill = Uint32Array.prototype.fill;
    const filled: number[] = [];
    Uint32Array.prototype.fill = function (this: Uint32Array, value, start = 0, end = this.length) {
      filled.push(end - start);
      return fill.call(this, value, start, end);
    };
    try {
      calloc(8 << 20);
    } finally {
      Uint32Array.prototype.fill = fill;
    }
    // The part that was there at first is cleared, and the table's tags are written; not the megabytes.
    expect(Math.max(...filled)).toBeLessThan(20_000);
    raw.walker.verify();
  });

  test("clears memory that somebody else has put below the heap", () => {
    const memory = LinearMemory.create({ backing: "fixed", bytes: 1 << 18, maxBytes: 1 << 18 });
    memory.u8.fill(0xaa);
    const { calloc, raw } = layersOn(Heap.create(memory, tiny));
    const block = calloc(100_000);
    expect(memory.u8.subarray(block, block + 100_000).every((byte) => byte === 0)).toBe(true);
    raw.walker.verify();
  });

  test("trusts the memory it is given if it is told that it is all zero", () => {
    const memory = LinearMemory.create({ backing: "fixed", bytes: 1 << 18, maxBytes: 1 << 18 });
    const { calloc, malloc } = layersOn(Heap.create(memory, tiny), true);
    const block = malloc(8);
    memory.u8[block + 100] = 5;
    expect(calloc(200)).toBe(block + 16);
    expect(memory.u8[block + 100]).toBe(5);
  });

  test("clears memory that was used, freed into the top and taken from it again", () => {
    const { memory, malloc, calloc, free, raw } = freshLayers(tiny, { bytes: 1 << 16 });
    const blocks = [60_000, 3000, 150_000, 40].map((size) => {
      const block = malloc(size);
      memory.u8.fill(0xee, block, block + size);
      return block;
    });
    for (const block of blocks) free(block);
    raw.walker.verify();
    const block = calloc(400_000);
    expect(memory.u8.subarray(block, block + 400_000).every((byte) => byte === 0)).toBe(true);
    raw.walker.verify();
  });

  test("clears what was the top until the heap grew and another place became that", () => {
    const layers = freshLayers(tiny, { bytes: 1 << 17, maxBytes: 4 << 20 });
    const { memory, malloc, calloc, free, allocArena, freeArena, raw } = layers;
    malloc(20_000);
    const arenas = [allocArena(), allocArena()].sort((a, b) => a - b);
    // Behind the arenas: a second segment with the top.
    malloc(300_000);
    freeArena(arenas[0]);
    // Until the first segment grows into the place of the first arena, and has the top.
    let last = 0;
    for (let n = 0; n < 1000 && !(last > arenas[0] - 4096 && last < arenas[1]); n++)
      last = malloc(1000);
    expect(last).toBeLessThan(arenas[1]);
    memory.u8.fill(0xff, last, last + 1000);
    free(last);
    // The hole that is left joins the two segments: the chunk before it is the top no more.
    freeArena(arenas[1]);
    const before = raw.stats.read(2);
    const block = calloc(arenas[1] + 2000 - last);
    expect([block, raw.stats.read(2)]).toEqual([last, before - 1]);
    const bytes = memory.u8.subarray(block, block + arenas[1] + 2000 - last);
    expect(bytes.every((byte) => byte === 0)).toBe(true);
    raw.walker.verify();
  });
});

describe("a heap's raw allocator", () => {
  test("is made once", () => {
    const heap = freshHeap(tiny);
    createRawAllocator(heap);
    expect(() => createRawAllocator(heap)).toThrow(PyrenaError);
    expect(() => createRawAllocator(heap)).toThrow(/attachRawAllocator/);
  });

  test("shares nothing with that of another heap", () => {
    const one = freshLayers(tiny);
    const two = freshLayers(tiny);
    const first = one.malloc(50);
    expect(two.malloc(50)).toBe(first);
    one.free(first);
    expect(two.malloc(50)).not.toBe(first);
    expect(one.malloc(50)).toBe(first);
  });

  test("works above 2 GiB", () => {
    const memory = LinearMemory.create({ backing: "wasm", bytes: 1 << 16, maxBytes: 2 ** 32 });
    const { malloc, realloc, free, calloc, raw } = layersOn(
      Heap.create(memory, profileFor("3.13", "ilp32")),
    );
    const low = malloc(2 ** 31);
    expect(low).toBeGreaterThan(0);
    const blocks = Array.from({ length: 50 }, (_, n) => malloc(1000 + 500 * n));
    for (const block of blocks) expect(block).toBeGreaterThan(2 ** 31);
    for (let n = 0; n < 50; n += 2) free(blocks[n]);
    for (let n = 1; n < 50; n += 2) {
      memory.u8[blocks[n]] = n;
      const moved = realloc(blocks[n], 40_000);
      expect(memory.u8[moved]).toBe(n);
      blocks[n] = moved;
    }
    const zeroed = calloc(70_000);
    expect(memory.u8[zeroed + 69_999]).toBe(0);
    raw.walker.verify();
    free(zeroed);
    free(low);
    for (let n = 1; n < 50; n += 2) free(blocks[n]);
    raw.walker.verify();
    // All of the address space but the last granule, and the little that is in use.
    expect(malloc(2 ** 31 + 2 ** 30)).toBeGreaterThan(0);
    raw.walker.verify();
  });
});
