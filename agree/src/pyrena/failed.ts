/** How failures get from a call on objects to the statement that is performed: as something thrown. */
import type { Address } from "@pyrena/abi";

/** An exception is pending in the heap. */
export class Failed extends Error {}

/** A reference that a call has given. @throws Failed if it gave none */
export function check(object: Address): Address {
  if (object === 0) throw new Failed();
  return object;
}

/** @throws Failed for -1 */
export function done(result: number): void {
  if (result < 0) throw new Failed();
}
