import { NULL, type Profile } from "@pyrena/abi";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PymallocContext } from "../src/index.ts";
import { harness, tinyProfiles } from "./support/harness.ts";

/** Bases of the usable arenas, in order, with their free pools. */
function usable(ctx: PymallocContext): [base: number, free: number][] {
  const { u32 } = ctx.memory;
  const arenas: [number, number][] = [];
  for (let record = u32[ctx.usableArenasWord]!; record !== NULL; ) {
    arenas.push([u32[record >>> 2]!, u32[(record >>> 2) + ctx.nfreepoolsWord]!]);
    record = u32[(record >>> 2) + ctx.nextarenaWord]!;
  }
  return arenas;
}

/** Blocks of the last class fill a pool by twos: arenas full of them, by base. */
function fill(profile: Profile, arenas: number) {
  const h = harness(profile, { maxBytes: 4 << 20 });
  const { arenaBytes, poolBytes, threshold } = profile.pymalloc;
  const pools = new Map<number, number[][]>();
  for (let n = 0; n < (arenas * arenaBytes) / poolBytes; n++) {
    const pair = [h.malloc(threshold), h.malloc(threshold)];
    const base = pair[0]! - (pair[0]! % arenaBytes);
    const list = pools.get(base);
    if (list === undefined) pools.set(base, [pair]);
    else list.push(pair);
  }
  expect(pools.size).toBe(arenas);
  return { ...h, pools };
}

describe.each(tinyProfiles)("$name", (profile) => {
  test("the order is: to the right past all arenas that have fewer free pools", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 20, maxLength: 90 }),
        (picks) => {
          const h = fill(profile, 6);
          const bases = [...h.pools.keys()];
          /** What the rule makes of it. */
          const expected: [number, number][] = [];
          let freed = 0;
          for (const pick of picks) {
            const base = bases[pick]!;
            const pool = h.pools.get(base)!.pop();
            if (pool === undefined) continue;
            for (const block of pool) h.free(block);
            h.verify();
            let at = expected.findIndex(([other]) => other === base);
            if (at < 0) {
              expected.unshift([base, 1]);
            } else {
              const [[, free]] = expected.splice(at, 1) as [[number, number]];
              if (free + 1 === 16 && (!profile.pymalloc.keepsLastArena || at < expected.length)) {
                freed++;
              } else {
                while (at < expected.length && expected[at]![1] < free + 1) at++;
                expected.splice(at, 0, [base, free + 1]);
              }
            }
            expect(usable(h.pymalloc.ctx)).toEqual(expected);
            expect(h.arenas.freed.length).toBe(freed);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test("a wholly free arena is given back unless it is the last and the version keeps that", () => {
    const h = fill(profile, 2);
    const [first, second] = [...h.pools.values()] as [number[][], number[][]];
    // One free pool in the second keeps it to the left of the first once that one is emptier.
    for (const block of second[0]!) h.free(block);
    for (const pool of first) for (const block of pool) h.free(block);
    expect(h.arenas.freed.length).toBe(profile.pymalloc.keepsLastArena ? 0 : 1);
    for (const pool of second.slice(1)) for (const block of pool) h.free(block);
    // Now the second is wholly free too. Where the first was kept, the second is left of it and goes.
    expect(h.arenas.freed.length).toBe(profile.pymalloc.keepsLastArena ? 1 : 2);
    expect(usable(h.pymalloc.ctx).length).toBe(profile.pymalloc.keepsLastArena ? 1 : 0);
    h.verify();
  });

  test("new pools come from the arena with the fewest free ones", () => {
    const h = fill(profile, 3);
    const [one, two, three] = [...h.pools.values()] as [number[][], number[][], number[][]];
    for (const pool of one.slice(0, 5)) for (const block of pool) h.free(block);
    for (const pool of two.slice(0, 2)) for (const block of pool) h.free(block);
    for (const pool of three.slice(0, 9)) for (const block of pool) h.free(block);
    const arenaOf = (block: number): number => block - (block % profile.pymalloc.arenaBytes);
    const bases = [...h.pools.keys()];
    const taken = Array.from({ length: 32 }, () => arenaOf(h.malloc(profile.pymalloc.threshold)));
    expect(taken).toEqual([
      ...Array.from({ length: 4 }, () => bases[1]),
      ...Array.from({ length: 10 }, () => bases[0]),
      ...Array.from({ length: 18 }, () => bases[2]),
    ]);
    h.verify();
  });
});
