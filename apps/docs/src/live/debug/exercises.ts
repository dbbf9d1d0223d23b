/** Answers of the debug hooks page. */
import type { Answers } from "../shared/Exercise.tsx";
import { DebugLab } from "./model.ts";

export const answers: Answers = {
  /** Bytes that a debug block of 10 takes from pymalloc. */
  block: () => new DebugLab(10).blockBytes,
  /** The longest text that fits in 10 bytes unnoticed. */
  fits: () => {
    let length = 0;
    for (;;) {
      const lab = new DebugLab(10);
      lab.writeText("x".repeat(length + 1));
      if (lab.free() !== undefined) return length;
      length++;
    }
  },
};
