import type { StatDeclaration, StatSource } from "@pyrena/abi";
import { nullStatSource, type StatsSubject, statsLaws } from "@pyrena/conformance";
import { describe, expect, it } from "vitest";
import { broken } from "./broken.ts";

const declarations: readonly StatDeclaration[] = [
  { name: "liveBlocks", unit: "blocks", kind: "current", help: "Blocks that have not been freed." },
  { name: "peakBlocks", unit: "blocks", kind: "peak", help: "Most live blocks at once." },
  { name: "calls", unit: "calls", kind: "total", help: "Calls of malloc." },
];

/** A layer that has more and fewer blocks in turns. */
function subject(change: (source: StatSource, work: { calls: number }) => Partial<StatSource>) {
  return (): StatsSubject => {
    const work = { calls: 0 };
    const source: StatSource = {
      layer: "toy",
      declarations,
      read: (index) => [work.calls % 3, Math.min(2, work.calls), work.calls][index],
    };
    return {
      stats: { ...source, ...change(source, work) },
      exercise: (round) => {
        work.calls += 1 + round;
      },
    };
  };
}

/** The declarations with the first one changed. */
function declared(change: Partial<Record<keyof StatDeclaration, string>>): Partial<StatSource> {
  const [first, ...rest] = declarations;
  return { declarations: [{ ...first, ...change } as StatDeclaration, ...rest] };
}

describe("a correct source of statistics", () => {
  it.each(statsLaws)("obeys: $name", (law) => {
    law.check(subject(() => ({})));
  });
});

const mistakes: readonly [string, law: string, Parameters<typeof subject>[0]][] = [
  ["has no name", "T1", () => ({ layer: "" })],
  ["declares nothing", "T1", () => nullStatSource],
  ["declares a name twice", "T1", () => declared({ name: "calls" })],
  ["has a name with spaces", "T1", () => declared({ name: "live blocks" })],
  ["has a unit of its own", "T1", () => declared({ unit: "furlongs" })],
  ["has a kind of its own", "T1", () => declared({ kind: "average" })],
  ["says nothing about a number", "T1", () => declared({ help: "" })],
  ["reads NaN", "T2", (s) => ({ read: (n) => (n === 1 ? Number.NaN : s.read(n)) })],
  ["goes below zero", "T2", (s) => ({ read: (n) => s.read(n) - 1 })],
  ["throws", "T2", () => ({ read: () => fail() })],
  [
    "lets a total fall",
    "T3",
    (s, work) => ({ read: (n) => (n === 2 ? 99 - work.calls : s.read(n)) }),
  ],
  ["never moves", "T3", () => ({ read: () => 4 })],
  [
    "counts its own reading",
    "T4",
    () => {
      let reads = 0;
      return { read: () => ++reads };
    },
  ],
];

function fail(): never {
  throw new Error("not counted");
}

describe("a source of statistics that", () => {
  it.each(mistakes)("%s is caught by %s", (_, law, change) => {
    const found = broken(statsLaws, subject(change));
    expect(found).toContainEqual({ law, told: law });
  });
});
