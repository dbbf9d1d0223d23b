/** Replaying a recording: on Pyrena's own layers, comparing every address, or on any allocator. */
import { type PyMemAllocatorEx, requireAllocator } from "@pyrena/abi";
import type { TraceEnding } from "../decode.ts";
import type { TraceReader } from "../reader.ts";
import { PlainReplayer, type ReplayAllocators } from "./plain-replayer.ts";
import { createReplayHeap, type ReplayHeap, type ReplayHeapOptions } from "./replay-heap.ts";
import type { ReplayCounts, ReplayResult } from "./result.ts";
import { VerifyingReplayer } from "./verifying-replayer.ts";

/** How far a replay has come. */
export interface ReplayProgress {
  /** Records replayed. */
  readonly records: number;
  /** Bytes taken from the source, as they are there: compare with the size of the file. */
  readonly bytesTaken: number;
}

/** What every replay takes. */
export interface ReplayRunOptions {
  /** Called now and then, after some thousand records each time. */
  readonly onProgress?: ((progress: ReplayProgress) => void) | undefined;
  /** Stops the replay: its promise is then rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@link replay}. */
export interface ReplayOptions extends ReplayHeapOptions, ReplayRunOptions {
  /** A heap made by `createReplayHeap` for this recording, to be looked at afterwards. Default: one of its own. */
  readonly target?: ReplayHeap | undefined;
}

/**
 * Replay a recording on Pyrena's own layers: the RAW domain and large requests on the raw allocator, the rest on
 * pymalloc. With verification (the default) pymalloc's arenas are placed as they were in the recording, modulo the
 * pool size, and every small result is compared.
 *
 * A recording that is cut off is replayed as far as it goes.
 * @throws PyrenaError `bad-trace` for a recording that is damaged; what `createReplayHeap` throws; `memory-limit`
 */
export async function replay(
  reader: TraceReader,
  options: ReplayOptions = {},
): Promise<ReplayResult> {
  const target = options.target ?? createReplayHeap(reader.header, options);
  const { raw, pymalloc, recordedArenas, heap } = target;
  const common = (counts: ReplayCounts) => ({
    python: reader.header.python,
    profile: heap.profile.name,
    ...arenaFigures(target),
    ...counts,
  });
  if (pymalloc === undefined || recordedArenas === undefined) {
    const small = pymalloc ?? raw;
    const replayer = new PlainReplayer({ raw, mem: small, obj: small });
    const ending = await run(reader, replayer, options);
    return {
      verified: false,
      small: 0,
      exact: 0,
      wrong: 0,
      firstDifference: null,
      largeRequests: 0,
      arenasFreedInOrder: true,
      ...common(replayer.counters.result(ending)),
    };
  }
  const { threshold } = heap.profile.pymalloc;
  const replayer = new VerifyingReplayer(raw, pymalloc, recordedArenas, threshold);
  const ending = await run(reader, replayer, options);
  return {
    verified: true,
    small: replayer.exact + replayer.wrong,
    exact: replayer.exact,
    wrong: replayer.wrong,
    firstDifference: replayer.firstDifference,
    largeRequests: replayer.largeRequests,
    arenasFreedInOrder: recordedArenas.freedInOrder(ending.cutOff),
    ...common(replayer.counters.result(ending)),
  };
}

/**
 * Replay a recording on any allocator, without comparing addresses.
 * @param allocators one for each domain, or one for all
 * @throws PyrenaError `bad-trace` for a recording that is damaged, `bad-argument` for a struct that is not complete;
 *   whatever the allocators throw
 */
export async function replayOn(
  reader: TraceReader,
  allocators: PyMemAllocatorEx | ReplayAllocators,
  options: ReplayRunOptions = {},
): Promise<ReplayCounts> {
  const each =
    "malloc" in allocators ? { raw: allocators, mem: allocators, obj: allocators } : allocators;
  for (const name of ["raw", "mem", "obj"] as const)
    requireAllocator(each[name], `replayOn: ${name}`);
  const replayer = new PlainReplayer(each);
  return replayer.counters.result(await run(reader, replayer, options));
}

/** Records between two calls of `onProgress`. */
const PROGRESS_RECORDS = 50_000;

async function run(
  reader: TraceReader,
  replayer: PlainReplayer | VerifyingReplayer,
  { onProgress, signal }: ReplayRunOptions,
): Promise<TraceEnding> {
  let next = PROGRESS_RECORDS;
  signal?.throwIfAborted();
  const ending = await reader.read((batch) => {
    replayer.take(batch);
    const records = batch.firstRecord + batch.count;
    if (records >= next) {
      next = records + PROGRESS_RECORDS;
      signal?.throwIfAborted();
      onProgress?.({ records, bytesTaken: reader.bytesTaken });
    }
  });
  onProgress?.({ records: ending.records, bytesTaken: reader.bytesTaken });
  return ending;
}

function arenaFigures({
  pymalloc,
  heap,
}: ReplayHeap): Pick<ReplayResult, "arenas" | "arenasFreed" | "arenasLive" | "peakArenaBytes"> {
  const stats = pymalloc?.stats;
  const read = (name: string): number => {
    const index = stats?.declarations.findIndex((declaration) => declaration.name === name) ?? -1;
    return stats === undefined || index < 0 ? 0 : stats.read(index);
  };
  return {
    arenas: read("arenasAllocatedTotal"),
    arenasFreed: read("arenasReclaimed"),
    arenasLive: read("arenasCurrent"),
    peakArenaBytes: read("arenasHighwater") * heap.profile.pymalloc.arenaBytes,
  };
}
