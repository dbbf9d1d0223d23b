/** The programs of the page on workers, each in processes and threads of its own. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { Heap, LinearMemory, profileFor } from "@pyrena/abi";
import { createRawAllocator } from "@pyrena/raw";
import { expect, it } from "vitest";
import { work } from "../../src/live/build-workers/work.ts";
import { blocksOf, expectPrinted } from "./run-code.ts";

const folder = join(import.meta.dirname, "../../src/live/build-workers");
const texts = blocksOf("workers")
  .filter(({ language }) => language === "text")
  .map(({ code }) => code);
const run = async (program: string): Promise<string[]> => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(folder, program)], {
    timeout: 30_000,
  });
  return stdout.trimEnd().split("\n");
};

it("lets four workers allocate at once", async () => {
  expectPrinted(await run("raw-main.mjs"), texts[0]!);
});

it("lets four workers use pymalloc in turns", async () => {
  expectPrinted(await run("pymalloc-main.mjs"), texts[1]!);
  expect(texts).toHaveLength(2);
});

it("notices blocks that somebody else writes into", () => {
  const maxBytes = 2 ** 24;
  const memory = LinearMemory.create({ backing: "wasm-shared", bytes: 2 ** 20, maxBytes });
  const heap = Heap.create(memory, profileFor("3.13", "lp64"));
  createRawAllocator(heap);
  const job = { memory: memory.transferable as WebAssembly.Memory, maxBytes, pairs: 500 };
  expect(work({ name: 1, ...job }).damaged).toBe(0);
  // A number that does not fit into a byte is never found again.
  expect(work({ name: 257, ...job }).damaged).toBeGreaterThan(0);
});
