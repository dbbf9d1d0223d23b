/**
 * Makes recorded calls again on pymalloc and a raw allocator, and compares each small result with the recorded one.
 *
 * Nearly all events are mallocs and frees of small blocks that are where they should be. These never leave the loop of
 * `take`: recorded and own address are turned into each other by the arena they lie in, and `RecordedArenas.sizes`
 * knows which are live. Everything else (large and RAW blocks, and blocks that are elsewhere than recorded) is kept in
 * a hash table.
 */
import {
  type Address,
  type Domain,
  domainNames,
  hex,
  NULL,
  OBJ,
  type PyMemAllocatorEx,
  RAW,
} from "@pyrena/abi";
import type { TraceBatch } from "../batch.ts";
import { FIELDS_PER_RECORD, opOf, recordFormats, traceOps } from "../format.ts";
import { Counters } from "./counters.ts";
import { LARGEST_SIZE, LiveTable } from "./live-table.ts";
import type { RecordedArenas } from "./recorded-arenas.ts";
import type { ReplayDifference } from "./result.ts";
import { SIZE_LIMIT } from "./size-limit.ts";

/** Makes recorded calls again, and compares. */
export class VerifyingReplayer {
  readonly counters: Counters = new Counters();
  exact = 0;
  wrong = 0;
  largeRequests = 0;
  firstDifference: ReplayDifference | null = null;

  readonly #raw: PyMemAllocatorEx;
  readonly #pymalloc: PyMemAllocatorEx;
  readonly #arenas: RecordedArenas;
  readonly #threshold: number;
  /** Blocks that are not in `RecordedArenas.sizes`. */
  readonly #others: LiveTable = new LiveTable();
  /** Whether the table has ever had a block whose recorded address lies in an arena. */
  #strays = false;

  /**
   * @param arenas pymalloc's arena source
   * @param threshold largest request that pymalloc serves itself, in bytes
   */
  constructor(
    raw: PyMemAllocatorEx,
    pymalloc: PyMemAllocatorEx,
    arenas: RecordedArenas,
    threshold: number,
  ) {
    this.#raw = raw;
    this.#pymalloc = pymalloc;
    this.#arenas = arenas;
    this.#threshold = threshold;
  }

  /** Replay a batch of records. */
  take(batch: TraceBatch): void {
    const { tags, fields, count } = batch;
    const counters = this.counters;
    const arenas = this.#arenas;
    const { poolShift, blockShift, slotShift } = arenas;
    const { ctx, malloc, calloc, free } = this.#pymalloc;
    const threshold = this.#threshold;
    for (let index = 0, at = 0; index < count; index++, at += FIELDS_PER_RECORD) {
      const tag = tags[index];
      const domain = (tag >>> 4) as Domain;
      switch (tag & 0x0f) {
        case traceOps.malloc:
        case traceOps.calloc: {
          const clears = (tag & 0x0f) === traceOps.calloc;
          let size = fields[at];
          let result = fields[at + 1];
          if (clears) {
            counters.callocs++;
            size *= result;
            result = fields[at + 2];
          } else {
            counters.mallocs++;
          }
          if (domain === RAW || size > threshold || result === NULL) {
            this.#request(batch, index, domain, size, result);
            break;
          }
          const own = clears ? calloc(ctx, fields[at], fields[at + 1]) : malloc(ctx, size >>> 0);
          const page = own >>> poolShift;
          const slot = page < arenas.slots.length ? arenas.slots[page] : 0;
          const offset = own - arenas.ownBase[slot];
          if (arenas.recordedBase[slot] + offset !== result || arenas.waiting || this.#strays) {
            this.#settle(batch, index, domain, size, result, own);
            break;
          }
          arenas.sizes[(slot << slotShift) + (offset >>> blockShift)] = size + 1;
          this.exact++;
          const blocks = ++counters.liveBlocks;
          const bytes = (counters.liveBytes += size);
          if (blocks > counters.peakLiveBlocks) counters.peakLiveBlocks = blocks;
          if (bytes > counters.peakLiveBytes) counters.peakLiveBytes = bytes;
          break;
        }
        case traceOps.free: {
          counters.frees++;
          const ptr = fields[at];
          const slot = arenas.slotOf(ptr);
          if (slot === 0) {
            this.#freeOther(domain, ptr);
            break;
          }
          const offset = ptr - arenas.recordedBase[slot];
          const place = (slot << slotShift) + (offset >>> blockShift);
          const size = arenas.sizes[place];
          const own = arenas.ownBase[slot] + offset;
          if (size === 0 || domain === RAW || (own & ((1 << blockShift) - 1)) !== 0) {
            this.#freeOther(domain, ptr);
            break;
          }
          arenas.sizes[place] = 0;
          counters.liveBlocks--;
          counters.liveBytes -= size - 1;
          free(ctx, own);
          break;
        }
        case traceOps.realloc:
          counters.reallocs++;
          this.#realloc(batch, index, domain, fields[at], fields[at + 1], fields[at + 2]);
          break;
        case traceOps.arenaAlloc:
          arenas.recordedAlloc(fields[at], fields[at + 1]);
          break;
        case traceOps.arenaFree:
          arenas.recordedFree(fields[at]);
          break;
        default:
          counters.observer.take(batch, index);
      }
    }
  }

  /** A malloc or calloc that the loop does not deal with. */
  #request(batch: TraceBatch, index: number, domain: Domain, size: number, result: number): void {
    if (result === NULL) {
      this.#failure(domain);
      return;
    }
    const allocator = domain === RAW ? this.#raw : this.#pymalloc;
    let own: Address = NULL;
    if (size <= SIZE_LIMIT) {
      const at = index * FIELDS_PER_RECORD;
      own =
        opOf(batch.tags[index]) === traceOps.calloc
          ? allocator.calloc(allocator.ctx, batch.fields[at], batch.fields[at + 1])
          : allocator.malloc(allocator.ctx, size);
    }
    this.#settle(batch, index, domain, size, result, own);
  }

  /** A request that failed when it was recorded is not made: it left the recorded heap as it was. */
  #failure(domain: Domain): void {
    this.counters.failed++;
    if (domain !== RAW) this.#arenas.settle(NULL);
  }

  #realloc(
    batch: TraceBatch,
    index: number,
    domain: Domain,
    old: number,
    size: number,
    result: number,
  ): void {
    let own: Address = NULL;
    let keeper = domain;
    if (old !== NULL) {
      own = this.#find(old);
      if (own < 0) {
        this.counters.unmatchedReallocs++;
        if (domain !== RAW) this.#arenas.settle(NULL);
        return;
      }
      keeper = this.#keeper(old);
      this.#compareDomain(domain, keeper);
    }
    if (result === NULL) {
      this.#failure(domain);
      return;
    }
    const allocator = keeper === RAW ? this.#raw : this.#pymalloc;
    let moved = size <= SIZE_LIMIT ? allocator.realloc(allocator.ctx, own, size) : NULL;
    if (old !== NULL) {
      this.#forget(old);
      if (moved === NULL && own !== NULL) {
        // The block stays as it was, and stands for the recorded one under its new address.
        this.counters.refused++;
        moved = own;
      }
    }
    this.#settle(batch, index, keeper, size, result, moved);
  }

  /** The free of a block that the loop does not find. */
  #freeOther(domain: Domain, ptr: number): void {
    const own = this.#find(ptr);
    if (own < 0) {
      this.counters.unmatchedFrees++;
      return;
    }
    this.#compareDomain(domain, this.#keeper(ptr));
    this.#free(ptr, own);
  }

  /** The domain that a live block came through: its allocator deals with it, through whichever it comes back. */
  #keeper(address: number): Domain {
    if (this.#place(address) >= 0) return OBJ;
    return this.#others.domainAt(this.#others.find(address));
  }

  /** Count a block that comes back through another kind of domain. */
  #compareDomain(domain: Domain, keeper: Domain): void {
    if ((domain === RAW) !== (keeper === RAW)) this.counters.wrongDomain++;
  }

  /** Give a live block of the recording back. */
  #free(ptr: number, own: Address): void {
    const allocator = this.#keeper(ptr) === RAW ? this.#raw : this.#pymalloc;
    this.#forget(ptr);
    allocator.free(allocator.ctx, own);
  }

  /** The heap's address of a live block of the recording (0: it could not be allocated here); -1 if it is not live. */
  #find(address: number): number {
    const arenas = this.#arenas;
    const place = this.#place(address);
    if (place >= 0) {
      const slot = place >>> arenas.slotShift;
      return arenas.ownBase[slot] + (address - arenas.recordedBase[slot]);
    }
    const entry = this.#others.find(address);
    return entry < 0 ? -1 : this.#others.valueAt(entry);
  }

  /** Where `RecordedArenas.sizes` has a live block; -1 if it does not have it. */
  #place(address: number): number {
    const arenas = this.#arenas;
    const slot = arenas.slotOf(address);
    if (slot === 0) return -1;
    const offset = address - arenas.recordedBase[slot];
    if (((arenas.ownBase[slot] + offset) & ((1 << arenas.blockShift) - 1)) !== 0) return -1;
    const place = (slot << arenas.slotShift) + (offset >>> arenas.blockShift);
    return arenas.sizes[place] === 0 ? -1 : place;
  }

  /** A live block of the recording is so no more. */
  #forget(address: number): void {
    const counters = this.counters;
    counters.liveBlocks--;
    const place = this.#place(address);
    if (place >= 0) {
      counters.liveBytes -= this.#arenas.sizes[place] - 1;
      this.#arenas.sizes[place] = 0;
    } else {
      const entry = this.#others.find(address);
      counters.liveBytes -= this.#others.sizeAt(entry);
      this.#others.remove(entry);
    }
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
    const counters = this.counters;
    const arenas = this.#arenas;
    const before = this.#find(result);
    if (before >= 0) {
      // The recording has handed out a block that was live: its free is missing, so make up for it.
      counters.missingFrees++;
      this.#free(result, before);
    }
    if (own === NULL) counters.refused++;
    const kept = Math.min(size, LARGEST_SIZE);
    counters.liveBlocks++;
    counters.liveBytes += kept;
    counters.peakLiveBlocks = Math.max(counters.peakLiveBlocks, counters.liveBlocks);
    counters.peakLiveBytes = Math.max(counters.peakLiveBytes, counters.liveBytes);
    const isRaw = domain === RAW;
    if (!isRaw && (size === 0 || size > this.#threshold)) this.largeRequests++;
    if (!isRaw && arenas.recordedAddress(own) === result) {
      this.exact++;
      arenas.settle(NULL);
      const slot = arenas.slotOf(result);
      const offset = result - arenas.recordedBase[slot];
      arenas.sizes[(slot << arenas.slotShift) + (offset >>> arenas.blockShift)] = size + 1;
      return;
    }
    this.#others.add(result, own, kept, domain);
    const inArena = arenas.liesInArena(result);
    if (inArena || arenas.isInArena(own)) this.#strays = true;
    if (isRaw) return;
    const missed = arenas.settle(result);
    // Neither here nor there in an arena: the raw allocator's, whose addresses are its own.
    if (!inArena && !missed && !arenas.isInArena(own)) return;
    this.wrong++;
    this.firstDifference ??= this.#difference(batch, index, domain, size, result, own);
  }

  #difference(
    batch: TraceBatch,
    index: number,
    domain: Domain,
    size: number,
    result: number,
    own: Address,
  ): ReplayDifference {
    const stands = this.#arenas.recordedAddress(own);
    return {
      record: batch.firstRecord + index,
      op: recordFormats[opOf(batch.tags[index]) - 1].name,
      domain: domainNames[domain],
      size,
      expected: hex(result),
      got: !this.#arenas.isInArena(own)
        ? own === NULL
          ? "NULL"
          : "raw"
        : Number.isNaN(stands)
          ? "arena"
          : hex(stands),
    };
  }
}
