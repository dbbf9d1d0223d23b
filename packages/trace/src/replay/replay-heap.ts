/** The heap that a recording is replayed on: Pyrena's own layers, with the profile of the recorded interpreter. */
import {
  Heap,
  LinearMemory,
  type LinearMemoryOptions,
  type Profile,
  PyrenaError,
  profileFor,
  type StatsSink,
} from "@pyrena/abi";
import { createPymalloc, type Pymalloc } from "@pyrena/pymalloc";
import {
  type ArenaSource,
  createArenaSource,
  createRawAllocator,
  type RawAllocator,
} from "@pyrena/raw";
import type { TraceHeader } from "../format.ts";
import { RecordedArenas } from "./recorded-arenas.ts";

/** Options of {@link createReplayHeap}. */
export interface ReplayHeapOptions {
  /** The profile to replay with. Default: that of the recorded interpreter. */
  readonly profile?: Profile | undefined;
  /** Whether arenas are placed as in the recording, so that addresses can be compared. Default true. */
  readonly verify?: boolean | undefined;
  /** The memory. Default: WebAssembly memory that grows to 4 GiB. */
  readonly memory?: LinearMemoryOptions | undefined;
  /** Receives the events of pymalloc and of the memory. */
  readonly sink?: StatsSink | undefined;
}

/** A heap to replay on, with all of its layers. */
export interface ReplayHeap {
  readonly heap: Heap;
  readonly raw: RawAllocator;
  readonly arenaSource: ArenaSource;
  /** Absent where the recorded process ran without pymalloc. */
  readonly pymalloc: Pymalloc | undefined;
  /** Absent without verification. */
  readonly recordedArenas: RecordedArenas | undefined;
}

/**
 * A fresh heap for a recording.
 * @throws PyrenaError `unknown-profile` if there is no profile of the recorded version; `bad-trace` if the recorded
 *   process's pymalloc was built with other sizes than that profile has, and no profile is passed
 */
export function createReplayHeap(header: TraceHeader, options: ReplayHeapOptions = {}): ReplayHeap {
  const profile = options.profile ?? profileFor(header.python, header.abi);
  if (options.profile === undefined) requireSameGeometry(header, profile);
  const memory = LinearMemory.create({ maxBytes: 2 ** 32, ...options.memory });
  const heap = Heap.create(memory, profile);
  const { sink } = options;
  const raw = createRawAllocator(heap, { sink });
  const arenaSource = createArenaSource(heap, { sink });
  if (header.pymalloc === null) {
    return { heap, raw, arenaSource, pymalloc: undefined, recordedArenas: undefined };
  }
  const recordedArenas =
    options.verify === false ? undefined : new RecordedArenas(arenaSource, memory, profile);
  const pymalloc = createPymalloc(heap, { raw, arenas: recordedArenas ?? arenaSource, sink });
  return { heap, raw, arenaSource, pymalloc, recordedArenas };
}

function requireSameGeometry(header: TraceHeader, profile: Profile): void {
  if (header.pymalloc === null) return;
  const { threshold, arenaBytes, poolBytes } = profile.pymalloc;
  const expected = { alignment: profile.abi.alignment, threshold, arenaBytes, poolBytes };
  for (const name of ["alignment", "threshold", "arenaBytes", "poolBytes"] as const) {
    if (header.pymalloc[name] !== expected[name]) {
      throw new PyrenaError(
        "bad-trace",
        `the header says ${name} ${header.pymalloc[name]}, but the pymalloc of ${profile.name} has ` +
          `${expected[name]}: the recorded interpreter was built differently; pass a profile to replay it all the same`,
        { offset: 0, record: 0 },
      );
    }
  }
}
