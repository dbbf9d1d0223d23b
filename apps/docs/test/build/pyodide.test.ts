/** The programs of the page on Pyodide, each in a process of its own, as a reader would start it. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { loadPyodide } from "pyodide";
import { expect, it } from "vitest";
import { blocksOf, expectPrinted, pageText, runCode } from "./run-code.ts";

const folder = join(import.meta.dirname, "../../src/live/build-pyodide");
const blocks = blocksOf("pyodide");
const texts = blocks.filter(({ language }) => language === "text").map(({ code }) => code);
const run = async (program: string): Promise<string[]> => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(folder, program)], {
    timeout: 110_000,
  });
  return stdout.trimEnd().split("\n");
};

it("looks at the arenas of a CPython in Node", async () => {
  expectPrinted(await run("in-node.mjs"), texts[0]!);
});

it("installs an allocator that refuses", async () => {
  const js = blocks.filter(({ language }) => language === "js");
  expect(js).toHaveLength(1);
  const shared = await loadPyodide();
  const pyodide = { loadPyodide: async () => shared };
  const { printed } = await runCode(js[0]!.code, { pyodide });
  expectPrinted(printed, texts[1]!);
  // What the page says of sizes in there.
  expect(pageText("pyodide")).toContain("An int has 16 bytes here, not 28");
  expect(shared.runPython("import sys; sys.getsizeof(1)")).toBe(16);
});

it("measures", async () => {
  const printed = await run("measure.mjs");
  expectPrinted(printed, texts[2]!);
  for (const line of printed) expect(Number(line.split(": ")[1])).toBeGreaterThan(0.05);
  // Three interpreters are started, one after another: on a busy machine that takes its time.
}, 120_000);
