import { eventKinds, Heap, LinearMemory, type Profile, profileFor } from "@pyrena/abi";
import { recordingSink, tinyProfile } from "@pyrena/conformance";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { freeLength, isFree } from "../src/free-runs.ts";
import {
  arenaAlignment,
  attachRegions,
  createRegions,
  openRegions,
  reserveLayerState,
} from "../src/open-regions.ts";
import type { Regions } from "../src/region-context.ts";
import {
  ARENA,
  BOOT,
  CAPACITY,
  END,
  FREE,
  FREE_GRANULES,
  FRESH_GRANULE,
  GROWN,
  type RunKind,
  SEGMENT,
  SHRUNK,
  TABLE,
  TABLE_RUN,
} from "../src/region-layout.ts";
import { giveRun, takeAligned, takeAt, takeRun } from "../src/regions.ts";
import { joinRuns, kindAt, runLength, runStart } from "../src/runs.ts";
import { verifyHeap } from "../src/verify.ts";
import { walkRuns } from "../src/walk.ts";
import { abiNames, backings, freshHeap, type HeapOptions } from "./support/heaps.ts";

const tiny = tinyProfile("lp64");
const real = profileFor("3.13", "lp64");

function fresh(profile: Profile, options: HeapOptions = {}): Regions {
  return createRegions(freshHeap(profile, options));
}

function verify(regions: Regions): void {
  verifyHeap(regions, undefined);
}

function field(regions: Regions, word: number): number {
  return regions.memory.u32[regions.state + word];
}

/** All runs as text: `kind first+length`. */
function runs(regions: Regions): string[] {
  const found: string[] = [];
  walkRuns(regions, (first, length, kind) => void found.push(`${kind} ${first}+${length}`));
  return found;
}

describe("a region manager", () => {
  test("refuses a heap whose header is not at address 0, saying why", () => {
    const heap = Heap.create(LinearMemory.create(), real, 4096);
    expect(() => createRegions(heap)).toThrow(
      expect.objectContaining({ code: "bad-argument", message: expect.stringContaining("0x1000") }),
    );
  });

  test("refuses a memory without room for its own state", () => {
    const heap = Heap.create(LinearMemory.over(new ArrayBuffer(8192)), real);
    expect(() => createRegions(heap)).toThrow(expect.objectContaining({ code: "memory-limit" }));
    expect(heap.layers()).toEqual([]);
  });

  test("is made once and attached to after that", () => {
    const heap = freshHeap(real);
    const first = openRegions(heap);
    const run = takeRun(first, 2, 2, SEGMENT, true);
    const second = openRegions(heap);
    expect(second.state).toBe(first.state);
    expect(second.owner).not.toBe(first.owner);
    expect(runLength(second, run)).toBe(2);
  });

  test("refuses to attach to an image that is cut off", () => {
    const { heap } = fresh(real, { bytes: 4 << 20 });
    const cut = LinearMemory.over(heap.memory.buffer.slice(0, 1 << 20) as ArrayBuffer);
    expect(() => attachRegions(Heap.attach(cut))).toThrow(
      expect.objectContaining({ code: "not-a-heap", message: expect.stringContaining("cut off") }),
    );
  });

  test("has granules of 64 KiB, smaller ones where memory or arenas are small", () => {
    expect(fresh(real, { maxBytes: 64 << 20 }).granuleBytes).toBe(65_536);
    expect(fresh(real, { bytes: 65_536, maxBytes: 1 << 20 }).granuleBytes).toBe(4096);
    expect(fresh(tiny, { maxBytes: 64 << 20 }).granuleBytes).toBe(4096);
    const odd = { ...tiny, pymalloc: { ...tiny.pymalloc, arenaBytes: 3 * 1024 } };
    expect(fresh(odd).granuleBytes).toBe(1024);
    expect(arenaAlignment(3 * 1024)).toBe(1024);
  });

  test("leaves room to work with in a memory of one page", () => {
    const regions = fresh(real, { backing: "fixed", maxBytes: 65_536 });
    expect(field(regions, FREE_GRANULES) * regions.granuleBytes).toBeGreaterThan(40_000);
  });

  test("gives layers room for their state until it is used up", () => {
    const regions = fresh(real);
    const first = reserveLayerState(regions, 100);
    expect(reserveLayerState(regions, 16)).toBe(first + 112);
    expect(() => reserveLayerState(regions, 8192)).toThrow(
      expect.objectContaining({ code: "memory-limit" }),
    );
    expect(kindAt(regions, first)).toBe(BOOT);
  });
});

describe("runs", () => {
  test("touch each other without anything between them", () => {
    const regions = fresh(tiny);
    const one = takeRun(regions, 1, 1, ARENA, true);
    const two = takeRun(regions, 1, 1, ARENA, true);
    expect(two).toBe(one + 1);
  });

  test("are joined when they are given back, in any order", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6], { minLength: 7 }), (order) => {
        const regions = fresh(tiny, { backing: "fixed", maxBytes: 1 << 18 });
        const before = runs(regions);
        const taken = order.map(() => takeRun(regions, 2, 2, SEGMENT, true));
        for (const n of order) {
          giveRun(regions, taken[n], 2);
          verify(regions);
        }
        expect(runs(regions)).toEqual(before);
      }),
      { numRuns: 30 },
    );
  });

  test("come from a gap rather than from the tail", () => {
    const regions = fresh(tiny);
    const gap = takeRun(regions, 3, 3, SEGMENT, true);
    takeRun(regions, 1, 1, SEGMENT, true);
    giveRun(regions, gap, 3);
    expect(takeRun(regions, 3, 3, SEGMENT, true)).toBe(gap);
  });

  test("can be longer than needed where that costs nothing", () => {
    const regions = fresh(tiny);
    const gap = takeRun(regions, 5, 5, SEGMENT, true);
    takeRun(regions, 1, 1, SEGMENT, true);
    giveRun(regions, gap, 5);
    expect(takeRun(regions, 2, 100, SEGMENT, true)).toBe(gap);
    expect(regions.takenLength).toBe(5);
  });

  test("can be given back in part: the rest stays, as one run or two", () => {
    const regions = fresh(tiny);
    const run = takeRun(regions, 9, 9, SEGMENT, true);
    giveRun(regions, run + 3, 2);
    verify(regions);
    expect([runStart(regions, run + 2), runLength(regions, run)]).toEqual([run, 3]);
    expect([runStart(regions, run + 8), runLength(regions, run + 5)]).toEqual([run + 5, 4]);
    giveRun(regions, run, 1);
    giveRun(regions, run + 8, 1);
    verify(regions);
    expect([runLength(regions, run + 1), runLength(regions, run + 5)]).toEqual([2, 3]);
  });

  test("of one kind can be made one", () => {
    const regions = fresh(tiny);
    const run = takeRun(regions, 2, 2, SEGMENT, true);
    expect(takeAt(regions, run + 2, 3, 3, SEGMENT, true)).toBe(true);
    joinRuns(regions, run, run + 2);
    verify(regions);
    expect(runLength(regions, run)).toBe(5);
    expect(runStart(regions, run + 4)).toBe(run);
  });

  test("are taken at a place only if it is free", () => {
    const regions = fresh(tiny);
    const run = takeRun(regions, 2, 2, SEGMENT, true);
    takeRun(regions, 1, 1, ARENA, true);
    expect(takeAt(regions, run + 2, 1, 1, SEGMENT, true)).toBe(false);
    verify(regions);
  });

  test("behind the last one are added to the memory if that is wanted", () => {
    const regions = fresh(tiny, { bytes: 65_536 });
    const free = field(regions, FREE_GRANULES);
    const run = takeRun(regions, free, free, SEGMENT, false);
    const end = field(regions, END);
    expect(takeAt(regions, end, 4, 4, SEGMENT, false)).toBe(false);
    expect(takeRun(regions, 1, 1, SEGMENT, false)).toBe(0);
    expect(takeAt(regions, end, 4, 4, SEGMENT, true)).toBe(true);
    expect(end).toBe(run + free);
    verify(regions);
  });

  test("tell which of their granules were never written", () => {
    const regions = fresh(tiny, { bytes: 65_536 });
    const end = field(regions, END);
    const old = takeRun(regions, 1, 1, SEGMENT, true);
    // The memory that was there at first may be somebody's; what is added is all 0.
    expect(regions.takenFresh).toBe(old + 1);
    const run = takeRun(regions, end, end, SEGMENT, true);
    expect(run).toBeLessThan(end);
    expect(regions.takenFresh).toBe(end);
    giveRun(regions, run, end);
    takeRun(regions, end, end, SEGMENT, true);
    expect(regions.takenFresh).toBe(run + end);
    expect(field(createRegions(freshHeap(tiny), { zeroed: true }), FRESH_GRANULE)).toBeLessThan(10);
  });

  test("treat bytes that somebody else has added as written", () => {
    const memory = LinearMemory.create({ backing: "resizable", bytes: 65_536, maxBytes: 1 << 20 });
    const regions = createRegions(Heap.create(memory, tiny));
    memory.grow(1 << 19);
    memory.u8.fill(7, 65_536);
    takeRun(regions, 100, 100, SEGMENT, true);
    expect(regions.takenFresh).toBeGreaterThan(100);
    verify(regions);
  });
});

describe("aligned runs", () => {
  test("start on a multiple of the arena's size", () => {
    for (const abi of abiNames) {
      const profile = profileFor("3.13", abi);
      const regions = fresh(profile, { maxBytes: 16 << 20 });
      const length = regions.arenaGranules;
      takeRun(regions, 1, 1, SEGMENT, true);
      const bases = [1, 2, 3].map(
        () => takeAligned(regions, length, ARENA, true) * regions.granuleBytes,
      );
      for (const base of bases) expect(base % profile.pymalloc.arenaBytes).toBe(0);
      expect(bases[2] - bases[1]).toBe(profile.pymalloc.arenaBytes);
      verify(regions);
    }
  });

  test("use what was given back before the memory grows", () => {
    const regions = fresh(real, { maxBytes: 16 << 20 });
    const length = regions.arenaGranules;
    const first = takeAligned(regions, length, ARENA, true);
    takeAligned(regions, length, ARENA, true);
    const bytes = regions.memory.byteLength;
    for (let n = 0; n < 5; n++) {
      giveRun(regions, first, length);
      expect(takeAligned(regions, length, ARENA, true)).toBe(first);
    }
    expect(regions.memory.byteLength).toBe(bytes);
  });

  test("leave the granules before and behind them to others", () => {
    const regions = fresh(real, { maxBytes: 16 << 20 });
    takeAligned(regions, regions.arenaGranules, ARENA, true);
    const gap = takeRun(regions, 1, 1, SEGMENT, true);
    expect(gap).toBeLessThan(regions.arenaGranules);
  });
});

describe("memory that is used up", () => {
  test.each(backings)("on %s is answered with 0, and all of it can be used again", (backing) => {
    const regions = fresh(tiny, { backing, bytes: 65_536, maxBytes: 1 << 19 });
    const taken: number[] = [];
    for (let n = 0; ; n++) {
      const length = 1 + (n % 3);
      const run = takeRun(regions, length, length, SEGMENT, true);
      if (run === 0) break;
      taken.push(run);
    }
    verify(regions);
    expect(taken.length).toBeGreaterThan(40);
    expect(takeAligned(regions, 4, ARENA, true)).toBe(0);
    for (const run of taken) giveRun(regions, run, runLength(regions, run));
    verify(regions);
    const limit = (1 << 19) / regions.granuleBytes;
    const most = Math.floor(0.9 * limit);
    expect(takeRun(regions, most, most, SEGMENT, true)).toBeGreaterThan(0);
  });

  test("a fit is found wherever there is one once the memory cannot grow", () => {
    // Every second run of lengths that share a list is free; only the last looked at is long enough.
    const regions = fresh(tiny, { backing: "fixed", maxBytes: 4 << 20 });
    const lengths = [64, 65, 66, 67, 65, 64, 66];
    const taken = lengths.map((length) => {
      const run = takeRun(regions, length, length, SEGMENT, true);
      takeRun(regions, 1, 1, SEGMENT, true);
      return run;
    });
    const free = field(regions, FREE_GRANULES);
    takeRun(regions, free, free, SEGMENT, true);
    lengths.forEach((length, n) => {
      giveRun(regions, taken[n], length);
    });
    expect(takeRun(regions, 67, 67, SEGMENT, true)).toBe(taken[3]);
    expect(takeRun(regions, 67, 67, SEGMENT, true)).toBe(0);
    verify(regions);
  });
});

describe("the table", () => {
  test("moves when the memory outgrows it, again and again, and its old runs are used", () => {
    const sink = recordingSink();
    const regions = fresh(tiny, { bytes: 65_536, maxBytes: 32 << 20 });
    regions.sink = sink;
    const first = field(regions, CAPACITY);
    const taken: number[] = [];
    for (let bytes = 0; bytes < 24 << 20; bytes += 20 * regions.granuleBytes) {
      taken.push(takeRun(regions, 20, 20, SEGMENT, true));
      verify(regions);
    }
    expect(taken.every((run) => run > 0)).toBe(true);
    expect(field(regions, CAPACITY)).toBeGreaterThan(16 * first);
    expect(kindAt(regions, field(regions, TABLE_RUN) * regions.granuleBytes)).toBe(TABLE);
    expect(runs(regions).filter((run) => run.startsWith(`${TABLE} `))).toHaveLength(1);
    expect(sink.ctx.length).toBeGreaterThan(10);
    for (const run of taken) giveRun(regions, run, 20);
    verify(regions);
  });
});

describe("a resizable memory", () => {
  test("gets shorter when its tail is free, and is as good as before", () => {
    const sink = recordingSink();
    const regions = fresh(real, { backing: "resizable", maxBytes: 256 << 20 });
    regions.sink = sink;
    const small = regions.memory.byteLength;
    const big = takeRun(regions, 1600, 1600, SEGMENT, true);
    expect(regions.memory.byteLength).toBeGreaterThan(100 << 20);
    giveRun(regions, big, 1600);
    expect(regions.memory.byteLength).toBeLessThan(small + (3 << 20));
    expect(field(regions, SHRUNK)).toBe(1);
    expect(sink.ctx.map(({ kind }) => kind)).toEqual([eventKinds.grow, eventKinds.shrink]);
    verify(regions);
    const again = takeRun(regions, 1600, 1600, SEGMENT, true);
    expect(again).toBe(big);
    const first = (again * regions.granuleBytes) / 4;
    const zero = regions.memory.u32.subarray(first + 16 * 16_384);
    expect(zero.every((word) => word === 0)).toBe(true);
    verify(regions);
  });

  test("keeps a tail, so that a heap that breathes does not grow and shrink each time", () => {
    const regions = fresh(real, { backing: "resizable", maxBytes: 256 << 20 });
    takeRun(regions, 1000, 1000, SEGMENT, true);
    const grown = field(regions, GROWN);
    for (let n = 0; n < 50; n++) {
      const run = takeRun(regions, 16, 16, SEGMENT, true);
      giveRun(regions, run, 16);
    }
    expect(field(regions, GROWN)).toBeLessThanOrEqual(grown + 1);
    expect(field(regions, SHRUNK)).toBe(0);
  });
});

describe("any sequence of calls", () => {
  type Step =
    | { readonly op: "take" | "aligned"; readonly length: number; readonly wanted: number }
    | { readonly op: "at" | "give" | "part"; readonly pick: number; readonly length: number };

  const length = fc.oneof(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 90 }));
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ op: fc.constantFrom("take" as const, "aligned" as const), length, wanted: length }),
    fc.record({
      op: fc.constantFrom("at" as const, "give" as const, "give" as const, "part" as const),
      pick: fc.nat(),
      length,
    }),
  );

  const profiles: readonly (readonly [string, Profile])[] = [
    ["arenas of one granule", tiny],
    // Arenas of 16 granules, as the large profiles have.
    ["arenas of 16 granules", { ...tiny, pymalloc: { ...tiny.pymalloc, arenaBytes: 65_536 } }],
  ];

  test.each(profiles)("tiles the memory as a list of owners does, with %s", (_, profile) => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60 }),
        fc.constantFrom(...backings),
        (steps, backing) => {
          const regions = fresh(profile, { backing, bytes: 1 << 17, maxBytes: 3 << 20 });
          const owned = new Map<number, { length: number; kind: RunKind }>();
          const claim = (first: number, count: number, kind: RunKind): void => {
            for (const [other, run] of owned) {
              if (first < other + run.length && other < first + count) {
                throw new Error(`${first}+${count} overlaps ${other}+${run.length}`);
              }
            }
            owned.set(first, { length: count, kind });
          };
          for (const next of steps) {
            const picked = "pick" in next ? [...owned][next.pick % (owned.size || 1)] : undefined;
            if (next.op === "take") {
              const wanted = Math.max(next.length, next.wanted);
              const first = takeRun(regions, next.length, wanted, SEGMENT, true);
              if (first !== 0) {
                expect(regions.takenLength).toBeGreaterThanOrEqual(next.length);
                expect(regions.takenLength).toBeLessThanOrEqual(wanted);
                claim(first, regions.takenLength, SEGMENT);
              }
            } else if (next.op === "aligned") {
              const first = takeAligned(regions, next.length, ARENA, true);
              if (first !== 0) {
                expect((first * regions.granuleBytes) % profile.pymalloc.arenaBytes).toBe(0);
                claim(first, next.length, ARENA);
              }
            } else if (picked !== undefined && "pick" in next) {
              const [first, run] = picked;
              if (next.op === "give") {
                giveRun(regions, first, run.length);
                owned.delete(first);
              } else if (next.op === "at") {
                const behind = first + run.length;
                if (takeAt(regions, behind, next.length, next.length, SEGMENT, true)) {
                  claim(behind, next.length, SEGMENT);
                }
              } else {
                const from = next.length % run.length;
                const count = 1 + (next.pick % (run.length - from));
                giveRun(regions, first + from, count);
                owned.delete(first);
                if (from > 0) claim(first, from, run.kind);
                const rest = run.length - from - count;
                if (rest > 0) claim(first + from + count, rest, run.kind);
              }
            }
            verify(regions);
          }
          const found = new Map<number, { length: number; kind: RunKind }>();
          walkRuns(regions, (first, count, kind) => {
            if (kind === SEGMENT || kind === ARENA) found.set(first, { length: count, kind });
            if (kind === FREE)
              expect(isFree(regions, first) && freeLength(regions, first)).toBe(count);
          });
          expect([...found].sort(([a], [b]) => a - b)).toEqual(
            [...owned].sort(([a], [b]) => a - b),
          );
        },
      ),
      { numRuns: 60 },
    );
  });
});
