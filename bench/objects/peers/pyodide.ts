/** Python loops in Pyodide. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadPyodide } from "pyodide";
import type { ObjectPeer } from "./object-peer.ts";

export async function openPyodide(): Promise<ObjectPeer> {
  const python = await loadPyodide({ env: { PYTHONHASHSEED: "0" } as Record<string, string> });
  python.FS.writeFile(
    "/lib/loops.py",
    readFileSync(join(import.meta.dirname, "../loops.py"), "utf8"),
  );
  python.runPython("import sys; sys.path.insert(0, '/lib'); import loops; loops.prepare()");
  const ids = python.runPython("' '.join(loops.WORKLOADS)") as string;
  return {
    workloads: Object.fromEntries(
      ids.split(" ").map((id) => {
        const run = python.runPython(`loops.WORKLOADS['${id}']`) as (units: number) => void;
        return [id, (units: number) => void run(units)];
      }),
    ),
    bytes: (workload, count) =>
      python.runPython(`loops.bytes_of('${workload}', ${count})`) as number,
  };
}
