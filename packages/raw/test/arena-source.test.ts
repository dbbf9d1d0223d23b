import { eventKinds, Heap, LinearMemory, profileFor } from "@pyrena/abi";
import { recordingSink, tinyProfile } from "@pyrena/conformance";
import { describe, expect, test } from "vitest";
import { createArenaSource } from "../src/arena-source.ts";
import { freshHeap, freshLayers, someProfiles } from "./support/heaps.ts";

describe.each(someProfiles)("the arena source, $name", (profile) => {
  const { arenaBytes } = profile.pymalloc;

  test("aligns arenas to their size", () => {
    const { malloc, allocArena } = freshLayers(profile, { maxBytes: 16 << 20 });
    for (let n = 0; n < 6; n++) {
      malloc(1000 * n);
      expect(allocArena() % arenaBytes).toBe(0);
    }
  });

  test("uses what was given back first, before it makes the memory larger", () => {
    const { memory, allocArena, freeArena } = freshLayers(profile, { maxBytes: 16 << 20 });
    const arenas = [1, 2, 3, 4].map(() => allocArena());
    const bytes = memory.byteLength;
    freeArena(arenas[1]);
    freeArena(arenas[2]);
    const again = [allocArena(), allocArena()].sort((a, b) => a - b);
    expect(again).toEqual([arenas[1], arenas[2]]);
    expect(memory.byteLength).toBe(bytes);
  });

  test("works on a heap that has no raw allocator", () => {
    const heap = freshHeap(profile, { maxBytes: 8 << 20 });
    const source = createArenaSource(heap);
    const arena = source.alloc(source.ctx, arenaBytes);
    source.verify();
    source.free(source.ctx, arena, arenaBytes);
    source.verify();
    expect(heap.layers().map(({ tag }) => tag)).toEqual(["REGN", "ARNA"]);
  });
});

test("walk shows the whole memory: own records, what was handed out, the raw allocator's, what is free", () => {
  const { memory, malloc, allocArena, freeArena, arenas } = freshLayers(
    profileFor("3.13", "lp64"),
    { bytes: 8 << 20, maxBytes: 16 << 20 },
  );
  const regions = (): [number, number, string][] => {
    const seen: [number, number, string][] = [];
    arenas.walk?.(arenas.ctx, (...region) => void seen.push(region));
    let end = 0;
    for (const [base, bytes] of seen) {
      expect(base).toBe(end);
      end += bytes;
    }
    expect(end).toBe(memory.byteLength);
    return seen;
  };
  malloc(100);
  const arena = allocArena();
  expect(regions()[0][2]).toBe("own");
  expect(new Set(regions().map(([, , kind]) => kind))).toEqual(
    new Set(["own", "segment", "arena", "free"]),
  );
  expect(regions().find(([base]) => base === arena)).toEqual([arena, 1 << 20, "arena"]);
  freeArena(arena);
  expect(regions().some(([, , kind]) => kind === "arena")).toBe(false);
});

describe("regions of other sizes", () => {
  test("are whole granules, out of the gaps between arenas", () => {
    const { allocArena, freeArena, arenas } = freshLayers(profileFor("3.13", "lp64"), {
      bytes: 1 << 20,
      maxBytes: 64 << 20,
    });
    const first = allocArena();
    // CPython's data stack chunks.
    const chunks = [1, 2, 3].map(() => allocArena(16_384));
    for (const chunk of chunks) expect(chunk).toBeLessThan(first);
    expect(new Set(chunks).size).toBe(3);
    for (const chunk of chunks) freeArena(chunk, 16_384);
    arenas.verify();
  });

  test("that are no sizes are refused", () => {
    const { allocArena, arenas } = freshLayers(tinyProfile("lp64"));
    for (const size of [0, -1, Number.NaN, 2 ** 32, 2 ** 53, Infinity]) {
      expect([size, allocArena(size)]).toEqual([size, 0]);
    }
    arenas.verify();
  });
});

describe("giving back what is no region from here", () => {
  const tiny = tinyProfile("lp64");

  test.each<[string, string, (layers: ReturnType<typeof freshLayers>, arena: number) => unknown]>([
    [
      "a region twice",
      "double-free",
      ({ freeArena }, arena) => [arena, arena].map((base) => freeArena(base)),
    ],
    ["an address inside", "foreign-pointer", ({ freeArena }, arena) => freeArena(arena + 64)],
    ["another size", "foreign-pointer", ({ freeArena }, arena) => freeArena(arena, 8192)],
    ["a block of the raw heap", "foreign-pointer", ({ freeArena, malloc }) => freeArena(malloc(8))],
    ["the heap's header", "foreign-pointer", ({ freeArena }) => freeArena(0)],
    ["an address behind the memory", "foreign-pointer", ({ freeArena }) => freeArena(1 << 30)],
    ["no address", "foreign-pointer", ({ freeArena }) => freeArena(Number.NaN)],
  ])("%s is an error and changes nothing", (_, code, attempt) => {
    const layers = freshLayers(tiny);
    const arena = layers.allocArena();
    layers.malloc(8);
    expect(() => attempt(layers, arena)).toThrow(expect.objectContaining({ code }));
    layers.arenas.verify();
  });
});

describe("what happens", () => {
  test("is told to the sink: growth, shrinkage, want of memory", () => {
    const profile = profileFor("3.13", "ilp32");
    const memory = LinearMemory.create({ backing: "resizable", bytes: 65_536, maxBytes: 32 << 20 });
    const sink = recordingSink();
    const source = createArenaSource(Heap.create(memory, profile), { sink });
    const region = source.alloc(source.ctx, 16 << 20);
    const grown = memory.byteLength;
    source.alloc(source.ctx, 64 << 20);
    source.free(source.ctx, region, 16 << 20);
    expect(sink.ctx).toEqual([
      { kind: eventKinds.grow, a: 65_536, b: grown, c: 0 },
      { kind: eventKinds.outOfMemory, a: 64 << 20, b: 0, c: 0 },
      { kind: eventKinds.shrink, a: grown, b: memory.byteLength, c: 0 },
    ]);
  });

  test("a heap has one arena source", () => {
    const heap = freshHeap(tinyProfile("lp64"));
    createArenaSource(heap);
    expect(() => createArenaSource(heap)).toThrow(/attachArenaSource/);
  });
});
