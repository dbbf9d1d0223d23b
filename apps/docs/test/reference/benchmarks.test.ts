/** Benchmarks: what the plots show is what was measured. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { suites } from "../../src/reference/benchmarks/data.ts";
import { place, TICKS } from "../../src/reference/benchmarks/scale.ts";
import { rawFiles } from "../../src/reference/shared/raw.ts";

const root = join(import.meta.dirname, "../../../..");
const page = readFileSync(
  join(import.meta.dirname, "../../src/content/docs/reference/benchmarks.mdx"),
  "utf8",
);

interface Raw {
  readonly startedAt: string;
  readonly peers: readonly { readonly id: string; readonly title: string }[];
  readonly workloads: readonly {
    readonly id: string;
    readonly measurements: readonly {
      readonly peer: string;
      readonly rounds?: readonly number[];
    }[];
  }[];
}

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1
    ? sorted[Math.floor(middle)]!
    : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

it.each(suites.map(({ id }) => id))("%s: run, tables and plots are on the page", (id) => {
  for (const part of ["Run", "Tables", "Plots"]) expect(page).toContain(`<${part} of="${id}" />`);
});

it.each(suites)("$id: every measurement of the raw results is plotted", (suite) => {
  const file = rawFiles().find(({ path }) => path === suite.raw)!;
  expect(file.text).toBe(
    readFileSync(join(root, "bench/results", suite.raw.replace("bench/", "")), "utf8"),
  );
  const raw = JSON.parse(file.text) as Raw;
  expect(suite.startedAt).toBe(raw.startedAt);
  const titleOf = (peer: string): string => raw.peers.find(({ id }) => id === peer)!.title;
  let bars = 0;
  for (const { id, measurements } of raw.workloads) {
    const measured = measurements.filter(({ rounds }) => rounds !== undefined && rounds.length > 0);
    if (measured.length === 0) continue;
    const chart = suite.charts.find((one) => one.id === id)!;
    expect(chart.description, id).not.toBe("");
    expect(chart.bars.map(({ peer }) => peer)).toEqual(measured.map(({ peer }) => titleOf(peer)));
    for (const [n, { rounds }] of measured.entries()) {
      const { time, ratio, isReference } = chart.bars[n]!;
      expect(time.median).toBeCloseTo(median(rounds!.filter((value) => value !== null)), 9);
      expect(time.low).toBeLessThanOrEqual(time.median);
      expect(time.high).toBeGreaterThanOrEqual(time.median);
      if (isReference) expect(ratio!.median).toBe(1);
      bars++;
    }
  }
  expect(bars).toBeGreaterThan(30);
});

it.each(suites)("$id: it is the newest full result", ({ raw, startedAt }) => {
  const folder = raw.split("/").slice(0, -1).join("/");
  const others = rawFiles()
    .filter(
      ({ path }) => path.startsWith(folder) && path.split("/").length === raw.split("/").length,
    )
    .map(({ text }) => JSON.parse(text) as Raw & { quick: boolean })
    .filter(({ quick }) => !quick);
  expect(others.every((other) => other.startedAt <= startedAt)).toBe(true);
});

it.each(suites)("$id: machine, versions and peers are named", ({ machine, peers, reference }) => {
  expect(machine.join()).not.toContain("undefined");
  expect(peers.length).toBeGreaterThan(4);
  expect(peers.join()).toContain(reference);
});

it("has one scale for all plots", () => {
  expect(place(0)).toBe(0);
  expect(place(1e9)).toBe(1);
  const places = TICKS.map(place);
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  // Twice as slow is as far from 1 as twice as fast.
  expect(place(2) - place(1)).toBeCloseTo(place(1) - place(0.5), 12);
});
