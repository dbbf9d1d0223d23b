/**
 * `@pyrena/pymalloc`: CPython's pymalloc, address for address.
 */
export { type ArenaField, arenaObject } from "./arena.ts";
export { PymallocContext, type PymallocOptions } from "./context.ts";
export {
  engineLayout,
  instantiatePymallocEngine,
  type PymallocEngine,
  type PymallocEngineFunctions,
  type PymallocEngineOptions,
  type TableAllocator,
} from "./engine.ts";
export {
  blockRecord,
  type EngineField,
  RECORD_PAGE_SHIFT,
  type RecordField,
} from "./engine-state.ts";
export { NO_SIZE_CLASS, type PoolField, poolHeader } from "./pool.ts";
export { attachPymalloc, createPymalloc, type Pymalloc } from "./pymalloc.ts";
export { poolCapacity, sizeClassOf } from "./size-class.ts";
export { STATE_TAG, STATE_VERSION, type StateField, stateLayout, stateStruct } from "./state.ts";
export { allocatedBlocks, pymallocStatDeclarations, rawAllocatedBlocks } from "./stats.ts";
