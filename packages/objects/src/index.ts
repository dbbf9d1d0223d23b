/**
 * `@pyrena/objects`: CPython's objects on one linear memory.
 */

export type { ListApi, RangeApi, SliceApi, TupleApi } from "./api/sequences.ts";
export {
  type TypeSlots,
  type TypeSpec,
  type TypesApi,
  typeFlags,
  type UnwindSteps,
  type Visit,
} from "./api/types.ts";
export { attachObjects, createObjects, type Objects } from "./objects.ts";
