/** The page on writing a collector: its steps, what is watched of them, its exercises, its code. */
import type { CollectorFactory } from "@pyrena/abi";
import { describe, expect, it } from "vitest";
import finishedText from "../../../../examples/collectors/mark-and-sweep.js?raw";
import { type CheckResult, runChecks } from "../../src/live/build-code/check.ts";
import { collectorChecks, exerciseChecks } from "../../src/live/build-collector/checks.ts";
import { codeExercises } from "../../src/live/build-collector/code-exercises.ts";
import ring from "../../src/live/build-collector/steps/1-ring.ts";
import markAndSweep from "../../src/live/build-collector/steps/2-mark-and-sweep.ts";
import { watchCollection } from "../../src/live/build-collector/watch.ts";
import { blocksOf, promised, runCode } from "./run-code.ts";

const collectorOf = async (code: string): Promise<CollectorFactory> =>
  (await runCode(code)).exports["default"] as CollectorFactory;
const finished = await collectorOf(finishedText);
const failing = (results: readonly CheckResult[]): string[] =>
  results.filter(({ passed }) => !passed).map(({ id }) => id);

describe("the three steps", () => {
  it("fail at what they leave out, as the page says", () => {
    expect(failing(runChecks(collectorChecks, ring))).toEqual(["G4", "G5", "G6", "objects"]);
    const second = runChecks(collectorChecks, markAndSweep);
    expect(failing(second)).toEqual(["G4", "G5", "objects"]);
    const seen = new Map(second.map((one) => [one.id, one.seen]));
    expect(seen.get("G4")).toContain("collect inside a collection returned 2");
    expect(seen.get("G5")).toContain("made a cycle reachable again, but it was taken apart");
    expect(seen.get("objects")).toContain("'Node' object has no attribute 'name'");
    expect(failing(runChecks(collectorChecks, finished))).toEqual([]);
  });

  it("are watched call by call", () => {
    const lost = { nodes: "ABCDE", variables: "A", references: ["AB", "BC", "CA", "DE", "ED"] };
    const calls = (collector: CollectorFactory, picture = lost): string =>
      watchCollection(collector, picture)
        .events.map(({ what, at, to = "" }) => `${what} ${at}${to}`)
        .join(", ");
    expect(calls(markAndSweep)).toBe(
      "root A, look A, refers AB, look B, refers BC, look C, refers CA, " +
        "incref D, incref E, clear D, clear E, decref D, died D, decref E, died E",
    );
    expect(watchCollection(markAndSweep, lost)).toMatchObject({
      returned: 2,
      left: ["A", "B", "C"],
    });
    expect(watchCollection(ring, lost)).toMatchObject({ returned: 0, events: [] });
    const chain = { nodes: "AB", variables: "", references: ["AB"] };
    expect(watchCollection(finished, chain)).toMatchObject({ deadBefore: ["A", "B"], left: [] });
  });
});

describe("the exercises", () => {
  it.each(Object.entries(codeExercises))(
    "%s begins unsolved, and has a solution",
    async (id, { start, solution }) => {
      expect(failing(runChecks(exerciseChecks[id]!, await collectorOf(start)))).toContain("cycle");
      expect(failing(runChecks(exerciseChecks[id]!, await collectorOf(solution)))).toEqual([]);
    },
  );

  it("notices roots where there are none, and what only counts know", async () => {
    const [cycle] = runChecks(exerciseChecks["counts"]!, finished);
    expect(cycle!.seen).toContain("graph.roots was called");
    // The trap: references of its own that are not subtracted.
    const trapped = codeExercises["counts"]!.solution.replace("new Set(dead)", "new Set()");
    expect(failing(runChecks(exerciseChecks["counts"]!, await collectorOf(trapped)))).toContain(
      "G5",
    );
    // Everything is garbage.
    const greedy = codeExercises["counts"]!.solution.replace(
      "if (count > 0) reached",
      "if (false) reached",
    );
    expect(failing(runChecks(exerciseChecks["counts"]!, await collectorOf(greedy)))).toContain(
      "held-by-code",
    );
  });
});

describe("the code on the page", () => {
  const js = blocksOf("collector").filter(({ language }) => language === "js");
  const more = { "./mark-and-sweep.js": { default: finished, __esModule: true } };

  it("installs it, and another one takes over", async () => {
    const { printed } = await runCode(js[0]!.code, more);
    expect(promised(js[0]!.code)).toEqual(["2"]);
    expect(printed).toEqual(["2"]);
  });

  it("runs the laws", async () => {
    expect((await runCode(js[1]!.code, more)).printed).toHaveLength(6);
    expect(js).toHaveLength(2);
  });
});
