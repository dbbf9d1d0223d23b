import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { incremental } from "../src/index.ts";
import type { RecordedProgram } from "./fixtures/incremental-programs.ts";
import { collectedObjects } from "./heap.ts";
import { collectorOf, perform } from "./incremental-twin.ts";

const recorded = JSON.parse(
  readFileSync(new URL("fixtures/incremental-3.14.2.json", import.meta.url), "utf8"),
) as readonly RecordedProgram[];

describe("after each step of a program it has the state that CPython 3.14.2 had", () => {
  it.each(recorded)("$name", (program) => {
    const py = collectedObjects("3.14", "ilp32", incremental({ enabled: false }));
    const collector = collectorOf(py);
    const ours = perform(py, program, () => collector.verify(collector.ctx));
    expect(ours).toEqual(program.log);
  });
});
