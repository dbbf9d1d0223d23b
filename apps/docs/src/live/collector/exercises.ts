/** Answers of the collector page. */
import type { Answers } from "../shared/Exercise.tsx";
import { CollectorLab, scenes } from "./model.ts";

export const answers: Answers = {
  /** Working count of A in the first scene, after the second pass. */
  subtracted: () =>
    new CollectorLab(scenes[0])
      .steps()
      .findLast(({ pass }) => pass === "subtract")!
      .refs.get("A")!,
  /** How many are on the tentative list at its longest, in the second scene. */
  tentative: () =>
    Math.max(...new CollectorLab(scenes[1]).steps().map(({ unreachable }) => unreachable.length)),
  /** What gc.collect() returns in the third scene. */
  returned: () => new CollectorLab(scenes[2]).collect().returned,
};
