/** @pyrena/gc: CPython's cycle collectors over any object graph. */
export { debugging } from "./debugging.ts";
export {
  type BrokenTraverse,
  type Diagnosis,
  diagnose,
  type Excess,
} from "./diagnose.ts";
export {
  type Edge,
  type Explanation,
  explain,
  type Fate,
  type Unaccounted,
} from "./explain.ts";
export { type GcCallback, type GcModule, makeGcModule } from "./gc-module.ts";
export {
  createGenerational,
  type GenerationalOptions,
  generational,
} from "./generational.ts";
export {
  createIncremental,
  type IncrementalCollector,
  type IncrementalOptions,
  type IncrementalProgress,
  incremental,
  isIncremental,
} from "./incremental.ts";
export type { MoreRoots } from "./survey.ts";
