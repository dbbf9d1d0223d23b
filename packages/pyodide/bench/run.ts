/**
 * What an allocator in JavaScript costs a Python program: `node bench/run.ts [rounds] [allocator …]`.
 *
 * Each round starts one interpreter for each allocator, in turn, and runs every program in it some times; a program's
 * figure is the best of all rounds, so that other work on the machine disturbs it little. Ratios are to `stock`, the
 * interpreter as it comes. Build first: what is measured is what is published.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { attach } from "@pyrena/pyodide";
import { loadPyodide } from "pyodide";
import { programs } from "./programs.ts";

/** Best time of each program, in milliseconds, in the order of `programs`. */
async function measure(allocator: string): Promise<number[]> {
  const pyodide = await loadPyodide();
  if (allocator === "pass-through") attach(pyodide).install({ allocator: (next) => next });
  else if (allocator === "pymalloc-typescript")
    attach(pyodide).install({ allocator: "pymalloc", engine: "typescript" });
  else if (allocator !== "stock") attach(pyodide).install({ allocator });
  pyodide.runPython(`
import time
def best(run, seconds=1.0):
    times, end = [], time.perf_counter() + seconds
    while len(times) < 5 or time.perf_counter() < end:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times) * 1000
`);
  return Object.values(programs).map(
    (source) => pyodide.runPython(`${source}\nbest(run)`) as number,
  );
}

if (process.argv[2] === "--child") {
  console.log(JSON.stringify(await measure(process.argv[3]!)));
} else {
  const rounds = Number(process.argv[2] ?? 3);
  const chosen = process.argv.slice(3);
  const allocators = ["stock", ...(chosen.length > 0 ? chosen : ["pymalloc"])];
  const best = allocators.map(() => Object.keys(programs).map(() => Number.POSITIVE_INFINITY));
  for (let round = 0; round < rounds; round++) {
    for (const [index, allocator] of allocators.entries()) {
      const child = spawnSync(
        process.execPath,
        [fileURLToPath(import.meta.url), "--child", allocator],
        { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
      );
      const times = JSON.parse(child.stdout) as number[];
      for (const [n, time] of times.entries()) {
        best[index]![n] = Math.min(best[index]![n]!, time);
      }
    }
  }
  console.log(`| best of ${rounds} rounds, ms | ${allocators.join(" | ")} |`);
  console.log(`| --- |${" ---: |".repeat(allocators.length)}`);
  const [stock] = best as [number[]];
  for (const [n, name] of Object.keys(programs).entries()) {
    const cells = best.map((times, index) =>
      index === 0
        ? times[n]!.toFixed(1)
        : `${times[n]!.toFixed(1)} (${(times[n]! / stock[n]!).toFixed(2)} ×)`,
    );
    console.log(`| ${name} | ${cells.join(" | ")} |`);
  }
  const means = best.map((times) =>
    Math.exp(times.reduce((sum, time, n) => sum + Math.log(time / stock[n]!), 0) / times.length),
  );
  console.log(
    `| geometric mean | ${means.map((mean, index) => (index === 0 ? "" : `${mean.toFixed(3)} ×`)).join(" | ")} |`,
  );
}
