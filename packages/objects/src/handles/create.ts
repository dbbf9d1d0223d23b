/** Objects and handles in one call. */
import type { Heap } from "@pyrena/abi";
import type { ObjectsOptions } from "../core/options.ts";
import { attachObjects, createObjects } from "../objects.ts";
import type { HandleOptions } from "./handle.ts";
import { Python } from "./python.ts";

/** What objects are made over, and how handles behave. */
export interface PythonOptions extends ObjectsOptions, HandleOptions {}

/**
 * Make a heap's objects, with handles over them.
 * @throws PyrenaError as `createObjects`
 */
export function createPython(heap: Heap, options: PythonOptions): Python {
  return new Python(createObjects(heap, options), options);
}

/**
 * Open a heap that has objects, with handles over them; `adopt()` gives handles for what was held before.
 * @throws PyrenaError as `attachObjects`
 */
export function attachPython(heap: Heap, options: PythonOptions): Python {
  return new Python(attachObjects(heap, options), options);
}
