/** A Pyodide that answers on standard output: started by {@link ./pyodide.ts} with the package's name. */
import { readFileSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";

interface Python {
  runPython(code: string): unknown;
  globals: { get(name: string): (text: string) => string };
}
interface Package {
  loadPyodide(options: { indexURL: string; env: Record<string, string> }): Promise<Python>;
}

const name = process.argv[2]!;
const folder = join(import.meta.dirname, "../../node_modules", name);
const { loadPyodide } = (await import(join(folder, "pyodide.mjs"))) as Package;
const python = await loadPyodide({
  indexURL: dirname(join(folder, "package.json")),
  env: { PYTHONHASHSEED: "0" },
});
python.runPython(readFileSync(join(import.meta.dirname, "../harness.py"), "utf8"));
python.runPython("gc.collect(); gc.freeze()");
const run = python.globals.get("run_all");

function write(text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      // The reader is behind: its pipe is full.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
  }
}

for await (const line of createInterface({ input: process.stdin })) write(`${run(line)}\n`);
