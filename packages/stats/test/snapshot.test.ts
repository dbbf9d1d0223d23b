import {
  type Address,
  Heap,
  type HeapVisitor,
  type HeapWalker,
  LinearMemory,
  PyrenaError,
  profileFor,
  profiles,
} from "@pyrena/abi";
import { randomProgram, tinyHeap } from "@pyrena/conformance";
import { createPymalloc } from "@pyrena/pymalloc";
import { createArenaSource, createRawAllocator } from "@pyrena/raw";
import { describe, expect, test } from "vitest";
import {
  type HeapSnapshot,
  mergeSnapshots,
  parseSnapshot,
  SNAPSHOT_FORMAT,
  statValue,
  takeSnapshot,
} from "../src/index.ts";

/** What a walker shows, counted block by block: a second opinion. */
function blockByBlock(walker: HeapWalker) {
  const seen = { regionBytes: 0, liveBlocks: 0, freeBlocks: 0, liveBytes: 0, freeBlockBytes: 0 };
  const classes = new Map<number, { live: number; free: number }>();
  walker.walk({
    region: (_base, bytes) => void (seen.regionBytes += bytes),
    block(_address, bytes, live, sizeClass) {
      const one = classes.get(sizeClass) ?? { live: 0, free: 0 };
      classes.set(sizeClass, one);
      if (live) {
        one.live++;
        seen.liveBlocks++;
        seen.liveBytes += bytes;
      } else {
        one.free++;
        seen.freeBlocks++;
        seen.freeBlockBytes += bytes;
      }
    },
  });
  return { seen, classes };
}

/** Bytes add up, in each region and in all. */
function addsUp({ totals, regions, sizeClasses }: HeapSnapshot): void {
  expect(
    totals.liveBytes +
      totals.freeBlockBytes +
      totals.unusedPoolBytes +
      totals.poolHeaderBytes +
      totals.roundingBytes +
      totals.alignmentBytes +
      totals.blockOverheadBytes,
  ).toBe(totals.regionBytes);
  expect(totals.blockOverheadBytes).toBeGreaterThanOrEqual(0);
  expect(sizeClasses.reduce((sum, one) => sum + one.pools, 0)).toBe(totals.pools);
  for (const region of regions) {
    expect(region.liveBytes + region.freeBlockBytes).toBeLessThanOrEqual(region.bytes);
    expect((region.pools + region.freePools) * region.poolBytes).toBeLessThanOrEqual(region.bytes);
  }
}

function layers(heap: Heap) {
  const raw = createRawAllocator(heap);
  const arenas = createArenaSource(heap);
  return { raw, arenas, pymalloc: createPymalloc(heap, { raw, arenas }) };
}

describe("takeSnapshot", () => {
  test.each(profiles.map((profile) => [profile.name, profile] as const))(
    "%s: agrees with every block of pymalloc and of the raw allocator, step by step",
    (_name, profile) => {
      const memory = LinearMemory.create({ bytes: 1 << 20, maxBytes: 1 << 26 });
      const { raw, pymalloc } = layers(Heap.create(memory, profile));
      const blocks = new Map<number, Address>();
      let step = 0;
      for (const operation of randomProgram(profile.id, { length: 3000, slots: 700 })) {
        const block = blocks.get(operation.slot) ?? 0;
        pymalloc.free(pymalloc.ctx, block);
        blocks.delete(operation.slot);
        const bytes = "bytes" in operation ? operation.bytes : 24;
        if (operation.op !== "free") {
          blocks.set(operation.slot, pymalloc.malloc(pymalloc.ctx, bytes));
        }
        if (++step % 500 !== 0) continue;
        for (const { walker } of [pymalloc, raw]) {
          const snapshot = takeSnapshot(walker);
          const { seen, classes } = blockByBlock(walker);
          expect(snapshot.totals).toMatchObject(seen);
          for (const one of snapshot.sizeClasses) {
            expect(classes.get(one.sizeClass)).toEqual({
              live: one.liveBlocks,
              free: one.freeBlocks,
            });
            expect(one.packedPools).toBeLessThanOrEqual(one.pools);
          }
          addsUp(snapshot);
          walker.verify();
        }
        expect(takeSnapshot(pymalloc.walker).totals.blockOverheadBytes).toBe(0);
      }
      expect(takeSnapshot(pymalloc.walker).totals.liveBlocks).toBeGreaterThan(100);
    },
  );

  test("is a plain object that survives JSON, with the counters that were asked for", () => {
    const heap = tinyHeap("lp64");
    const { raw, pymalloc } = layers(heap);
    for (let n = 0; n < 100; n++) pymalloc.malloc(pymalloc.ctx, 1 + (n % 96));
    const snapshot = takeSnapshot(pymalloc.walker, {
      label: "worker 1",
      stats: [pymalloc.stats, raw.stats],
    });
    expect(snapshot.heaps).toEqual([{ allocator: "pymalloc", label: "worker 1" }]);
    expect(statValue(snapshot.stats, "pymalloc", "arenasCurrent")).toBe(snapshot.totals.regions);
    expect(statValue(snapshot.stats, "raw", "liveBlocks")).toBeGreaterThan(0);
    expect(parseSnapshot(JSON.stringify(snapshot))).toEqual(snapshot);
  });

  test("tells of each arena what keeps it from being given back", () => {
    const { pymalloc } = layers(tinyHeap("lp64", { maxBytes: 1 << 22 }));
    const blocks = Array.from({ length: 200 }, () => pymalloc.malloc(pymalloc.ctx, 96));
    // Of every arena (15 or 16 pools of 2 blocks) one block stays.
    const before = takeSnapshot(pymalloc.walker);
    expect(before.regions.length).toBeGreaterThan(4);
    const kept = before.regions.map(
      ({ base, bytes }) => blocks.find((block) => block >= base && block < base + bytes)!,
    );
    for (const block of blocks) if (!kept.includes(block)) pymalloc.free(pymalloc.ctx, block);
    const after = takeSnapshot(pymalloc.walker);
    expect(after.regions.map(({ pools, liveBlocks }) => ({ pools, liveBlocks }))).toEqual(
      kept.map(() => ({ pools: 1, liveBlocks: 1 })),
    );
    expect(after.fragmentation).toMatchObject({
      emptyArenas: 0,
      nearlyEmptyArenas: kept.length,
      packedArenas: 1,
      pinnedBytes: after.totals.regionBytes - kept.length * 96,
      poolOccupancy: 0.5,
    });
    for (const block of kept) pymalloc.free(pymalloc.ctx, block);
    // 3.9 and later keep one.
    expect(takeSnapshot(pymalloc.walker).fragmentation.emptyArenas).toBe(1);
  });

  test("of an allocator without pools groups blocks by size, and measures crumbs", () => {
    const heap = Heap.create(
      LinearMemory.create({ maxBytes: 1 << 26 }),
      profileFor("3.13", "lp64"),
    );
    const raw = createRawAllocator(heap);
    const empty = takeSnapshot(raw.walker).totals.liveBlocks;
    const blocks = Array.from({ length: 400 }, (_, n) => raw.malloc(raw.ctx, 1000 + n));
    const dense = takeSnapshot(raw.walker);
    for (let n = 0; n < blocks.length; n += 2) raw.free(raw.ctx, blocks[n]!);
    const crumbs = takeSnapshot(raw.walker);
    addsUp(crumbs);
    expect(crumbs.sizeClasses).toEqual([]);
    expect(crumbs.totals.liveBlocks).toBe(200 + empty);
    expect(crumbs.fragmentation.externalFragmentation).toBeGreaterThan(
      dense.fragmentation.externalFragmentation,
    );
    for (const { to, liveBlocks, freeBlocks, liveBytes, freeBytes } of crumbs.sizeRanges) {
      expect(Math.log2(to) % 1).toBe(0);
      for (const [count, bytes] of [
        [liveBlocks, liveBytes],
        [freeBlocks, freeBytes],
      ] as const) {
        expect(bytes).toBeLessThanOrEqual(count * to);
        expect(bytes * 2).toBeGreaterThanOrEqual(count * to);
      }
    }
  });

  test("of nothing has figures that are numbers", () => {
    const nothing: HeapWalker = {
      name: "nothing",
      walk(_visitor: HeapVisitor) {},
      owns: () => false,
      usableSize: () => 0,
      verify() {},
    };
    const { totals, fragmentation } = takeSnapshot(nothing);
    expect(totals.regionBytes).toBe(0);
    expect(fragmentation).toEqual({
      utilization: 1,
      poolOccupancy: 1,
      externalFragmentation: 0,
      emptyArenas: 0,
      nearlyEmptyArenas: 0,
      pinnedBytes: 0,
      packedArenas: 0,
    });
  });
});

describe("mergeSnapshots", () => {
  test("adds up heaps of any kind and keeps their regions apart", () => {
    const parts = (["lp64", "ilp32"] as const).flatMap((abi) => {
      const { raw, pymalloc } = layers(tinyHeap(abi));
      for (let n = 0; n < 150; n++) pymalloc.malloc(pymalloc.ctx, 1 + ((n * 7) % 96));
      return [
        takeSnapshot(pymalloc.walker, { label: abi, stats: [pymalloc.stats] }),
        takeSnapshot(raw.walker, { label: abi }),
      ];
    });
    const merged = mergeSnapshots(parts);
    addsUp(merged);
    expect(merged.heaps.map(({ allocator, label }) => `${allocator} ${label}`)).toEqual([
      "pymalloc lp64",
      "malloc lp64",
      "pymalloc ilp32",
      "malloc ilp32",
    ]);
    for (const name of Object.keys(merged.totals) as (keyof typeof merged.totals)[]) {
      expect(merged.totals[name]).toBe(parts.reduce((sum, { totals }) => sum + totals[name], 0));
    }
    for (const [index, part] of parts.entries()) {
      const own = merged.regions.filter(({ heap }) => heap === index);
      expect(own.map((region) => ({ ...region, heap: 0 }))).toEqual(part.regions);
    }
    const live = (snapshot: HeapSnapshot, bytes: number) =>
      snapshot.sizeClasses.find(({ blockBytes }) => blockBytes === bytes)?.liveBlocks ?? 0;
    for (const bytes of [8, 16, 32, 96]) {
      expect(live(merged, bytes)).toBe(parts.reduce((sum, part) => sum + live(part, bytes), 0));
    }
    // Merging step by step gives the same.
    expect(mergeSnapshots([mergeSnapshots(parts.slice(0, 3)), parts[3]!])).toEqual(merged);
  });

  test("of nothing is empty", () => {
    expect(mergeSnapshots([]).totals.regions).toBe(0);
  });
});

describe("parseSnapshot", () => {
  test("refuses what is no snapshot, or a newer one", () => {
    const good = JSON.stringify(takeSnapshot(layers(tinyHeap("lp64")).raw.walker));
    expect(parseSnapshot(good).format).toBe(SNAPSHOT_FORMAT);
    for (const [text, message] of [
      ["{", "does not parse"],
      ["null", "lacks"],
      ["[]", "lacks"],
      ["{}", "lacks"],
      [good.replace('"version":1', '"version":2'), "version 2"],
      [good.replace('"regions":[', '"regionen":['), '"regions" is not an array'],
      [good.replace('"totals":{', '"total":{'), '"totals" is not an object'],
    ] as const) {
      expect(() => parseSnapshot(text)).toThrow(PyrenaError);
      expect(() => parseSnapshot(text)).toThrow(message);
    }
  });
});
