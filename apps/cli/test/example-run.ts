/** What a run would record, made without Python: a real pymalloc after the calls that a program could have made. */
import { Heap, LinearMemory, profileFor } from "@pyrena/abi";
import { createPymalloc, type Pymalloc } from "@pyrena/pymalloc";
import { createArenaSource, createRawAllocator } from "@pyrena/raw";
import { type HeapSnapshot, takeSnapshot } from "@pyrena/stats";
import type { RunTelemetry } from "../src/python/index.ts";

/** A heap such as WebAssembly's CPython 3.14 has, and what it was like at its peak. */
export interface ExampleHeap {
  readonly pymalloc: Pymalloc;
  snapshot(): HeapSnapshot;
}

/** An empty heap: arenas of 256 KiB, pools of 4 KiB. */
export function exampleHeap(): ExampleHeap {
  const heap = Heap.create(
    LinearMemory.create({ bytes: 1 << 20, maxBytes: 1 << 28 }),
    profileFor("3.14", "ilp32"),
  );
  const pymalloc = createPymalloc(heap, {
    raw: createRawAllocator(heap),
    arenas: createArenaSource(heap),
  });
  const walker = pymalloc.walker;
  return { pymalloc, snapshot: () => takeSnapshot(walker, { stats: [pymalloc.stats] }) };
}

/**
 * A cache of records that is cleared: of every `oneIn`-th record a small block survives.
 * @returns peak live bytes and peak arena bytes
 */
export function cacheThatStays(
  { pymalloc, snapshot }: ExampleHeap,
  records: number,
  oneIn: number,
): { readonly peakLiveBytes: number; readonly peakArenaBytes: number } {
  const { ctx } = pymalloc;
  const blocks: number[] = [];
  const survivors = new Set<number>();
  for (let record = 0; record < records; record++) {
    const token = pymalloc.malloc(ctx, 90);
    if (record % oneIn === 0) survivors.add(token);
    blocks.push(token, ...[40, 120, 24, 200].map((bytes) => pymalloc.malloc(ctx, bytes)));
  }
  const { liveBytes, regionBytes } = snapshot().totals;
  for (const block of blocks) if (!survivors.has(block)) pymalloc.free(ctx, block);
  return { peakLiveBytes: liveBytes, peakArenaBytes: regionBytes };
}

/** The telemetry of a run that ended with this heap. */
export function exampleTelemetry(
  atEnd: HeapSnapshot | undefined,
  changes: Partial<RunTelemetry> = {},
): RunTelemetry {
  return {
    python: "3.14.2",
    pyodide: "314.0.7",
    profile: "cpython-3.14-ilp32",
    abi: "ilp32",
    allocator: {
      name: "pymalloc",
      custom: false,
      domains: ["mem", "obj"],
      installedAtEnd: true,
    },
    times: { start: 1412.3, program: 843.21, finalize: 10.5 },
    requests: [],
    large: {
      count: 1204,
      bytes: 14_000_000,
      largest: 1_310_736,
      liveBlocks: 45,
      liveBytes: 310_200,
    },
    memory: {
      linearAtStart: 31_457_280,
      linearAtEnd: 65_404_928,
      peakLiveBytes: atEnd?.totals.liveBytes ?? 0,
      peakArenaBytes: atEnd?.totals.regionBytes ?? 0,
    },
    gc: {
      collections: 12,
      collected: 3201,
      uncollectable: 0,
      longestPauseMs: 4.12,
      totalPauseMs: 21.04,
      generations: [
        { collections: 11, collected: 3001, uncollectable: 0 },
        { collections: 1, collected: 200, uncollectable: 0 },
      ],
    },
    atEnd,
    afterFinalize: undefined,
    problems: [],
    ...changes,
  };
}
