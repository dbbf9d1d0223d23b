import { NULL, profileFor } from "@pyrena/abi";
import { tinyProfile } from "@pyrena/conformance";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { inArena, mapArena, NO_ARENA, unmapArena } from "../src/address-map.ts";
import { harness } from "./support/harness.ts";

const { arenaBytes } = tinyProfile("lp64").pymalloc;

function emptyMap() {
  return harness(tinyProfile("lp64"), { rawBytes: 1 << 16, maxBytes: 1 << 17 }).pymalloc.ctx;
}

test("an aligned arena is owned from its first byte to its last and no further", () => {
  const ctx = emptyMap();
  mapArena(ctx, 4 * arenaBytes);
  expect(inArena(ctx, 4 * arenaBytes - 1)).toBe(false);
  expect(inArena(ctx, 4 * arenaBytes)).toBe(true);
  expect(inArena(ctx, 5 * arenaBytes - 1)).toBe(true);
  expect(inArena(ctx, 5 * arenaBytes)).toBe(false);
});

test("NULL is never owned, not even with an arena that starts in slot 0", () => {
  const ctx = emptyMap();
  mapArena(ctx, 16);
  expect(inArena(ctx, NULL)).toBe(false);
  expect(inArena(ctx, 15)).toBe(false);
  expect(inArena(ctx, 16)).toBe(true);
});

test("the map agrees with the list of arenas, wherever they lie, after any number of changes", () => {
  const end = 1 << 17;
  fc.assert(
    fc.property(
      fc.array(fc.record({ at: fc.integer({ min: 1, max: end - 4096 }), add: fc.boolean() }), {
        maxLength: 40,
      }),
      fc.array(fc.integer({ min: 0, max: end + 5000 }), { maxLength: 40 }),
      (changes, questions) => {
        const ctx = emptyMap();
        const arenas: number[] = [];
        for (const { at, add } of changes) {
          if (add) {
            if (arenas.some((other) => Math.abs(other - at) < arenaBytes)) continue;
            expect(mapArena(ctx, at)).toBe(true);
            arenas.push(at);
          } else if (arenas.length > 0) {
            unmapArena(ctx, arenas.splice(at % arenas.length, 1)[0]!);
          }
        }
        const edges = arenas.flatMap((base) => [base - 1, base, base + 4095, base + 4096]);
        for (const address of [...questions, ...edges]) {
          const owned = arenas.some((base) => address >= base && address < base + arenaBytes);
          expect(inArena(ctx, address)).toBe(owned);
        }
      },
    ),
  );
});

test("an arena beyond the table's reach is refused and changes nothing", () => {
  const ctx = emptyMap();
  const reach = ctx.addressMapSlots * arenaBytes;
  expect(mapArena(ctx, reach)).toBe(false);
  expect(mapArena(ctx, reach - 16)).toBe(false);
  expect(mapArena(ctx, reach - arenaBytes)).toBe(true);
  unmapArena(ctx, reach - arenaBytes);
  for (let slot = 0; slot < ctx.addressMapSlots; slot++) {
    expect(ctx.memory.u32[ctx.addressMapWord + 2 * slot]).toBe(0);
    expect(ctx.memory.u32[ctx.addressMapWord + 2 * slot + 1]).toBe(NO_ARENA);
  }
});

describe("the walker's owns", () => {
  test.each([
    -1,
    -4096,
    0.5,
    2 ** 32,
    2 ** 32 + 4096,
    2 ** 53,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ])("is false for %d, which is no address", (number) => {
    const { pymalloc, malloc } = harness(profileFor("3.13", "lp64"));
    const block = malloc(100);
    expect(pymalloc.walker.owns(block)).toBe(true);
    expect(pymalloc.walker.owns(number)).toBe(false);
    expect(pymalloc.walker.owns(number + 2 ** 32 + block)).toBe(false);
  });

  test("becomes false for every block of an arena that is given back", () => {
    const h = harness(tinyProfile("ilp32"));
    const blocks = Array.from({ length: 200 }, () => h.malloc(100));
    for (const block of blocks) h.free(block);
    expect(h.arenas.freed.length).toBeGreaterThan(1);
    const gone = new Set(h.arenas.freed);
    for (const block of blocks) {
      expect(h.pymalloc.walker.owns(block)).toBe(!gone.has(block - (block % arenaBytes)));
    }
  });
});
