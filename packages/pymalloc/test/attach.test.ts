/** State lies in the heap and nowhere else. */
import { Heap, hex, LinearMemory, type Profile } from "@pyrena/abi";
import { randomProgram } from "@pyrena/conformance";
import {
  attachArenaSource,
  attachRawAllocator,
  createArenaSource,
  createRawAllocator,
} from "@pyrena/raw";
import { describe, expect, test } from "vitest";
import { attachPymalloc, createPymalloc, type Pymalloc, STATE_TAG } from "../src/index.ts";
import { harness, realProfiles, tinyProfiles } from "./support/harness.ts";

/** Blocks by slot, as in the programs. */
type Slots = Map<number, number>;

function run(pymalloc: Pymalloc, slots: Slots, seed: number): number[] {
  const { ctx, malloc, calloc, realloc, free } = pymalloc;
  const results: number[] = [];
  for (const operation of randomProgram(seed, { length: 600, slots: 150 })) {
    const held = slots.get(operation.slot) ?? 0;
    if (operation.op === "realloc") {
      slots.set(operation.slot, realloc(ctx, held, operation.bytes));
    } else {
      free(ctx, held);
      slots.delete(operation.slot);
      if (operation.op === "malloc") slots.set(operation.slot, malloc(ctx, operation.bytes));
      if (operation.op === "calloc") {
        slots.set(operation.slot, calloc(ctx, operation.nelem, operation.elsize));
      }
    }
    results.push(slots.get(operation.slot) ?? 0);
  }
  return results;
}

function create(profile: Profile) {
  const memory = LinearMemory.create({ backing: "resizable", bytes: 1 << 16, maxBytes: 16 << 20 });
  const heap = Heap.create(memory, profile);
  const raw = createRawAllocator(heap);
  return { memory, heap, pymalloc: createPymalloc(heap, { raw, arenas: createArenaSource(heap) }) };
}

function attach(memory: LinearMemory, profile: Profile): Pymalloc {
  const heap = Heap.attach(memory, 0, [profile]);
  return attachPymalloc(heap, { raw: attachRawAllocator(heap), arenas: attachArenaSource(heap) });
}

function copyOf(memory: LinearMemory): LinearMemory {
  const copy = LinearMemory.create({
    backing: "resizable",
    bytes: memory.byteLength,
    maxBytes: memory.maxByteLength,
  });
  copy.u8.set(memory.u8);
  return copy;
}

/**
 * Where two memories differ, in words that help. What the raw layer remembers in its own state is left out: it counts
 * who has attached, and a copy has been attached once more.
 */
function firstDifference(one: LinearMemory, other: LinearMemory, heap: Heap): string | undefined {
  if (one.byteLength !== other.byteLength) return `${one.byteLength} and ${other.byteLength} bytes`;
  const others = heap.layers().filter(({ tag }) => tag !== STATE_TAG);
  const at = one.u32.findIndex(
    (word, index) =>
      word !== other.u32[index] &&
      !others.some(({ address, bytes }) => index * 4 >= address && index * 4 < address + bytes),
  );
  return at < 0 ? undefined : `at ${hex(at * 4)}: ${hex(one.u32[at]!)} and ${hex(other.u32[at]!)}`;
}

describe.each([...tinyProfiles, ...realProfiles])("$name", (profile) => {
  test("a copy of the bytes goes on as the original does, to the byte", () => {
    const { memory, heap, pymalloc } = create(profile);
    const slots: Slots = new Map();
    for (let round = 0; round < 3; round++) {
      run(pymalloc, slots, round);
      const copy = copyOf(memory);
      const copied = attach(copy, profile);
      copied.walker.verify();
      expect(run(copied, new Map(slots), 100 + round)).toEqual(run(pymalloc, slots, 100 + round));
      expect(firstDifference(copy, memory, heap)).toBe(undefined);
    }
  });

  test("two that are attached to one memory take turns without a word between them", () => {
    const { memory, pymalloc } = create(profile);
    const alone = create(profile);
    const other = attach(memory, profile);
    const [slots, expected]: [Slots, Slots] = [new Map(), new Map()];
    for (let turn = 0; turn < 6; turn++) {
      const driver = turn % 2 === 0 ? pymalloc : other;
      expect(run(driver, slots, turn)).toEqual(run(alone.pymalloc, expected, turn));
      driver.walker.verify();
    }
  });
});

test("a worker that takes over looks at the memory anew and goes on, though it has grown meanwhile", () => {
  const profile = tinyProfiles[0]!;
  const memory = LinearMemory.create({
    backing: "wasm-shared",
    bytes: 1 << 16,
    maxBytes: 16 << 20,
  });
  const heap = Heap.create(memory, profile);
  const first = createPymalloc(heap, {
    raw: createRawAllocator(heap),
    arenas: createArenaSource(heap),
  });
  // What the other worker makes of what it is sent.
  const seen = LinearMemory.over(memory.transferable!, memory.maxByteLength);
  const second = attach(seen, profile);
  const before = seen.byteLength;
  const blocks: number[] = [];
  for (let n = 0; n < 4000; n++) {
    const [pymalloc, view] = Math.floor(n / 500) % 2 === 0 ? [first, memory] : [second, seen];
    view.refresh();
    blocks.push(pymalloc.malloc(pymalloc.ctx, (n % 96) + 1));
  }
  expect(seen.byteLength).toBeGreaterThan(before);
  expect(new Set(blocks).size).toBe(blocks.length);
  memory.refresh();
  seen.refresh();
  for (const [n, block] of blocks.entries()) {
    const pymalloc = n % 2 === 0 ? first : second;
    pymalloc.free(pymalloc.ctx, block);
  }
  first.walker.verify();
  expect(second.stats.read(7)).toBe(0);
});

test("two pymallocs in one heap don't know of each other, and each is found by its state", () => {
  const h = harness(tinyProfiles[0]!);
  const second = createPymalloc(h.heap, { raw: h.raw.allocator, arenas: h.arenas.allocator });
  const mine = h.malloc(50);
  const theirs = second.malloc(second.ctx, 50);
  expect(h.pymalloc.walker.owns(theirs)).toBe(false);
  expect(second.walker.owns(mine)).toBe(false);
  const layers = { raw: h.raw.allocator, arenas: h.arenas.allocator };
  expect(attachPymalloc(h.heap, layers).walker.owns(mine)).toBe(true);
  expect(attachPymalloc(h.heap, layers, second.ctx.state).walker.owns(theirs)).toBe(true);
  h.verify();
  second.walker.verify();
});

describe("attaching to what is not there", () => {
  const h = harness(tinyProfiles[0]!);
  const layers = { raw: h.raw.allocator, arenas: h.arenas.allocator };

  test("a heap without pymalloc is told of", () => {
    const heap = Heap.create(LinearMemory.create(), tinyProfiles[0]!);
    expect(() => attachPymalloc(heap, layers)).toThrow(
      expect.objectContaining({ code: "not-a-heap" }),
    );
  });

  test("a state that is at another address is told of", () => {
    expect(() => attachPymalloc(h.heap, layers, h.pymalloc.ctx.state + 16)).toThrow(
      "the heap has no pymalloc with its state at",
    );
  });

  test("a layout of another version, or one that does not fit the profile, is not touched", () => {
    const { heap } = h;
    const { address, bytes } = heap.layers()[0]!;
    heap.unregister("PYMA", address);
    heap.register("PYMA", address, bytes, 2);
    expect(() => attachPymalloc(heap, layers)).toThrow(
      expect.objectContaining({ code: "heap-version" }),
    );
    expect(() => attachPymalloc(heap, layers, address)).toThrow("has version 2");
    heap.unregister("PYMA", address);
    heap.register("PYMA", address, bytes + 8, 1);
    expect(() => attachPymalloc(heap, layers)).toThrow(
      expect.objectContaining({ code: "heap-version" }),
    );
    heap.unregister("PYMA", address);
    heap.register("PYMA", address, bytes, 1);
    attachPymalloc(heap, layers).walker.verify();
  });
});
