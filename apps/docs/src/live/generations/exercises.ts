/** Answers of the generations page. */
import type { Answers } from "../shared/Exercise.tsx";
import { GenerationsLab } from "./model.ts";

export const answers: Answers = {
  /** Collections while 20 000 lists are kept, in 3.13. */
  kept: () => {
    const lab = new GenerationsLab();
    lab.make(20_000);
    return lab.collections.length;
  },
  /** Which automatic collection is the first of generation 1? */
  middle: () => {
    const lab = new GenerationsLab();
    lab.make(40_000);
    return lab.collections.findIndex(({ generation }) => generation === 1) + 1;
  },
};
