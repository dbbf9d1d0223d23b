/**
 * `@pyrena/stats`: what a heap holds, and what happens to it, as plain objects, as CPython's own text, and as a feed.
 */
export {
  type ArenaMapNodes,
  type DebugMallocStatsOptions,
  debugMallocStats,
  type FreeListCount,
} from "./debug-malloc-stats.ts";
export { NEARLY_EMPTY } from "./fragmentation.ts";
export { mergeSnapshots } from "./merge-snapshots.ts";
export { parseSnapshot } from "./parse-snapshot.ts";
export {
  type LayerStats,
  mergeStats,
  readStats,
  type StatValue,
  statValue,
} from "./read-stats.ts";
export {
  attachRingSink,
  createRingSink,
  destroyRingSink,
  RING_TAG,
  RING_VERSION,
  RingSink,
} from "./ring-sink.ts";
export {
  callbackSink,
  type EventCallback,
  type EventName,
  eventName,
  nullSink,
} from "./sinks.ts";
export {
  type Fragmentation,
  type HeapSnapshot,
  type RegionSnapshot,
  type SizeClassSnapshot,
  type SizeRangeSnapshot,
  SNAPSHOT_FORMAT,
  SNAPSHOT_VERSION,
  type SnapshotHeap,
  type SnapshotTotals,
} from "./snapshot.ts";
export { type SnapshotOptions, takeSnapshot } from "./take-snapshot.ts";
export { formatBytes, formatCount, formatShare } from "./units.ts";
