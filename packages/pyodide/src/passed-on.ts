/**
 * Where pymalloc's requests of more than 512 bytes go on to: the allocator that was installed in the domain before,
 * with a record of what is live.
 *
 * Blocks that pymalloc does not own come back here too when they are freed: those that were passed on, and those that
 * are older than the installation. Both belong to the allocator before; the record only tells them apart for the
 * counts. Each domain has an allocator of its own before it (hooks around malloc, say), while pymalloc is one for all:
 * so whoever calls pymalloc first says in which domain he is ({@link PassedOn.domain}).
 *
 * pymalloc takes its own tables from here as well. They are no blocks of the program, and are kept apart: its state,
 * taken while it is created, and what it asks for by `realloc(NULL, …)`, which no domain passes on.
 */
import { type Address, NULL, type PyMemAllocatorEx } from "@pyrena/abi";
import type { BlockRecord } from "./block-record.ts";
import { FOREIGN, REQUEST_COUNTERS, type RequestCounters } from "./requests.ts";

// Indices into {@link PassedOn.figures}.
const COUNT = 0;
const BYTES = 1;
const LARGEST = 2;

/** What is known about requests over the threshold. Sizes in bytes. */
export interface LargeRequests {
  /** Requests so far. */
  readonly count: number;
  /** Sum of the bytes asked for. */
  readonly bytes: number;
  /** The largest request. */
  readonly largest: number;
  /** Blocks live now. With pymalloc these are all that were passed on, small ones for want of an arena included. */
  readonly liveBlocks: number;
  /** Bytes in them as the C library rounds them; undefined where it cannot be asked. */
  readonly liveBytes: number | undefined;
}

/** What {@link PassedOn} tells. */
export interface PassedOnListener {
  /** A small request was passed on because there was no arena. */
  smallPassedOn(size: number): void;
  /** A block was freed that was never passed on: it is older than the installation. */
  foreignFreed(): void;
}

/** The raw allocator that pymalloc is given. */
export class PassedOn {
  readonly struct: PyMemAllocatorEx<PassedOn>;
  listener: PassedOnListener | undefined;
  /** Number of the domain that requests come from. */
  domain: number;
  readonly #sizeOf: ((address: Address) => number) | undefined;
  readonly #record: BlockRecord;
  readonly #threshold: number;
  /** Serves the tables: always the same one, whatever domain a request comes from. */
  readonly #home: PyMemAllocatorEx;
  readonly #tables: Set<Address> = new Set();
  #creating = false;
  readonly #previous: readonly PyMemAllocatorEx[];
  readonly #counts: Float64Array;
  /** Large requests, bytes asked for in them, the largest. */
  readonly figures: Float64Array = new Float64Array(3);
  /** Called before the figures are read: to fetch those of the WebAssembly engine. */
  pull: (() => void) | undefined;

  /**
   * @param previous the allocators that were there before, by number of the domain; at least one
   * @param sizeOf bytes usable in a live block; undefined where that cannot be found out
   */
  constructor(
    record: BlockRecord,
    threshold: number,
    previous: readonly PyMemAllocatorEx[],
    counters: RequestCounters,
    sizeOf: ((address: Address) => number) | undefined,
  ) {
    this.#record = record;
    this.#threshold = threshold;
    this.#previous = previous;
    this.#counts = counters.counts;
    this.domain = previous.findIndex((one) => one !== undefined);
    this.#home = previous[this.domain]!;
    this.#sizeOf = sizeOf;
    this.struct = {
      ctx: this,
      malloc: (self, size) => self.#malloc(size),
      calloc: (self, nelem, elsize) => self.#calloc(nelem, elsize),
      realloc: (self, ptr, newSize) => self.#realloc(ptr, newSize),
      free: (self, ptr) => self.#free(ptr),
    };
  }

  /** Everything that is asked for meanwhile is a table. */
  creating<Result>(make: () => Result): Result {
    this.#creating = true;
    try {
      return make();
    } finally {
      this.#creating = false;
    }
  }

  /** The figures as they are now. Asks the C library for the size of each live block. */
  snapshot(): LargeRequests {
    this.pull?.();
    const sizeOf = this.#sizeOf;
    let liveBytes: number | undefined;
    if (sizeOf !== undefined) {
      let sum = 0;
      this.#record.forEach((address) => {
        sum += sizeOf(address);
      });
      liveBytes = sum;
    }
    return {
      count: this.figures[COUNT],
      bytes: this.figures[BYTES],
      largest: this.figures[LARGEST],
      liveBlocks: this.#record.size,
      liveBytes,
    };
  }

  /** Give the tables back. */
  dispose(): void {
    for (const table of this.#tables) this.#home.free(this.#home.ctx, table);
    this.#tables.clear();
  }

  #malloc(size: number): Address {
    if (this.#creating) return this.#table(this.#home.malloc(this.#home.ctx, size));
    const previous = this.#previous[this.domain]!;
    const address = previous.malloc(previous.ctx, size);
    this.#asked(size);
    if (address !== NULL) this.#born(address, size);
    return address;
  }

  #calloc(nelem: number, elsize: number): Address {
    if (this.#creating) return this.#table(this.#home.calloc(this.#home.ctx, nelem, elsize));
    const previous = this.#previous[this.domain]!;
    const address = previous.calloc(previous.ctx, nelem, elsize);
    this.#asked(nelem * elsize);
    if (address !== NULL) this.#born(address, nelem * elsize);
    return address;
  }

  #realloc(ptr: Address, newSize: number): Address {
    if (ptr === NULL || this.#tables.has(ptr)) {
      const moved = this.#home.realloc(this.#home.ctx, ptr, newSize);
      if (moved !== NULL) {
        this.#tables.delete(ptr);
        this.#tables.add(moved);
      }
      return moved;
    }
    const previous = this.#previous[this.domain]!;
    this.#asked(newSize);
    if (!this.#record.has(ptr)) {
      this.#counts[this.domain * REQUEST_COUNTERS + FOREIGN]++;
      return previous.realloc(previous.ctx, ptr, newSize);
    }
    const address = previous.realloc(previous.ctx, ptr, newSize);
    if (address !== NULL && address !== ptr) {
      this.#record.delete(ptr);
      this.#record.add(address);
    }
    return address;
  }

  #free(ptr: Address): void {
    if (!this.#record.delete(ptr)) {
      if (this.#tables.delete(ptr)) {
        this.#home.free(this.#home.ctx, ptr);
        return;
      }
      this.#counts[this.domain * REQUEST_COUNTERS + FOREIGN]++;
      this.listener?.foreignFreed();
    }
    const previous = this.#previous[this.domain]!;
    previous.free(previous.ctx, ptr);
  }

  #table(address: Address): Address {
    if (address !== NULL) this.#tables.add(address);
    return address;
  }

  #asked(size: number): void {
    if (size <= this.#threshold) return;
    this.figures[COUNT]++;
    this.figures[BYTES] += size;
    if (size > this.figures[LARGEST]) this.figures[LARGEST] = size;
  }

  #born(address: Address, size: number): void {
    this.#record.add(address);
    if (size > 0 && size <= this.#threshold) this.listener?.smallPassedOn(size);
  }
}
