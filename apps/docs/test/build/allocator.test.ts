/** The page on writing an allocator: its steps, its table, its exercises, its code. */
import type { AllocatorFactory } from "@pyrena/abi";
import { attach } from "@pyrena/pyodide";
import { loadPyodide } from "pyodide";
import { describe, expect, it } from "vitest";
import { allocatorChecks } from "../../src/live/build-allocator/checks.ts";
import { codeExercises } from "../../src/live/build-allocator/code-exercises.ts";
import { exerciseChecks } from "../../src/live/build-allocator/exercise-checks.ts";
import { answers } from "../../src/live/build-allocator/exercises.ts";
import { booksOf, compare } from "../../src/live/build-allocator/replay.ts";
import bump from "../../src/live/build-allocator/steps/1-bump.ts";
import freeList from "../../src/live/build-allocator/steps/2-free-list.ts";
import sizeClasses from "../../src/live/build-allocator/steps/3-size-classes.ts";
import pools from "../../src/live/build-allocator/steps/4-pools.ts";
import poolsText from "../../src/live/build-allocator/steps/4-pools.ts?raw";
import { type ProgramName, programNames, record } from "../../src/live/build-allocator/trace.ts";
import { type CheckResult, runChecks } from "../../src/live/build-code/check.ts";
import { blocksOf, expectPrinted, pageText, promised, runCode } from "./run-code.ts";

const steps = { bump, freeList, sizeClasses, pools };
const failing = (results: readonly CheckResult[]): string[] =>
  results.filter(({ passed }) => !passed).map(({ id }) => id);
const factoryOf = async (code: string): Promise<AllocatorFactory> =>
  (await runCode(code)).exports["default"] as AllocatorFactory;

describe("the four steps", () => {
  it.each(Object.entries(steps))(
    "%s obeys the laws, and Python's objects live on it",
    (name, step) => {
      const failed = failing(runChecks(allocatorChecks, step));
      expect(failed).toEqual(name === "bump" ? ["reuse"] : []);
    },
  );

  it("cost what the table says", () => {
    const rows = [
      ...pageText("allocator").matchAll(/^\| (\d.*?|strs.*?|a list.*?) \| ([\d,]+) \|(.*)\|$/gm),
    ];
    expect(rows.map(([, program]) => program)).toEqual(programNames);
    for (const [, program, asked, rest] of rows) {
      const trace = record(program as ProgramName);
      const costs = [...Object.values(steps), "pymalloc" as const].map((one) =>
        booksOf(one, trace),
      );
      const figures = [costs[0]!.peakLiveBytes, ...costs.map((cost) => cost.peakHeldBytes)].map(
        (bytes) => Math.round(bytes / 1024),
      );
      const shown = [asked!, ...rest!.split("|")].map((text) => Number(text.replace(/[ ,]/g, "")));
      expect([program, ...shown]).toEqual([program, ...figures]);
      expect(costs.map(({ damaged, refused }) => damaged + refused)).toEqual([0, 0, 0, 0, 0]);
    }
  });

  it("differ in what they give back: pymalloc one of three arenas, the pools of the page nothing", () => {
    const [mine, theirs] = compare([pools, "pymalloc"], record("40,000 strs; all go"), 0);
    expect(mine!.moments.at(-1)!.heldBytes).toBe(mine!.peakHeldBytes);
    expect(theirs!.peakHeldBytes - theirs!.moments.at(-1)!.heldBytes).toBe(2 ** 20);
    expect(Math.floor(theirs!.peakHeldBytes / 2 ** 20)).toBe(3);
  });

  it("run real Python programs", async () => {
    const pyodide = await loadPyodide();
    const live = attach(pyodide);
    for (const step of Object.values(steps)) {
      const installation = live.install({ allocator: step });
      const found = pyodide.runPython(`
data = {str(n): [n, n / 2, {"n": n}] for n in range(3000)}
import json
again = json.loads(json.dumps(data))
same = data == again
del data, again
same
`);
      expect(found).toBe(true);
      expect(installation.problems).toEqual([]);
      installation.uninstall();
    }
  });
});

describe("the exercises", () => {
  it.each(Object.keys(codeExercises))("%s begins unsolved, and has a solution", async (id) => {
    const { start, solution } = codeExercises[id]!;
    const checks = exerciseChecks[id]!;
    const before = failing(runChecks(checks, await factoryOf(start)));
    const wanted: Record<string, string[]> = { join: ["joins"], "give-back": ["gives-back"] };
    if (id in wanted) expect(before).toEqual(wanted[id]);
    else expect(before.length).toBeGreaterThan(2);
    expect(failing(runChecks(checks, await factoryOf(solution)))).toEqual([]);
  });

  it("notices code that only looks as if", () => {
    // Never frees anything: the laws hold, the point is missed.
    expect(failing(runChecks(exerciseChecks["join"]!, bump))).toEqual(["reuse", "joins"]);
    expect(failing(runChecks(exerciseChecks["give-back"]!, bump))).toContain("gives-back");
    // Hands out one block twice.
    const twice: AllocatorFactory = (next, host) => ({
      ...pools(next, host),
      free: () => {},
      malloc: () => 1 << 16,
    });
    expect(failing(runChecks(exerciseChecks["mend"]!, twice))).toContain("A1");
  });

  it("knows the answer of the other one", () => {
    expect(answers["overhead"]!()).toBe(48);
  });
});

describe("the code on the page", () => {
  const blocks = blocksOf("allocator");
  const js = blocks.filter(({ language }) => language === "js").map(({ code }) => code);
  const step = { "./4-pools.ts": { default: pools, __esModule: true } };

  it("installs in a Python heap", async () => {
    const { printed } = await runCode(js[0]!, step);
    expect(promised(js[0]!)).toHaveLength(1);
    expect(printed).toEqual(promised(js[0]!));
  });

  it("runs the laws, one after the other", async () => {
    const { printed } = await runCode(js[1]!, step);
    expect(printed).toHaveLength(9);
    expect(js).toHaveLength(2);
  });

  it("shows what a broken law says", async () => {
    const broken = poolsText.replace(/\n.*memory\.u8\.fill\(0.*\n/, "\n");
    expect(broken).not.toBe(poolsText);
    const results = runChecks(allocatorChecks, await factoryOf(broken));
    const seen = results.find(({ id }) => id === "A1-A7")!.seen;
    const text = blocks.find(({ language }) => language === "text")!.code;
    expectPrinted(seen.split("\n"), text);
  });
});
