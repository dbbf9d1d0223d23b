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
}

/** `PyFloatObject`. */
export interface FloatApi {
  readonly type: Address;
  /** New reference. */
  from(this: void, value: number): Address;
  value(this: void, object: Address): number;
}

/** `PyComplexObject`. */
export interface ComplexApi {
  readonly type: Address;
  /** New reference. */
  from(this: void, real: number, imaginary: number): Address;
  real(this: void, object: Address): number;
  imaginary(this: void, object: Address): number;
}

/** None, Ellipsis, NotImplemented: immortal (static in 3.11). */
export interface ConstantsApi {
  readonly none: Address;
  readonly ellipsis: Address;
  readonly notImplemented: Address;
}
