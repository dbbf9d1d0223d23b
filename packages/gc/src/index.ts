/** @pyrena/gc: CPython's cycle collectors over any object graph. */
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
