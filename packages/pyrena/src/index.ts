/**
 * `pyrena`: a Python heap, assembled: memory, allocators, objects, cycle collection, saved and restored as bytes.
 */
export { LinearMemory, MEM, OBJ, PyrenaError, RAW } from "@pyrena/abi";
export { PyException } from "@pyrena/objects";
export { createRuntime } from "./create.ts";
export type { Definitions, TypeDefinition } from "./definitions.ts";
export type { Description, SavedValue } from "./description.ts";
export { Gc, type GcCallback } from "./gc.ts";
export { decodeImage, IMAGE_VERSION, type Image } from "./image.ts";
export type {
  AllocatorChoice,
  AllocatorStep,
  ArenasChoice,
  CollectorChoice,
  LayerHost,
  RawChoice,
  RuntimeAllocatorHost,
  RuntimeOptions,
} from "./options.ts";
export { type RestoreOptions, restore } from "./restore.ts";
export { Runtime } from "./runtime.ts";
