/** Arguments that C takes as `int` or `Py_ssize_t`: what does not fit is an exception, as where Python calls. */
import type { ErrorsApi } from "../api/errors.ts";

const INT_MAX = 0x7fff_ffff;

/** True, or false with TypeError or OverflowError pending. */
export function isInt(errors: ErrorsApi, value: number, what: string): boolean {
  return isBetween(errors, value, what, -INT_MAX - 1, INT_MAX);
}

/** The same for `Py_ssize_t`, as far as JavaScript's numbers are exact. */
export function isSize(errors: ErrorsApi, value: number, what: string): boolean {
  return isBetween(errors, value, what, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
}

function isBetween(
  errors: ErrorsApi,
  value: number,
  what: string,
  least: number,
  most: number,
): boolean {
  if (!Number.isInteger(value)) {
    errors.raise("TypeError", `${what} must be a whole number, not ${String(value)}`);
    return false;
  }
  if (value >= least && value <= most) return true;
  errors.raise("OverflowError", `${what} must be from ${least} to ${most}, not ${value}`);
  return false;
}
