import { type AbiName, abis, layoutCodes } from "@pyrena/abi";
import { typeFlags } from "@pyrena/objects";
import type { Runtime } from "pyrena";
import { describe, expect, it } from "vitest";
import { describeHeap } from "../../src/heap/describe-heap.ts";
import type { HeapReport, ImageReport } from "../../src/heap/heap-report.ts";
import { renderHeap } from "../../src/heap/render-heap.ts";
import { colorsFor } from "../../src/terminal.ts";
import { library, quietRuntime, runAtRandom, runLibrary } from "./programs.ts";

const everyProfile = ["3.11", "3.12", "3.13", "3.14", "3.15"].flatMap((python) =>
  Object.keys(abis).map((abi) => [python, abi as AbiName] as const),
);

/** What is said about a runtime that still runs. */
function reportOf(runtime: Runtime, sort: "bytes" | "count" = "bytes"): HeapReport {
  const { profile, memory } = runtime;
  const image: ImageReport = {
    path: "app.image",
    bytes: 12_345,
    python: profile.python,
    abi: profile.abi.name,
    profile: profile.name,
    allocators: { raw: "malloc", mem: "pymalloc", obj: "pymalloc" },
    debugHooks: false,
    memoryBytes: memory.byteLength,
    maxMemoryBytes: memory.maxByteLength,
  };
  return describeHeap(image, runtime.objects, { largest: 10, sort });
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}

/** Objects of a type that one heap has and another has not. */
function more(report: HeapReport, before: HeapReport, type: string): number {
  const count = ({ objects }: HeapReport): number =>
    sum(objects.types.filter((row) => row.type === type).map((row) => row.count));
  return count(report) - count(before);
}

describe.each(everyProfile)("a heap of %s on %s", (python, abi) => {
  const empty = reportOf(quietRuntime({ python, abi }));
  const runtime = runLibrary({ python, abi });
  const report = reportOf(runtime);

  it("adds up: regions to the memory, types to all objects, generations to what is tracked", () => {
    const { regions, image, objects, arenas, collector, heap } = report;
    let end = 0;
    for (const { base, bytes, used } of regions) {
      expect(base).toBe(end);
      expect(used).toBeLessThanOrEqual(bytes);
      end += bytes;
    }
    expect(end).toBe(image.memoryBytes);
    expect(sum(objects.types.map((row) => row.count))).toBe(objects.count);
    expect(sum(objects.types.map((row) => row.bytes))).toBe(objects.bytes);
    const live: number[] = [];
    runtime.objects.inspect.each((object) => live.push(object));
    expect(objects.count + objects.static.count).toBe(live.length);
    let tracked = 0;
    runtime.collector.each(runtime.collector.ctx, () => void tracked++);
    expect(sum(collector.tracked) + collector.frozen).toBe(tracked);

    expect(arenas).not.toBeNull();
    const { liveBytes, freeBytes, lostBytes, heldBytes } = arenas!;
    expect(liveBytes + freeBytes + lostBytes).toBe(heldBytes);
    const inArenas = regions.filter(({ name }) => name === "object heap");
    expect(sum(inArenas.map(({ bytes }) => bytes))).toBe(heldBytes);
    expect(sum(inArenas.map(({ used }) => used))).toBe(liveBytes);
    expect(sum(arenas!.groups.map((group) => group.heldBytes))).toBe(heldBytes);
    expect(heap.totals.regions).toBe(heap.regions.length);
    expect(report.layers.map(({ tag }) => tag)).toEqual(expect.arrayContaining(["RAWA", "OBJS"]));
  });

  it("has as many objects of each type as the program made", () => {
    const { shelves, floats, readers, rings, ringLength, selfLists, closing } = library;
    expect(more(report, empty, "float")).toBe(shelves * floats);
    expect(more(report, empty, "list")).toBe(1 + shelves + readers + selfLists);
    expect(more(report, empty, "Node")).toBe(1 + rings * ringLength);
    expect(more(report, empty, "Closing")).toBe(closing);
    expect(more(report, empty, "type")).toBe(2);
    // Two classes have an __mro__ and __bases__ each.
    expect(more(report, empty, "tuple")).toBeGreaterThanOrEqual(readers);
    expect(report.objects.handles).toBe(1);
    expect(report.objects.frames).toBe(0);
  });

  it("knows the garbage, and of which cycles it is", () => {
    const { rings, ringLength, selfLists, closing } = library;
    const { garbage } = report;
    const cyclic = garbage.cycles.map(({ knots, objects, example }) => [
      knots,
      objects,
      example.steps.map(({ type, how }) => `${type} ${how}`),
    ]);
    expect(cyclic).toEqual(
      expect.arrayContaining([
        [rings, rings * ringLength, Array(ringLength).fill("Node .next")],
        [selfLists, selfLists, ["list [1]"]],
        [closing, closing, ["Closing .self"]],
      ]),
    );
    expect(garbage.cycles).toHaveLength(3);
    expect(garbage.finalizers).toBe(closing);
    expect(garbage.uncollectable).toBe(0);
    // The names of the nodes, and the lists' first items.
    expect(garbage.dependants.count).toBeGreaterThanOrEqual(rings * ringLength + selfLists);
    const byType = Object.fromEntries(report.objects.types.map((row) => [row.type, row.garbage]));
    expect(byType).toMatchObject({ Node: rings * ringLength, list: selfLists, Closing: closing });
    expect(sum(report.objects.types.map((row) => row.garbage))).toBe(
      garbage.count + garbage.dependants.count,
    );
    expect(garbage.bytes).toBeGreaterThanOrEqual(sum(garbage.cycles.map(({ bytes }) => bytes)));
  });

  it("has changed nothing, and a collection finds just that garbage", () => {
    runtime.verify();
    expect(runtime.objects.gc.collect()).toBe(report.garbage.count);
    const after = reportOf(runtime);
    expect(after.garbage).toMatchObject({ count: 0, bytes: 0, cycles: [], finalizers: 0 });
    const { count, dependants, bytes } = report.garbage;
    expect(report.objects.count - after.objects.count).toBe(count + dependants.count);
    expect(report.objects.bytes - after.objects.bytes).toBe(bytes + dependants.bytes);
    runtime.verify();
  });
});

describe("garbage", () => {
  const seeds = Array.from({ length: 20 }, (_, n) => n + 1);
  it.each([
    ["3.11", "lp64"],
    ["3.12", "ilp32"],
    ["3.13", "lp64"],
    ["3.14", "ilp32"],
    ["3.15", "lp64"],
  ] as const)("of random heaps is what a collection finds: %s on %s", (python, abi) => {
    let found = 0;
    for (const seed of seeds) {
      const runtime = runAtRandom(seed, { python, abi });
      const before = reportOf(runtime);
      const { count, dependants } = before.garbage;
      expect(runtime.objects.gc.collect(), `seed ${seed}`).toBe(count);
      const after = reportOf(runtime);
      expect(before.objects.count - after.objects.count, `seed ${seed}`).toBe(
        count + dependants.count,
      );
      found += count;
    }
    expect(found).toBeGreaterThan(150);
  });

  it("that a finalizer of the old kind keeps is told apart", () => {
    const runtime = quietRuntime();
    const { types, alloc, refs, list, memory, gc } = runtime.objects;
    const type = types.define({
      name: "Legacy",
      basicsize: 24,
      flags: typeFlags.hasGc,
      layout: [layoutCodes.words, 16, 1, layoutCodes.end],
      slots: { name: "legacy", legacyFinalize: () => {} },
    });
    const ring = list.pack([]);
    const legacy = alloc.gcObject(type, 24, 16);
    memory.u32[(legacy + 16) >>> 2] = refs.newRef(ring);
    alloc.track(legacy);
    list.append(ring, legacy);
    list.append(ring, ring);
    refs.decref(legacy);
    refs.decref(ring);
    const other = list.pack([]);
    list.append(other, other);
    refs.decref(other);

    const report = reportOf(runtime);
    expect(report.garbage).toMatchObject({ count: 3, uncollectable: 2, finalizers: 0 });
    expect(renderHeap(report, colorsFor({}, {}), { top: 4 })).toMatch(
      /It could not free\s+2 of them, because of finalizers of the old kind\./,
    );
    expect(gc.collect()).toBe(3);
    // gc.garbage holds the one, which holds the other.
    expect(reportOf(runtime).garbage.count).toBe(0);
  });

  it("of a ring of a hundred thousand is one cycle, named at its beginning", () => {
    const runtime = quietRuntime();
    const { list, refs } = runtime.objects;
    const first = list.pack([]);
    let last = first;
    for (let n = 1; n < 100_000; n++) {
      const next = list.pack([last]);
      refs.decref(last);
      last = next;
    }
    list.append(first, last);
    refs.decref(last);
    const { garbage } = reportOf(runtime);
    expect(garbage.count).toBe(100_000);
    expect(garbage.cycles).toMatchObject([{ knots: 1, objects: 100_000 }]);
    const [{ example }] = garbage.cycles;
    expect(example.length).toBe(100_000);
    expect(example.steps).toHaveLength(12);
    expect(example.steps[0]).toMatchObject({ type: "list", how: "[0]" });
  });
});

describe("types and largest objects", () => {
  it("are sorted by bytes, or types by count", () => {
    const runtime = runLibrary();
    const byBytes = reportOf(runtime);
    const byCount = reportOf(runtime, "count");
    const bytes = byBytes.objects.types.map((row) => row.bytes);
    const counts = byCount.objects.types.map((row) => row.count);
    expect(bytes).toEqual(bytes.toSorted((a, b) => b - a));
    expect(counts).toEqual(counts.toSorted((a, b) => b - a));
    expect(counts.length).toBe(bytes.length);
    const [largest] = byBytes.largest;
    expect(largest).toMatchObject({ type: "str", bytes: 41 + 20 * 500, garbage: false });
    expect(largest.line).toMatch(/^'to be or not to be, .*…$/);
    const sizes = byBytes.largest.map((one) => one.bytes);
    expect(sizes).toHaveLength(10);
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
  });
});

describe("the text", () => {
  const runtime = runLibrary();
  const report = reportOf(runtime);
  const plain = colorsFor({}, {});

  it("has a section for each question, and no line is too long", () => {
    for (const columns of [100, 80]) {
      const text = renderHeap(report, plain, { top: 4, columns });
      for (const line of text.split("\n")) expect(line.length, line).toBeLessThanOrEqual(columns);
    }
    const text = renderHeap(report, plain, { top: 4 })
      .replace(/0x[0-9a-f]+/g, "0x…")
      .replace(/Besides, \d+ objects \([^)]*\)/, "Besides, so many objects");
    const sections = text.split("\n\n");
    expect(sections.find((section) => section.startsWith("Objects: "))).toMatchInlineSnapshot(`
      "Objects: 529, 41.6 KiB
        type   objects      size  garbage
        str        159  18.1 KiB       95
        list        78  6.31 KiB        5
        Node        91  4.27 KiB       90
        float      150  3.52 KiB
        and 10 types more: 51 objects, 9.38 KiB
        Besides, so many objects in static data: built-in types, None, small numbers. JavaScript
        held 1 handle; 0 frames were running."
    `);
    expect(sections.find((section) => section.startsWith("Garbage: "))).toMatchInlineSnapshot(`
      "Garbage: 10.3 KiB
        A full collection would find 99 objects (4.99 KiB) that nothing alive refers to. With them go 95
        objects (5.30 KiB) that no collector tracks. 4 objects have finalizers that might bring some back.
        30 cycles of 90 objects, 4.22 KiB, such as:
          Node at 0x… .next → Node at 0x… .next → Node at 0x… .next → back to the first
        5 cycles of 5 objects, 600 bytes, such as:
          list at 0x… [1] → back to the first
        4 cycles of 4 objects, 192 bytes, such as:
          Closing at 0x… .self → back to the first"
    `);
    expect(sections.map((section) => section.split(/[:\n]/)[0])).toMatchInlineSnapshot(`
      [
        "pyrena",
        "Memory",
        "Layers",
        "Memory for small objects, up to 512 bytes each",
        "Block sizes that hold most memory",
        "Objects",
        "Collector",
        "Garbage",
        "Largest objects",
      ]
    `);
  });

  it("says that there is no garbage where there is none", () => {
    const text = renderHeap(reportOf(quietRuntime()), plain, { top: 4 });
    expect(text).toContain("\n\nGarbage: none\n  A full collection would find nothing.\n\n");
    expect(text).not.toMatch(/^ {2}type .*garbage$/m);
  });

  it("is the same with colours, but for these", () => {
    const colored = renderHeap(report, colorsFor({}, { FORCE_COLOR: "1" }), { top: 4 });
    const text = renderHeap(report, plain, { top: 4 });
    expect(colored).not.toBe(text);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours are.
    expect(colored.replace(/\u001b\[\d+m/g, "")).toBe(text);
  });

  it("is the same as JSON", () => {
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });
});
