/**
 * The bytes that the hooks put around a block (CPython 3.8 to 3.15, `Objects/obmalloc.c`). S is the size of `size_t`:
 * 8 bytes in lp64, 4 in ilp32. A request of n bytes becomes one of n + 3 S, or n + 4 S with serial numbers:
 *
 *     offset from the     bytes   content
 *     underlying block
 *          0              S       n, big-endian
 *          S              1       id of the API: r, m or o
 *          S + 1          S - 1   FORBIDDENBYTE: the leading pad
 *          2 S            n       the caller's bytes; their address is what malloc returns
 *          2 S + n        S       FORBIDDENBYTE: the trailing pad
 *          3 S + n        S       serial number, big-endian; only with serial numbers
 *
 * 2 S is the ABI's alignment, so the caller's block is aligned as the underlying one is.
 */
import type { Abi, Address, LinearMemory } from "@pyrena/abi";

/** New memory that calloc has not cleared. */
export const CLEANBYTE = 0xcd;
/** Freed memory, pads included. */
export const DEADBYTE = 0xdd;
/** Pads. */
export const FORBIDDENBYTE = 0xfd;

const FORBIDDEN_WORD = 0xfdfd_fdfd;

/** Where the fences of one ABI lie. */
export interface FenceLayout {
  /** S: bytes of a pad, of the stored size and of the serial number. */
  readonly word: 4 | 8;
  /** Bytes before the caller's block: 2 S. */
  readonly before: number;
  /** Bytes that a block takes besides the caller's: 3 S or 4 S. */
  readonly extra: number;
  /** Whether a serial number follows the trailing pad. */
  readonly serial: boolean;
}

/** The layout for an ABI. */
export function fenceLayout(abi: Abi, serial: boolean): FenceLayout {
  const word = abi.pointerBytes;
  return Object.freeze({ word, before: 2 * word, extra: (serial ? 4 : 3) * word, serial });
}

/** Write size, id and leading pad at the start of the underlying block. */
export function writeHeader(
  u32: Uint32Array,
  base: Address,
  word: 4 | 8,
  size: number,
  apiId: number,
): void {
  let at = base >>> 2;
  if (word === 8) {
    // Sizes here are below 2^32: the upper half of the big-endian 64-bit number comes first.
    u32[at++] = 0;
    u32[at++] = swapBytes(size);
    u32[at++] = (0xfdfd_fd00 | apiId) >>> 0;
    u32[at] = FORBIDDEN_WORD;
  } else {
    u32[at++] = swapBytes(size);
    u32[at] = (0xfdfd_fd00 | apiId) >>> 0;
  }
}

/** Whether size, id and leading pad could be those of a live block of this id. The common case of a check, in words. */
export function headerIntact(u32: Uint32Array, base: Address, word: 4 | 8, apiId: number): boolean {
  const at = (base + word) >>> 2;
  if (u32[at] !== (0xfdfd_fd00 | apiId) >>> 0) return false;
  return word === 4 || u32[at + 1] === FORBIDDEN_WORD;
}

/** The stored size. A damaged one can be any number up to 2^64, here to the nearest double. */
export function readSize(memory: LinearMemory, base: Address, word: 4 | 8): number {
  const u32 = memory.u32;
  const at = base >>> 2;
  return word === 4 ? swapBytes(u32[at]) : swapBytes(u32[at]) * 2 ** 32 + swapBytes(u32[at + 1]);
}

/** The stored size, all digits of it. Only for printing. */
export function readExactSize(memory: LinearMemory, base: Address, word: 4 | 8): bigint {
  let size = 0n;
  for (let at = base; at < base + word; at++) size = size * 256n + BigInt(memory.u8[at]);
  return size;
}

/** Write the trailing pad, whose address has no particular alignment. */
export function writeTrailingPad(u8: Uint8Array, tail: Address, word: 4 | 8): void {
  for (let at = tail; at < tail + word; at++) u8[at] = FORBIDDENBYTE;
}

/** Whether the trailing pad is untouched. */
export function trailingPadIntact(u8: Uint8Array, tail: Address, word: 4 | 8): boolean {
  for (let at = tail; at < tail + word; at++) if (u8[at] !== FORBIDDENBYTE) return false;
  return true;
}

/** Write a serial number after the trailing pad; 32 bits of it, so in lp64 the upper 4 bytes are 0. */
export function writeSerial(u8: Uint8Array, at: Address, word: 4 | 8, serial: number): void {
  if (word === 8) u8.fill(0, at, at + 4);
  const low = at + word - 4;
  u8[low] = serial >>> 24;
  u8[low + 1] = serial >>> 16;
  u8[low + 2] = serial >>> 8;
  u8[low + 3] = serial;
}

/** Read a serial number. */
export function readSerial(u8: Uint8Array, at: Address, word: 4 | 8): number {
  let serial = 0;
  for (let n = at; n < at + word; n++) serial = serial * 256 + u8[n];
  return serial;
}

function swapBytes(value: number): number {
  return (
    ((value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0
  );
}
