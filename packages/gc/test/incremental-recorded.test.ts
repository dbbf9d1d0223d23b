import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { incremental } from "../src/index.ts";
import type { RecordedProgram } from "./fixtures/incremental-programs.ts";
import { collectedObjects } from "./heap.ts";
import { collectorOf, perform } from "./incremental-twin.ts";

const recorded = JSON.parse(
  readFileSync(new URL("fixtures/incremental-3.14.2.json", import.meta.url), "utf8"),
) as readonly RecordedProgram[];

// It was asked on ilp32. Nothing here depends on the width of a word.
describe.each(["ilp32", "lp64"] as const)(
  "after each step of a program it has the state that CPython 3.14.2 had: %s",
  (abi) => {
    it.each(abi === "ilp32" ? recorded : recorded.slice(0, 25))("$name", (program) => {
      const py = collectedObjects("3.14", abi, incremental({ enabled: false }));
      const collector = collectorOf(py);
      const ours = perform(py, program, () => collector.verify(collector.ctx));
      expect(ours).toEqual(program.log);
    });
  },
);
