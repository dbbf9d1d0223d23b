/** The texts of the page's exercises. */
import markAndSweep from "../../../../../examples/collectors/mark-and-sweep.js?raw";
import type { CodeExercises } from "../build-code/CodeExercise.tsx";
import counts from "./exercises/counts.solution.js?raw";
import cycle from "./exercises/cycle.start.js?raw";

export const codeExercises: CodeExercises["codeExercises"] = {
  cycle: { start: cycle, solution: markAndSweep },
  counts: { start: markAndSweep, solution: counts },
};

export const createWorker = (): Worker =>
  new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
