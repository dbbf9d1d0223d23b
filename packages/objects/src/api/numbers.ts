/** None, bool, int, float, complex. */
import type { Address } from "@pyrena/abi";

/** `PyLongObject`: 30-bit digits, any size; bool is its subclass. */
export interface IntApi {
  readonly type: Address;
  readonly boolType: Address;
  readonly true: Address;
  readonly false: Address;
  /** An int from a whole number (a cached one where there is one) or a bigint. New reference. */
  from(this: void, value: number | bigint): Address;
  /** `True` or `False`, borrowed (immortal or static). */
  fromBoolean(this: void, value: boolean): Address;
  /** The value; a number where it is a safe integer, else a bigint. */
  value(this: void, object: Address): number | bigint;
  /** Whether the object is an int (or bool, or of a subclass). */
  check(this: void, object: Address): boolean;
  /** Less than, equal to or greater than 0, as int `a` is to int `b`. */
  compare(this: void, a: Address, b: Address): number;
  isNegative(this: void, object: Address): boolean;
  /** Number of 30-bit digits; 0 has none. */
  digitCount(this: void, object: Address): number;
  /** `int.bit_length()`. */
  bitLength(this: void, object: Address): number;
  /** `a + b` of two ints, new reference (a cached int where there is one). */
  add(this: void, a: Address, b: Address): Address;
  subtract(this: void, a: Address, b: Address): Address;
  multiply(this: void, a: Address, b: Address): Address;
  /** `a // b`; NULL with ZeroDivisionError pending. */
  floorDivide(this: void, a: Address, b: Address): Address;
  /** `a % b`, with the sign of `b`; NULL with ZeroDivisionError pending. */
  remainder(this: void, a: Address, b: Address): Address;
  /** `-a`. */
  negate(this: void, object: Address): Address;
}

/** `PyFloatObject`. */
export interface FloatApi {
  readonly type: Address;
  /** New reference. */
  from(this: void, value: number): Address;
  value(this: void, object: Address): number;
  /** Whether the object is a float (or of a subclass). */
  check(this: void, object: Address): boolean;
}

/** `PyComplexObject`. */
export interface ComplexApi {
  readonly type: Address;
  /** New reference. */
  from(this: void, real: number, imaginary: number): Address;
  real(this: void, object: Address): number;
  imaginary(this: void, object: Address): number;
  /** Whether the object is a complex (or of a subclass). */
  check(this: void, object: Address): boolean;
}

/** None, Ellipsis, NotImplemented: immortal (static in 3.11). */
export interface ConstantsApi {
  readonly none: Address;
  readonly ellipsis: Address;
  readonly notImplemented: Address;
}
