/** Answers of the finalizers page. */
import type { Answers } from "../shared/Exercise.tsx";
import { play, scenarios } from "./model.ts";

export const answers: Answers = {
  /** In a cycle, what runs first? */
  first: () => play(scenarios[1]!)[1]!.split(" ")[0]!,
  /** How many times "del" is printed when both objects of a cycle are resurrected once. */
  dels: () => play(scenarios[3]!).filter((line) => line.startsWith("del")).length,
  /** Which callback comes first of 1, 2, 3? */
  order: () => Number(play(scenarios[4]!)[0]!.split(" ")[1]),
};
