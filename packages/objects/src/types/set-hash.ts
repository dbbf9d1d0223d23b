/**
 * The hash of frozensets (`Objects/setobject.c`): independent of the order of the items. 64 bits on lp64, in halves.
 */
import { multiplyHigh } from "./tuple-hash.ts";

const SHUFFLE_ADD = 89869747;
const SHUFFLE_TIMES = 3644798167;
const LENGTH_TIMES = 1927868237;
const LAST_TIMES = 69069;
const LAST_ADD = 907133923;
/** In place of -1, which says that there is no hash. */
const INSTEAD_OF_MINUS_ONE = 590923713;

/** A hash of a set under way. */
export interface SetHash {
  low: number;
  high: number;
}

/** Mix the hash of one item in. */
export function mixItem(into: SetHash, low: number, high: number, wide: boolean): void {
  const spreadLow = low ^ SHUFFLE_ADD ^ (low << 16);
  into.low ^= Math.imul(spreadLow, SHUFFLE_TIMES);
  if (!wide) return;
  const spreadHigh = high ^ ((high << 16) | (low >>> 16));
  into.high ^= (multiplyHigh(spreadLow, SHUFFLE_TIMES) + Math.imul(spreadHigh, SHUFFLE_TIMES)) | 0;
}

/** The hash of a set of `length` items that have been mixed in. */
export function finishHash(hash: SetHash, length: number, wide: boolean): void {
  if (!wide) {
    let x = hash.low ^ Math.imul(length + 1, LENGTH_TIMES);
    x ^= (x >>> 11) ^ (x >>> 25);
    x = (Math.imul(x, LAST_TIMES) + LAST_ADD) | 0;
    hash.low = x === -1 ? INSTEAD_OF_MINUS_ONE : x;
    return;
  }
  let low = hash.low ^ Math.imul(length + 1, LENGTH_TIMES);
  let high = hash.high ^ multiplyHigh(length + 1, LENGTH_TIMES);
  const turned = ((low >>> 11) | (high << 21)) ^ ((low >>> 25) | (high << 7));
  const turnedHigh = (high >>> 11) ^ (high >>> 25);
  low ^= turned;
  high ^= turnedHigh;
  const product = Math.imul(low, LAST_TIMES);
  high = (multiplyHigh(low, LAST_TIMES) + Math.imul(high, LAST_TIMES)) | 0;
  low = (product + LAST_ADD) | 0;
  if (low >>> 0 < LAST_ADD) high = (high + 1) | 0;
  if (low === -1 && high === -1) {
    low = INSTEAD_OF_MINUS_ONE;
    high = 0;
  }
  hash.low = low;
  hash.high = high;
}
