import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { describeHeap } from "../src/heap/describe-heap.ts";
import { describeObject } from "../src/heap/describe-object.ts";
import type { ImageReport } from "../src/heap/heap-report.ts";
import { createProgram } from "../src/program.ts";
import { summarizeRun } from "../src/report/summarize.ts";
import { exampleHeap, exampleTelemetry } from "./example-run.ts";
import { runLibrary } from "./heap/programs.ts";

const readme = readFileSync(join(import.meta.dirname, "../README.md"), "utf8");

/** The text below a heading, up to the next of its level. */
function section(heading: string): string {
  const [, text = ""] = readme.split(`\n${heading}\n`);
  return text.split(/^## /m)[0];
}

/** The cells of the table's rows whose first cell begins with code. */
function rows(text: string): string[][] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

describe.each(["run", "replay", "heap"])("pyrena %s", (name) => {
  it("has the same options in the README as in --help", () => {
    const command = createProgram().commands.find((one) => one.name() === name)!;
    const help = command.createHelp();
    const shown = help
      .visibleOptions(command)
      .map((option) => [`\`${help.optionTerm(option)}\``, help.optionDescription(option)]);
    const table = section(`## pyrena ${name}`).split("### ")[0];
    expect(rows(table)).toEqual(shown);
  });
});

it("the README names every key of the JSON file, and no other", () => {
  const named = rows(section("## pyrena run").split("### The JSON file")[1]).flatMap(([keys]) =>
    [...keys.matchAll(/`(\w+)`/g)].map((match) => match[1]),
  );
  const { pymalloc, snapshot } = exampleHeap();
  pymalloc.malloc(pymalloc.ctx, 64);
  const report = summarizeRun({ kind: "stdin" }, [], 0, exampleTelemetry(snapshot()));
  expect(named.sort()).toEqual(Object.keys(report).sort());
  const text = section("## pyrena run").split("### The JSON file")[1];
  for (const key of ["arenas", "python", "seconds", "largeRequests", "linearMemory"] as const) {
    for (const inner of Object.keys(report[key] ?? {})) expect(text).toContain(`\`${inner}\``);
  }
});

describe("the README of pyrena heap", () => {
  const text = section("## pyrena heap");
  const { objects, profile, memory } = runLibrary();
  const image: ImageReport = {
    path: "app.image",
    bytes: 1,
    python: profile.python,
    abi: profile.abi.name,
    profile: profile.name,
    allocators: { raw: "malloc", mem: "pymalloc", obj: "pymalloc" },
    debugHooks: false,
    memoryBytes: memory.byteLength,
    maxMemoryBytes: memory.maxByteLength,
  };

  /** Keys in the first column of the table below a heading. */
  function namedUnder(heading: string): string[] {
    const [table] = text.split(`### ${heading}\n`)[1].split("\n### ");
    return rows(table).flatMap(([keys]) => [...keys.matchAll(/`(\w+)`/g)].map((match) => match[1]));
  }

  it("names every key of --json, and no other", () => {
    const report = describeHeap(image, objects, { largest: 1, sort: "bytes" });
    expect(namedUnder("--json").sort()).toEqual(Object.keys(report).sort());
    for (const key of ["image", "objects", "collector", "garbage"] as const) {
      for (const inner of Object.keys(report[key])) expect(text).toContain(`\`${inner}\``);
    }
    for (const record of [report.objects.types[0], report.largest[0], report.garbage.cycles[0]]) {
      for (const inner of Object.keys(record)) expect(text).toContain(`\`${inner}\``);
    }
  });

  it("names every key of --object --json, and no other", () => {
    const [{ address }] = describeHeap(image, objects, { largest: 1, sort: "bytes" }).largest;
    const report = describeObject("app.image", objects, address);
    expect(namedUnder("--object ADDR --json").sort()).toEqual(Object.keys(report).sort());
  });
});
