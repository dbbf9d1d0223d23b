/**
 * `@pyrena/abi`: bytes and contracts. No behaviour beyond them.
 *
 * Glossary, used throughout Pyrena in CPython's sense:
 *
 * - **address**: a byte offset into the linear memory; 0 is NULL.
 * - **block**: what `malloc` returns: the bytes of one request.
 * - **size class**: requests are rounded up to a multiple of the alignment; each multiple up to 512 bytes is a class.
 * - **pool**: a run of blocks of one size class with a header, 4 or 16 KiB (CPython's pool; not an OS page).
 * - **arena**: 64 pools, 256 KiB or 1 MiB, the unit that pymalloc obtains and gives back as a whole.
 * - **usable arena**: one with at least one free pool.
 * - **domain**: RAW, MEM or OBJ: which of CPython's three allocation interfaces a block came through.
 * - **region**: a contiguous piece of memory that an allocator holds: an arena, or a segment of a raw allocator.
 * - **page**: WebAssembly's 64 KiB, the unit in which a linear memory grows.
 */
export { type Abi, type AbiName, abis, ilp32, lp64 } from "./abi.ts";
export {
  ADDRESS_LIMIT,
  type Address,
  alignDown,
  alignUp,
  hex,
  isPowerOfTwo,
  LOG_PAGE_BYTES,
  NULL,
  PAGE_BYTES,
} from "./address.ts";
export {
  type AllocatorFactory,
  type AllocatorHost,
  type Domain,
  domainApiIds,
  domainNames,
  MEM,
  OBJ,
  type PyMemAllocatorEx,
  RAW,
} from "./allocator.ts";
export type { PyObjectArenaAllocator } from "./arena-allocator.ts";
export {
  type CollectionInfo,
  type Collector,
  type CollectorControl,
  type CollectorFactory,
  type CollectorHost,
  FROZEN,
  type GenerationStats,
  gcDebug,
  type PerGeneration,
} from "./collector.ts";
export { DomainApi, Domains, type InitialAllocators, requireAllocator } from "./domains.ts";
export {
  type ErrorCode,
  type ErrorDetails,
  type ErrorEntry,
  errorTable,
  PyrenaError,
} from "./errors.ts";
export { HEAP_HEADER_BYTES, HEAP_VERSION, Heap, type LayerEntry } from "./heap.ts";
export type { HeapVisitor, HeapWalker, RegionKind } from "./heap-walker.ts";
export {
  type Backing,
  LinearMemory,
  type LinearMemoryOptions,
  type MemoryHost,
  type MemorySource,
} from "./linear-memory.ts";
export { type GraphWords, layoutCodes, type ObjectGraph } from "./object-graph.ts";
export {
  type ArenaMapShape,
  arenaMapShape,
  type FreeListProfile,
  type GcProfile,
  type HeaderProfile,
  type Profile,
  type PymallocProfile,
  poolHeaderBytes,
  sizeClassBytes,
  sizeClassCount,
} from "./profile.ts";
export { profileFor, profiles } from "./profiles/index.ts";
export {
  type AllocatorParts,
  type BaseAllocatorName,
  installPythonMalloc,
  type PythonMallocName,
  type PythonMallocPlan,
  pythonMallocNames,
  resolvePythonMalloc,
} from "./python-malloc.ts";
export type { StatDeclaration, StatKind, StatSource, StatUnit } from "./stats.ts";
export { type EventKind, eventKinds, type StatsSink } from "./stats-sink.ts";
export {
  defineStruct,
  drawLayout,
  type FieldSpec,
  type FieldType,
  fieldBytes,
  layoutOf,
  type PlacedField,
  type StructDefinition,
  type StructLayout,
} from "./struct-layout.ts";
