import { hex, PyrenaError, profileFor } from "@pyrena/abi";
import { tinyProfile } from "@pyrena/conformance";
import { describe, expect, test } from "vitest";
import { abiNames, backings, freshLayers, type Layers } from "./support/heaps.ts";

const tiny = tinyProfile("lp64");

/** What an attempt throws. */
function thrownBy(attempt: () => unknown): PyrenaError {
  try {
    attempt();
  } catch (error) {
    if (error instanceof PyrenaError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

/** The chunks in order of address: L for live, f for free, with their sizes. */
function chunks({ raw }: Layers): string {
  const found: string[] = [];
  raw.walker.walk({ block: (_, bytes, live) => void found.push(`${live ? "L" : "f"}${bytes}`) });
  return found.slice(0, -1).join(" ");
}

describe("a freed block", () => {
  test("is joined with the free block before it, the one behind it, or both", () => {
    const layers = freshLayers(tiny);
    const [a, b, c, d] = [1, 2, 3, 4].map(() => layers.malloc(28));
    layers.free(b);
    expect(chunks(layers)).toBe("L28 f28 L28 L28");
    layers.free(c);
    expect(chunks(layers)).toBe("L28 f60 L28");
    const again = layers.malloc(60);
    expect(again).toBe(b);
    layers.free(a);
    layers.free(again);
    expect(chunks(layers)).toBe("f92 L28");
    layers.free(d);
    expect(chunks(layers)).toBe("");
    layers.raw.walker.verify();
  });

  test("is joined at once, in every order", () => {
    const orders = [
      [0, 1, 2, 3],
      [3, 2, 1, 0],
      [1, 3, 0, 2],
      [2, 0, 3, 1],
      [1, 2, 3, 0],
      [0, 3, 1, 2],
    ];
    for (const order of orders) {
      const layers = freshLayers(tiny);
      const blocks = [600, 12, 5000, 100].map((size) => layers.malloc(size));
      const guard = layers.malloc(12);
      for (const n of order) {
        layers.free(blocks[n]);
        layers.raw.walker.verify();
      }
      expect(chunks(layers)).toBe(`f${guard - blocks[0] - 4} L12`);
    }
  });

  test("of NULL is nothing", () => {
    const { free, raw } = freshLayers(tiny);
    free(0);
    raw.walker.verify();
  });
});

describe.each(abiNames)("what is no live block, %s", (abi) => {
  const profile = profileFor("3.13", abi);

  function busy(): Layers & { readonly blocks: number[] } {
    const layers = freshLayers(profile);
    const blocks = [40, 40, 600, 40, 3000, 40, 40].map((size) => layers.malloc(size));
    return { ...layers, blocks };
  }

  /** An attempt must throw and change nothing. */
  function refuses(layers: Layers, address: number, code: string, ...parts: string[]): void {
    for (const attempt of [
      () => layers.free(address),
      () => layers.realloc(address, 10),
      () => layers.realloc(address, 9000),
    ]) {
      const before = layers.memory.u8.slice();
      const error = thrownBy(attempt);
      expect({ address, code: error.code }).toEqual({ address, code });
      if (Number.isInteger(address)) expect(error.address).toBe(address);
      for (const part of parts) expect(error.message).toContain(part);
      expect(layers.memory.u8.every((byte, at) => byte === before[at])).toBe(true);
    }
    layers.raw.walker.verify();
  }

  test("a block that was freed: double-free, with its address and what to do", () => {
    const layers = busy();
    const { blocks, free } = layers;
    free(blocks[2]);
    refuses(layers, blocks[2], "double-free", hex(blocks[2]), "free each block once");
  });

  test("one whose neighbours have been freed after it", () => {
    const layers = busy();
    for (const n of [3, 2, 4]) layers.free(layers.blocks[n]);
    for (const n of [2, 3, 4]) refuses(layers, layers.blocks[n], "double-free");
  });

  test("one whose neighbours had been freed before it", () => {
    const layers = busy();
    for (const n of [2, 4, 3]) layers.free(layers.blocks[n]);
    for (const n of [2, 3, 4]) refuses(layers, layers.blocks[n], "double-free");
  });

  test("one that has gone back into the top", () => {
    const layers = busy();
    layers.free(layers.blocks[6]);
    refuses(layers, layers.blocks[6], "double-free");
  });

  test("an address inside a live block: foreign-pointer, naming the block", () => {
    const layers = busy();
    const block = layers.blocks[4];
    refuses(layers, block + 16, "foreign-pointer", `live block at ${hex(block)}`);
    refuses(layers, block + 1, "foreign-pointer", `live block at ${hex(block)}`);
    refuses(layers, block + 2999, "foreign-pointer", `live block at ${hex(block)}`);
  });

  test("an address in the heap's own state, in an arena, behind the memory, or no address", () => {
    const layers = busy();
    const arena = layers.allocArena();
    refuses(layers, 16, "foreign-pointer", "boot");
    refuses(layers, arena + 64, "foreign-pointer", "arena");
    refuses(layers, layers.memory.byteLength + 4096, "foreign-pointer", "outside");
    refuses(layers, 2 ** 32 + layers.blocks[0], "foreign-pointer");
    refuses(layers, -16, "foreign-pointer");
    refuses(layers, Number.NaN, "foreign-pointer");
    refuses(layers, layers.blocks[0] + 0.5, "foreign-pointer");
  });

  test("an address in memory that was given back", () => {
    const layers = busy();
    const large = layers.malloc(3 << 20);
    const behind = layers.malloc(16);
    layers.free(large);
    refuses(layers, large + (1 << 20), "foreign-pointer", "free");
    layers.free(behind);
  });

  test("a block whose header was overwritten: heap-corrupt, or an error of the others", () => {
    const layers = busy();
    const { blocks, memory } = layers;
    const next = (blocks[1] - 4) >>> 2;
    memory.u32[next] &= ~2;
    const error = thrownBy(() => layers.free(blocks[0]));
    expect([error.code, error.address]).toEqual(["heap-corrupt", blocks[0]]);
    expect(() => layers.raw.walker.verify()).toThrow(/R8/);
    memory.u32[next] |= 2;
    layers.free(blocks[0]);
  });
});

test.each(backings)("on %s the heap can still be used after an error", (backing) => {
  const { malloc, free, realloc, raw } = freshLayers(tiny, { backing });
  const block = malloc(100);
  free(block);
  expect(() => free(block)).toThrow(PyrenaError);
  expect(() => realloc(block, 10)).toThrow(PyrenaError);
  const again = malloc(100);
  expect(again).toBe(block);
  free(realloc(again, 5000));
  raw.walker.verify();
});
