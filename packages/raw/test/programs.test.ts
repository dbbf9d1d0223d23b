/** Random programs of the raw allocator and the arena source together, checked against models after every step. */
import type { Profile } from "@pyrena/abi";
import { type Operation, ProgramRun, randomProgram } from "@pyrena/conformance";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { backings, freshLayers, someProfiles } from "./support/heaps.ts";

type Step =
  | { readonly on: "raw"; readonly operation: Operation }
  | { readonly on: "arenas"; readonly slot: number; readonly bytes: number };

const slot = fc.nat(30);
const bytes = fc.oneof(
  fc.nat(64),
  fc.nat(700),
  fc.nat(9000),
  fc.integer({ min: 20_000, max: 300_000 }),
  fc.constantFrom(0, 12, 13, 28, 500, 501, 508, 509, 65_508, 65_509, 131_044),
);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ op: fc.constant("malloc" as const), slot, bytes }),
  fc.record({
    op: fc.constant("calloc" as const),
    slot,
    nelem: fc.nat(2000),
    elsize: fc.constantFrom(0, 1, 8, 100),
  }),
  fc.record({ op: fc.constant("realloc" as const), slot, bytes }),
  fc.record({ op: fc.constant("free" as const), slot }),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ on: fc.constant("raw" as const), operation }) },
  {
    weight: 1,
    arbitrary: fc.record({
      on: fc.constant("arenas" as const),
      slot: fc.nat(5),
      bytes: fc.constantFrom(0, 1, 16_384),
    }),
  },
);

/** Run both layers' steps; arenas are filled, and must still be so when they are given back. */
function runSteps(profile: Profile, backing: (typeof backings)[number], steps: Step[]): void {
  const layers = freshLayers(profile, { backing, bytes: 1 << 17, maxBytes: 3 << 20 });
  const { memory } = layers;
  const run = new ProgramRun({ allocator: layers.raw, memory, abi: profile.abi });
  const regions = new Map<number, { base: number; size: number }>();
  const giveBack = (key: number): void => {
    const region = regions.get(key);
    if (region === undefined) return;
    const { base, size } = region;
    const words = memory.u32.subarray(base / 4, (base + size) / 4);
    expect(words.every((word) => word === base)).toBe(true);
    layers.freeArena(base, size);
    regions.delete(key);
  };
  for (const next of steps) {
    if (next.on === "raw") {
      run.step(next.operation);
    } else {
      giveBack(next.slot);
      const size = next.bytes === 0 ? profile.pymalloc.arenaBytes : 4 * next.bytes;
      const base = layers.allocArena(size);
      if (base !== 0) {
        memory.u32.fill(base, base / 4, (base + size) / 4);
        regions.set(next.slot, { base, size });
      }
    }
    layers.raw.walker.verify();
  }
  run.check();
  for (const key of [...regions.keys()]) giveBack(key);
  run.finish();
  layers.arenas.verify();
  expect(layers.stat("liveBlocks")).toBe(0);
}

describe.each(someProfiles)("$name", (profile) => {
  test("any program keeps every law and every invariant", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...backings),
        fc.array(step, { minLength: 20, maxLength: 120 }),
        (backing, steps) => runSteps(profile, backing, steps),
      ),
      { numRuns: 25 },
    );
  });

  test("long programs do, through many phases of filling and emptying", () => {
    for (const [seed, backing] of backings.entries()) {
      const steps = randomProgram(seed + 100, { length: 1200, slots: 150 }).map(
        (operation): Step => ({ on: "raw", operation }),
      );
      runSteps(profile, backing, steps);
    }
  });
});
