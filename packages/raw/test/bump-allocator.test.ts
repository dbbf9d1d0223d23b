import { Heap, profileFor } from "@pyrena/abi";
import { failNthArena, nullArenaSource, tinyProfile } from "@pyrena/conformance";
import { expect, test } from "vitest";
import { createArenaSource } from "../src/arena-source.ts";
import { attachBumpAllocator, createBumpAllocator } from "../src/bump-allocator.ts";
import { freshHeap } from "./support/heaps.ts";

const tiny = tinyProfile("lp64");

test("it hands out one block after the other and never uses a byte twice", () => {
  const heap = freshHeap(tiny);
  const bump = createBumpAllocator(heap, createArenaSource(heap));
  const first = bump.malloc(bump.ctx, 10);
  expect(bump.malloc(bump.ctx, 20)).toBe(first + 32);
  bump.free(bump.ctx, first);
  expect(bump.malloc(bump.ctx, 10)).toBe(first + 32 + 48);
});

test("a block larger than an arena gets one of its own", () => {
  const heap = freshHeap(tiny);
  const bump = createBumpAllocator(heap, createArenaSource(heap));
  const block = bump.calloc(bump.ctx, 1, 100_000);
  expect(block).toBeGreaterThan(0);
  expect(heap.memory.u8[block + 99_999]).toBe(0);
});

test("it works on any arena source, fails when that does, and goes on after it", () => {
  const heap = freshHeap(tiny);
  const bump = createBumpAllocator(heap, failNthArena(createArenaSource(heap), 1));
  const blocks: number[] = [];
  while (blocks.at(-1) !== 0) blocks.push(bump.malloc(bump.ctx, 500));
  expect(blocks.length).toBeGreaterThan(5);
  expect(bump.malloc(bump.ctx, 500)).toBeGreaterThan(0);
  expect(() => createBumpAllocator(freshHeap(tiny), nullArenaSource)).toThrow(/no arena/);
});

test("it is attached to, and goes on where it was", () => {
  const profile = profileFor("3.13", "ilp32");
  const heap = freshHeap(profile);
  const arenas = createArenaSource(heap);
  const bump = createBumpAllocator(heap, arenas);
  const block = bump.malloc(bump.ctx, 8);
  const other = attachBumpAllocator(Heap.attach(heap.memory), arenas);
  expect(other.malloc(other.ctx, 8)).toBe(block + 16);
  expect(() => attachBumpAllocator(freshHeap(profile), arenas)).toThrow(/no layer 'BUMP'/);
});
