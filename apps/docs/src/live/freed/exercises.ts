/** Answers of the freed memory page. */
import type { Answers } from "../shared/Exercise.tsx";
import { type Survival, survive } from "./model.ts";

const base: Survival = {
  count: 100_000,
  size: 64,
  keepOneIn: 0,
  order: "scattered",
  python: "3.13",
};

export const answers: Answers = {
  /** Arenas that 5 survivors of 100 000 hold. */
  five: () => survive({ ...base, keepOneIn: 20_000 }).after.arenas,
  /** Arenas that 100 survivors hold if they were made first. */
  together: () => survive({ ...base, keepOneIn: 1000, order: "together" }).after.arenas,
  /** Arenas that 3.8 keeps when all is freed. */
  old: () => survive({ ...base, python: "3.8" }).after.arenas,
};
