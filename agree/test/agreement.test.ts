/**
 * At least 1 000 programs for each oracle: the Pyodides from npm, and native interpreters, or what they said when they
 * were asked, where the machine has none.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  Comparison,
  type Oracle,
  optionsFor,
  pyrenaLog,
  remembering,
  sideBySide,
} from "../src/agreement.ts";
import { generate } from "../src/generate.ts";
import { findNatives } from "../src/oracles/native.ts";
import { OracleProcess, PYTHONS } from "../src/oracles/oracle.ts";
import { pyodides } from "../src/oracles/pyodide.ts";
import { PyrenaRunner } from "../src/pyrena.ts";
import { pythonSource } from "../src/python.ts";
import { digest, readRecording } from "../src/recorded.ts";

const PROGRAMS = 1000;
const SEED = 1;
const BATCH = 100;
const natives = findNatives();
const RECORDED = ["3.11", "3.12", "3.13"];
/** How many recorded answers are enough where an interpreter is asked, too. */
const FEW = 100;
/** Programs after which the whole heap is checked, in each version on each data model. */
const CHECKED = 60;

describe.each([...natives, ...pyodides()])("$id ($title)", (info) => {
  let process: OracleProcess;
  let oracle: Oracle;
  beforeAll(() => {
    process = new OracleProcess(info);
    oracle = remembering(process);
  });
  afterAll(() => process.stop());

  it(`tells the same story of ${PROGRAMS} programs`, { timeout: 120_000 }, async () => {
    const comparison = new Comparison(oracle);
    for (let from = SEED; from < SEED + PROGRAMS; from += BATCH) {
      const [first] = await comparison.compareSeeds(from, BATCH);
      if (first) {
        const { program, expected, got } = await comparison.shrink(first);
        const source = pythonSource(program);
        expect(
          got,
          `seed ${program.seed}\n${source}\n${sideBySide({ program, expected, got })}`,
        ).toBe(expected);
      }
    }
  });

  it("says the same when it is asked again, in another order", { timeout: 60_000 }, async () => {
    const sources = Array.from({ length: BATCH }, (_, i) =>
      pythonSource(generate(SEED + i, optionsFor(info.python))),
    );
    // What it has said above, and what it says now.
    const first = await oracle.run(sources);
    const again = await process.run(sources.toReversed());
    expect(again.toReversed()).toEqual(first);
    for (const log of first) expect(log).not.toContain("failed=");
  });
});

describe.each(RECORDED)("%s-lp64, recorded", (python) => {
  const asked = natives.some((native) => native.python === python);
  const count = asked ? FEW : PROGRAMS;
  it(`tells the same story of ${count} programs`, { timeout: 120_000 }, () => {
    const recording = readRecording(python, "lp64");
    if (!recording) throw new Error(`fixtures/${python}-lp64.json.gz is missing`);
    const runner = new PyrenaRunner(python, "lp64");
    recording.logs.slice(0, count).forEach((expected, i) => {
      const program = generate(recording.seed + i, optionsFor(python));
      expect(
        digest(pythonSource(program)),
        "the generator has changed since: record again, see README.md",
      ).toBe(recording.sources[i]);
      const log = pyrenaLog(runner, program);
      const whole = recording.whole[i];
      if (whole !== undefined) expect(log, `seed ${program.seed}`).toBe(whole);
      expect(digest(log), `seed ${program.seed}`).toBe(expected);
    });
  });
});

describe.each(
  PYTHONS.flatMap((python) => (["lp64", "ilp32"] as const).map((abi) => [python, abi] as const)),
)("%s-%s", (python, abi) => {
  it(`leaves a heap in order after each of ${CHECKED} programs`, { timeout: 60_000 }, () => {
    const runner = new PyrenaRunner(python, abi, {
      afterwards: (py, held) => py.inspect.verify({ held }),
    });
    for (let seed = 1; seed <= CHECKED; seed++) runner.run(generate(seed, optionsFor(python)));
  });

  it("says the same on a new heap and on one set back to its first state", {
    timeout: 60_000,
  }, () => {
    const again = new PyrenaRunner(python, abi);
    const fresh = new PyrenaRunner(python, abi, { freshHeaps: true });
    for (let seed = 1; seed <= CHECKED; seed++) {
      const program = generate(seed, optionsFor(python));
      expect(again.run(program), `seed ${seed}`).toBe(fresh.run(program));
    }
  });
});
