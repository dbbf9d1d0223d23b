import { tinyProfile } from "@pyrena/conformance";
import { expect, test } from "vitest";
import { pymallocStatDeclarations } from "../src/index.ts";
import { harness } from "./support/harness.ts";

test("the figures follow what happens", () => {
  const h = harness(tinyProfile("lp64"));
  const figures = (): Record<string, number> =>
    Object.fromEntries(
      pymallocStatDeclarations.map(({ name }, index) => [name, h.pymalloc.stats.read(index)]),
    );
  const slots = h.pymalloc.ctx.addressMapSlots;
  expect(figures()).toEqual({
    arenasAllocatedTotal: 0,
    arenasReclaimed: 0,
    arenasHighwater: 0,
    arenasCurrent: 0,
    arenaBytes: 0,
    arenaBytesPeak: 0,
    rawAllocatedBlocks: 0,
    allocatedBlocks: 0,
    tableBytes: slots * 8,
  });
  // Two of 96 bytes fill a pool, 32 an arena: three arenas, and two blocks passed on.
  const blocks = Array.from({ length: 70 }, () => h.malloc(96));
  blocks.push(h.malloc(0), h.malloc(97));
  expect(figures()).toEqual({
    arenasAllocatedTotal: 3,
    arenasReclaimed: 0,
    arenasHighwater: 3,
    arenasCurrent: 3,
    arenaBytes: 3 * 4096,
    arenaBytesPeak: 3 * 4096,
    rawAllocatedBlocks: 2,
    allocatedBlocks: 72,
    tableBytes: slots * 8 + 4 * 48,
  });
  for (const block of blocks) h.free(block);
  expect(figures()).toMatchObject({
    arenasAllocatedTotal: 3,
    arenasReclaimed: 2,
    arenasHighwater: 3,
    arenasCurrent: 1,
    arenaBytes: 4096,
    arenaBytesPeak: 3 * 4096,
    rawAllocatedBlocks: 0,
    allocatedBlocks: 0,
  });
});

test("a block that a small request got from the raw allocator for want of an arena counts as passed on", () => {
  const h = harness(tinyProfile("lp64"));
  h.arenas.fails = () => true;
  const block = h.malloc(8);
  const index = pymallocStatDeclarations.findIndex(({ name }) => name === "rawAllocatedBlocks");
  expect(h.pymalloc.stats.read(index)).toBe(1);
  h.free(block);
  expect(h.pymalloc.stats.read(index)).toBe(0);
});
