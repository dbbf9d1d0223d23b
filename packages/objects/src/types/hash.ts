/**
 * CPython's hash functions (`Python/pyhash.c`), on numbers of 32 bits: no BigInt, no allocation.
 *
 * | what       | lp64                          | ilp32                        |
 * |------------|-------------------------------|------------------------------|
 * | numbers    | value modulo 2^61 - 1         | value modulo 2^31 - 1        |
 * | str, bytes | SipHash-1-3 with a 128-bit key | FNV with a prefix and suffix |
 *
 * A hash of 64 bits is returned as its low half; the high half is in `high` of the record it came from. Asked of
 * native CPython 3.11 to 3.13 and of Pyodide 3.11 to 3.15: the latter's builds choose FNV.
 */
import type { Address, LinearMemory } from "@pyrena/abi";
import type { Core } from "../core/core.ts";

/** Hash of an infinite float; its sign is the float's. */
const HASH_INF = 314159;
/** Modulus of ilp32: 2^31 - 1. */
const MODULUS_31 = 0x7fffffff;

/** Hash functions of one heap. The low 32 bits are returned, signed; the high ones are put in `core.hashHigh`. */
export interface Hashes {
  /** Of an int, given as digits of 30 bits, least significant first. */
  digits(this: void, first: number, count: number, negative: boolean): number;
  /** Of a float; that of NaN is made of the address of the object that holds it. */
  float(this: void, value: number, object: Address): number;
  /** Of a complex number. */
  complex(this: void, real: number, imaginary: number, object: Address): number;
  /** Of bytes in linear memory, from an address that is aligned to 4. */
  bytes(this: void, address: number, length: number): number;
}

const scratch = new Float64Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

export function makeHashes(core: Core): Hashes {
  const { memory, wide } = core;
  const usesSipHash = core.facts.bytesHash === "siphash13";
  const key = hashKey(memory.u32[(core.state + core.at.hash_seed) >>> 2]);

  /** Set the high half and return the low one; -1 is reserved for errors. */
  function done(low: number, high: number): number {
    if (wide) {
      if (low === -1 && high === -1) low = -2;
      core.hashHigh = high;
    } else if (low === -1) low = -2;
    return low;
  }

  /** A residue of 61 bits with a sign, in two's complement. */
  function signed(low: number, high: number, negative: boolean): number {
    if (!negative) return done(low | 0, high | 0);
    const minusLow = -low | 0;
    return done(minusLow, minusLow === 0 ? -high | 0 : ~high);
  }

  function digits61(first: number, count: number, negative: boolean): number {
    const u32 = memory.u32;
    let i = (first >>> 2) + count;
    // x = high31 × 2^30 + low30. Multiplying by 2^30 modulo 2^61 - 1 is a rotation of 61 bits by 30.
    let low30 = 0;
    let high31 = 0;
    for (let n = 0; n < count; n++) {
      i--;
      const rotatedHigh = (high31 & 1) * 0x40000000 + low30;
      let sum = (high31 >>> 1) + u32[i];
      high31 = rotatedHigh;
      if (sum >= 0x40000000) {
        sum -= 0x40000000;
        high31++;
        if (high31 === 0x80000000) {
          // 2^61 is 1.
          high31 = 0;
          sum++;
        }
      }
      low30 = sum;
    }
    if (high31 === 0x7fffffff && low30 === 0x3fffffff) {
      high31 = 0;
      low30 = 0;
    }
    return signed(low30 | (high31 << 30), high31 >>> 2, negative);
  }

  function digits31(first: number, count: number, negative: boolean): number {
    const u32 = memory.u32;
    let i = (first >>> 2) + count;
    let x = 0;
    for (let n = 0; n < count; n++) {
      i--;
      x = ((x << 30) & MODULUS_31) + (x >>> 1) + u32[i];
      if (x >= MODULUS_31) x -= MODULUS_31;
    }
    return done(negative ? -x | 0 : x, 0);
  }

  /** `_Py_HashPointer`: rotated right by 4 bits, since blocks are aligned. */
  function address(object: Address): number {
    return done(wide ? object >>> 4 : (object >>> 4) | (object << 28), 0);
  }

  function float61(value: number, object: Address): number {
    const size = Math.abs(value);
    const negative = value < 0;
    if (size < 0x40000000 && Math.trunc(size) === size) return signed(size, 0, negative);
    if (size === Number.POSITIVE_INFINITY) return signed(HASH_INF, 0, negative);
    if (Number.isNaN(size)) return address(object);
    scratch[0] = size;
    let low = scratchBits[0];
    let high = scratchBits[1] & 0xfffff;
    let exponent = scratchBits[1] >>> 20;
    if (exponent === 0) exponent = 1;
    else high |= 0x100000;
    // The value is (high, low) × 2^(exponent - 1075); 2^61 is 1, and 1075 + 23 is a multiple of 61.
    let rotate = (exponent + 23) % 61;
    if (rotate > 31) {
      const l = low;
      low = (l << 31) | (high << 2) | (l >>> 30);
      high = (l >>> 1) & 0x1fffffff;
      rotate -= 31;
    }
    if (rotate !== 0) {
      const l = low;
      const h = high;
      if (rotate <= 29) {
        low = (l << rotate) | (h >>> (29 - rotate));
        high = ((h << rotate) | (l >>> (32 - rotate))) & 0x1fffffff;
      } else {
        low = (l << rotate) | (h << (rotate - 29)) | (l >>> (61 - rotate));
        high = ((h << rotate) | (l >>> (32 - rotate))) & 0x1fffffff;
      }
    }
    return signed(low, high, negative);
  }

  function float31(value: number, object: Address): number {
    const size = Math.abs(value);
    const negative = value < 0;
    if (size === Number.POSITIVE_INFINITY) return done(negative ? -HASH_INF : HASH_INF, 0);
    if (Number.isNaN(size)) return address(object);
    let x: number;
    if (Math.trunc(size) === size && size <= Number.MAX_SAFE_INTEGER) {
      x = size % MODULUS_31;
    } else {
      scratch[0] = size;
      let exponent = scratchBits[1] >>> 20;
      let mantissa = (scratchBits[1] & 0xfffff) * 0x100000000 + scratchBits[0];
      if (exponent === 0) exponent = 1;
      else mantissa += 0x10000000000000;
      x = mantissa % MODULUS_31;
      // The value is mantissa × 2^(exponent - 1075); 2^31 is 1, and 1075 + 10 is a multiple of 31.
      const rotate = (exponent + 10) % 31;
      x = ((x << rotate) & MODULUS_31) | (x >>> (31 - rotate));
      if (x === MODULUS_31) x = 0;
    }
    return done(negative ? -x | 0 : x, 0);
  }

  /** `_PyHASH_IMAG` times the second hash, added to the first, modulo 2^64 or 2^32. */
  function combine(low: number, high: number, otherLow: number, otherHigh: number): number {
    const IMAG = 1000003;
    const a = low + Math.imul(otherLow, IMAG);
    if (!wide) return done(a | 0, 0);
    // Low half of the product with its carry: IMAG is below 2^20, halves of 16 bits keep everything exact.
    const l = otherLow >>> 0;
    const p0 = (l & 0xffff) * IMAG;
    const p1 = (l >>> 16) * IMAG + Math.floor(p0 / 0x10000);
    const productHigh = (Math.floor(p1 / 0x10000) + Math.imul(otherHigh, IMAG)) | 0;
    const productLow = (((p1 % 0x10000) << 16) | (p0 & 0xffff)) >>> 0;
    const sum = (low >>> 0) + productLow;
    return done(sum | 0, (high + productHigh + (sum >= 0x100000000 ? 1 : 0)) | 0);
  }

  const float = wide ? float61 : float31;
  return {
    digits: wide ? digits61 : digits31,
    float,
    complex: (real, imaginary, object) => {
      const otherLow = float(imaginary, object);
      const otherHigh = core.hashHigh;
      const low = float(real, object);
      return combine(low, core.hashHigh, otherLow, otherHigh);
    },
    bytes: (address, length) => {
      if (length === 0) return done(0, 0);
      if (!usesSipHash) return done(fnv(memory, address, length, key), 0);
      const low = sipHash13(memory.u32, address, length, key);
      return done(low, wide ? sipHash13High : 0);
    },
  };
}

/** The key of str and bytes hashes: 16 bytes, as four words. */
export type HashKey = readonly [number, number, number, number];

/** The key that `PYTHONHASHSEED` gives: zeros for 0, else bytes of a linear congruential generator. */
export function hashKey(seed: number): HashKey {
  const words: [number, number, number, number] = [0, 0, 0, 0];
  if (seed === 0) return words;
  let x = seed;
  for (let n = 0; n < 16; n++) {
    x = (Math.imul(x, 214013) + 2531011) | 0;
    words[n >>> 2] |= ((x >>> 16) & 0xff) << (8 * (n & 3));
  }
  return words;
}

/** High half of the last SipHash. */
let sipHash13High = 0;

/**
 * SipHash-1-3, low half; the high half is left in {@link sipHash13High}.
 * @param address of the bytes, aligned to 4; up to 3 bytes behind them may be read
 * @param key as two little-endian halves of 64 bits each
 */
function sipHash13(u32: Uint32Array, address: number, length: number, key: HashKey): number {
  let v0l = key[0] ^ 0x70736575;
  let v0h = key[1] ^ 0x736f6d65;
  let v1l = key[2] ^ 0x6e646f6d;
  let v1h = key[3] ^ 0x646f7261;
  let v2l = key[0] ^ 0x6e657261;
  let v2h = key[1] ^ 0x6c796765;
  let v3l = key[2] ^ 0x79746573;
  let v3h = key[3] ^ 0x74656462;
  // One round a block of 8 bytes, one for the rest with the length, three to finish.
  const blocks = length >>> 3;
  const rounds = blocks + 4;
  let i = address >>> 2;
  for (let n = 0; n < rounds; n++) {
    let ml = 0;
    let mh = 0;
    if (n < blocks) {
      ml = u32[i] | 0;
      mh = u32[i + 1] | 0;
      i += 2;
    } else if (n === blocks) {
      const rest = length & 7;
      if (rest >= 4) {
        ml = u32[i] | 0;
        if (rest > 4) mh = u32[i + 1] & ((1 << (8 * rest - 32)) - 1);
      } else if (rest > 0) ml = u32[i] & ((1 << (8 * rest)) - 1);
      mh |= length << 24;
    } else if (n === blocks + 1) v2l ^= 0xff;
    v3l ^= ml;
    v3h ^= mh;
    // Sums of 64 bits: the carry of a + b = s is the top bit of a & b | (a | b) & ~s, which stays within 32 bits.
    // v0 += v1; v1 = rotl(v1, 13) ^ v0; v0 = rotl(v0, 32)
    let low = (v0l + v1l) | 0;
    let high = (v0h + v1h + (((v0l & v1l) | ((v0l | v1l) & ~low)) >>> 31)) | 0;
    let t = (v1l << 13) | (v1h >>> 19);
    v1h = ((v1h << 13) | (v1l >>> 19)) ^ high;
    v1l = t ^ low;
    v0l = high;
    v0h = low;
    // v2 += v3; v3 = rotl(v3, 16) ^ v2
    low = (v2l + v3l) | 0;
    v2h = (v2h + v3h + (((v2l & v3l) | ((v2l | v3l) & ~low)) >>> 31)) | 0;
    v2l = low;
    t = (v3l << 16) | (v3h >>> 16);
    v3h = ((v3h << 16) | (v3l >>> 16)) ^ v2h;
    v3l = t ^ v2l;
    // v0 += v3; v3 = rotl(v3, 21) ^ v0
    low = (v0l + v3l) | 0;
    v0h = (v0h + v3h + (((v0l & v3l) | ((v0l | v3l) & ~low)) >>> 31)) | 0;
    v0l = low;
    t = (v3l << 21) | (v3h >>> 11);
    v3h = ((v3h << 21) | (v3l >>> 11)) ^ v0h;
    v3l = t ^ v0l;
    // v2 += v1; v1 = rotl(v1, 17) ^ v2; v2 = rotl(v2, 32)
    low = (v2l + v1l) | 0;
    high = (v2h + v1h + (((v2l & v1l) | ((v2l | v1l) & ~low)) >>> 31)) | 0;
    t = (v1l << 17) | (v1h >>> 15);
    v1h = ((v1h << 17) | (v1l >>> 15)) ^ high;
    v1l = t ^ low;
    v2l = high;
    v2h = low;
    v0l ^= ml;
    v0h ^= mh;
  }
  sipHash13High = v0h ^ v1h ^ v2h ^ v3h;
  return v0l ^ v1l ^ v2l ^ v3l;
}

/**
 * FNV as CPython builds it where SipHash is not chosen: words of 4 bytes, the last of them byte by byte.
 * @param address aligned to 4
 * @param key its first word is the prefix, its second the suffix
 */
function fnv(memory: LinearMemory, address: number, length: number, key: HashKey): number {
  const { u8, u32 } = memory;
  let rest = length & 3;
  if (rest === 0) rest = 4;
  const end = address + length;
  const tail = end - rest;
  let x = key[0] ^ (u8[address] << 7);
  for (let i = address >>> 2; i < tail >>> 2; i++) x = Math.imul(1000003, x) ^ u32[i];
  for (let p = tail; p < end; p++) x = Math.imul(1000003, x) ^ u8[p];
  return x ^ length ^ key[1];
}
