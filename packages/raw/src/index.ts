/**
 * `@pyrena/raw`: the memory below CPython's allocators: what libc's malloc and mmap are to the interpreter.
 *
 * - **segment**: a contiguous piece of the linear memory that the raw allocator cuts into chunks.
 * - **chunk**: a block with its one-word header.
 * - **region**: granules handed out as one: a segment or an arena.
 * - **granule**: 64 KiB (less in small memories): the unit of the region manager.
 */
export {
  ArenaContext,
  type ArenaSource,
  type ArenaSourceOptions,
  attachArenaSource,
  createArenaSource,
} from "./arena-source.ts";
export { attachBumpAllocator, BumpContext, createBumpAllocator } from "./bump-allocator.ts";
export type { RegionOptions } from "./open-regions.ts";
export {
  attachRawAllocator,
  createRawAllocator,
  type RawAllocator,
  type RawOptions,
} from "./raw-allocator.ts";
export { RawContext } from "./raw-context.ts";
export { Regions } from "./region-context.ts";
