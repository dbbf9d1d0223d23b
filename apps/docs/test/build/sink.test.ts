/** The page on sinks: its code, its file, its exercise, its live part. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe, expect, it } from "vitest";
import { runChecks } from "../../src/live/build-code/check.ts";
import * as byClassModule from "../../src/live/build-sink/by-class.ts";
import { type MakePeakSink, sinkChecks } from "../../src/live/build-sink/checks.ts";
import { codeExercises } from "../../src/live/build-sink/code-exercises.ts";
import { bars } from "../../src/live/build-sink/draw.ts";
import { answers } from "../../src/live/build-sink/exercises.ts";
import { SinkLab } from "../../src/live/build-sink/model.ts";
import * as sinkModule from "../../src/live/build-sink/sink.ts";
import { blocksOf, expectPrinted, promised, runCode } from "./run-code.ts";

const blocks = blocksOf("sink");
const js = blocks.filter(({ language }) => language === "js").map(({ code }) => code);
const texts = blocks.filter(({ language }) => language === "text").map(({ code }) => code);
const more = { "./sink.ts": sinkModule, "./by-class.ts": byClassModule };

describe("the code on the page", () => {
  it("is told of arenas", async () => {
    expect((await runCode(js[0]!, more)).printed).toEqual(promised(js[0]!));
  });

  it("counts by size class", async () => {
    expectPrinted((await runCode(js[1]!, more)).printed, texts[0]!);
    expect(js).toHaveLength(2);
  });

  it("writes a file", () => {
    const folder = mkdtempSync(join(tmpdir(), "pyrena-sink-"));
    try {
      const program = join(import.meta.dirname, "../../src/live/build-sink/write-file.mjs");
      const file = join(folder, "arenas.jsonl");
      const printed = execFileSync(process.execPath, [program, file], { encoding: "utf8" });
      expectPrinted(printed.trimEnd().split("\n"), texts[1]!);
      const shown = blocks.find(({ language }) => language === "json")!.code;
      expectPrinted(readFileSync(file, "utf8").trimEnd().split("\n"), shown);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("the live part", () => {
  it("shows what the page says of floats, lists, and of what stays", () => {
    const lab = new SinkLab();
    const before = [...lab.counts];
    const grown = (): number[] =>
      [...lab.counts].flatMap((count, n) => (count - before[n]! > 10_000 ? [16 * (n + 1)] : []));
    lab.make("floats", 20_000);
    expect(grown()).toEqual([32]);
    lab.drop(0);
    lab.make("lists", 20_000);
    expect(grown().length).toBeGreaterThanOrEqual(2);
    const { arenas } = lab.log;
    expect(arenas).toBeGreaterThan(2);
    lab.drop(100);
    expect(grown()).toEqual([]);
    expect(lab.log.arenas).toBe(arenas);
    lab.runtime.verify();
  });

  it("counts what pymalloc counts", () => {
    const lab = new SinkLab();
    lab.make("dicts", 5000);
    lab.drop(7);
    let arenas = 0;
    let live = 0;
    lab.runtime.pymalloc!.walker.walk({
      region: () => void arenas++,
      pool: (_base, _bytes, _sizeClass, _blockBytes, inUse) => void (live += inUse),
    });
    expect(lab.log.arenas).toBe(arenas);
    expect(lab.counts.slice(0, 32).reduce((sum, count) => sum + count, 0)).toBe(live);
  });

  it("draws a bar for each class, the longest the highest", () => {
    const counts = new Uint32Array(33);
    counts[1] = 50;
    counts[32] = 100;
    const svg = bars(counts);
    expect(svg.match(/<rect /g)).toHaveLength(33);
    expect(svg).toContain('height="160"');
    expect(svg).toContain("<title>over 512 bytes: 100 blocks</title>");
    expect(svg).toContain("<title>up to 32 bytes: 50 blocks</title>");
  });
});

describe("the exercises", () => {
  it("begins unsolved, and has a solution", async () => {
    const failing = async (code: string): Promise<string[]> => {
      const make = (await runCode(code)).exports["default"] as MakePeakSink;
      return runChecks(sinkChecks, make).flatMap(({ id, passed }) => (passed ? [] : [id]));
    };
    const { start, solution } = codeExercises["peak"]!;
    expect(await failing(start)).toEqual(["adds", "frees", "kinds", "apart", "agrees"].slice(1));
    expect(await failing(solution)).toEqual([]);
    const never = solution.replace("log.bytes -= bytes", "log.bytes -= 0");
    expect(await failing(never)).toContain("agrees");
  });

  it("knows the answer of the other one", () => {
    expect(answers["classes"]!()).toBe(3);
  });
});
