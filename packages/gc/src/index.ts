/** @pyrena/gc: CPython's cycle collectors over any object graph. */
export {
  createGenerational,
  type GenerationalOptions,
  generational,
} from "./generational.ts";
