import fc from "fast-check";
import { expect, it } from "vitest";
import { answers } from "../../src/live/arenas/exercises.ts";
import { ArenaLab } from "../../src/live/arenas/model.ts";

it("shows the numbers that the page speaks of", () => {
  const lab = new ArenaLab();
  lab.allocate(1000, 48);
  expect(lab.totals()).toMatchObject({
    liveBlocks: 1000,
    liveBytes: 48_000,
    pools: 3,
    arenas: 1,
    rawBlocks: 0,
  });
  lab.allocate(5, 600);
  expect(lab.totals().rawBlocks).toBe(5);
  const old = new ArenaLab("3.9");
  old.allocate(1, 48);
  expect(old.arenas()[0]).toMatchObject({ bytes: 262_144, poolBytes: 4096, pools: 64 });
});

it("knows the answers of the exercises", () => {
  expect(answers["capacity"]!()).toBe(340);
  expect(answers["rounding"]!()).toBe(48);
  expect(answers["arenas"]!()).toBe(11);
  expect(answers["lifo"]!()).toBe("second");
});

it("reads a pool as it is: live, free and never used blocks add up, and the free list is the order of what comes", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 300 }),
      fc.integer({ min: 1, max: 512 }),
      fc.integer({ min: 2, max: 7 }),
      (count, size, nth) => {
        const lab = new ArenaLab();
        const [first] = lab.allocate(count, size);
        lab.freeEach(nth);
        lab.verify();
        const base = first! - (first! % lab.profile.pymalloc.poolBytes);
        const inside = lab.pool(base)!;
        const cell = lab.arenas()[0]!.used.find((pool) => pool.base === base);
        const live = inside.blocks.filter((state) => state === "live").length;
        expect(live).toBe(cell?.inUse ?? 0);
        const free = inside.blocks.filter((state) => state === "free").length;
        expect(free).toBe(inside.freeList.length);
        expect(inside.header.find(({ name }) => name === "count")!.value).toBe(String(live));
        if (inside.freeList.length > 0 && live > 0 && lab.totals().pools === 1) {
          expect(lab.allocate(1, size)[0]).toBe(inside.freeList[0]);
        }
      },
    ),
    { numRuns: 40 },
  );
});
