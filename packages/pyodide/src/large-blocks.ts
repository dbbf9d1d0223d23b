/** Requests over the threshold, where the allocator is not pymalloc and does not tell sizes: kept by address. */
import type { Address } from "@pyrena/abi";
import type { LargeRequests } from "./passed-on.ts";

/** Counts large requests, and the bytes asked for in those that are live. */
export class LargeBlocks {
  /** Requests of more bytes than this are counted. */
  readonly threshold: number;
  readonly #sizes: Map<Address, number> = new Map();
  #count = 0;
  #bytes = 0;
  #largest = 0;
  #liveBytes = 0;
  #peakLiveBytes = 0;

  constructor(threshold: number) {
    this.threshold = threshold;
  }

  /** A request of `size` bytes, over the threshold, was answered with a block. */
  born(address: Address, size: number): void {
    this.#count++;
    this.#bytes += size;
    if (size > this.#largest) this.#largest = size;
    this.#sizes.set(address, size);
    this.#liveBytes += size;
    if (this.#liveBytes > this.#peakLiveBytes) this.#peakLiveBytes = this.#liveBytes;
  }

  /** A block was freed or has moved; of any size. */
  died(address: Address): void {
    const size = this.#sizes.get(address);
    if (size === undefined) return;
    this.#sizes.delete(address);
    this.#liveBytes -= size;
  }

  /** The figures as they are now. */
  snapshot(): LargeRequests {
    return {
      count: this.#count,
      bytes: this.#bytes,
      largest: this.#largest,
      liveBlocks: this.#sizes.size,
      liveBytes: this.#liveBytes,
      peakLiveBytes: this.#peakLiveBytes,
    };
  }
}
