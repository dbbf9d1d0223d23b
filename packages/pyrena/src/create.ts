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

/** First version of CPython 3 whose objects are built. */
const OLDEST_MINOR = 11;

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
  requireSeed(options.hashSeed ?? 0);
  const plan = planAllocators({ profile }, options.allocator, options.debug ?? false);
  const memory = memoryOf(options.memory);
  const heap = Heap.create(memory, profile);
  const collector = collectorFor(options.collector, profile);
  const layers = assemble(heap, plan, collector, options, true);
  const types = defineTypes(layers.objects, options);
  return new Runtime({ layers, definitions: options, types, inspected: false });
}

/** @throws PyrenaError `unknown-profile` also for versions that have a profile and no objects */
function profileOf({ python = "3.13", abi = "lp64" }: RuntimeOptions): Profile {
  const profile = profileFor(python, abi);
  const [, minor] = profile.python.split(".");
  if (Number(minor) < OLDEST_MINOR) {
    throw new PyrenaError(
      "unknown-profile",
      `python: there are objects of 3.${OLDEST_MINOR} and later versions, not of ${profile.python}, which has allocators only`,
    );
  }
  return profile;
}

function requireSeed(seed: number): void {
  if (Number.isInteger(seed) && seed >= 0 && seed <= 0xffffffff) return;
  throw new PyrenaError(
    "bad-argument",
    `hashSeed: a whole number from 0 to 4294967295, as PYTHONHASHSEED, not ${String(seed)}`,
  );
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
