import { Heap, LinearMemory, type PyMemAllocatorEx } from "@pyrena/abi";
import { nullAllocator, plainAllocator, tinyHeap, tinyProfile } from "@pyrena/conformance";
import { attachSerialCounter, createDebugHooks, createSerialCounter } from "@pyrena/debug";
import { describe, expect, it } from "vitest";

describe.each(["lp64", "ilp32"] as const)("the serial counter on %s", (abi) => {
  it("is found again through the heap's directory, and goes on where it stood", () => {
    const heap = tinyHeap(abi);
    const next = plainAllocator(heap.memory, heap.abi);
    const options = { memory: heap.memory, abi: heap.abi, domain: 1 } as const;
    const hooks = createDebugHooks(next, {
      ...options,
      serialNumbers: createSerialCounter(heap, next),
    });
    hooks.malloc(hooks.ctx, 1);
    const attached = Heap.attach(heap.memory, 0, [heap.profile]);
    const counter = attachSerialCounter(attached);
    const again = createDebugHooks(next, { ...options, serialNumbers: counter });
    const block = again.malloc(again.ctx, 5);
    const word = heap.abi.pointerBytes;
    // After the trailing pad, big-endian.
    expect([...heap.memory.u8.slice(block + 5 + word, block + 5 + 2 * word)]).toEqual([
      ...Array(word - 1).fill(0),
      2,
    ]);
  });

  it("wraps at 2^32", () => {
    for (const backing of ["resizable", "shared"] as const) {
      const memory = LinearMemory.create({ backing, bytes: 65_536, maxBytes: 65_536 });
      const heap = Heap.create(memory, tinyProfile(abi));
      const next = plainAllocator(memory, heap.abi);
      const serialNumbers = createSerialCounter(heap, next);
      memory.u32[serialNumbers >>> 2] = 2 ** 32 - 2;
      const options = { memory, abi: heap.abi, domain: 1, serialNumbers } as const;
      const { ctx, malloc } = createDebugHooks(next, options);
      const tails = [malloc(ctx, 0), malloc(ctx, 0)].map((block) => {
        const end = block + 2 * heap.abi.pointerBytes;
        return [...memory.u8.slice(end - 4, end)];
      });
      expect(tails).toEqual([
        [255, 255, 255, 255],
        [0, 0, 0, 0],
      ]);
    }
  });

  it("takes nothing where it cannot be made", () => {
    const heap = tinyHeap(abi);
    expect(createSerialCounter(heap, nullAllocator as PyMemAllocatorEx)).toBe(0);
    expect(heap.layers()).toEqual([]);
    const next = plainAllocator(heap.memory, heap.abi);
    for (let n = heap.layers().length; n < 30; n++) heap.register("FILL", 0, 0, 1);
    expect(() => createSerialCounter(heap, next)).toThrow(/no room for 'DBGS'/);
    expect(next.blocks.size).toBe(0);
    expect(() => attachSerialCounter(heap)).toThrow(/no layer 'DBGS'/);
  });
});
