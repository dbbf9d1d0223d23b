/** Answers of the arenas page. */
import { poolCapacity, sizeClassOf } from "@pyrena/pymalloc";
import type { Answers } from "../shared/Exercise.tsx";
import { ArenaLab } from "./model.ts";

export const answers: Answers = {
  /** Blocks of 48 bytes in a pool of 3.13. */
  capacity: () => poolCapacity(new ArenaLab().profile, sizeClassOf(new ArenaLab().profile, 48)),
  /** What a request for 33 bytes really takes. */
  rounding: () => {
    const lab = new ArenaLab();
    lab.allocate(1, 33);
    return lab.totals().liveBytes;
  },
  /** Arenas for 100 000 blocks of 100 bytes. */
  arenas: () => {
    const lab = new ArenaLab();
    lab.allocate(100_000, 100);
    return lab.totals().arenas;
  },
  /** After freeing block 0, then block 1, of three: which of the old blocks comes back first? */
  lifo: () => {
    const lab = new ArenaLab();
    const [a, b] = lab.allocate(3, 48);
    lab.free(a!);
    lab.free(b!);
    const [again] = lab.allocate(1, 48);
    return again === b ? "second" : again === a ? "first" : "neither";
  },
};

export { words } from "./texts.ts";
