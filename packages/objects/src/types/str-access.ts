/** Reading strs: their characters, text, hash and order. */
import type { Address } from "@pyrena/abi";
import type { Core } from "../core/core.ts";
import { makeHashes } from "./hash.ts";
import { ASCII, COMPACT, INTERNED_MASK, KIND_SHIFT, strOffsets } from "./str-layout.ts";

/** From this length on TextDecoder is faster than a loop: measured. */
const LONG_READ = 40;

/** What reads strs. */
export interface StrAccess {
  /** Address of the first character. */
  dataOf(this: void, object: Address): Address;
  /** Number of code points. */
  lengthOf(this: void, object: Address): number;
  /** Bytes of a character. */
  kindOf(this: void, object: Address): number;
  isAscii(this: void, object: Address): boolean;
  /** Whether the object is one block with nothing beside it. */
  isPlain(this: void, object: Address): boolean;
  internedBits(this: void, object: Address): number;
  codeAt(this: void, data: Address, kind: number, index: number): number;
  put(this: void, data: Address, kind: number, index: number, code: number): void;
  /** The largest code point that the str's state allows: 127, 255, 65535 or 1114111. */
  limitOf(this: void, object: Address): number;
  /** The same of a stretch of characters, by looking at them. */
  widest(
    this: void,
    data: Address,
    kind: number,
    start: number,
    step: number,
    count: number,
  ): number;
  value(this: void, object: Address): string;
  /** The code points, each as a string of its own. */
  characters(this: void, object: Address): string[];
  /** The hash; computed and kept if it is not known. */
  hash(this: void, object: Address): number;
  same(this: void, a: Address, b: Address): boolean;
  /** Order by code points. */
  compare(this: void, a: Address, b: Address): number;
  /** What is wrong with a str, for `verify`. */
  wrongWith(this: void, object: Address): string | undefined;
}

export function makeStrAccess(core: Core): StrAccess {
  const { memory, wide } = core;
  const offsets = strOffsets(core);
  const LENGTH = offsets.length;
  const HASH = offsets.hash;
  const STATE = offsets.state;
  const UTF8 = offsets.utf8;
  const DATA_ANY = offsets.dataAny;
  const COMPACT_DATA = offsets.dataAny;
  const ASCII_DATA = offsets.asciiData;
  const hashes = makeHashes(core);
  const decoder = new TextDecoder("utf-8");

  function dataOf(object: Address): Address {
    const bits = memory.u32[(object + STATE) >>> 2];
    if ((bits & ASCII) !== 0 && (bits & COMPACT) !== 0) return object + ASCII_DATA;
    if ((bits & COMPACT) !== 0) return object + COMPACT_DATA;
    return memory.u32[(object + DATA_ANY) >>> 2];
  }

  function lengthOf(object: Address): number {
    return memory.u32[(object + LENGTH) >>> 2];
  }

  /** Bytes of a character. */
  function kindOf(object: Address): number {
    return (memory.u32[(object + STATE) >>> 2] >>> KIND_SHIFT) & 7;
  }

  function isAscii(object: Address): boolean {
    return (memory.u32[(object + STATE) >>> 2] & ASCII) !== 0;
  }

  function codeAt(data: Address, kind: number, index: number): number {
    if (kind === 1) return memory.u8[data + index];
    if (kind === 2) return memory.u16[(data >>> 1) + index];
    return memory.u32[(data >>> 2) + index];
  }

  function put(data: Address, kind: number, index: number, code: number): void {
    if (kind === 1) memory.u8[data + index] = code;
    else if (kind === 2) memory.u16[(data >>> 1) + index] = code;
    else memory.u32[(data >>> 2) + index] = code;
  }

  function value(object: Address): string {
    const length = lengthOf(object);
    const kind = kindOf(object);
    const data = dataOf(object);
    if (kind === 1) {
      const u8 = memory.u8;
      if (length < LONG_READ || !isAscii(object)) return unitsToText(u8, data, length);
      const bytes = u8.subarray(data, data + length);
      return decoder.decode(memory.shared ? bytes.slice() : bytes);
    }
    if (kind === 2) return unitsToText(memory.u16, data >>> 1, length);
    let text = "";
    for (let i = 0; i < length; i++) text += String.fromCodePoint(memory.u32[(data >>> 2) + i]);
    return text;
  }

  function computeHash(object: Address): number {
    const low = hashes.bytes(dataOf(object), lengthOf(object) * kindOf(object));
    const i = (object + HASH) >>> 2;
    memory.u32[i] = low;
    if (wide) memory.u32[i + 1] = core.hashHigh;
    return low;
  }

  function same(a: Address, b: Address): boolean {
    if (a === b) return true;
    const u32 = memory.u32;
    const length = u32[(a + LENGTH) >>> 2];
    // Every str is as narrow as can be, so equal ones have the same kind.
    if (length !== u32[(b + LENGTH) >>> 2] || kindOf(a) !== kindOf(b)) return false;
    const u8 = memory.u8;
    const bytes = length * kindOf(a);
    const dataA = dataOf(a);
    const dataB = dataOf(b);
    for (let i = 0; i < bytes; i++) if (u8[dataA + i] !== u8[dataB + i]) return false;
    return true;
  }

  /** Order by code points. */
  function compare(a: Address, b: Address): number {
    const lengthA = lengthOf(a);
    const lengthB = lengthOf(b);
    const kindA = kindOf(a);
    const kindB = kindOf(b);
    const dataA = dataOf(a);
    const dataB = dataOf(b);
    const common = Math.min(lengthA, lengthB);
    for (let i = 0; i < common; i++) {
      const order = codeAt(dataA, kindA, i) - codeAt(dataB, kindB, i);
      if (order !== 0) return order;
    }
    return lengthA - lengthB;
  }

  /** What is wrong with a str, for `verify`. */
  function wrongWith(object: Address): string | undefined {
    const kind = kindOf(object);
    const length = lengthOf(object);
    if (kind !== 1 && kind !== 2 && kind !== 4) return `has characters of ${kind} bytes`;
    const data = dataOf(object);
    if (codeAt(data, kind, length) !== 0) return "does not end with 0";
    const limit = widest(data, kind, 0, 1, length);
    if (limit !== limitOf(object))
      return `has characters up to ${limit}, but its state says ${limitOf(object)}`;
    for (let n = 0; n < length && kind === 4; n++) {
      if (codeAt(data, kind, n) > 0x10ffff) return "has a character beyond U+10FFFF";
    }
    const low = memory.u32[(object + HASH) >>> 2] | 0;
    const high = wide ? memory.u32[(object + HASH + 4) >>> 2] | 0 : 0;
    if (low === -1 && (!wide || high === -1)) return undefined;
    if (hashes.bytes(data, length * kind) !== low || (wide && core.hashHigh !== high))
      return "has a hash that is not its text's";
    return undefined;
  }

  function limitOf(object: Address): number {
    const kind = kindOf(object);
    return isAscii(object) ? 127 : kind === 1 ? 255 : kind === 2 ? 0xffff : 0x10ffff;
  }

  /** The largest code point of a stretch, as far as its kind is concerned: 127, 255, 65535 or 1114111. */
  function widest(data: Address, kind: number, start: number, step: number, count: number): number {
    let bits = 0;
    for (let n = 0, i = start; n < count; n++, i += step) bits |= codeAt(data, kind, i);
    return bits < 128 ? 127 : bits < 256 ? 255 : bits < 0x10000 ? 0xffff : 0x10ffff;
  }

  /** Whether the object is one block with nothing beside it. */
  function isPlain(object: Address): boolean {
    const u32 = memory.u32;
    const bits = u32[(object + STATE) >>> 2];
    return (bits & COMPACT) !== 0 && ((bits & ASCII) !== 0 || u32[(object + UTF8) >>> 2] === 0);
  }

  function internedBits(object: Address): number {
    return memory.u32[(object + STATE) >>> 2] & INTERNED_MASK;
  }

  function hash(object: Address): number {
    const u32 = memory.u32;
    const i = (object + HASH) >>> 2;
    const low = u32[i] | 0;
    if (wide) {
      const high = u32[i + 1] | 0;
      if (low !== -1 || high !== -1) {
        core.hashHigh = high;
        return low;
      }
    } else if (low !== -1) {
      core.hashHigh = 0;
      return low;
    }
    return computeHash(object);
  }

  function characters(object: Address): string[] {
    const data = dataOf(object);
    const kind = kindOf(object);
    return Array.from({ length: lengthOf(object) }, (_, n) =>
      String.fromCodePoint(codeAt(data, kind, n)),
    );
  }

  return {
    dataOf,
    lengthOf,
    kindOf,
    isAscii,
    isPlain,
    internedBits,
    codeAt,
    put,
    limitOf,
    widest,
    value,
    characters,
    hash,
    same,
    compare,
    wrongWith,
  };
}

/**
 * Text of UTF-16 units or Latin-1 bytes. Eight at a time: a call with many arguments costs hardly more than one with
 * one, and the engine has fewer pieces to join.
 */
function unitsToText(units: Uint8Array | Uint16Array, first: number, count: number): string {
  const end = first + count;
  const wholes = end - (count & 7);
  let text = "";
  let i = first;
  for (; i < wholes; i += 8) {
    text += String.fromCharCode(
      units[i],
      units[i + 1],
      units[i + 2],
      units[i + 3],
      units[i + 4],
      units[i + 5],
      units[i + 6],
      units[i + 7],
    );
  }
  if (end - i >= 4) {
    text += String.fromCharCode(units[i], units[i + 1], units[i + 2], units[i + 3]);
    i += 4;
  }
  if (end - i === 3) return text + String.fromCharCode(units[i], units[i + 1], units[i + 2]);
  if (end - i === 2) return text + String.fromCharCode(units[i], units[i + 1]);
  if (end - i === 1) return text + String.fromCharCode(units[i]);
  return text;
}
