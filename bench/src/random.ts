/**
 * The generator behind every made-up workload: Marsaglia's xorshift32. Programs are made once and handed to all peers
 * as bytes, so it need not exist in C as well.
 */

/** A seeded stream of numbers. */
export class Random {
  #state: number;

  /** @param seed not 0 */
  constructor(seed: number) {
    this.#state = seed | 0 || 1;
  }

  /** 0 … 2^32 - 1. */
  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x >>> 0;
  }

  /** 0 … limit - 1; the bias is below limit / 2^32. */
  below(limit: number): number {
    return Math.floor((this.next() / 2 ** 32) * limit);
  }

  /** low … high, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** low … high, the logarithm uniform: as many blocks between 1 and 2 KiB as between 128 and 256 KiB. */
  logBetween(low: number, high: number): number {
    return Math.round(low * (high / low) ** (this.next() / (2 ** 32 - 1)));
  }
}
