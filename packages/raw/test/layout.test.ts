/** The drawn layouts, the declared ones and the numbers in the code are the same. */
import { ilp32, layoutOf, lp64, type StructDefinition } from "@pyrena/abi";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arenaState } from "../src/arena-layout.ts";
import * as chunk from "../src/chunk.ts";
import * as rawLayout from "../src/raw-layout.ts";
import * as regionLayout from "../src/region-layout.ts";

describe("the raw allocator's state", () => {
  const { at } = layoutOf(rawLayout.rawState, lp64);

  test("has its fields where the code looks for them", () => {
    const { TOP, FRESH, LEVEL_MAP, VICTIM, NOTHING, SEGMENTS, SEGMENT_BYTES } = rawLayout;
    const { PEAK_SEGMENT_BYTES, FAILURES, BITMAPS, NODES } = rawLayout;
    expect({
      top: 4 * TOP,
      fresh: 4 * FRESH,
      levels: 4 * LEVEL_MAP,
      victim: 4 * VICTIM,
      nothing: 4 * NOTHING,
      segments: 4 * SEGMENTS,
      segmentBytes: 4 * SEGMENT_BYTES,
      peakSegmentBytes: 4 * PEAK_SEGMENT_BYTES,
      failures: 4 * FAILURES,
      bitmaps: 4 * BITMAPS,
      nodes: 4 * (NODES + chunk.NEXT),
    }).toEqual({
      top: at.top,
      fresh: at.fresh,
      levels: at.levels,
      victim: at.victim,
      nothing: at.nothing,
      segments: at.segments,
      segmentBytes: at.segmentBytes,
      peakSegmentBytes: at.peakSegmentBytes,
      failures: at.failures,
      bitmaps: at.bitmaps,
      nodes: at.nodes,
    });
  });

  test("fits into the room that the region manager keeps for layers", () => {
    const { bytes } = layoutOf(arenaState, lp64);
    expect(rawLayout.RAW_STATE_BYTES + bytes).toBeLessThanOrEqual(regionLayout.LAYERS_BYTES);
  });
});

test.each<[string, StructDefinition]>([
  ["raw allocator", rawLayout.rawState],
  ["region manager", regionLayout.regionState],
  ["arena source", arenaState],
])("the state of the %s is the same in both ABIs", (_, state) => {
  expect(layoutOf(state, lp64).at).toEqual(layoutOf(state, ilp32).at);
});

describe("bins", () => {
  const units = fc.integer({ min: 2, max: 2 ** 29 - 1 });

  test("have a number that the state has room for", () => {
    expect(rawLayout.binOf(2 ** 29 - 1)).toBe(rawLayout.LEVELS * rawLayout.LEVEL_BINS - 1);
  });

  test("are in order of size, and exact below 512 bytes", () => {
    for (let size = 1; size < 64; size++) expect(rawLayout.binOf(size)).toBe(size);
    fc.assert(
      fc.property(units, (size) => {
        const step = rawLayout.binOf(size) - rawLayout.binOf(size - 1);
        expect(step === 0 || step === 1).toBe(true);
      }),
    );
  });

  test("span at most 1/32 of their size", () => {
    fc.assert(
      fc.property(fc.integer({ min: 32, max: 2 ** 28 }), (size) => {
        // A size that is 1/32 and one unit larger is in another bin.
        expect(rawLayout.binOf(size + Math.ceil(size / 32))).toBeGreaterThan(rawLayout.binOf(size));
      }),
    );
  });
});

describe("lists of free runs", () => {
  test("are in order of length, exact below 32, and as many as a set has", () => {
    let before = regionLayout.setListOf(0);
    for (let key = 1; key <= regionLayout.GRANULE_LIMIT; key++) {
      const list = regionLayout.setListOf(key);
      if (list !== before && list !== before + 1) expect([key, list]).toEqual([key, before + 1]);
      before = list;
    }
    for (let key = 0; key < 32; key++) expect(regionLayout.setListOf(key)).toBe(key);
    expect(before).toBe(regionLayout.SET_LEVELS * regionLayout.SET_LISTS - 1);
  });

  test("count the whole slots in a run", () => {
    const naive = (first: number, length: number, slot: number): number => {
      let slots = 0;
      for (let at = Math.ceil(first / slot) * slot; at + slot <= first + length; at += slot)
        slots++;
      return slots;
    };
    fc.assert(
      fc.property(fc.nat(2000), fc.nat(200), fc.nat(5), (first, length, logSlot) => {
        expect(regionLayout.slotsIn(first, length, logSlot)).toBe(
          naive(first, length, 1 << logSlot),
        );
      }),
    );
  });
});
