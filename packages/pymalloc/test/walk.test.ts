import { type HeapVisitor, sizeClassBytes } from "@pyrena/abi";
import { tinyProfile } from "@pyrena/conformance";
import { describe, expect, test } from "vitest";
import { allocatedBlocks, poolCapacity, sizeClassOf } from "../src/index.ts";
import { harness, tinyProfiles } from "./support/harness.ts";

type Seen = { address: number; bytes: number; live: boolean; sizeClass: number };

function blocksOf(walk: (visitor: HeapVisitor) => void): Seen[] {
  const seen: Seen[] = [];
  walk({
    block: (address, bytes, live, sizeClass) => void seen.push({ address, bytes, live, sizeClass }),
  });
  return seen;
}

describe.each(tinyProfiles)("$name", (profile) => {
  test("a walk shows each block of each used or full pool: live, free, and never used", () => {
    const h = harness(profile);
    const live = new Set<number>();
    const requested: number[] = [];
    for (let n = 0; n < 150; n++) {
      const bytes = (n * 37) % profile.pymalloc.threshold || 1;
      const block = h.malloc(bytes);
      live.add(block);
      requested.push(bytes);
      if (n % 3 === 0) {
        const [first] = live;
        h.free(first!);
        live.delete(first!);
      }
    }
    const seen = blocksOf(h.pymalloc.walker.walk);
    expect(new Set(seen.filter((block) => block.live).map((block) => block.address))).toEqual(live);
    expect(allocatedBlocks(h.pymalloc.ctx)).toBe(live.size);
    expect(seen.map((block) => block.address)).toEqual(
      seen.map((block) => block.address).sort((a, b) => a - b),
    );
    for (const block of seen) {
      expect(block.bytes).toBe(sizeClassBytes(profile, block.sizeClass));
      if (block.live) expect(h.pymalloc.walker.usableSize(block.address)).toBe(block.bytes);
    }
    let capacity = 0;
    h.pymalloc.walker.walk({
      pool: (_base, _bytes, sizeClass) => void (capacity += poolCapacity(profile, sizeClass)),
    });
    expect(seen.length).toBe(capacity);
  });
});

test("a pool is shown with its figures", () => {
  const profile = tinyProfile("lp64");
  const h = harness(profile);
  const blocks = [h.malloc(40), h.malloc(40), h.malloc(40)];
  h.free(blocks[1]!);
  const pools: unknown[] = [];
  h.pymalloc.walker.walk({ pool: (...pool) => void pools.push(pool) });
  const sizeClass = sizeClassOf(profile, 40);
  expect(pools).toEqual([[blocks[0]! - 48, 256, sizeClass, 48, 2, 4, 48]]);
});

test("usableSize of a block that was passed on is what the raw allocator's walker says", () => {
  const h = harness(tinyProfile("lp64"));
  const large = h.malloc(1000);
  expect(h.pymalloc.walker.usableSize(large)).toBe(0);
  Object.assign(h.raw.allocator, {
    walker: { usableSize: (address: number) => (address === large ? 1008 : -1) },
  });
  expect(h.pymalloc.walker.usableSize(large)).toBe(1008);
});

test("a list that runs in a circle does not hold a walk up", () => {
  const h = harness(tinyProfile("lp64"));
  const [a, b] = [h.malloc(16), h.malloc(16)];
  h.malloc(16);
  h.free(a);
  h.free(b);
  h.memory.u32[a >>> 2] = b;
  expect(blocksOf(h.pymalloc.walker.walk).filter(({ live }) => live).length).toBeGreaterThan(0);
});

test("what it holds from the raw allocator is the vector of its arenas, once there is one", () => {
  const h = harness(tinyProfile("lp64"));
  const held = (): number[] => {
    const blocks: number[] = [];
    h.pymalloc.walker.holds?.((block) => void blocks.push(block));
    return blocks;
  };
  expect(held()).toEqual([]);
  h.malloc(40);
  const { memory, arenasWord } = h.pymalloc.ctx;
  expect(held()).toEqual([memory.u32[arenasWord]]);
});
