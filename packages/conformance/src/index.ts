/**
 * `@pyrena/conformance`: the laws of Pyrena's contracts as checks that anyone can run against an implementation of
 * their own, in any test framework or none:
 *
 *     for (const law of allocatorLaws) test(law.name, () => law.check(makeSubject));
 */
export { allocatorLaws } from "./allocator-laws.ts";
export { type ArenaAllocatorSubject, arenaAllocatorLaws } from "./arena-allocator-laws.ts";
export { checkProgram } from "./check-program.ts";
export { type CollectorSubject, collectorLaws } from "./collector-laws.ts";
export { type HeapWalkerSubject, heapWalkerLaws } from "./heap-walker-laws.ts";
export { type Law, lawBroken } from "./law.ts";
export { type LiveBlock, LiveBlocks } from "./live-blocks.ts";
export { everyFailure, failNth, failNthArena, NthFailure } from "./nth-failure.ts";
export { nullCollector } from "./null-collector.ts";
export {
  nullAllocator,
  nullArenaSource,
  nullSink,
  nullStatSource,
  nullWalker,
} from "./null-contracts.ts";
export { type ObjectGraphSubject, objectGraphLaws } from "./object-graph-laws.ts";
export {
  type PlainAllocator,
  type PlainAllocatorOptions,
  type PlainArenaSource,
  plainAllocator,
  plainArenaSource,
} from "./plain-allocator.ts";
export { type PlainGraph, plainGraph } from "./plain-graph.ts";
export { ProgramRun, type RunProgramOptions, runProgram } from "./program-run.ts";
export { between, type Random, seededRandom } from "./random.ts";
export {
  formatOperation,
  formatProgram,
  mixedSizes,
  type Operation,
  type Program,
  type RandomProgramOptions,
  randomProgram,
  shrinkProgram,
} from "./random-program.ts";
export { type RecordedEvent, recordingSink } from "./recording-sink.ts";
export { type StatsSubject, statsLaws } from "./stats-laws.ts";
export { type AllocatorSubject, EXHAUSTIBLE_LIMIT } from "./subject.ts";
export {
  type TinyHeapOptions,
  type TinyProfileOptions,
  tinyHeap,
  tinyProfile,
} from "./tiny-profile.ts";
