/**
 * The loop that makes the recorded calls again. With verification each result is compared with the recorded one; all
 * state that is looked at for every event is in plain numbers.
 */
import {
  type Address,
  type Domain,
  domainNames,
  hex,
  NULL,
  type PyMemAllocatorEx,
  RAW,
} from "@pyrena/abi";
import type { TraceBatch } from "../batch.ts";
import { FIELDS_PER_RECORD, type TraceOpName, traceOps } from "../format.ts";
import { LiveTable } from "./live-table.ts";
import { Observer } from "./observations.ts";
import type { RecordedArenas } from "./recorded-arenas.ts";
import type { ReplayDifference } from "./result.ts";

/** The allocator of each domain. */
export interface ReplayAllocators {
  readonly raw: PyMemAllocatorEx;
  readonly mem: PyMemAllocatorEx;
  readonly obj: PyMemAllocatorEx;
}

/** Sizes over this can't be met in a linear memory, and are not asked for. */
const SIZE_LIMIT: number = 2 ** 32 - 1;

/** Makes recorded calls again. */
export class Replayer {
  readonly live: LiveTable = new LiveTable();
  readonly observer: Observer = new Observer();

  mallocs = 0;
  callocs = 0;
  reallocs = 0;
  frees = 0;
  failed = 0;
  refused = 0;
  unmatchedFrees = 0;
  unmatchedReallocs = 0;
  missingFrees = 0;
  peakLiveBlocks = 0;
  liveBytes = 0;
  peakLiveBytes = 0;
  largeRequests = 0;
  exact = 0;
  wrong = 0;
  firstDifference: ReplayDifference | null = null;

  readonly #allocators: readonly [PyMemAllocatorEx, PyMemAllocatorEx, PyMemAllocatorEx];
  readonly #arenas: RecordedArenas | undefined;
  readonly #threshold: number;

  /**
   * @param arenas pymalloc's arena source, if results are to be verified
   * @param threshold largest request that pymalloc serves itself, in bytes
   */
  constructor(allocators: ReplayAllocators, arenas: RecordedArenas | undefined, threshold: number) {
    this.#allocators = [allocators.raw, allocators.mem, allocators.obj];
    this.#arenas = arenas;
    this.#threshold = threshold;
  }

  /** Replay a batch of records. */
  take(batch: TraceBatch): void {
    const { tags, fields, count } = batch;
    for (let index = 0, at = 0; index < count; index++, at += FIELDS_PER_RECORD) {
      const tag = tags[index];
      const domain = (tag >>> 4) as Domain;
      switch (tag & 0x0f) {
        case traceOps.malloc: {
          this.mallocs++;
          const size = fields[at];
          const result = fields[at + 1];
          if (result === NULL) {
            this.#failure(domain);
            break;
          }
          const allocator = this.#allocators[domain];
          const own = size <= SIZE_LIMIT ? allocator.malloc(allocator.ctx, size) : NULL;
          this.#settle(batch, index, domain, size, result, own);
          break;
        }
        case traceOps.calloc: {
          this.callocs++;
          const size = fields[at] * fields[at + 1];
          const result = fields[at + 2];
          if (result === NULL) {
            this.#failure(domain);
            break;
          }
          const allocator = this.#allocators[domain];
          const own =
            size <= SIZE_LIMIT ? allocator.calloc(allocator.ctx, fields[at], fields[at + 1]) : NULL;
          this.#settle(batch, index, domain, size, result, own);
          break;
        }
        case traceOps.realloc:
          this.reallocs++;
          this.#realloc(batch, index, domain, fields[at], fields[at + 1], fields[at + 2]);
          break;
        case traceOps.free: {
          this.frees++;
          const entry = this.live.find(fields[at]);
          if (entry < 0) {
            this.unmatchedFrees++;
            break;
          }
          const own = this.live.valueAt(entry);
          this.liveBytes -= this.live.sizeAt(entry);
          this.live.remove(entry);
          const allocator = this.#allocators[domain];
          allocator.free(allocator.ctx, own);
          break;
        }
        case traceOps.arenaAlloc:
          this.#arenas?.recordedAlloc(fields[at], fields[at + 1]);
          break;
        case traceOps.arenaFree:
          this.#arenas?.recordedFree(fields[at]);
          break;
        default:
          this.observer.take(batch, index);
      }
    }
  }

  /** A request that failed when it was recorded is not made: it left the recorded heap as it was. */
  #failure(domain: Domain): void {
    this.failed++;
    if (domain !== RAW) this.#arenas?.settle(NULL);
  }

  #realloc(
    batch: TraceBatch,
    index: number,
    domain: Domain,
    old: number,
    size: number,
    result: number,
  ): void {
    const allocator = this.#allocators[domain];
    let own: Address = NULL;
    let entry = -1;
    if (old !== NULL) {
      entry = this.live.find(old);
      if (entry < 0) {
        this.unmatchedReallocs++;
        if (domain !== RAW) this.#arenas?.settle(NULL);
        return;
      }
      own = this.live.valueAt(entry);
    }
    if (result === NULL) {
      this.#failure(domain);
      return;
    }
    let moved = size <= SIZE_LIMIT ? allocator.realloc(allocator.ctx, own, size) : NULL;
    if (entry >= 0) {
      this.liveBytes -= this.live.sizeAt(entry);
      this.live.remove(entry);
      if (moved === NULL) {
        // The block stays as it was, and stands for the recorded one under its new address.
        this.refused++;
        moved = own;
      }
    }
    this.#settle(batch, index, domain, size, result, moved);
  }

  /** Enter a new block, and compare where it is with where the recording has it. */
  #settle(
    batch: TraceBatch,
    index: number,
    domain: Domain,
    size: number,
    result: number,
    own: Address,
  ): void {
    const live = this.live;
    const before = live.find(result);
    if (before >= 0) this.#missingFree(before, domain);
    if (own === NULL) this.refused++;
    live.add(result, own, size);
    this.liveBytes += size;
    if (live.count > this.peakLiveBlocks) this.peakLiveBlocks = live.count;
    if (this.liveBytes > this.peakLiveBytes) this.peakLiveBytes = this.liveBytes;
    if (domain === RAW) return;
    if (size > this.#threshold || size === 0) this.largeRequests++;
    const arenas = this.#arenas;
    if (arenas === undefined) return;
    if (arenas.recordedAddress(own) === result) {
      this.exact++;
      if (arenas.waiting) arenas.settle(NULL);
      return;
    }
    this.#differs(arenas, batch, index, domain, size, result, own);
  }

  /** The recording has handed out a block that was live: its free is missing, so make up for it. */
  #missingFree(entry: number, domain: Domain): void {
    this.missingFrees++;
    const own = this.live.valueAt(entry);
    this.liveBytes -= this.live.sizeAt(entry);
    this.live.remove(entry);
    const allocator = this.#allocators[domain];
    allocator.free(allocator.ctx, own);
  }

  /** A result that is not the recorded one: either both came from the raw allocator, or something is wrong. */
  #differs(
    arenas: RecordedArenas,
    batch: TraceBatch,
    index: number,
    domain: Domain,
    size: number,
    result: number,
    own: Address,
  ): void {
    const missed = arenas.settle(result);
    const inArena = arenas.isInArena(own);
    if (!inArena && !missed && !arenas.liesInArena(result)) return;
    this.wrong++;
    if (this.firstDifference !== null) return;
    const stands = arenas.recordedAddress(own);
    this.firstDifference = {
      record: batch.firstRecord + index,
      op: opName(batch.tags[index]),
      domain: domainNames[domain],
      size,
      expected: hex(result),
      got: !inArena
        ? own === NULL
          ? "NULL"
          : "raw"
        : Number.isNaN(stands)
          ? "arena"
          : hex(stands),
    };
  }
}

function opName(tag: number): TraceOpName {
  const op = tag & 0x0f;
  return op === traceOps.malloc ? "malloc" : op === traceOps.calloc ? "calloc" : "realloc";
}
