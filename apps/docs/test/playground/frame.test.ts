/** Frames, the picture of their arenas, and what is kept of them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ARENAS_AT,
  describeArenas,
  FIELDS,
  Frame,
  field,
  frameBytes,
} from "../../src/playground/frame.ts";
import { fromHash, toHash } from "../../src/playground/links.ts";
import { mapColours, mapShape, paintArenas, poolAt } from "../../src/playground/ui/arena-pixels.ts";
import { placeNodes } from "../../src/playground/ui/graph-view.tsx";
import { FrameHistory } from "../../src/playground/ui/history.ts";
import { appended, type OutputPart } from "../../src/playground/ui/output.tsx";

const PER_ARENA = 64;
const POOL = 4096;

/** A frame with these words for the pools of its arenas, of which the n-th lies at `address(n)`. */
function frameOf(
  arenas: readonly (readonly number[])[],
  address: (arena: number) => number = (n) => 0x100000 + n * 2 ** 18,
): Frame {
  const header = new Float64Array(FIELDS);
  header[field.arenas] = arenas.length;
  header[field.poolsPerArena] = PER_ARENA;
  header[field.poolSize] = POOL;
  header[field.poolHeader] = 32;
  header[field.alignment] = 8;
  const buffer = new ArrayBuffer(frameBytes(header));
  const words = new Uint32Array(buffer, ARENAS_AT);
  for (const [n, pools] of arenas.entries()) {
    words[n * (1 + PER_ARENA)] = address(n);
    header[field.liveBlocks]! += pools.reduce((sum, one) => sum + (one & 0xffff), 0);
    words.set(pools, n * (1 + PER_ARENA) + 1);
  }
  new Float64Array(buffer, 0, FIELDS).set(header);
  return new Frame(buffer);
}

const word = (sizeClass: number, inUse: number): number => ((sizeClass + 1) << 16) | inUse;

describe("a frame", () => {
  test("says how many pools are in use, and how many blocks live", () => {
    const frame = frameOf([[word(0, 3), 0, word(63, 7)], [], [word(1, 1)]]);
    expect(describeArenas(frame)).toEqual({ arenas: 3, pools: 192, usedPools: 3, liveBlocks: 11 });
  });

  test("knows how many blocks fit into a pool", () => {
    const frame = frameOf([]);
    expect(frame.capacity(0)).toBe((4096 - 32) / 8);
    expect(frame.capacity(63)).toBe(7);
  });
});

describe("the arena map", () => {
  test("finds each pool where it was painted", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 0, max: PER_ARENA - 1 }),
        (arenas, columns, pool) => {
          // One pool of the last arena is in use; no other cell may have its colour.
          const pools = Array.from({ length: arenas }, () => new Array<number>(PER_ARENA).fill(0));
          pools.at(-1)![pool] = word(4, 50);
          const frame = frameOf(pools);
          const shape = mapShape(frame, columns);
          const colours = mapColours(false);
          const pixels = new Uint32Array(shape.width * shape.height);
          paintArenas(frame, shape, colours, pixels);
          const painted = [...pixels.keys()].filter(
            (n) => pixels[n] !== colours.free && pixels[n] !== colours.gap,
          );
          expect(painted).toHaveLength(1);
          const [x, y] = [painted[0]! % shape.width, Math.floor(painted[0]! / shape.width)];
          expect(poolAt(frame, shape, x, y)).toEqual({
            address: 0x100000 + (arenas - 1) * 2 ** 18 + pool * POOL,
            sizeClass: 4,
            inUse: 50,
            capacity: 101,
          });
          // As many cells as there are pools, and gaps for the rest.
          expect(pixels.filter((pixel) => pixel !== colours.gap)).toHaveLength(arenas * PER_ARENA);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("counts the pools of an arena that is not aligned from its first whole one", () => {
    const frame = frameOf([[word(0, 1)]], () => 0x100010);
    expect(poolAt(frame, mapShape(frame, 1), 0, 0)?.address).toBe(0x101000);
  });

  test("has no pool in gaps, nor beyond its arenas", () => {
    const frame = frameOf([[], [], []]);
    const shape = mapShape(frame, 2);
    expect(shape).toMatchObject({ side: 8, width: 17, height: 17 });
    expect(poolAt(frame, shape, 8, 0)).toBeUndefined();
    expect(poolAt(frame, shape, 0, 8)).toBeUndefined();
    expect(poolAt(frame, shape, 9, 9)).toBeUndefined();
    expect(poolAt(frame, shape, 9, 0)).toBeDefined();
  });

  test("shows fuller pools in stronger colours, and each size class in its own", () => {
    const { pools } = mapColours(true);
    expect(new Set(pools).size).toBe(pools.length);
  });
});

describe("the history of frames", () => {
  test("lets every second one go when there are too many, never the newest", () => {
    const history = new FrameHistory();
    for (let n = 1; n <= 5_000; n++) {
      const frame = frameOf([]);
      frame.header[field.sequence] = n;
      history.add(frame);
      expect(history.last).toBe(frame);
    }
    // One that has been overtaken.
    const late = frameOf([]);
    late.header[field.sequence] = 4_999;
    history.add(late);
    expect(history.last?.get("sequence")).toBe(5_000);
    expect(history.length).toBeLessThanOrEqual(600);
    expect(history.length).toBeGreaterThanOrEqual(300);
    const sequences = history.frames.map((frame) => frame.get("sequence"));
    expect([...sequences].sort((a, b) => a - b)).toEqual(sequences);
  });
});

describe("output", () => {
  test("keeps the newest characters, in order", () => {
    let parts: readonly OutputPart[] = [];
    for (let n = 0; n < 300; n++)
      parts = appended(parts, n % 2 ? "stderr" : "stdout", `${n},`.repeat(500));
    const text = parts.map((part) => part.text).join("");
    expect(text).toHaveLength(200_000);
    expect(text.endsWith("299,299,")).toBe(true);
  });
});

describe("a link", () => {
  test("holds a program and its settings", async () => {
    const shared = {
      program: "print('ü')\n".repeat(100),
      settings: { allocator: "malloc" },
      allocator: undefined,
      watch: "a b",
    };
    const hash = await toHash(shared);
    expect(hash).toMatch(/^#p=[\w-]+$/);
    expect(hash.length).toBeLessThan(250);
    expect(await fromHash(hash)).toEqual(shared);
  });

  test("that is damaged holds nothing", async () => {
    const hash = await toHash({ program: "x", settings: {}, watch: "" });
    expect(await fromHash(hash.slice(0, -4))).toBeUndefined();
    expect(await fromHash("#p=%%%")).toBeUndefined();
    expect(await fromHash("#title")).toBeUndefined();
  });
});

describe("the graph of objects", () => {
  test("has a place of its own for each object that can be reached, cycles and all", () => {
    const node = (id: number, refers: number[]) => ({
      id,
      refers,
      type: "list",
      text: "",
      refcount: 1,
      bytes: 56,
    });
    const placed = placeNodes({
      roots: [
        { name: "a", id: 1 },
        { name: "also", id: 1 },
      ],
      nodes: [node(1, [2, 3, 9]), node(2, [1]), node(3, [2, 3]), node(4, [1])],
      cut: false,
    });
    expect(placed.map((one) => one.node.id)).toEqual([1, 2, 3]);
    expect(new Set(placed.map(({ x, y }) => `${x},${y}`)).size).toBe(3);
  });
});
