import { tinyProfile } from "@pyrena/conformance";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dummyOf, linkUsedPool, unlinkUsedPool } from "../src/used-pools.ts";
import { harness } from "./support/harness.ts";

describe.each(["lp64", "ilp32"] as const)("in %s", (abi) => {
  test("a list is what a stack with removals from anywhere is, read both ways", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            pool: fc.integer({ min: 0, max: 15 }),
            sizeClass: fc.integer({ min: 0, max: 5 }),
          }),
          { maxLength: 60 },
        ),
        (steps) => {
          const { pymalloc, memory } = harness(tinyProfile(abi));
          const { ctx } = pymalloc;
          const { u32 } = memory;
          memory.grow(1 << 19);
          const lists: number[][] = Array.from({ length: ctx.sizeClasses }, () => []);
          for (const { pool: number, sizeClass } of steps) {
            const pool = ((1 << 18) + number * 256) >>> 2;
            const linked = lists.find((list) => list.includes(pool));
            if (linked !== undefined) {
              unlinkUsedPool(ctx, memory.u32, pool);
              linked.splice(linked.indexOf(pool), 1);
            } else {
              memory.u32[pool + ctx.szidxWord] = sizeClass;
              linkUsedPool(ctx, memory.u32, pool);
              lists[sizeClass]!.unshift(pool);
            }
          }
          expect(u32).toBeDefined();
          for (const [sizeClass, list] of lists.entries()) {
            const dummy = dummyOf(ctx, sizeClass);
            const read = (link: number): number[] => {
              const pools: number[] = [];
              for (let at = dummy; ; ) {
                at = memory.u32[at + link]! >>> 2;
                if (at === dummy) return pools;
                pools.push(at);
              }
            };
            expect(read(ctx.nextpoolWord)).toEqual(list);
            expect(read(ctx.prevpoolWord).reverse()).toEqual(list);
          }
        },
      ),
    );
  });
});
