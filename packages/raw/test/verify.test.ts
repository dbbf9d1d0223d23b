/** Damage of every kind is found and named: each test breaks one thing in a heap that is in order. */
import { PyrenaError } from "@pyrena/abi";
import { tinyProfile } from "@pyrena/conformance";
import { describe, expect, test } from "vitest";
import { ARENAS } from "../src/arena-layout.ts";
import { NEXT, PREV, PREV_USED, USED } from "../src/chunk.ts";
import {
  BITMAPS,
  binOf,
  LEVEL_MAP,
  NODES,
  NOTHING,
  SEGMENT_BYTES,
  SEGMENTS,
  TOP,
  VICTIM,
} from "../src/raw-layout.ts";
import {
  CAPACITY,
  END,
  FREE_GRANULES,
  FRESH_GRANULE,
  GAPS,
  SLOTS,
  TABLE_ADDRESS,
} from "../src/region-layout.ts";
import { freshLayers, type Layers } from "./support/heaps.ts";

interface Busy extends Layers {
  readonly u32: Uint32Array;
  /** Word indices: the raw state, the region manager's state, its table, the arena source's state. */
  readonly raw_: number;
  readonly regions: number;
  readonly table: number;
  readonly arena_: number;
  /** Header of a free chunk in a bin, alone there; of a live chunk behind it; of another live one. */
  readonly free_: number;
  readonly behind: number;
  readonly live: number;
  readonly top: number;
  /** First granule of a free run in a list, and of an arena. */
  readonly freeRun: number;
  readonly arena: number;
}

/** A heap with something of everything. */
function busy(): Busy {
  const layers = freshLayers(tinyProfile("ilp32"), { bytes: 1 << 17, maxBytes: 1 << 20 });
  const one = layers.malloc(600);
  const [next, hole, two, hole2] = [600, 2000, 600, 60].map((size) => layers.malloc(size));
  layers.malloc(40);
  const arenas = [1, 2, 3, 4, 5].map(() => layers.allocArena());
  layers.freeArena(arenas[1]);
  layers.freeArena(arenas[3]);
  // A large block far up, so that the memory has grown and the rest of it is fresh.
  layers.malloc(150_000);
  layers.free(hole);
  layers.free(hole2);
  // Splits the larger hole: what is left is the victim.
  layers.malloc(80);
  const { memory, raw, heap } = layers;
  const { u32 } = memory;
  const regions = raw.ctx.regions.state;
  const found = {
    ...layers,
    u32,
    raw_: raw.ctx.address / 4,
    regions,
    table: u32[regions + TABLE_ADDRESS] / 4,
    arena_: layers.arenas.ctx.state,
    free_: hole2 / 4 - 1,
    behind: hole2 / 4 + 15,
    live: one / 4 - 1,
    top: u32[raw.ctx.address / 4 + TOP] / 4,
    freeRun: arenas[1] / 4096,
    arena: arenas[2] / 4096,
  };
  expect([next, two]).toEqual([one + 608, hole + 2008]);
  expect(heap.profile.pymalloc.arenaBytes).toBe(4096);
  layers.raw.walker.verify();
  return found;
}

const damages: readonly (readonly [string, string, (heap: Busy) => void])[] = [
  ["R1", "a granule of an arena lost its tag", (h) => (h.u32[h.table + h.arena] = 0)],
  [
    "R1",
    "an arena's length is too long",
    (h) => (h.u32[h.table + h.u32[h.regions + CAPACITY] + h.arena] = 2),
  ],
  [
    "R1",
    "a granule that is not managed has a tag",
    (h) => (h.u32[h.table + h.u32[h.regions + END]] = 1),
  ],
  ["R1", "the boot run became something else", (h) => (h.u32[h.table] = 3 << 24)],
  ["R2", "an arena counts as free beside a free run", (h) => (h.u32[h.table + h.arena] = 1)],
  [
    "R3",
    "a free run is in no list",
    (h) => {
      for (const set of [GAPS, SLOTS]) {
        const heads = h.regions + set + 18;
        for (let n = 0; n < 272; n++) if (h.u32[heads + n] !== 0) h.u32[heads + n] = 0;
        h.u32.fill(0, h.regions + set, heads);
      }
    },
  ],
  [
    "R3",
    "a back link of a free run is wrong",
    (h) => (h.u32[h.table + 2 * h.u32[h.regions + CAPACITY] + h.freeRun] = 1),
  ],
  [
    "R3",
    "a list of free runs runs in a circle",
    (h) => (h.u32[h.table + h.u32[h.regions + CAPACITY] + h.freeRun] = h.freeRun),
  ],
  [
    "R4",
    "a list's bit is missing",
    (h) => h.u32.fill(0, h.regions + SLOTS + 1, h.regions + SLOTS + 18),
  ],
  ["R4", "a level's bit is missing", (h) => (h.u32[h.regions + SLOTS] = 0)],
  ["R5", "free granules are miscounted", (h) => h.u32[h.regions + FREE_GRANULES]++],
  ["R5", "the end is behind the table", (h) => (h.u32[h.regions + END] = 1 << 19)],
  ["R6", "a run in use counts as never written", (h) => (h.u32[h.regions + FRESH_GRANULE] = 3)],
  ["R6", "fresh granules were written", (h) => (h.u32[h.u32[h.regions + END] * 1024 - 7] = 1)],
  ["R7", "a chunk is too long for its segment", (h) => (h.u32[h.live] += 1 << 20)],
  ["R7", "a chunk is too small", (h) => (h.u32[h.live] = 8 | 3)],
  ["R7", "a chunk's third flag is set", (h) => (h.u32[h.live] |= 4)],
  ["R7", "a sentinel has a size", (h) => (h.u32[(h.freeRun - 1) * 1024 - 1] |= 16)],
  [
    "R8",
    "a header says that the chunk before is live, which is free",
    (h) => (h.u32[h.behind] |= PREV_USED),
  ],
  [
    "R8",
    "a live chunk behind a live one says that it is free",
    (h) => (h.u32[h.free_] &= ~PREV_USED),
  ],
  ["R8", "a footer was overwritten", (h) => (h.u32[h.behind - 1] = 40)],
  [
    "R9",
    "a live chunk's flag is gone, and it is in no bin",
    (h) => {
      const words = h.u32[h.live] >>> 2;
      h.u32[h.live] &= ~USED;
      h.u32[h.live + words - 1] = 4 * words;
      h.u32[h.live + words] &= ~PREV_USED;
    },
  ],
  ["R9", "a free chunk's back link is wrong", (h) => (h.u32[h.free_ + PREV] += 4)],
  ["R9", "a bin runs in a circle", (h) => (h.u32[h.free_ + NEXT] = 4 * h.free_)],
  [
    "R9",
    "a bin names a live chunk",
    (h) => {
      h.u32[h.raw_ + NODES + NEXT + 2 * 20] = 4 * h.live;
      h.u32[h.raw_ + BITMAPS] |= 1 << 20;
    },
  ],
  [
    "R9",
    "a chunk is in another size's bin",
    (h) => {
      const node = h.raw_ + NODES + 2 * binOf(8);
      const other = h.raw_ + NODES + 2 * binOf(9);
      h.u32[node + NEXT] = h.u32[node + PREV] = 4 * node;
      h.u32[other + NEXT] = h.u32[other + PREV] = 4 * h.free_;
      h.u32[h.free_ + NEXT] = h.u32[h.free_ + PREV] = 4 * other;
      h.u32[h.raw_ + BITMAPS] |= 1 << 9;
    },
  ],
  [
    "R9",
    "a bin has lost its chunk",
    (h) => {
      const node = h.raw_ + NODES + 2 * binOf(8);
      h.u32[node + NEXT] = h.u32[node + PREV] = 4 * node;
    },
  ],
  ["R9", "a bin's last link is wrong", (h) => (h.u32[h.raw_ + NODES + PREV + 2 * 30] += 4)],
  ["R10", "a bin with a chunk lacks its bit", (h) => (h.u32[h.raw_ + BITMAPS] &= ~(1 << 8))],
  ["R10", "a level's bit is missing", (h) => (h.u32[h.raw_ + LEVEL_MAP] = 0)],
  ["R10", "a level's bit is set for an empty level", (h) => (h.u32[h.raw_ + LEVEL_MAP] |= 1 << 20)],
  [
    "R11",
    "the top is no chunk",
    (h) => {
      const words = h.u32[h.top] >>> 2;
      h.u32[h.top + words - 1] = 4 * words;
      h.u32[h.raw_ + TOP] += 8;
    },
  ],
  ["R11", "there is nothing where the top should be", (h) => (h.u32[h.raw_ + NOTHING] = 0)],
  ["R11", "the victim is no free chunk", (h) => (h.u32[h.raw_ + VICTIM] = 4 * h.live)],
  [
    "R11",
    "fresh memory of the top was written",
    (h) => (h.u32[h.top + (h.u32[h.top] >>> 2) - 3] = 1),
  ],
  ["R12", "segments are miscounted", (h) => h.u32[h.raw_ + SEGMENTS]++],
  ["R12", "their bytes are miscounted", (h) => (h.u32[h.raw_ + SEGMENT_BYTES] += 4096)],
  ["R13", "arenas are miscounted", (h) => h.u32[h.arena_ + ARENAS]--],
  ["R13", "their bytes are miscounted", (h) => (h.u32[h.arena_ + ARENAS + 1] += 4096)],
];

describe("verify", () => {
  test.each(damages)("finds %s: %s", (invariant, _, damage) => {
    const heap = busy();
    damage(heap);
    for (const verify of [heap.raw.walker.verify, heap.arenas.verify]) {
      try {
        verify();
      } catch (error) {
        expect(error).toBeInstanceOf(PyrenaError);
        const { code, invariant: named, message } = error as PyrenaError;
        expect({ code, named }).toEqual({ code: "heap-corrupt", named: invariant });
        expect(message).toMatch(new RegExp(`^${invariant} broken at 0x`));
        continue;
      }
      throw new Error("nothing was found");
    }
  });

  test("finds each damage for what it is: the heap is in order without it", () => {
    expect(damages.length).toBeGreaterThan(30);
    busy().raw.walker.verify();
  });
});
