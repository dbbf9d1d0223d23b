/** What a replay finds out. Every result is a plain object that survives JSON. */
import type { domainNames } from "@pyrena/abi";
import type { TraceOpName } from "../format.ts";
import type { ReplayObservations } from "./observations.ts";

/** The first result that is not where the recording has it. Addresses are those of the recording. */
export interface ReplayDifference {
  /** Number of the record, from 0. */
  readonly record: number;
  readonly op: TraceOpName;
  readonly domain: (typeof domainNames)[number];
  /** Bytes asked for. */
  readonly size: number;
  /** The recorded result, such as `0x7f15535f5130`. */
  readonly expected: string;
  /**
   * What the replay gave, as the address that it stands for in the recording; `raw` if it came from the raw allocator,
   * `NULL` if there was no memory, `arena` if it lies in an arena that the recording does not have.
   */
  readonly got: string;
}

/** What any replay counts. Sizes are in bytes. */
export interface ReplayCounts extends ReplayObservations {
  /** Records read, of all kinds. */
  readonly records: number;
  /** Calls of allocators: malloc, calloc, realloc and free. */
  readonly events: number;
  readonly mallocs: number;
  readonly callocs: number;
  readonly reallocs: number;
  readonly frees: number;
  /** Requests that failed in the recording; they are not made. */
  readonly failed: number;
  /** Requests that failed here, but not in the recording. */
  readonly refused: number;
  /** Frees and reallocs of addresses that were not live: counted, and skipped. */
  readonly unmatchedFrees: number;
  readonly unmatchedReallocs: number;
  /** Results that were live already: their free is missing in the recording, and is made up for. */
  readonly missingFrees: number;
  /**
   * Frees and reallocs through RAW of blocks that came from MEM or OBJ, or the other way round. They are done by the
   * allocator that the block came from.
   */
  readonly wrongDomain: number;
  /** Blocks live at the end, and the most that were live at once. */
  readonly liveBlocks: number;
  readonly peakLiveBlocks: number;
  /** Bytes that these blocks were asked to have. */
  readonly liveBytes: number;
  readonly peakLiveBytes: number;
  /** Whether the recording stops before its end; everything up to the last complete record was replayed. */
  readonly cutOff: boolean;
  /** Size of the recording up to there, decompressed. */
  readonly bytes: number;
}

/** What a replay on Pyrena's own layers finds out. */
export interface ReplayResult extends ReplayCounts {
  /** Version of the recorded interpreter, and the profile that it was replayed with. */
  readonly python: string;
  readonly profile: string;
  /** Whether addresses were compared. Without, the next four say nothing. */
  readonly verified: boolean;
  /** Results of the MEM and OBJ domains that lie in arenas, in the recording or here. */
  readonly small: number;
  /** How many of them are exactly where the recording has them, and how many are not. */
  readonly exact: number;
  readonly wrong: number;
  readonly firstDifference: ReplayDifference | null;
  /** Requests of the MEM and OBJ domains over the threshold, or of 0 bytes: the raw allocator serves them. */
  readonly largeRequests: number;
  /** Arenas that pymalloc obtained in all. */
  readonly arenas: number;
  readonly arenasFreed: number;
  /** Arenas that pymalloc still has at the end. */
  readonly arenasLive: number;
  /** The most bytes that it held in arenas. */
  readonly peakArenaBytes: number;
  /** Whether the same arenas were given back in the same order as in the recording. True without verification. */
  readonly arenasFreedInOrder: boolean;
}
