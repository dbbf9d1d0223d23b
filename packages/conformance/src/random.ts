/**
 * A source of repeatable random numbers: the same seed gives the same numbers on every machine.
 * Mulberry32 (Tommy Ettinger, 2017): 32 bits of state, enough for tests and nothing else.
 */

/** Numbers 0 ≤ x < 1. */
export type Random = () => number;

/** @param seed any number; its lower 32 bits count */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number `low` ≤ n ≤ `high`. */
export function between(random: Random, low: number, high: number): number {
  return low + Math.floor(random() * (high - low + 1));
}
