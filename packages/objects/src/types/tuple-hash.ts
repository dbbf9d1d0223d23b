/**
 * The hash of tuples (`Objects/tupleobject.c`, 3.8 and later: lanes of xxHash), also used by slice and range. 64 bits
 * on lp64, kept in two halves; 32 on ilp32.
 */
import type { Address } from "@pyrena/abi";
import type { Core } from "../core/core.ts";

/** Hashes sequences of objects. */
export interface TupleHash {
  /**
   * Hash of `count` objects in memory, one a word from `address` on: low half, the high one in `core.hashHigh`; -1 and
   * -1 with an exception pending if one of them cannot be hashed.
   * @param addsLength whether the number of items goes into the hash: it does for tuples, not for slices
   */
  ofWords(this: void, address: Address, count: number, addsLength: boolean): number;
  /** The same of a list of objects. */
  ofObjects(this: void, objects: readonly Address[]): number;
}

/** High 32 bits of the product of two unsigned 32-bit numbers. */
export function multiplyHigh(a: number, b: number): number {
  const a0 = a & 0xffff;
  const a1 = a >>> 16;
  const b0 = b & 0xffff;
  const b1 = b >>> 16;
  const low = a0 * b0;
  const middle = a1 * b0 + (low >>> 16);
  const middle2 = a0 * b1 + (middle % 0x10000);
  return (a1 * b1 + Math.floor(middle / 0x10000) + Math.floor(middle2 / 0x10000)) | 0;
}

export function makeTupleHash(core: Core): TupleHash {
  const { memory, word, wide } = core;
  /** High half of the result of the last `mix` or `finish`. */
  let high = 0;

  // Constants of xxHash: 11400714785074694791, 14029467366897019727 and 2870177450012600261 (64 bits) in halves;
  // 2654435761, 2246822519 and 374761393 (32 bits).
  const START_HIGH = 0x27d4eb2f;
  const START = wide ? 0x165667c5 : 374761393;
  const LENGTH_HIGH = START_HIGH;
  const LENGTH = START ^ 3527539;

  /** accumulator += lane × P2; rotate left by 31; × P1. */
  function mixWide(low: number, highBefore: number, lane: number, laneHigh: number): number {
    const productLow = Math.imul(lane, 0x27d4eb4f);
    const productHigh =
      (multiplyHigh(lane, 0x27d4eb4f) +
        Math.imul(lane, 0xc2b2ae3d) +
        Math.imul(laneHigh, 0x27d4eb4f)) |
      0;
    const sumLow = (low + productLow) | 0;
    const carry = sumLow >>> 0 < low >>> 0 ? 1 : 0;
    const sumHigh = (highBefore + productHigh + carry) | 0;
    const turnedHigh = (sumHigh << 31) | (sumLow >>> 1);
    const turnedLow = (sumLow << 31) | (sumHigh >>> 1);
    high =
      (multiplyHigh(turnedLow, 0x85ebca87) +
        Math.imul(turnedLow, 0x9e3779b1) +
        Math.imul(turnedHigh, 0x85ebca87)) |
      0;
    return Math.imul(turnedLow, 0x85ebca87);
  }

  /** accumulator += lane × P2; rotate left by 13; × P1. */
  function mixNarrow(low: number, _highBefore: number, lane: number, _laneHigh: number): number {
    const sum = (low + Math.imul(lane, 2246822519)) | 0;
    return Math.imul((sum << 13) | (sum >>> 19), 2654435761);
  }

  const mix = wide ? mixWide : mixNarrow;

  function finish(low: number, highBefore: number, count: number, addsLength: boolean): number {
    let result = low;
    let resultHigh = wide ? highBefore : 0;
    if (addsLength) {
      result = (low + (count ^ LENGTH)) | 0;
      if (wide) {
        const carry = result >>> 0 < low >>> 0 ? 1 : 0;
        resultHigh = (highBefore + LENGTH_HIGH + carry) | 0;
      }
    }
    if (result === -1 && (!wide || resultHigh === -1)) {
      core.hashHigh = 0;
      return 1546275796;
    }
    core.hashHigh = resultHigh;
    return result;
  }

  /** Whether a hash that was just computed stands for an exception. */
  function failed(lane: number): boolean {
    return lane === -1 && (!wide || core.hashHigh === -1);
  }

  return {
    ofWords: (address, count, addsLength) => {
      const { protocol } = core;
      let low = START;
      let highNow = START_HIGH;
      for (let n = 0; n < count; n++) {
        const lane = protocol.hash(memory.u32[(address + n * word) >>> 2]);
        if (failed(lane)) return -1;
        low = mix(low, highNow, lane, core.hashHigh);
        highNow = high;
      }
      return finish(low, highNow, count, addsLength);
    },
    ofObjects: (objects) => {
      let low = START;
      let highNow = START_HIGH;
      for (const object of objects) {
        const lane = core.protocol.hash(object);
        if (failed(lane)) return -1;
        low = mix(low, highNow, lane, core.hashHigh);
        highNow = high;
      }
      return finish(low, highNow, objects.length, true);
    },
  };
}
