/** CPython's collector in Pyodide. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { processorMicroseconds } from "../../src/processor-time.ts";
import { type GrowingFigures, repeats } from "../workloads.ts";
import type { GcPeer } from "./gc-peer.ts";

/** What this needs of the package; every version of it has it. */
export interface PyodidePackage {
  loadPyodide(options: { env: Record<string, string> }): Promise<{
    FS: { writeFile(path: string, text: string): void };
    runPython(code: string): unknown;
    toPy(value: unknown): unknown;
  }>;
}

/** @param importPackage one version of Pyodide */
export async function openPyodide(importPackage: () => Promise<unknown>): Promise<GcPeer> {
  const { loadPyodide } = (await importPackage()) as PyodidePackage;
  const python = await loadPyodide({ env: { PYTHONHASHSEED: "0" } });
  const source = readFileSync(join(import.meta.dirname, "../collect.py"), "utf8");
  python.FS.writeFile("/lib/collect.py", source);
  python.runPython("import sys, gc, json; sys.path.insert(0, '/lib'); import collect");
  const prepare = python.runPython("collect.prepare") as (
    kind: string,
    links: string,
    units: number,
  ) => void;
  const collect = python.runPython("collect.collect") as (times: number) => void;
  const forget = python.runPython("collect.forget") as () => void;
  const growing = python.runPython("collect.growing") as (
    units: number,
    clock: () => number,
  ) => number;
  let current = "";
  return {
    run: (workload, units) => {
      const { id, kind, links } = workload;
      if (current !== id) forget();
      current = id;
      if (kind === "growing") {
        const nanoseconds = growing(units, () => Math.round(processorMicroseconds() * 1000));
        const figures = python.runPython("json.dumps(collect.figures)") as string;
        return { nanoseconds, figures: JSON.parse(figures) as GrowingFigures };
      }
      prepare(kind, links, units);
      const times = repeats(workload, units);
      const from = processorMicroseconds();
      collect(times);
      return { nanoseconds: ((processorMicroseconds() - from) * 1000) / times };
    },
  };
}
