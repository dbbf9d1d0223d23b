/** The bytes of the fences and every line of the dumps, compared with CPython's own. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Abi, ilp32, lp64 } from "@pyrena/abi";
import { describe, expect, it } from "vitest";
import { type Answer, ask, hooksPart, type Recording } from "./native-answers.ts";
import { nativePythons } from "./native-pythons.ts";

const fixtures = join(import.meta.dirname, "fixtures");
const recordings = readdirSync(fixtures).map(
  (name) => JSON.parse(readFileSync(join(fixtures, name), "utf8")) as Recording,
);

/** The data model of a recording: Pyodide's is ilp32. */
const abiOf = ({ full }: Recording): Abi => (full.includes("WebAssembly") ? ilp32 : lp64);

/** What a scenario is called. */
function title({ scenario }: Answer): string {
  return JSON.stringify(scenario).replaceAll('"', "");
}

describe.each(recordings)("the hooks, as CPython $full answered", (recording) => {
  const { answers } = recording;
  it.each(answers.map((answer) => [title(answer), answer] as const))("%s", (_, answer) => {
    expect(ask(answer.scenario, abiOf(recording))).toEqual(hooksPart(answer));
  });
});

describe("the recordings", () => {
  it("cover every way in which a block can be damaged", () => {
    expect(recordings.length).toBeGreaterThanOrEqual(4);
    expect(recordings.map((recording) => abiOf(recording).name)).toContain("ilp32");
    for (const { answers } of recordings) {
      const texts = answers.map(({ text }) => text).join("\n");
      for (const words of ["bad ID", "bad leading pad byte", "bad trailing pad byte", " ... "])
        expect(texts).toContain(words);
      expect(answers.some(({ text }) => text === "")).toBe(true);
    }
  });

  it("are what a CPython of this machine says today", (context) => {
    const newest = nativePythons()
      .filter(({ version }) => recordings.some(({ python }) => python === version))
      .at(-1);
    if (newest === undefined) {
      return context.skip("no native CPython of a recorded version on this machine");
    }
    const { stdout, stderr } = spawnSync(
      newest.path,
      [join(import.meta.dirname, "oracle/record.py")],
      { encoding: "utf8", maxBuffer: 1 << 24 },
    );
    expect(stderr).toBe("");
    const { answers } = JSON.parse(stdout) as Recording;
    const recorded = recordings.find(({ python }) => python === newest.version);
    expect(answers).toEqual(recorded?.answers);
  });
});
