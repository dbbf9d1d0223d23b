/** Makes recorded calls again on any allocator, without comparing addresses. */
import { type Address, type Domain, NULL, type PyMemAllocatorEx, RAW } from "@pyrena/abi";
import type { TraceBatch } from "../batch.ts";
import { FIELDS_PER_RECORD, traceOps } from "../format.ts";
import { Counters } from "./counters.ts";
import { LARGEST_SIZE, LiveTable } from "./live-table.ts";
import { SIZE_LIMIT } from "./size-limit.ts";

/** The allocator of each domain. */
export interface ReplayAllocators {
  readonly raw: PyMemAllocatorEx;
  readonly mem: PyMemAllocatorEx;
  readonly obj: PyMemAllocatorEx;
}

/** Makes recorded calls again. */
export class PlainReplayer {
  readonly counters: Counters = new Counters();
  readonly #live: LiveTable = new LiveTable();
  readonly #allocators: readonly [PyMemAllocatorEx, PyMemAllocatorEx, PyMemAllocatorEx];

  constructor({ raw, mem, obj }: ReplayAllocators) {
    this.#allocators = [raw, mem, obj];
  }

  /** Replay a batch of records. */
  take(batch: TraceBatch): void {
    const { tags, fields, count } = batch;
    const counters = this.counters;
    for (let index = 0, at = 0; index < count; index++, at += FIELDS_PER_RECORD) {
      const tag = tags[index];
      const domain = (tag >>> 4) as Domain;
      switch (tag & 0x0f) {
        case traceOps.malloc: {
          counters.mallocs++;
          const size = fields[at];
          const allocator = this.#allocators[domain];
          // A request that failed when it was recorded is not made: it left the recorded heap as it was.
          if (fields[at + 1] === NULL) counters.failed++;
          else {
            const own = size <= SIZE_LIMIT ? allocator.malloc(allocator.ctx, size) : NULL;
            this.#enter(domain, size, fields[at + 1], own);
          }
          break;
        }
        case traceOps.calloc: {
          counters.callocs++;
          const size = fields[at] * fields[at + 1];
          const allocator = this.#allocators[domain];
          if (fields[at + 2] === NULL) counters.failed++;
          else {
            const own =
              size <= SIZE_LIMIT
                ? allocator.calloc(allocator.ctx, fields[at], fields[at + 1])
                : NULL;
            this.#enter(domain, size, fields[at + 2], own);
          }
          break;
        }
        case traceOps.realloc:
          counters.reallocs++;
          this.#realloc(domain, fields[at], fields[at + 1], fields[at + 2]);
          break;
        case traceOps.free: {
          counters.frees++;
          const entry = this.#live.find(fields[at]);
          if (entry < 0) counters.unmatchedFrees++;
          else {
            this.#compareDomain(domain, entry);
            this.#free(entry);
          }
          break;
        }
        case traceOps.arenaAlloc:
        case traceOps.arenaFree:
          break;
        default:
          counters.observer.take(batch, index);
      }
    }
  }

  #realloc(domain: Domain, old: number, size: number, result: number): void {
    const counters = this.counters;
    let own: Address = NULL;
    let entry = -1;
    let keeper = domain;
    if (old !== NULL) {
      entry = this.#live.find(old);
      if (entry < 0) {
        counters.unmatchedReallocs++;
        return;
      }
      own = this.#live.valueAt(entry);
      keeper = this.#live.domainAt(entry);
      this.#compareDomain(domain, entry);
    }
    if (result === NULL) {
      counters.failed++;
      return;
    }
    const allocator = this.#allocators[keeper];
    let moved = size <= SIZE_LIMIT ? allocator.realloc(allocator.ctx, own, size) : NULL;
    if (entry >= 0) {
      if (moved === NULL && own !== NULL) {
        // The block stays as it was, and stands for the recorded one under its new address.
        counters.refused++;
        moved = own;
      }
      this.#forget(entry);
    }
    this.#enter(keeper, size, result, moved);
  }

  /** A block is dealt with by the allocator that it came from; one that comes back through another is counted. */
  #compareDomain(domain: Domain, entry: number): void {
    if ((domain === RAW) !== (this.#live.domainAt(entry) === RAW)) this.counters.wrongDomain++;
  }

  /** A new block. */
  #enter(domain: Domain, size: number, result: number, own: Address): void {
    const counters = this.counters;
    const before = this.#live.find(result);
    if (before >= 0) {
      // The recording has handed out a block that was live: its free is missing, so make up for it.
      counters.missingFrees++;
      this.#free(before);
    }
    if (own === NULL) counters.refused++;
    const kept = Math.min(size, LARGEST_SIZE);
    this.#live.add(result, own, kept, domain);
    const blocks = ++counters.liveBlocks;
    const bytes = (counters.liveBytes += kept);
    if (blocks > counters.peakLiveBlocks) counters.peakLiveBlocks = blocks;
    if (bytes > counters.peakLiveBytes) counters.peakLiveBytes = bytes;
  }

  #free(entry: number): void {
    const own = this.#live.valueAt(entry);
    const allocator = this.#allocators[this.#live.domainAt(entry)];
    this.#forget(entry);
    allocator.free(allocator.ctx, own);
  }

  #forget(entry: number): void {
    this.counters.liveBlocks--;
    this.counters.liveBytes -= this.#live.sizeAt(entry);
    this.#live.remove(entry);
  }
}
