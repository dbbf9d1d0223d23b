/**
 * Keys of dicts and sets: their hash, and whether two are equal at a glance. Most keys are strs that know their hash,
 * and ints of one digit; these are answered here from memory, all others by their types.
 */
import type { Address } from "@pyrena/abi";
import type { Core } from "../core/core.ts";

/** What both kinds of tables ask of keys. */
export interface TableKeys {
  /** Low half of a key's hash, the high half in `core.hashHigh`: as `protocol.hash`. */
  hash(this: void, key: Address): number;
  /** Whether a hash of -1 means that there is none, and an exception is pending. */
  hashFailed(this: void): boolean;
  /** Whether two keys are exact ints of one digit and equal; false says nothing. Runs no code of users. */
  sameSmallInt(this: void, a: Address, b: Address): boolean;
}

export function makeTableKeys(core: Core): TableKeys {
  const { memory, wide, word, facts, protocol } = core;
  const TYPE = word;
  const STR = core.str.type;
  const STR_HASH = 3 * word;
  const INT = core.int.type;
  /** Of an int: its sign and number of digits, and its first digit. */
  const SIZE = 2 * word;
  const DIGIT = 3 * word;
  const SIGN_IN_SIZE = facts.intSign === "size";
  /** Without the mark of cached ints. */
  const SIZE_MASK = ~facts.smallIntBit;

  /** Sign of an int of one digit, or 2. */
  function smallSign(int: Address): number {
    const size = memory.i32[(int + SIZE) >>> 2];
    if (SIGN_IN_SIZE) return size === 1 || size === -1 || size === 0 ? size : 2;
    // 8: one digit, positive; 1: zero; 10: one digit, negative.
    const tag = size & SIZE_MASK;
    return tag === 8 ? 1 : tag === 1 ? 0 : tag === 10 ? -1 : 2;
  }

  return {
    hash: (key) => {
      const i32 = memory.i32;
      const type = memory.u32[(key + TYPE) >>> 2];
      if (type === STR) {
        const low = i32[(key + STR_HASH) >>> 2];
        const high = wide ? i32[(key + STR_HASH + 4) >>> 2] : -1;
        if (low !== -1 || high !== -1) {
          if (wide) core.hashHigh = high;
          return low;
        }
      } else if (type === INT) {
        const sign = smallSign(key);
        const low = sign === 0 ? 0 : sign * i32[(key + DIGIT) >>> 2];
        // A digit is below every modulus; the hash of -1 is another, because -1 says that there is none.
        if (sign !== 2 && low !== -1) {
          if (wide) core.hashHigh = low < 0 ? -1 : 0;
          return low;
        }
      }
      return protocol.hash(key);
    },
    hashFailed: () => !wide || core.hashHigh === -1,
    sameSmallInt: (a, b) => {
      const u32 = memory.u32;
      if (u32[(a + TYPE) >>> 2] !== INT || u32[(b + TYPE) >>> 2] !== INT) return false;
      if (u32[(a + DIGIT) >>> 2] !== u32[(b + DIGIT) >>> 2]) return false;
      const sign = smallSign(a);
      return sign !== 2 && smallSign(b) === sign;
    },
  };
}
