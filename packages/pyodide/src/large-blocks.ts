/** Requests over the threshold, where the allocator is not pymalloc: which blocks are live is recorded, not their size. */
import type { Address } from "@pyrena/abi";
import type { BlockRecord } from "./block-record.ts";
import type { LargeRequests } from "./passed-on.ts";

/** Counts large requests and the blocks of them that are live. */
export class LargeBlocks {
  /** Requests of more bytes than this are counted. */
  readonly threshold: number;
  readonly #record: BlockRecord;
  #count = 0;
  #bytes = 0;
  #largest = 0;

  constructor(threshold: number, record: BlockRecord) {
    this.threshold = threshold;
    this.#record = record;
  }

  /** A request of `size` bytes, over the threshold, was answered with a block. */
  born(address: Address, size: number): void {
    this.#count++;
    this.#bytes += size;
    if (size > this.#largest) this.#largest = size;
    this.#record.add(address);
  }

  /** A block was freed or has moved; of any size. */
  died(address: Address): void {
    this.#record.delete(address);
  }

  /** The figures as they are now. */
  snapshot(): LargeRequests {
    return {
      count: this.#count,
      bytes: this.#bytes,
      largest: this.#largest,
      liveBlocks: this.#record.size,
      liveBytes: undefined,
    };
  }
}
