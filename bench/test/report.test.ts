import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type GcResult, gcAims, gcReport, gcTables } from "../gc/report.ts";
import { objectsReport } from "../objects/report.ts";
import { judgeAims } from "../src/aims.ts";
import { newestResult, renewReadme } from "../src/readme.ts";
import { type BenchResult, parseResult, printResult, RESULT_VERSION } from "../src/result.ts";
import { asMarkdown, asText, skippedLines, tables } from "../src/tables.ts";

const peer = (id: string, title: string, version = "1") =>
  ({ id, title, version, language: "C", kind: "general" }) as const;

const workload = (id: string, times: Record<string, number[]>, extra: object = {}) => ({
  id,
  title: id,
  description: "blocks come and go",
  unit: "pair" as const,
  judged: true,
  operations: 10,
  requestedPeak: 4 * 2 ** 20,
  measurements: Object.entries(times).map(([name, rounds]) => ({
    peer: name,
    units: 10,
    rounds,
    memory: { heap: name === "raw" ? 5 * 2 ** 20 : 4 * 2 ** 20 },
  })),
  ...extra,
});

const result: BenchResult = {
  version: RESULT_VERSION,
  startedAt: "2026-01-01T00:00:00.000Z",
  seconds: 60,
  quick: false,
  machine: {
    cpu: "A processor",
    cores: 2,
    memoryGiB: 4,
    system: "Linux",
    transparentHugePages: "never",
    node: "24",
    v8: "13",
    compiler: "cc",
    compilerFlags: "-O2",
  },
  peers: [
    peer("c-pymalloc-3.14.1", "C 3.14", "3.14.1"),
    peer("c-pymalloc-3.13.0", "C 3.13", "3.13.0"),
    peer("dlmalloc", "dlmalloc"),
    peer("raw", "raw"),
    peer("pymalloc", "pymalloc"),
    { ...peer("tlsf", "TLSF"), skipped: "no compiler" },
  ],
  workloads: [
    workload("random-20k", {
      "c-pymalloc-3.13.0": [20, 30],
      pymalloc: [10, 15],
      dlmalloc: [40, 60],
      raw: [60, 90],
    }),
    workload("random-1m", { "c-pymalloc-3.13.0": [40, 40], pymalloc: [30, 30] }),
  ],
};

describe("the report", () => {
  test("judges aims by the median of the ratios, missed ones too", () => {
    const aims = judgeAims(result);
    const found = aims.map(({ aim, workload: where, found: { median }, met }) => [
      aim.split(":")[0],
      where,
      median,
      met,
    ]);
    expect(found).toEqual([
      ["pymalloc", "random-20k", 0.5, true],
      ["pymalloc", "random-1m", 0.75, true],
      ["pymalloc", "random", 1.5, false],
      ["raw", "random-20k", 1.5, false],
      ["raw", "random-20k", 1.25, false],
    ]);
  });

  test("shows a ratio to the pymalloc of 3.13, even where there is a newer one", () => {
    const [time] = tables(result, false);
    expect(asText(time!)).toMatch(/pymalloc +12\.5 \(0\.50\) +30\.0 \(0\.75\)/);
    expect(asMarkdown(time!)).toMatch(/\| pymalloc +\| 12\.5 \(0\.50\) \| 30\.0 \(0\.75\) \|/);
  });

  test("names what did not run, and why", () => {
    expect(skippedLines(result)).toEqual(["TLSF: no compiler"]);
  });

  test("says that a peer failed", () => {
    const broken = workload("lifo", {}, { measurements: [{ peer: "raw", failed: "it crashed" }] });
    const withFailure = { ...result, workloads: [broken] };
    expect(skippedLines(withFailure)).toContain("raw: failed: it crashed (lifo)");
    expect(asText(tables(withFailure, false)[0]!)).toMatch(/raw +failed/);
  });

  test("keeps raw figures as JSON that can be read again", () => {
    const text = printResult(result);
    expect(parseResult(text, "x.json")).toEqual(result);
    expect(text.split("\n").filter((line) => line.includes('"rounds"'))).toHaveLength(6);
    expect(() => parseResult('{"version":0}', "x.json")).toThrow("x.json: result layout 0");
  });
});

describe("the collectors' report", () => {
  const times = (id: string, python: number[], pyrena: number[]) => ({
    id,
    measurements: [
      { peer: "python", rounds: python },
      { peer: "pyrena", rounds: pyrena },
    ],
  });
  const collectors: GcResult = {
    ...result,
    version: 1,
    suite: "gc",
    peers: [
      { id: "python", title: "CPython 3.13.0" },
      { id: "pyrena", title: "Pyrena" },
    ],
    workloads: [
      times("live-random-10k", [50, 50, 50], [40, 40, 40]),
      times("live-random-1m", [100, 100, 200], [70, 80, 190]),
      times("live-random-5m", [150, 150, 150], [145, 145, 145]),
      times("garbage-near-1m", [100, 100, 100], [120, 110, 110]),
    ],
  };

  test("judges aims by the median of the ratios, and growth in nanoseconds", () => {
    expect(gcAims(collectors).map(({ found, met }) => [found, met])).toEqual([
      ["0.80 [0.75 – 0.88]", true],
      ["1.10 [1.10 – 1.15]", false],
      ["105 ns", false],
    ]);
  });

  test("shows milliseconds of a million lists, and no table without figures", () => {
    const tables = gcTables(collectors);
    expect(tables.map(({ title }) => title.replace("Collectors: ", ""))).toEqual([
      "a full collection of 1 000 000 lists",
      "what a live list costs in a full collection, random links",
      "aims",
    ]);
    expect(asText(tables[0]!)).toMatch(/Pyrena +80\.0 \(0\.80\) +110 \(1\.10\)/);
  });
});

describe("the README", () => {
  const folder = join(import.meta.dirname, "..");
  const readme = readFileSync(join(folder, "README.md"), "utf8");

  test("has the tables of the newest result", () => {
    const newest = newestResult(join(folder, "results"));
    expect(newest, "a full result in results/").toBeDefined();
    expect(renewReadme(readme, newest!.name, newest!.result)).toBe(readme);
  });

  test("has the objects' tables of their newest result", () => {
    const newest = objectsReport.newest(join(folder, "results/objects"));
    expect(newest, "a result in results/objects/").toBeDefined();
    expect(objectsReport.renewReadme(readme, newest!.name, newest!.result)).toBe(readme);
    expect(() => objectsReport.renewReadme("no marks", "x.json", newest!.result)).toThrow("has no");
  });

  test("has the collectors' tables of their newest result", () => {
    const newest = gcReport.newest(join(folder, "results/gc"));
    expect(newest, "a result in results/gc/").toBeDefined();
    expect(gcReport.renewReadme(readme, newest!.name, newest!.result)).toBe(readme);
    expect(() => gcReport.renewReadme("no marks", "x.json", newest!.result)).toThrow("has no");
  });

  test("changes between its two marks only", () => {
    const renewed = renewReadme(readme, "x.json", result);
    expect(renewed).toContain("results/x.json");
    expect(renewed.split("\n").slice(0, 20)).toEqual(readme.split("\n").slice(0, 20));
    expect(renewReadme(renewed, "x.json", result)).toBe(renewed);
    expect(() => renewReadme("no marks", "x.json", result)).toThrow("the README has no");
  });
});
