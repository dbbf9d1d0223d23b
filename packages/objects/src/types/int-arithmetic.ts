/**
 * Arithmetic of ints: at once where both have one digit, by way of bigints otherwise. Results are cached ints where
 * CPython gives those, and other results have the room that CPython's would have.
 */
import type { Address } from "@pyrena/abi";
import type { IntApi } from "../api/numbers.ts";
import type { Core } from "../core/core.ts";
import { makeIntDivision } from "./int-division.ts";

/** What arithmetic needs of ints. */
export interface IntValues {
  digitCount(this: void, object: Address): number;
  isNegative(this: void, object: Address): boolean;
  /** The `n`-th digit, from the least significant. */
  digit(this: void, object: Address, n: number): number;
  /** Whether the int has at most one digit; then `one` gives its value. */
  isCompact(this: void, object: Address): boolean;
  one(this: void, object: Address): number;
  big(this: void, object: Address): bigint;
  from(this: void, value: number): Address;
  /** With room for at least so many digits; or the cached int. */
  fromBig(this: void, value: bigint, room: number): Address;
  twoDigits(this: void, low: number, high: number, negative: boolean): Address;
  /** A new int, never a cached one, from a value that is not negative. */
  place(this: void, magnitude: bigint, room: number): Address;
  /** The cached int in place of a new one of the same value; steals. */
  maybeSmall(this: void, object: Address): Address;
  /** Change the sign in place. */
  flip(this: void, object: Address): void;
  /** Whether the object is an int, not an instance of a subclass. */
  isExact(this: void, object: Address): boolean;
}

const DIGIT_MASK = 0x3fffffff;
const BASE = 0x40000000;

export function makeIntArithmetic(
  core: Core,
  parts: IntValues,
): Pick<IntApi, "add" | "subtract" | "multiply" | "floorDivide" | "remainder" | "negate"> {
  const { memory, refs } = core;
  const { digitCount, isNegative, digit, isCompact, one, big, from, fromBig } = parts;

  function bothCompact(a: Address, b: Address): boolean {
    return isCompact(a) && isCompact(b);
  }

  /** Digits that CPython makes room for when it subtracts magnitudes: those below the first that differs. */
  function differenceRoom(a: Address, b: Address): number {
    const count = digitCount(a);
    const other = digitCount(b);
    if (count !== other) return Math.max(count, other);
    let n = count;
    while (n > 0 && digit(a, n - 1) === digit(b, n - 1)) n--;
    return n;
  }

  /** Room for a sum of the magnitudes: one digit more than the longer. */
  function sumRoom(a: Address, b: Address): number {
    return Math.max(digitCount(a), digitCount(b)) + 1;
  }

  function add(a: Address, b: Address): Address {
    if (bothCompact(a, b)) return from(one(a) + one(b));
    const room = isNegative(a) === isNegative(b) ? sumRoom(a, b) : differenceRoom(a, b);
    return fromBig(big(a) + big(b), room);
  }

  function subtract(a: Address, b: Address): Address {
    if (bothCompact(a, b)) return from(one(a) - one(b));
    const room = isNegative(a) === isNegative(b) ? differenceRoom(a, b) : sumRoom(a, b);
    return fromBig(big(a) - big(b), room);
  }

  function multiply(a: Address, b: Address): Address {
    if (!bothCompact(a, b)) return fromBig(big(a) * big(b), digitCount(a) + digitCount(b));
    const x = one(a);
    const y = one(b);
    const product = x * y;
    if (Math.abs(product) <= Number.MAX_SAFE_INTEGER) return from(product);
    // Two digits, more than a double holds: the low one is exact by itself, and tells how far the rest was rounded.
    const size = Math.abs(product);
    const low = Math.imul(Math.abs(x), Math.abs(y)) & DIGIT_MASK;
    return parts.twoDigits(low, Math.round((size - low) / BASE), product < 0);
  }

  /** `-object`: in place if nobody else refers to it. */
  function negated(object: Address): Address {
    if (memory.u32[object >>> 2] === 1) {
      parts.flip(object);
      return object;
    }
    const minus = negate(object);
    refs.decref(object);
    return minus;
  }

  function negate(object: Address): Address {
    if (isCompact(object)) return from(-one(object));
    return fromBig(-big(object), digitCount(object));
  }

  const division = makeIntDivision(core, {
    digitCount,
    isNegative,
    magnitude: (object) => (isNegative(object) ? -big(object) : big(object)),
    topDigit: (object) => digit(object, digitCount(object) - 1),
    place: parts.place,
    maybeSmall: parts.maybeSmall,
    negated,
    exact: (object) =>
      parts.isExact(object) ? refs.newRef(object) : fromBig(big(object), digitCount(object)),
    from,
    add,
    subtract,
  });

  /** Quotient, or remainder, of a division rounded towards minus infinity. */
  function divide(a: Address, b: Address, wantsRemainder: boolean): Address {
    if (digitCount(b) === 0) return core.errors.raise("ZeroDivisionError", "division by zero");
    if (digitCount(a) !== 1 || digitCount(b) !== 1)
      return wantsRemainder ? division.remainder(a, b) : division.floorDivide(a, b);
    const x = one(a);
    const y = one(b);
    const quotient = Math.floor(x / y);
    return from(wantsRemainder ? x - quotient * y : quotient);
  }

  return {
    add,
    subtract,
    multiply,
    floorDivide: (a, b) => divide(a, b, false),
    remainder: (a, b) => divide(a, b, true),
    negate,
  };
}
