import { eventKinds, Heap, LinearMemory, NULL } from "@pyrena/abi";
import { recordingSink, tinyProfile } from "@pyrena/conformance";
import { describe, expect, test } from "vitest";
import { attachPymalloc } from "../src/index.ts";
import { harness, realProfiles, tinyProfiles } from "./support/harness.ts";
import { Arenas, Raw } from "./support/layers.ts";

describe.each([...tinyProfiles, ...realProfiles])("$name", (profile) => {
  test("the vector starts at its profile's length and doubles by realloc when it is used up", () => {
    const h = harness(profile, { maxBytes: 96 << 20 });
    const { initialArenaObjects, arenaBytes } = profile.pymalloc;
    const requested: number[] = [];
    const { realloc } = h.raw.allocator;
    Object.assign(h.raw.allocator, {
      realloc: (ctx: typeof h.raw, ptr: number, size: number) => {
        requested.push(size / h.pymalloc.ctx.arenaObjectBytes);
        return realloc(ctx, ptr, size);
      },
    });
    // Blocks of half a pool's room, until one arena more than two doublings are there.
    while (h.arenas.live.size <= 2 * initialArenaObjects) h.malloc(profile.pymalloc.threshold);
    expect(requested).toEqual([1, 2, 4].map((factor) => factor * initialArenaObjects));
    expect(h.arenas.live.size * arenaBytes).toBe(h.pymalloc.stats.read(4));
    h.verify();
  });
});

describe.each([16, 4096 + 16, 200])("arenas that start %d bytes off", (offset) => {
  test.each(realProfiles)(
    "have their first pool at the next multiple of its size: $name",
    (profile) => {
      const h = harness(profile, { offset });
      const { poolBytes, arenaBytes } = profile.pymalloc;
      const { ctx } = h.pymalloc;
      const block = h.malloc(1);
      const [base] = h.arenas.live.keys();
      expect(block - ctx.poolHeaderBytes).toBe(Math.ceil(base! / poolBytes) * poolBytes);
      const regions: unknown[] = [];
      h.pymalloc.walker.walk({ region: (...region) => void regions.push(region) });
      const lost = base! % poolBytes === 0 ? 0 : poolBytes;
      expect(regions).toEqual([
        [base, arenaBytes, "arena", (arenaBytes - lost) / poolBytes - 1, poolBytes, lost],
      ]);
    },
  );
});

test.each(tinyProfiles)("the heap is whole whenever a layer below is called: $name", (profile) => {
  const h = harness(profile);
  let looked = 0;
  const look = (): void => {
    looked++;
    h.verify();
  };
  const around = (layer: object): void => {
    for (const [name, call] of Object.entries(layer)) {
      if (typeof call !== "function") continue;
      Object.assign(layer, {
        [name]: (...args: unknown[]): unknown => {
          look();
          return call(...args);
        },
      });
    }
  };
  around(h.raw.allocator);
  around(h.arenas.allocator);
  const blocks = Array.from({ length: 200 }, (_, n) => h.malloc((n * 29) % 120));
  for (const block of blocks) h.free(h.realloc(block, 60));
  expect(looked).toBeGreaterThan(40);
});

describe("events", () => {
  test("tell of arenas obtained, refused and given back, and only while a sink is there", () => {
    const h = harness(tinyProfile("lp64"));
    const sink = recordingSink();
    h.free(h.malloc(8));
    h.pymalloc.sink = sink;
    const blocks = Array.from({ length: 40 }, () => h.malloc(96));
    const [first, second] = h.arenas.live.keys();
    for (const block of blocks) h.free(block);
    h.arenas.fails = () => true;
    for (let n = 0; n < 40; n++) h.malloc(96);
    h.pymalloc.sink = undefined;
    for (let n = 0; n < 40; n++) h.malloc(96);
    expect(sink.ctx.map(({ kind, a, b }) => [kind, a, b])).toEqual([
      [eventKinds.arenaAlloc, second, 4096],
      [eventKinds.arenaFree, h.arenas.freed[0] === first ? first : second, 4096],
      // Ten of the 40 find no pool in the arena that was kept.
      ...Array.from({ length: 40 - 32 }, () => [eventKinds.arenaFailed, 4096, 0]),
    ]);
  });
});

describe("when an arena cannot be had", () => {
  test("because the source has none, the request is met by the raw allocator", () => {
    const h = harness(tinyProfile("lp64"));
    h.arenas.fails = () => true;
    const block = h.malloc(40);
    expect(block).not.toBe(NULL);
    expect(h.pymalloc.walker.owns(block)).toBe(false);
    expect(h.raw.live.get(block)).toBe(40);
    h.verify();
    h.arenas.fails = () => false;
    expect(h.pymalloc.walker.owns(h.malloc(40))).toBe(true);
    h.free(block);
    expect(h.raw.live.has(block)).toBe(false);
    h.verify();
  });

  test("because the vector cannot grow, no arena is asked for", () => {
    const h = harness(tinyProfile("lp64"));
    h.raw.fails = (request) => request === 2;
    const block = h.malloc(40);
    expect(h.arenas.requests).toBe(0);
    expect(h.pymalloc.walker.owns(block)).toBe(false);
    h.verify();
    expect(h.pymalloc.walker.owns(h.malloc(40))).toBe(true);
    h.verify();
  });

  test("because it lies beyond the address map, it is given back", () => {
    // A heap that was made in a memory of at most 2 MiB and goes on in one of 4 MiB.
    const small = harness(tinyProfile("lp64"), { maxBytes: 2 << 20 });
    small.memory.grow(2 << 20);
    const image = small.memory.u8.slice();
    const memory = LinearMemory.create({ bytes: image.length, maxBytes: 4 << 20 });
    memory.u8.set(image);
    const raw = new Raw(memory, 16, small.raw.next, 1 << 20);
    const bases = [2 << 20, (2 << 20) - 4096];
    const arenas = new Arenas(memory, () => bases.shift()!);
    const pymalloc = attachPymalloc(Heap.attach(memory, 0, [tinyProfile("lp64")]), {
      raw: raw.allocator,
      arenas: arenas.allocator,
    });
    const block = pymalloc.malloc(pymalloc.ctx, 40);
    expect(pymalloc.walker.owns(block)).toBe(false);
    expect(raw.live.get(block)).toBe(40);
    expect(arenas.freed).toEqual([2 << 20]);
    pymalloc.walker.verify();
    expect(pymalloc.walker.owns(pymalloc.malloc(pymalloc.ctx, 40))).toBe(true);
    pymalloc.walker.verify();
  });

  test("and says so if the source hands out what is not in the memory", () => {
    const h = harness(tinyProfile("lp64"));
    h.arenas.choose = () => h.memory.maxByteLength - 4096;
    Object.assign(h.memory, { grow: () => true });
    expect(() => h.malloc(40)).toThrow(
      /arena source returned 4096 bytes at .* but the memory ends/,
    );
  });
});
