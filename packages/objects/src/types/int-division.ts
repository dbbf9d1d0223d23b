/**
 * Division of ints that are not both of one digit: with the same ints made on the way as CPython makes, in the same
 * order and with the same room, so that results lie where CPython's do. (`long_divrem`, `x_divrem` and their callers.)
 */
import type { Address } from "@pyrena/abi";
import type { Core } from "../core/core.ts";

/** What division needs of ints. */
export interface IntParts {
  digitCount(this: void, object: Address): number;
  isNegative(this: void, object: Address): boolean;
  /** The value without its sign. */
  magnitude(this: void, object: Address): bigint;
  /** Most significant digit. */
  topDigit(this: void, object: Address): number;
  /** A new int with room for so many digits, never a cached one. */
  place(this: void, magnitude: bigint, room: number): Address;
  /** The cached int in place of a new one of the same value; steals. */
  maybeSmall(this: void, object: Address): Address;
  /** `-object`, changed in place if nobody else refers to it; steals. */
  negated(this: void, object: Address): Address;
  /** The int itself, or an exact copy of a subclass's instance: a new reference. */
  exact(this: void, object: Address): Address;
  from(this: void, value: number): Address;
  add(this: void, a: Address, b: Address): Address;
  subtract(this: void, a: Address, b: Address): Address;
}

/** Quotient and remainder, both new references. */
interface Division {
  quotient: Address;
  remainder: Address;
}

/** Floor division and remainder; the divisor is not 0. NULL with MemoryError pending where there is no room. */
export interface IntDivision {
  floorDivide(this: void, a: Address, b: Address): Address;
  remainder(this: void, a: Address, b: Address): Address;
}

const DIGIT_BITS = 30;

export function makeIntDivision(core: Core, parts: IntParts): IntDivision {
  const { refs } = core;
  const { digitCount, isNegative, magnitude, topDigit, place, maybeSmall, negated, from } = parts;

  /** Whether the digits show at once that |a| < |b|. */
  function isShorter(a: Address, b: Address): boolean {
    const count = digitCount(a);
    const other = digitCount(b);
    return count < other || (count === other && topDigit(a) < topDigit(b));
  }

  /** Digits of a quotient: one more where the shifted dividend begins no lower than the shifted divisor. */
  function quotientDigits(a: Address, b: Address): number {
    const count = digitCount(a);
    const other = digitCount(b);
    const shift = BigInt(Math.clz32(topDigit(b)) - (32 - DIGIT_BITS));
    const top = (magnitude(a) << shift) >> BigInt(DIGIT_BITS * (count - 1));
    const otherTop = (magnitude(b) << shift) >> BigInt(DIGIT_BITS * (other - 1));
    return count - other + (top >= otherTop ? 1 : 0);
  }

  /** Drop what has been made before memory ran out. */
  function failed(...made: Address[]): undefined {
    for (const object of made) refs.xdecref(object);
    return undefined;
  }

  /** Quotient rounded towards 0, and remainder, without signs. `long_divrem` before it sets them. */
  function divideMagnitudes(a: Address, b: Address): Division | undefined {
    const dividend = magnitude(a);
    const divisor = magnitude(b);
    const quotientValue = dividend / divisor;
    const remainderValue = dividend - quotientValue * divisor;
    if (digitCount(b) === 1) {
      const quotient = place(quotientValue, digitCount(a));
      if (quotient === 0) return undefined;
      const remainder = from(Number(remainderValue));
      return remainder === 0 ? failed(quotient) : { quotient, remainder };
    }
    // The shifted divisor becomes the remainder; the shifted dividend lives while the quotient is made.
    const remainder = place(remainderValue, digitCount(b));
    if (remainder === 0) return undefined;
    const shifted = place(dividend, digitCount(a) + 1);
    if (shifted === 0) return failed(remainder);
    const quotient = place(quotientValue, quotientDigits(a, b));
    refs.decref(shifted);
    return quotient === 0 ? failed(remainder) : { quotient, remainder: maybeSmall(remainder) };
  }

  /** Towards 0, with signs. */
  function divideTruncated(a: Address, b: Address): Division | undefined {
    if (isShorter(a, b)) {
      const remainder = parts.exact(a);
      return remainder === 0 ? undefined : { quotient: from(0), remainder };
    }
    const division = divideMagnitudes(a, b);
    if (division === undefined) return undefined;
    let { quotient, remainder } = division;
    if (isNegative(a) !== isNegative(b)) quotient = negated(quotient);
    quotient = maybeSmall(quotient);
    if (isNegative(a)) {
      remainder = negated(remainder);
      if (remainder === 0) return failed(quotient);
    }
    return { quotient, remainder };
  }

  /** Whether a remainder lies on the other side of 0 than the divisor: then one divisor is added. */
  function isOff(remainder: Address, b: Address): boolean {
    return digitCount(remainder) !== 0 && isNegative(remainder) !== isNegative(b);
  }

  function floorDivide(a: Address, b: Address): Address {
    const division = divideTruncated(a, b);
    if (division === undefined) return 0;
    const { quotient, remainder } = division;
    if (!isOff(remainder, b)) {
      refs.decref(remainder);
      return quotient;
    }
    const rest = parts.add(remainder, b);
    refs.decref(remainder);
    if (rest === 0) {
      refs.decref(quotient);
      return 0;
    }
    const one = from(1);
    const less = parts.subtract(quotient, one);
    refs.decref(one);
    refs.decref(quotient);
    refs.decref(rest);
    return less;
  }

  /** The remainder without the quotient, which is made only where the divisor has several digits. */
  function remainderTruncated(a: Address, b: Address): Address {
    if (isShorter(a, b)) return parts.exact(a);
    let remainder: Address;
    if (digitCount(b) === 1) {
      remainder = from(Number(magnitude(a) % magnitude(b)));
    } else {
      const division = divideMagnitudes(a, b);
      if (division === undefined) return 0;
      refs.decref(division.quotient);
      remainder = division.remainder;
    }
    return remainder !== 0 && isNegative(a) ? negated(remainder) : remainder;
  }

  return {
    floorDivide,
    remainder: (a, b) => {
      const remainder = remainderTruncated(a, b);
      if (remainder === 0 || !isOff(remainder, b)) return remainder;
      const rest = parts.add(remainder, b);
      refs.decref(remainder);
      return rest;
    },
  };
}
