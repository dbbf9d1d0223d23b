/**
 * `@pyrena/trace`: recordings of what a process asked of its memory manager: reading, writing, recording, replaying.
 */
export { BATCH_RECORDS, type BatchHandler, TraceBatch } from "./batch.ts";
export { TraceDecoder, type TraceEnding } from "./decode.ts";
export { TraceWriter, type TraceWriterOptions } from "./encode.ts";
export {
  domainOf,
  FIELDS_PER_RECORD,
  opOf,
  type RecordFormat,
  recordFormats,
  TRACE_MAGIC,
  TRACE_VERSION,
  type TraceField,
  type TraceFieldType,
  type TraceHeader,
  type TraceOpName,
  type TracePymalloc,
  tagOf,
  traceOps,
} from "./format.ts";
export { type DecodedHeader, decodeHeader, encodeHeader } from "./header.ts";
export { openTrace, TraceReader } from "./reader.ts";
export { recordAt, type TraceRecord } from "./record.ts";
export { headerFor, TraceRecorder } from "./recorder.ts";
export {
  MARKERS_KEPT,
  type ReplayCollections,
  type ReplayMarker,
  type ReplayObservations,
} from "./replay/observations.ts";
export type { ReplayAllocators } from "./replay/plain-replayer.ts";
export { RecordedArenas } from "./replay/recorded-arenas.ts";
export {
  type ReplayOptions,
  type ReplayProgress,
  type ReplayRunOptions,
  replay,
  replayOn,
} from "./replay/replay.ts";
export { createReplayHeap, type ReplayHeap, type ReplayHeapOptions } from "./replay/replay-heap.ts";
export type { ReplayCounts, ReplayDifference, ReplayResult } from "./replay/result.ts";
export type { TraceCompression, TraceSource } from "./source.ts";
export { type TraceFrame, TraceSymbols } from "./symbols.ts";
