/** Want of memory at every point: each request for raw memory or for an arena is made to fail in turn. */
import { Heap, LinearMemory, NULL, type Profile, PyrenaError } from "@pyrena/abi";
import {
  everyFailure,
  mixedSizes,
  NthFailure,
  ProgramRun,
  plainAllocator,
  plainArenaSource,
  randomProgram,
} from "@pyrena/conformance";
import { describe, expect, test } from "vitest";
import { createPymalloc } from "../src/index.ts";
import { tinyProfiles } from "./support/harness.ts";

function layersOf(profile: Profile) {
  const memory = LinearMemory.create({ backing: "resizable", bytes: 1 << 16, maxBytes: 1 << 20 });
  const heap = Heap.create(memory, profile);
  const raw = plainAllocator(memory, heap.abi);
  return { memory, heap, raw, arenas: plainArenaSource(raw) };
}

describe.each(tinyProfiles)("$name", (profile) => {
  const { threshold } = profile.pymalloc;
  const programs = [
    randomProgram(1, { length: 220, slots: 90 }),
    randomProgram(2, {
      length: 260,
      slots: 110,
      size: (random) =>
        random() < 0.1 ? mixedSizes(random) : 1 + Math.floor(random() * threshold),
    }),
  ];

  test.each([0, 1])(
    "each request fails once: the program goes on, nothing leaks (program %d)",
    (n) => {
      const failed = everyFailure((failure) => {
        const { memory, heap, raw, arenas } = layersOf(profile);
        const options = { raw: failure.allocator(raw), arenas: failure.arenas(arenas) };
        let pymalloc: ReturnType<typeof createPymalloc>;
        try {
          pymalloc = createPymalloc(heap, options);
        } catch (error) {
          // Without its state there is no pymalloc: it says so, and leaves nothing behind.
          if (!(error instanceof PyrenaError) || error.code !== "memory-limit") throw error;
          expect(failure.n).toBe(0);
          expect(raw.blocks.size).toBe(0);
          expect(heap.layers()).toEqual([]);
          return;
        }
        const run = new ProgramRun({ allocator: pymalloc, memory, abi: heap.abi });
        for (const operation of programs[n]!) {
          run.step(operation);
          if (run.steps % 8 === 0) run.check();
        }
        run.check();
        run.finish();
        // The state, the arena vector if there is one, and what arenas the version keeps.
        const kept = arenas.regions.size;
        expect(kept).toBeLessThanOrEqual(profile.pymalloc.keepsLastArena ? 1 : 0);
        expect(raw.blocks.size - kept).toBeLessThanOrEqual(2);
        expect(pymalloc.stats.read(6)).toBe(0);
      });
      expect(failed).toBeGreaterThan(20);
    },
  );

  test("memory that is used up answers NULL, loses nothing, and serves again when some is freed", () => {
    const { memory, heap, raw, arenas } = layersOf(profile);
    const { ctx, malloc, free, walker, stats } = createPymalloc(heap, { raw, arenas });
    const blocks: number[] = [];
    for (;;) {
      const bytes = 1 + ((blocks.length * 7) % threshold);
      const block = malloc(ctx, bytes);
      if (block === NULL) break;
      memory.u8.fill(blocks.length & 0xff, block, block + bytes);
      blocks.push(block);
    }
    walker.verify();
    expect(malloc(ctx, threshold)).toBe(NULL);
    expect(memory.byteLength).toBe(memory.maxByteLength);
    for (const [n, block] of blocks.entries()) {
      const bytes = 1 + ((n * 7) % threshold);
      expect(memory.u8.subarray(block, block + bytes).every((byte) => byte === (n & 0xff))).toBe(
        true,
      );
      free(ctx, block);
    }
    walker.verify();
    expect(stats.read(7)).toBe(0);
    expect(malloc(ctx, threshold)).not.toBe(NULL);
  });

  test("a directory that is full is told of, and the state is given back", () => {
    const { heap, raw, arenas } = layersOf(profile);
    const failure = new NthFailure(Number.POSITIVE_INFINITY);
    expect(() => {
      for (;;) createPymalloc(heap, { raw: failure.allocator(raw), arenas });
    }).toThrow(expect.objectContaining({ code: "directory-full" }));
    expect(raw.blocks.size).toBe(failure.requests - 1);
  });
});
