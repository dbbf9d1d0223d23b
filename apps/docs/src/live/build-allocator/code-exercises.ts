/** The texts of the page's exercises. */
import type { CodeExercises } from "../build-code/CodeExercise.tsx";
import giveBack from "./exercises/give-back.solution.ts?raw";
import join from "./exercises/join.solution.ts?raw";
import mend from "./exercises/mend.solution.ts?raw";
import mendStart from "./exercises/mend.start.ts?raw";
import freeList from "./steps/2-free-list.ts?raw";
import pools from "./steps/4-pools.ts?raw";

export const codeExercises: CodeExercises["codeExercises"] = {
  mend: { start: mendStart, solution: mend },
  join: { start: freeList, solution: join },
  "give-back": { start: pools, solution: giveBack },
};

export { checkNames } from "./texts.ts";

export const createWorker = (): Worker =>
  new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
