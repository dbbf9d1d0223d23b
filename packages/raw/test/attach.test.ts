/** The heap is the state: copied as bytes, opened elsewhere, gone on with. */
import { Heap, LinearMemory, type Profile } from "@pyrena/abi";
import { ProgramRun, randomProgram } from "@pyrena/conformance";
import { describe, expect, test } from "vitest";
import { attachArenaSource, attachRawAllocator } from "../src/index.ts";
import { backings, freshLayers, type Layers, layersOver, someProfiles } from "./support/heaps.ts";

/** A copy of a heap's bytes in a new memory, opened there. */
function copied(layers: Layers, into: LinearMemory, profile: Profile): Layers {
  into.grow(layers.memory.byteLength);
  into.u8.set(layers.memory.u8);
  const heap = Heap.attach(into, 0, [profile]);
  return layersOver(heap, attachRawAllocator(heap), attachArenaSource(heap));
}

describe.each(someProfiles)("$name", (profile) => {
  test("a heap copied as bytes goes on exactly as the original does", () => {
    const original = freshLayers(profile, { maxBytes: 16 << 20 });
    const run = new ProgramRun({ ...original, allocator: original.raw, abi: profile.abi });
    for (const operation of randomProgram(5, { length: 400 })) run.step(operation);
    original.allocArena();
    const copy = copied(
      original,
      LinearMemory.create({ backing: "resizable", bytes: 1 << 16, maxBytes: 16 << 20 }),
      profile,
    );
    copy.raw.walker.verify();
    const blocks = [...run.live];
    // The copy calls the same, and gets the same addresses.
    for (let n = 0; n < 300; n++) {
      const size = (n * 7919) % 5000;
      expect(copy.malloc(size)).toBe(original.malloc(size));
      if (n % 3 === 0) {
        const block = blocks.pop();
        if (block !== undefined) {
          copy.free(block.address);
          original.free(block.address);
        }
      }
    }
    const arena = original.allocArena();
    expect(copy.allocArena()).toBe(arena);
    copy.raw.walker.verify();
    expect(copy.stat("liveBlocks")).toBe(original.stat("liveBlocks"));
  });

  test("two attachments in one thread see what each other does", () => {
    const one = freshLayers(profile, { maxBytes: 16 << 20 });
    const heap = Heap.attach(one.memory, 0, [profile]);
    const two = layersOver(heap, attachRawAllocator(heap), attachArenaSource(heap));
    for (let n = 0; n < 200; n++) {
      const block = one.malloc(100 + n * 50);
      const other = two.realloc(block, 20 + n * 70);
      one.free(other);
      const kept = two.malloc(n);
      if (n % 2 === 0) one.free(kept);
      if (n % 20 === 0) two.freeArena(one.allocArena());
    }
    one.raw.walker.verify();
    two.raw.walker.verify();
    expect(two.stat("liveBlocks")).toBe(100);
  });

  test("an image in a memory with something else behind it: that is never taken for clean", () => {
    const original = freshLayers(profile, { maxBytes: 16 << 20 });
    const memory = LinearMemory.create({
      backing: "resizable",
      bytes: original.memory.byteLength + (2 << 20),
      maxBytes: 16 << 20,
    });
    memory.u8.fill(0x77);
    const copy = copied(original, memory, profile);
    const block = copy.calloc(3 << 20);
    expect(copy.memory.u8.subarray(block, block + (3 << 20)).every((byte) => byte === 0)).toBe(
      true,
    );
    copy.raw.walker.verify();
  });
});

test("a worker attaches while another one makes the memory larger", () => {
  const one = freshLayers(someProfiles[1] as Profile, {
    backing: "shared-growable",
    maxBytes: 16 << 20,
  });
  const shared = one.memory.transferable;
  if (shared === undefined) throw new Error("not shared");
  const view = LinearMemory.over(shared);
  const heap = Heap.attach(view);
  const block = one.malloc(4 << 20);
  expect(view.byteLength).toBeLessThan(block + (4 << 20));
  const two = attachRawAllocator(heap);
  two.free(two.ctx, block);
  one.raw.walker.verify();
});

test("attaching to a heap without these layers says which one is missing", () => {
  const heap = Heap.create(LinearMemory.create(), someProfiles[1] as Profile);
  expect(() => attachRawAllocator(heap)).toThrow(/no layer 'RAWA'/);
  expect(() => attachArenaSource(heap)).toThrow(/no layer 'ARNA'/);
});

test.each(backings)(
  "an image of a heap on %s opens on a fixed memory of just its size",
  (backing) => {
    const profile = someProfiles[0] as Profile;
    const original = freshLayers(profile, { backing });
    const block = original.malloc(1000);
    original.memory.u8.fill(3, block, block + 1000);
    const bytes = new ArrayBuffer(original.memory.byteLength);
    const copy = copied(original, LinearMemory.over(bytes), profile);
    expect(copy.memory.u8[block + 999]).toBe(3);
    copy.free(block);
    expect(copy.malloc(1000)).toBe(block);
    expect(copy.malloc(64 << 20)).toBe(0);
    copy.raw.walker.verify();
  },
);
