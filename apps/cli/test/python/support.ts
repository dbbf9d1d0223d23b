/** Programs for tests: files in a folder that goes away, and runs of them whose telemetry is wanted. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { RunPythonOptions, RunPythonResult } from "../../src/python/index.ts";
import { PATIENCE, type ShellResult, shell } from "../pyrena.ts";
import { temporaryFolder } from "../recordings.ts";

/** For a test, in milliseconds. A command that hangs is told first, with what it has printed. */
export const TIMEOUT: number = PATIENCE + 20_000;

/** A folder with these files, gone after the tests. */
export function folderWith(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

/** What `runPython` resolves to in a process of its own, and what the program wrote. */
export async function telemetryOf(
  options: RunPythonOptions,
): Promise<ShellResult & { readonly result: RunPythonResult }> {
  const built = pathToFileURL(join(import.meta.dirname, "../../dist/python/index.js")).href;
  const folder = folderWith({
    "run.mjs": `
      import { writeFileSync } from "node:fs";
      import { runPython } from ${JSON.stringify(built)};
      const result = await runPython(${JSON.stringify(options)});
      writeFileSync("result.json", JSON.stringify(result));
    `,
  });
  const run = await shell(process.execPath, ["run.mjs"], { cwd: folder });
  const { readFileSync } = await import("node:fs");
  try {
    return { ...run, result: JSON.parse(readFileSync(join(folder, "result.json"), "utf8")) };
  } catch {
    throw new Error(`runPython did not resolve: ${run.stderr}`);
  }
}
