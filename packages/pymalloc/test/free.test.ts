import { NULL } from "@pyrena/abi";
import { tinyProfile } from "@pyrena/conformance";
import { describe, expect, test } from "vitest";
import { rawAllocatedBlocks } from "../src/index.ts";
import { harness, realProfiles, tinyProfiles } from "./support/harness.ts";

describe.each([...tinyProfiles, ...realProfiles])("$name", (profile) => {
  test("free(NULL) changes not one byte", () => {
    const h = harness(profile);
    h.malloc(8);
    const before = h.memory.u8.slice();
    h.free(NULL);
    expect(Buffer.compare(h.memory.u8, before)).toBe(0);
  });

  test("freeing writes only the block's first word: a NULL or the next free block's address", () => {
    const h = harness(profile);
    const { threshold } = profile.pymalloc;
    h.malloc(1);
    const blocks = [h.malloc(threshold), h.malloc(threshold)] as const;
    const word = profile.abi.pointerBytes;
    for (const block of blocks) h.memory.u8.fill(0xff, block, block + threshold);
    h.free(blocks[1]);
    h.free(blocks[0]);
    const bytes = [...h.memory.u8.subarray(blocks[0], blocks[0] + threshold)];
    const link = Array.from({ length: word }, (_, n) => (blocks[1] / 256 ** n) & 0xff);
    expect(bytes).toEqual([...link, ...Array(threshold - word).fill(0xff)]);
  });

  test("the second free of the only block of a pool is noticed, and the heap stays whole", () => {
    const h = harness(profile);
    h.malloc(1);
    const block = h.malloc(20);
    h.free(block);
    const before = h.memory.u8.slice();
    expect(() => h.free(block)).toThrow(
      expect.objectContaining({ code: "double-free", address: block }),
    );
    expect(Buffer.compare(h.memory.u8, before)).toBe(0);
    h.verify();
  });
});

test("an address in no arena goes to the raw allocator: that is how older blocks are recognised", () => {
  const h = harness(tinyProfile("lp64"));
  const older = h.raw.malloc(24);
  h.malloc(24);
  h.free(older);
  expect(h.raw.live.has(older)).toBe(false);
  // As in CPython, the count of blocks that were passed on goes below zero.
  expect(rawAllocatedBlocks(h.pymalloc.ctx)).toBe(-1);
  h.verify();
});

test("a raw allocator that throws leaves the count as it was", () => {
  const h = harness(tinyProfile("lp64"));
  expect(() => h.free(12_345 * 16)).toThrow("raw free");
  expect(rawAllocatedBlocks(h.pymalloc.ctx)).toBe(0);
});
