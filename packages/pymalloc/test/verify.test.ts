/**
 * Every invariant, broken in the ways that programs break it: verify must name it. The damage is done word by word,
 * through the layouts.
 */
import { PyrenaError } from "@pyrena/abi";
import { tinyProfile } from "@pyrena/conformance";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dummyOf } from "../src/used-pools.ts";
import { type Harness, harness, tinyProfiles } from "./support/harness.ts";

/** A heap with used, full, empty and uncarved pools in three arenas. Word indices of what is found in it. */
function busy(abi: "lp64" | "ilp32") {
  const profile = tinyProfile(abi);
  const h = harness(profile, { maxBytes: 2 << 20 });
  const { ctx } = h.pymalloc;
  const pairs = Array.from({ length: 36 }, () => [
    h.malloc(profile.pymalloc.threshold),
    h.malloc(profile.pymalloc.threshold),
  ]);
  const small = Array.from({ length: 12 }, () => h.malloc(1));
  // Empty pools in the first two arenas; a used pool of the last class; used pools of the first.
  for (const pair of [...pairs.slice(2, 6), ...pairs.slice(18, 20)]) {
    for (const block of pair) h.free(block!);
  }
  h.free(pairs[10]![0]!);
  h.free(small[3]!);
  h.free(small[7]!);
  h.verify();
  const pool = (block: number): number => (block & -256) >>> 2;
  const { u32 } = h.memory;
  const record = (index: number): number =>
    (u32[ctx.arenasWord]! >>> 2) + index * ctx.arenaObjectWords;
  return {
    ...h,
    ctx,
    u32,
    record,
    lastClass: ctx.sizeClasses - 1,
    /** Pools by what they are. */
    full: pool(pairs[0]![0]!),
    used: pool(pairs[10]![0]!),
    empty: pool(pairs[3]![0]!),
    smallUsed: pool(small[3]!),
    freeBlock: small[7]! >>> 2,
    liveBlock: small[5]!,
  };
}

type Busy = ReturnType<typeof busy>;

/** What is done to the heap, and the invariants that may be named: damage often breaks two. */
const damages: readonly (readonly [string, (b: Busy) => void, RegExp, ("lp64" | "ilp32")?])[] = [
  [
    "an upper half of a pointer in a pool",
    (b) => void (b.u32[b.used + b.ctx.freeblockWord + 1] = 1),
    /^P1$/,
    "lp64",
  ],
  [
    "an upper half of a free block's link",
    (b) => void (b.u32[b.freeBlock + 1] = 7),
    /^P1$/,
    "lp64",
  ],
  [
    "an upper half of usable_arenas",
    (b) => void (b.u32[b.ctx.usableArenasWord + 1] = 9),
    /^P1$/,
    "lp64",
  ],
  ["maxarenas", (b) => void (b.u32[b.ctx.maxarenasWord] = 3), /^P2$/],
  ["a vector beyond the memory", (b) => void (b.u32[b.ctx.arenasWord] = 0xfffffff0), /^P2$/],
  ["no vector", (b) => void (b.u32[b.ctx.arenasWord] = 0), /^P2$/],
  [
    "an unused record that is in no list",
    (b) => void (b.u32[b.ctx.unusedArenaObjectsWord] = 0),
    /^P2$/,
  ],
  [
    "an unused list with something else in it",
    (b) => void (b.u32[b.ctx.unusedArenaObjectsWord]! += 4),
    /^P2$/,
  ],
  [
    "an unused list with a used record",
    (b) => void (b.u32[b.ctx.unusedArenaObjectsWord] = b.record(0) << 2),
    /^P2$/,
  ],
  [
    "an unused list in a circle",
    (b) => void (b.u32[b.record(3) + b.ctx.nextarenaWord] = b.record(3) << 2),
    /^P2$/,
  ],
  ["overlapping arenas", (b) => void (b.u32[b.record(1)] = b.u32[b.record(0)]! + 256), /^P3$/],
  [
    "an arena beyond the memory",
    (b) => void (b.u32[b.record(2)] = b.memory.byteLength - 256),
    /^P3$/,
  ],
  ["ntotalpools", (b) => void b.u32[b.record(0) + b.ctx.ntotalpoolsWord]!++, /^P3$/],
  [
    "pool_address off the grid",
    (b) => void (b.u32[b.record(2) + b.ctx.poolAddressWord]! += 16),
    /^P3$/,
  ],
  [
    "pool_address behind the arena",
    (b) => void (b.u32[b.record(2) + b.ctx.poolAddressWord]! += 4096),
    /^P3$/,
  ],
  ["nfreepools too high", (b) => void (b.u32[b.record(0) + b.ctx.nfreepoolsWord] = 17), /^P[45]$/],
  ["nfreepools off by one", (b) => void b.u32[b.record(2) + b.ctx.nfreepoolsWord]!--, /^P[456]$/],
  [
    "freepools that end too early",
    (b) => void (b.u32[b.record(0) + b.ctx.freepoolsWord] = 0),
    /^P4$/,
  ],
  [
    "freepools with another arena's pool",
    (b) =>
      void (b.u32[b.record(0) + b.ctx.freepoolsWord] = b.u32[b.record(1) + b.ctx.freepoolsWord]!),
    /^P4$/,
  ],
  [
    "freepools in a circle",
    (b) => void (b.u32[b.empty + b.ctx.nextpoolWord] = b.empty << 2),
    /^P4$/,
  ],
  [
    "freepools with a full pool",
    (b) => void (b.u32[b.record(0) + b.ctx.freepoolsWord] = b.full << 2),
    /^P4$/,
  ],
  [
    "usable_arenas that lacks one",
    (b) =>
      void (b.u32[b.ctx.usableArenasWord] =
        b.u32[(b.u32[b.ctx.usableArenasWord]! >>> 2) + b.ctx.nextarenaWord]!),
    /^P5$/,
  ],
  [
    "usable_arenas with something else in it",
    (b) => void (b.u32[b.ctx.usableArenasWord] = 4096),
    /^P5$/,
  ],
  [
    "usable_arenas in a circle",
    (b) => void (b.u32[lastUsable(b) + b.ctx.nextarenaWord] = b.u32[b.ctx.usableArenasWord]!),
    /^P5$/,
  ],
  ["a wrong prevarena", (b) => void (b.u32[lastUsable(b) + b.ctx.prevarenaWord] = 0), /^P5$/],
  [
    "nfp2lasta of a number that no arena has",
    (b) => void (b.u32[b.ctx.nfp2lastaWord + 15 * b.ctx.pointerWords] = b.record(0) << 2),
    /^P6$/,
  ],
  [
    "nfp2lasta that has forgotten",
    (b) =>
      void (b.u32[
        b.ctx.nfp2lastaWord + b.u32[lastUsable(b) + b.ctx.nfreepoolsWord]! * b.ctx.pointerWords
      ] = 0),
    /^P6$/,
  ],
  ["arenaindex", (b) => void (b.u32[b.full + b.ctx.arenaindexWord] = 2), /^P8$/],
  ["szidx", (b) => void (b.u32[b.full + b.ctx.szidxWord] = 99), /^P8$/],
  [
    "szidx of a pool without class",
    (b) => void (b.u32[b.empty + b.ctx.szidxWord] = 0xffff),
    /^P8$/,
  ],
  ["nextoffset", (b) => void (b.u32[b.used + b.ctx.nextoffsetWord]! += 4), /^P8$/],
  ["maxnextoffset", (b) => void (b.u32[b.used + b.ctx.maxnextoffsetWord]! += 16), /^P8$/],
  ["count too low", (b) => void b.u32[b.smallUsed]!--, /^P9$/],
  ["count too high", (b) => void b.u32[b.smallUsed]!++, /^P9$/],
  ["a link to the middle of a block", (b) => void (b.u32[b.freeBlock] = b.liveBlock + 4), /^P9$/],
  ["a link out of the pool", (b) => void (b.u32[b.freeBlock] = b.liveBlock + 256), /^P9$/],
  ["a link to itself", (b) => void (b.u32[b.freeBlock] = b.freeBlock << 2), /^P9$/],
  [
    "a live block in the free list (freed twice)",
    (b) => void (b.u32[b.freeBlock] = b.liveBlock),
    /^P9$/,
  ],
  ["a free list that is cut off", (b) => void (b.u32[b.freeBlock] = 0), /^P9$/],
  ["a used list that has lost its pool", (b) => unlink(b, b.lastClass), /^P10$/],
  ["a used list with a full pool", (b) => link(b, b.lastClass, b.full), /^P10$/],
  ["a used list with an empty pool", (b) => link(b, b.lastClass, b.empty), /^P(4|10)$/],
  [
    "a used list with a pool of another class",
    (b) => {
      unlink(b, 0);
      link(b, 1, b.smallUsed);
    },
    /^P10$/,
  ],
  ["a used list with something else in it", (b) => link(b, 0, 15_000), /^P10$/],
  ["a wrong prevpool", (b) => void (b.u32[b.used + b.ctx.prevpoolWord] = b.full << 2), /^P10$/],
  [
    "an arena that the map does not know",
    (b) => void (b.u32[entryOf(b, 0) + 1] = 0xffffffff),
    /^P11$/,
  ],
  ["a map entry without an arena", (b) => void (b.u32[b.ctx.addressMapWord + 2] = 4096), /^P11$/],
  ["a map entry that is off", (b) => void b.u32[entryOf(b, 1) + 1]!--, /^P11$/],
  ["the number of arenas", (b) => void b.u32[b.ctx.arenasCurrentWord]!++, /^P12$/],
  ["the high-water mark", (b) => void (b.u32[b.ctx.arenasHighwaterWord] = 1), /^P12$/],
  ["the total", (b) => void (b.u32[b.ctx.arenasTotalWord] = 1), /^P12$/],
];

function lastUsable(b: Busy): number {
  for (let arena = b.u32[b.ctx.usableArenasWord]! >>> 2; ; ) {
    const next = b.u32[arena + b.ctx.nextarenaWord]! >>> 2;
    if (next === 0) return arena;
    arena = next;
  }
}

function entryOf(b: Busy, index: number): number {
  return b.ctx.addressMapWord + 2 * (b.u32[b.record(index)]! >>> b.ctx.arenaShift);
}

/** Make a class's used list empty. */
function unlink(b: Busy, sizeClass: number): void {
  const dummy = dummyOf(b.ctx, sizeClass);
  b.u32[dummy + b.ctx.nextpoolWord] = dummy << 2;
  b.u32[dummy + b.ctx.prevpoolWord] = dummy << 2;
}

/** Put a pool in front of a class's used list, whatever it is. */
function link(b: Busy, sizeClass: number, pool: number): void {
  const { nextpoolWord, prevpoolWord } = b.ctx;
  const dummy = dummyOf(b.ctx, sizeClass);
  const next = b.u32[dummy + nextpoolWord]!;
  b.u32[pool + nextpoolWord] = next;
  b.u32[pool + prevpoolWord] = dummy << 2;
  b.u32[(next >>> 2) + prevpoolWord] = pool << 2;
  b.u32[dummy + nextpoolWord] = pool << 2;
}

function broken(h: Pick<Harness, "verify">): PyrenaError {
  try {
    h.verify();
  } catch (error) {
    expect(error).toBeInstanceOf(PyrenaError);
    return error as PyrenaError;
  }
  throw new Error("verify found nothing");
}

describe.each(["lp64", "ilp32"] as const)("verify in %s finds", (abi) => {
  for (const [name, damage, invariants, only] of damages) {
    if (only !== undefined && only !== abi) continue;
    test(name, () => {
      const b = busy(abi);
      damage(b);
      const error = broken(b);
      expect(error.code).toBe("heap-corrupt");
      expect(error.invariant).toMatch(invariants);
      expect(error.message).toContain(`pymalloc ${error.invariant} broken: `);
      expect(error.address).toBeTypeOf("number");
    });
  }
});

describe("P7", () => {
  const wholly = (keepsLastArena: boolean) => {
    const profile = tinyProfile("lp64", { keepsLastArena });
    const h = harness(profile);
    const blocks = Array.from({ length: 33 }, () => h.malloc(96));
    return { h, blocks, ctx: h.pymalloc.ctx };
  };

  test("3.9 and later keep one wholly free arena, and verify has no objection", () => {
    const { h, blocks } = wholly(true);
    for (const block of blocks) h.free(block);
    expect(h.arenas.live.size).toBe(1);
    h.verify();
  });

  test("a heap of 3.9 read by the rules of 3.8 is found to hold an arena that 3.8 would not", () => {
    const { h, blocks, ctx } = wholly(true);
    for (const block of blocks) h.free(block);
    Object.assign(ctx, { keepsLastArena: false });
    expect(broken(h).invariant).toBe("P7");
  });
});

test("whatever word is changed to whatever value, verify ends, with an error of its own or none", () => {
  const regions = (b: Busy): number[] => {
    const words: number[] = [];
    const add = (from: number, count: number): void => {
      for (let word = 0; word < count; word++) words.push(from + word);
    };
    add(b.ctx.state >>> 2, 150);
    add(b.record(0), 4 * b.ctx.arenaObjectWords);
    for (const pool of [b.full, b.used, b.empty, b.smallUsed]) add(pool, 64);
    return words;
  };
  let noticed = 0;
  fc.assert(
    fc.property(
      fc.constantFrom("lp64" as const, "ilp32" as const),
      fc.nat(),
      fc.oneof(
        fc.integer({ min: 0, max: 0xffff_ffff }),
        fc.constantFrom(0, 1, 4, 0xffff, 0x8000_0000, 0xffff_ffff),
        fc.nat(2 << 20),
      ),
      (abi, pick, value) => {
        const b = busy(abi);
        const words = regions(b);
        b.u32[words[pick % words.length]!] = value;
        try {
          b.verify();
        } catch (error) {
          noticed++;
          if (!(error instanceof PyrenaError) || error.code !== "heap-corrupt") throw error;
        }
      },
    ),
    { numRuns: 500 },
  );
  expect(noticed).toBeGreaterThan(100);
});

test("verify passes on every tiny profile with nothing in it", () => {
  for (const profile of tinyProfiles) harness(profile).verify();
});
