import { NULL, sizeClassBytes, sizeClassCount } from "@pyrena/abi";
import { tinyProfile } from "@pyrena/conformance";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rawAllocatedBlocks } from "../src/index.ts";
import { harness, realProfiles, tinyProfiles } from "./support/harness.ts";

describe.each([...tinyProfiles, ...realProfiles])("$name", (profile) => {
  const { threshold } = profile.pymalloc;

  test("a block stays for n bytes just if n fits and is more than three quarters of it", () => {
    for (let sizeClass = 0; sizeClass < sizeClassCount(profile); sizeClass++) {
      const size = sizeClassBytes(profile, sizeClass);
      for (const bytes of [1, (3 * size) / 4, (3 * size) / 4 + 1, size - 1, size, size + 1]) {
        const h = harness(profile);
        const block = h.malloc(size);
        const stays = bytes > (3 * size) / 4 && bytes <= size;
        expect(h.realloc(block, bytes) === block, `${size} → ${bytes}`).toBe(stays);
        h.verify();
      }
    }
  });

  test("contents are kept up to the smaller size, whatever the sizes", () => {
    const h = harness(profile);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: threshold + 100 }),
        fc.integer({ min: 0, max: threshold + 100 }),
        (from, to) => {
          const block = h.malloc(from);
          for (let n = 0; n < from; n++) h.memory.u8[block + n] = n + 1;
          const moved = h.realloc(block, to);
          const kept = h.memory.u8.subarray(moved, moved + Math.min(from, to));
          expect([...kept]).toEqual(Array.from(kept, (_, n) => (n + 1) & 0xff));
          h.verify();
          h.free(moved);
        },
      ),
    );
  });

  test("every bit pattern survives being moved, signalling NaNs too", () => {
    const h = harness(profile);
    const block = h.malloc(threshold / 2);
    h.memory.u8.fill(0xff, block, block + threshold / 2);
    h.memory.u32[(block >>> 2) + 1] = 0x7ff0_0001;
    h.memory.u32[block >>> 2] = 1;
    const moved = h.realloc(block, threshold);
    expect(moved).not.toBe(block);
    expect(h.memory.u32[moved >>> 2]).toBe(1);
    expect(h.memory.u32[(moved >>> 2) + 1]).toBe(0x7ff0_0001);
  });

  test("the new block is taken before the old one is freed", () => {
    const h = harness(profile);
    const { alignment } = profile.abi;
    const block = h.malloc(4 * alignment);
    const small = h.malloc(alignment);
    h.free(small);
    expect(h.realloc(block, alignment)).toBe(small);
    // The old block is the front of its class's list now.
    h.malloc(4 * alignment);
    const again = h.malloc(4 * alignment);
    expect(again).not.toBe(block);
  });

  test("to zero bytes yields a raw block, and the old one is freed", () => {
    const h = harness(profile);
    const keep = h.malloc(30);
    const block = h.malloc(30);
    const empty = h.realloc(block, 0);
    expect(h.raw.live.get(empty)).toBe(0);
    expect(rawAllocatedBlocks(h.pymalloc.ctx)).toBe(1);
    expect(h.malloc(30)).toBe(block);
    h.free(keep);
    h.verify();
  });

  test("of NULL is malloc; of a raw block is raw's, however small the new size", () => {
    const h = harness(profile);
    expect(h.pymalloc.walker.owns(h.realloc(NULL, 20))).toBe(true);
    const large = h.malloc(threshold + 1);
    const shrunk = h.realloc(large, 16);
    expect(h.raw.live.get(shrunk)).toBe(16);
    expect(h.pymalloc.walker.owns(shrunk)).toBe(false);
    expect(rawAllocatedBlocks(h.pymalloc.ctx)).toBe(1);
    h.free(shrunk);
    expect(rawAllocatedBlocks(h.pymalloc.ctx)).toBe(0);
  });
});

test("that finds no room returns NULL and leaves the block live and unchanged", () => {
  const h = harness(tinyProfile("ilp32"));
  const block = h.malloc(50);
  h.memory.u8.fill(0x5a, block, block + 50);
  h.raw.fails = () => true;
  h.arenas.fails = () => true;
  expect(h.realloc(block, 1000)).toBe(NULL);
  while (h.malloc(112) !== NULL);
  expect(h.realloc(block, 112)).toBe(NULL);
  expect([...h.memory.u8.subarray(block, block + 50)]).toEqual(Array(50).fill(0x5a));
  h.verify();
  h.free(block);
  h.verify();
});
