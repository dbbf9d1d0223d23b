/** The texts of the page's exercise. */
import type { CodeExercises } from "../build-code/CodeExercise.tsx";
import solution from "./exercises/peak.solution.ts?raw";
import start from "./exercises/peak.start.ts?raw";

export const codeExercises: CodeExercises["codeExercises"] = { peak: { start, solution } };

export const createWorker = (): Worker =>
  new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
