/** Answers of the page on sinks. */
import type { Answers } from "../shared/Exercise.tsx";
import { SinkLab } from "./model.ts";

export const answers: Answers = {
  /** Size classes with more than 10,000 live blocks, after 20,000 dicts of one item were made. */
  classes: () => {
    const lab = new SinkLab();
    lab.make("dicts", 20_000);
    return lab.counts.filter((count) => count > 10_000).length;
  },
};
