/** Answers of the reuse page. */
import type { Answers } from "../shared/Exercise.tsx";
import { FreeListLab, sameInts } from "./model.ts";

export const answers: Answers = {
  /** The largest int that 3.13 shares. */
  largest: () => {
    let n = 0;
    while (sameInts(n + 1).same) n++;
    return n;
  },
  /** Floats kept when 1000 of them die. */
  floats: () => {
    const lab = new FreeListLab();
    lab.make("float", 1000);
    lab.drop();
    return lab.kept().find(({ name }) => name === "PyFloatObject")!.free;
  },
};
