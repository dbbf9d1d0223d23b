/** Answers of the private heap page. */
import type { Answers } from "../shared/Exercise.tsx";
import { RequestLab } from "./model.ts";

export const answers: Answers = {
  /** The largest request that pymalloc serves, found by asking. */
  threshold: () => {
    const lab = new RequestLab();
    let size = 1;
    while (lab.request(size + 1).servedBy === "pymalloc") size++;
    return size;
  },
  zero: () => new RequestLab().request(0).servedBy,
};
