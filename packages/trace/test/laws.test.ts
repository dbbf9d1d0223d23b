/** What wraps an allocator or an arena source must still be one: the laws of the contracts, on both wrappers. */
import { Heap, LinearMemory, OBJ, profileFor } from "@pyrena/abi";
import { allocatorLaws, arenaAllocatorLaws } from "@pyrena/conformance";
import { createPymalloc } from "@pyrena/pymalloc";
import { createArenaSource, createRawAllocator } from "@pyrena/raw";
import { describe, expect, test } from "vitest";
import { headerFor, RecordedArenas, TraceRecorder, TraceWriter } from "../src/index.ts";

const profile = profileFor("3.13", "lp64");

/** A recorder whose trace nobody keeps. */
function recorder(): TraceRecorder {
  return new TraceRecorder(new TraceWriter(headerFor(profile), { flush: () => {} }));
}

function heap(): Heap {
  const memory = LinearMemory.create({ backing: "resizable", bytes: 1 << 20, maxBytes: 1 << 23 });
  return Heap.create(memory, profile);
}

describe("a recorded allocator", () => {
  test.each(allocatorLaws.map((law) => [`${law.id} ${law.name}`, law] as const))("%s", (_, law) => {
    law.check(() => {
      const own = heap();
      const layers = { raw: createRawAllocator(own), arenas: createArenaSource(own) };
      const allocator = recorder().wrap(createPymalloc(own, layers), OBJ);
      return { allocator, memory: own.memory, abi: own.abi };
    });
  });
});

describe.each([
  ["a recorded arena source", (own: Heap) => recorder().wrapArenas(createArenaSource(own))],
  [
    "the arena source of a replay",
    (own: Heap) => {
      const arenas = new RecordedArenas(createArenaSource(own), own.memory, profile);
      // All equally far from a pool's start: then one that is given back has room for the next.
      let recorded = 0x7f00_0000_1000;
      return {
        ctx: arenas,
        alloc(ctx: RecordedArenas, size: number) {
          recorded += 2 ** 21;
          ctx.recordedAlloc(size, recorded);
          return arenas.alloc(ctx, size);
        },
        free: arenas.free,
      };
    },
  ],
] as const)("%s", (_name, make) => {
  test.each(arenaAllocatorLaws.map((law) => [`${law.id} ${law.name}`, law] as const))(
    "%s",
    (_, law) => {
      law.check(() => {
        const own = heap();
        return { arenas: make(own), memory: own.memory, abi: own.abi, arenaBytes: 1 << 18 };
      });
    },
  );
});

describe("the arena source of a replay", () => {
  test("gives each arena the base of its counterpart, modulo the pool size", () => {
    const own = heap();
    const arenas = new RecordedArenas(createArenaSource(own), own.memory, profile);
    const { arenaBytes, poolBytes } = profile.pymalloc;
    for (const offset of [0, 4096, 8192, 12_288, 16]) {
      const recorded = 0x7f15_5350_0000 + offset;
      arenas.recordedAlloc(arenaBytes, recorded);
      const base = arenas.alloc(arenas, arenaBytes);
      expect(base % poolBytes).toBe(recorded % poolBytes);
      for (const inside of [0, 1, 5000, arenaBytes - 1]) {
        expect(arenas.recordedAddress(base + inside)).toBe(recorded + inside);
        expect(arenas.slotOf(recorded + inside)).toBeGreaterThan(0);
      }
      expect(arenas.slotOf(recorded - 1)).toBe(0);
      expect(arenas.slotOf(recorded + arenaBytes)).toBe(0);
      expect(arenas.isInArena(base + arenaBytes - 1)).toBe(true);
      arenas.free(arenas, base, arenaBytes);
      arenas.recordedFree(recorded);
      expect(arenas.slotOf(recorded)).toBe(0);
      expect(arenas.recordedAddress(base)).toBeNaN();
      expect(arenas.freedInOrder(false)).toBe(true);
    }
  });

  test("finds neighbours that share a piece of the address space", () => {
    const own = Heap.create(LinearMemory.create({ maxBytes: 1 << 28 }), profile);
    const arenas = new RecordedArenas(createArenaSource(own), own.memory, profile);
    const { arenaBytes } = profile.pymalloc;
    const bases = Array.from({ length: 40 }, (_, n) => 0x7f15_5350_1000 + n * arenaBytes);
    // Downwards, as mmap places them.
    for (const recorded of bases.toReversed()) {
      arenas.recordedAlloc(arenaBytes, recorded);
      const base = arenas.alloc(arenas, arenaBytes);
      expect(arenas.recordedAddress(base)).toBe(recorded);
    }
    const slots = bases.map((base) => arenas.slotOf(base));
    expect(new Set(slots).size).toBe(40);
    for (const [n, base] of bases.entries()) {
      expect(arenas.slotOf(base + arenaBytes - 1)).toBe(slots[n]);
      expect(arenas.slotOf(base + arenaBytes - 4097)).toBe(slots[n]);
    }
    expect(arenas.slotOf(bases[0]! - 1)).toBe(0);
    expect(arenas.slotOf(bases[39]! + arenaBytes)).toBe(0);
  });
});
