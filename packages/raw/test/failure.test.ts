/** Memory that cannot be had, at any moment: NULL, and nothing lost or broken. */
import { Heap, LinearMemory, type MemoryHost, type Profile } from "@pyrena/abi";
import { everyFailure, type NthFailure, randomProgram, runProgram } from "@pyrena/conformance";
import { describe, expect, test } from "vitest";
import { freshLayers, type Layers, layersOn, someProfiles } from "./support/heaps.ts";

/** A buffer of its own that grows when asked. */
function growingHost(bytes: number, maxByteLength: number): MemoryHost {
  const buffer = new ArrayBuffer(bytes, { maxByteLength });
  return {
    buffer: () => buffer,
    maxByteLength,
    grow: (byteLength) => {
      buffer.resize(byteLength);
      return true;
    },
  };
}

function layersWith(profile: Profile, wrap: (host: MemoryHost) => MemoryHost): Layers {
  const memory = LinearMemory.over(wrap(growingHost(65_536, 8 << 20)));
  return layersOn(Heap.create(memory, profile));
}

describe.each(someProfiles)("$name", (profile) => {
  const everySize = (random: () => number): number => Math.floor(2 ** (random() * 17));

  test("each growth of the memory failing in turn leaves everything intact", () => {
    const failures = everyFailure((failure: NthFailure) => {
      const layers = layersWith(profile, (host) => failure.host(host));
      const subject = { allocator: layers.raw, memory: layers.memory, abi: profile.abi };
      const arenas = [layers.allocArena(), layers.allocArena()];
      runProgram(subject, randomProgram(3, { length: 120, slots: 40, size: everySize }), {
        checkEvery: 8,
        freeAtEnd: failure.n % 2 === 0,
      });
      arenas.push(layers.allocArena());
      for (const arena of arenas) if (arena !== 0) layers.freeArena(arena);
      layers.arenas.verify();
    });
    expect(failures).toBeGreaterThanOrEqual(3);
  });

  test.each([2, 3, 5])("every %d-th growth failing leaves everything intact", (period) => {
    let asked = 0;
    let failed = 0;
    const layers = layersWith(profile, (host) => ({
      ...host,
      grow: (byteLength) => {
        if (++asked % period !== 0) return host.grow(byteLength);
        failed++;
        return false;
      },
    }));
    const subject = { allocator: layers.raw, memory: layers.memory, abi: profile.abi };
    for (let seed = 0; seed < 4; seed++) {
      runProgram(subject, randomProgram(seed, { length: 150, slots: 50, size: everySize }), {
        checkEvery: 4,
        freeAtEnd: false,
      });
    }
    expect(failed).toBeGreaterThan(1);
    expect(layers.stat("liveBlocks")).toBeGreaterThan(0);
  });

  test("a memory that is full can be used in full again when it is emptied", () => {
    const layers = freshLayers(profile, { backing: "fixed", maxBytes: 1 << 19 });
    let first = 0;
    for (let round = 0; round < 4; round++) {
      const blocks: number[] = [];
      for (let size = 60_000; size > 0; size = Math.floor(size / 2)) {
        for (let block = layers.malloc(size); block !== 0; block = layers.malloc(size)) {
          blocks.push(block);
        }
      }
      layers.raw.walker.verify();
      expect(layers.realloc(blocks[0], 1 << 19)).toBe(0);
      expect(layers.calloc(100)).toBe(0);
      const bytes = layers.stat("liveBytes");
      if (round === 0) first = bytes;
      expect(bytes).toBe(first);
      // In another order each time.
      blocks.sort((a, b) => ((a * (round + 3)) % 1009) - ((b * (round + 3)) % 1009));
      for (const block of blocks) layers.free(block);
      layers.raw.walker.verify();
      expect(layers.stat("liveBlocks")).toBe(0);
    }
    expect(first).toBeGreaterThan(0.85 * (1 << 19));
  });
});
