/** Answers of the memory layout page. */
import type { Answers } from "../shared/Exercise.tsx";
import { MemoryLab } from "./model.ts";

const bytesOf = (lab: MemoryLab, name: string): number =>
  lab.kinds().find((kind) => kind.name === name)!.bytes;

export const answers: Answers = {
  /** Bytes of arenas that are left when 100 000 floats came and went. */
  kept: () => {
    const lab = new MemoryLab();
    lab.makeSmall(100_000);
    lab.drop();
    return bytesOf(lab, "object heap");
  },
  /** Where does a bytes object of 100 000 go? */
  large: () => {
    const lab = new MemoryLab();
    const before = lab.kinds();
    lab.makeLarge(100_000);
    const after = lab.kinds();
    return after.find(({ used }, n) => used - before[n]!.used >= 100_000)!.name;
  },
};

export { words } from "./texts.ts";
