/**
 * Addresses and the arithmetic on them.
 *
 * An address is a plain JavaScript number in 0 … 2^32 - 1: a byte offset into one linear memory. Hot code treats it
 * as unsigned: index with `address >>> 2`, never `address >> 2`, which goes negative from 2 GiB on.
 */

/** A byte offset into a linear memory, 0 … 2^32 - 1. {@link NULL} means "no address". */
export type Address = number;

/** The null address. Byte 0 of every heap belongs to its header, so no block can ever lie there. */
export const NULL: Address = 0;

/** Addresses are below this, in bytes: the reach of a 32-bit WebAssembly memory. */
export const ADDRESS_LIMIT: number = 2 ** 32;

/** log2 of {@link PAGE_BYTES}. */
export const LOG_PAGE_BYTES = 16;

/** WebAssembly's page: the unit in which every backing grows here, in bytes. Not an OS page and not CPython's pool. */
export const PAGE_BYTES = 65_536;

/**
 * The smallest multiple of `alignment` that is not below `value`.
 * @param value bytes or an address, 0 … 2^53 - 1
 * @param alignment a power of two, in bytes
 */
export function alignUp(value: number, alignment: number): number {
  const rest = value % alignment;
  return rest === 0 ? value : value + (alignment - rest);
}

/**
 * The largest multiple of `alignment` that is not above `value`.
 * @param value bytes or an address, 0 … 2^53 - 1
 * @param alignment a power of two, in bytes
 */
export function alignDown(value: number, alignment: number): number {
  return value - (value % alignment);
}

/** Whether `value` is a positive power of two. */
export function isPowerOfTwo(value: number): boolean {
  return Number.isInteger(value) && value > 0 && 2 ** Math.round(Math.log2(value)) === value;
}

/** An address as people and CPython print it: `0x7f3a10`. */
export function hex(address: Address): string {
  return `0x${address.toString(16)}`;
}
