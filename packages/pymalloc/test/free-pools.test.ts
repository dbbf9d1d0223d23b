import { describe, expect, test } from "vitest";
import { poolCapacity } from "../src/index.ts";
import { harness, realProfiles, tinyProfiles } from "./support/harness.ts";

describe.each([...tinyProfiles, ...realProfiles])("$name", (profile) => {
  const { poolBytes } = profile.pymalloc;
  const { alignment } = profile.abi;
  const pool = (block: number): number => block - (block % poolBytes);

  test("the pool that was emptied last is used first, for any class", () => {
    const h = harness(profile);
    const keep = h.malloc(1);
    const [a, b, c] = [h.malloc(2 * alignment), h.malloc(3 * alignment), h.malloc(4 * alignment)];
    for (const block of [b, c, a]) h.free(block);
    h.verify();
    expect(pool(h.malloc(5 * alignment))).toBe(pool(a));
    expect(pool(h.malloc(6 * alignment))).toBe(pool(c));
    expect(pool(h.malloc(2 * alignment))).toBe(pool(b));
    expect(pool(h.malloc(3 * alignment))).toBe(pool(keep) + 4 * poolBytes);
    h.verify();
  });

  test("a pool that is used for its old class again goes on with its old free list", () => {
    const h = harness(profile);
    const keep = h.malloc(
      8 * alignment > profile.pymalloc.threshold ? 6 * alignment : 8 * alignment,
    );
    const capacity = poolCapacity(profile, 0);
    const blocks = Array.from({ length: capacity }, () => h.malloc(1));
    const order = [
      ...blocks.filter((_, n) => n % 2 === 0),
      ...blocks.filter((_, n) => n % 2 === 1),
    ];
    for (const block of order) h.free(block);
    h.verify();
    expect(blocks.map(() => h.malloc(1))).toEqual(order.toReversed());
    h.verify();
    h.free(keep);
  });

  test("a pool that is used for another class starts afresh", () => {
    const h = harness(profile);
    const keep = h.malloc(3 * alignment);
    const blocks = Array.from({ length: 5 }, () => h.malloc(1));
    for (const block of blocks) h.free(block);
    const first = h.malloc(2 * alignment);
    expect(first).toBe(blocks[0]);
    expect(h.malloc(2 * alignment)).toBe(first + 2 * alignment);
    h.verify();
    h.free(keep);
  });

  test("what a region held before does not matter", () => {
    const results = [0x00, 0xff].map((byte) => {
      const h = harness(profile);
      const { alloc } = h.arenas.allocator;
      Object.assign(h.arenas.allocator, {
        alloc: (ctx: typeof h.arenas, size: number) => {
          const base = alloc(ctx, size);
          h.memory.u8.fill(byte, base, base + size);
          return base;
        },
      });
      const blocks = Array.from({ length: 300 }, (_, n) => h.malloc((n % 6) * alignment + 1));
      for (const block of blocks.filter((_, n) => n % 3 !== 0)) h.free(block);
      h.verify();
      return blocks;
    });
    expect(results[0]).toEqual(results[1]);
  });
});
