import { NULL, sizeClassBytes, sizeClassCount } from "@pyrena/abi";
import { tinyProfile } from "@pyrena/conformance";
import { describe, expect, test } from "vitest";
import { poolCapacity } from "../src/index.ts";
import { harness, realProfiles, tinyProfiles } from "./support/harness.ts";

const all = [...tinyProfiles, ...realProfiles];

describe.each(all)("$name", (profile) => {
  const { threshold, poolBytes } = profile.pymalloc;
  const { alignment } = profile.abi;

  test("a fresh pool hands out its blocks in order of address, each once, and is then full", () => {
    for (let sizeClass = 0; sizeClass < sizeClassCount(profile); sizeClass++) {
      const h = harness(profile);
      const bytes = sizeClassBytes(profile, sizeClass);
      const capacity = poolCapacity(profile, sizeClass);
      const first = h.malloc(bytes);
      for (let n = 1; n < capacity; n++) expect(h.malloc(bytes)).toBe(first + n * bytes);
      h.verify();
      const next = h.malloc(bytes);
      expect(next).toBe(first + poolBytes);
      h.verify();
    }
  });

  test("all sizes of a class share its pools, and two classes never do", () => {
    const h = harness(profile);
    const pool = (block: number): number => block - (block % poolBytes);
    const first = h.malloc(1);
    expect(pool(h.malloc(alignment))).toBe(pool(first));
    expect(pool(h.malloc(alignment + 1))).not.toBe(pool(first));
  });

  test("the block freed last is handed out first", () => {
    const h = harness(profile);
    const [a, b, c] = [h.malloc(alignment), h.malloc(alignment), h.malloc(alignment)];
    h.free(b);
    h.free(a);
    expect(h.malloc(1)).toBe(a);
    expect(h.malloc(1)).toBe(b);
    expect(h.malloc(1)).toBe(c + alignment);
    h.verify();
  });

  test("a pool that was full comes to the front of its list when one of its blocks is freed", () => {
    const h = harness(profile);
    const capacity = poolCapacity(profile, 0);
    const first = Array.from({ length: capacity }, () => h.malloc(1));
    const second = Array.from({ length: capacity }, () => h.malloc(1));
    const third = h.malloc(1);
    h.free(first[3]!);
    h.free(second[5]!);
    h.verify();
    expect(h.malloc(1)).toBe(second[5]);
    expect(h.malloc(1)).toBe(first[3]);
    expect(h.malloc(1)).toBe(third + alignment);
    h.verify();
  });

  test.each([0, threshold + 1, 10_000])(
    "a request of %d bytes goes to the raw allocator",
    (bytes) => {
      const h = harness(profile);
      const block = h.malloc(bytes);
      expect(h.raw.live.get(block)).toBe(bytes);
      expect(h.pymalloc.walker.owns(block)).toBe(false);
      expect(h.arenas.requests).toBe(0);
      h.free(block);
      expect(h.raw.live.has(block)).toBe(false);
      h.verify();
    },
  );

  test("calloc zeroes a used block to its end, and passes large requests to raw's calloc", () => {
    const h = harness(profile);
    const { ctx, calloc } = h.pymalloc;
    const blocks = Array.from({ length: 5 }, () => h.malloc(threshold));
    for (const block of blocks) h.memory.u8.fill(0xcc, block, block + threshold);
    for (const block of blocks.slice(1)) h.free(block);
    const block = calloc(ctx, 1, threshold - alignment + 1);
    expect(blocks).toContain(block);
    expect(h.memory.u8.subarray(block, block + threshold).every((byte) => byte === 0)).toBe(true);
    h.verify();
    const large = calloc(ctx, 100, 11);
    expect(h.raw.live.get(large)).toBe(1100);
    const empty = calloc(ctx, 0, 11);
    expect(h.raw.live.get(empty)).toBe(0);
    expect(h.pymalloc.walker.owns(large) || h.pymalloc.walker.owns(empty)).toBe(false);
  });
});

test("a size that is small only modulo 2^32 is not taken for a small one", () => {
  const h = harness(tinyProfile("lp64"));
  h.raw.fails = () => true;
  for (const bytes of [2 ** 32, 2 ** 32 + 8, 2 ** 40 + 1, -(2 ** 32) + 8, -8, Number.NaN]) {
    expect(h.malloc(bytes)).toBe(NULL);
  }
  expect(h.arenas.requests).toBe(0);
});

test("addresses beyond 2 GiB are handed out and taken back as unsigned numbers", () => {
  const h = harness(tinyProfile("lp64"), { rawBytes: 16 << 20, maxBytes: 2 ** 32 });
  const top = 2 ** 31 + 4096;
  const bases = [top, top + 3 * 4096];
  h.arenas.choose = () => bases.shift() ?? NULL;
  const blocks = Array.from({ length: 60 }, () => h.malloc(96));
  expect(blocks.filter((block) => block >= top).length).toBe(60);
  h.verify();
  expect(h.realloc(blocks[0]!, 90)).toBe(blocks[0]);
  for (const block of blocks) h.free(block);
  h.verify();
  expect(h.arenas.freed.length).toBe(1);
});

test("an arena may end at the last byte of 4 GiB", () => {
  const h = harness(tinyProfile("ilp32"), { rawBytes: 16 << 20, maxBytes: 2 ** 32 });
  const bases = [2 ** 32 - 4096];
  h.arenas.choose = () => bases.shift() ?? NULL;
  const blocks = Array.from({ length: 32 }, () => h.malloc(112));
  expect(blocks.every((block) => block >= 2 ** 32 - 4096)).toBe(true);
  expect(h.pymalloc.stats.read(7)).toBe(32);
  h.verify();
  for (const block of blocks) h.free(block);
  h.verify();
});
