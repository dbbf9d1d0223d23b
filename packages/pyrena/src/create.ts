/** A new runtime. */
import {
  Heap,
  LinearMemory,
  type LinearMemoryOptions,
  type Profile,
  PyrenaError,
  profileFor,
} from "@pyrena/abi";
import { planAllocators } from "./allocators.ts";
import { defineTypes } from "./bindings.ts";
import { collectorFor } from "./collectors.ts";
import { assemble } from "./layers.ts";
import type { RuntimeOptions } from "./options.ts";
import { Runtime } from "./runtime.ts";

/**
 * A Python heap with everything around it.
 *
 *     py, globals, gc     handles: Python objects for people who write JavaScript
 *     objects             the same on addresses: types, counts, frames
 *     collector           finds cycles
 *     domains             RAW, MEM, OBJ: what is installed in each
 *     pymalloc            small requests
 *     raw, arenas         large requests; regions
 *     heap                header: where each layer's state lies
 *     memory              bytes
 *
 * @throws PyrenaError `unknown-profile`, `unknown-allocator`, `not-built-in`, `bad-argument`; `memory-limit` where the
 *   memory has no room for an empty heap
 */
export function createRuntime(options: RuntimeOptions = {}): Runtime {
  const profile = profileOf(options);
  const plan = planAllocators({ profile }, options.allocator, options.debug ?? false);
  const memory = memoryOf(options.memory);
  const heap = Heap.create(memory, profile);
  const collector = collectorFor(options.collector, profile);
  const layers = assemble(heap, plan, collector, options, true);
  const types = defineTypes(layers.objects, options);
  return new Runtime({ layers, definitions: options, types, inspected: false });
}

/** Versions without objects have a profile, too. */
function profileOf({ python = "3.13", abi = "lp64" }: RuntimeOptions): Profile {
  return profileFor(python, abi);
}

function memoryOf(choice: LinearMemory | LinearMemoryOptions | undefined): LinearMemory {
  if (choice instanceof LinearMemory) return choice;
  if (choice !== undefined && (choice === null || typeof choice !== "object")) {
    throw new PyrenaError(
      "bad-argument",
      `memory: a LinearMemory, or the options to make one (bytes, maxBytes, backing), not ${String(choice)}`,
    );
  }
  return LinearMemory.create(choice);
}
