/** Making strs from bytes in linear memory: UTF-8 and Latin-1. */
import type { Address } from "@pyrena/abi";
import type { StrApi } from "../api/text.ts";
import type { Core } from "../core/core.ts";
import { strOffsets } from "./str-layout.ts";
import type { StrMaking } from "./str-making.ts";

/** What `sequenceAt` answers where no character begins, and where the bytes end inside one. */
const BAD_START = 0;
const CUT_SHORT = -4;

/** @param making what makes strs of known length and kind */
export function makeStrDecoding(
  core: Core,
  making: StrMaking,
): Pick<StrApi, "fromUtf8" | "fromLatin1"> {
  const { memory, obj, refs } = core;
  const { createAscii } = making;
  const { asciiData: ASCII_DATA, dataAny: COMPACT_DATA } = strOffsets(core);

  /** Copy bytes to an address that is a multiple of 4; false, with some of them copied, if they are not all ASCII. */
  function copyAscii(from: Address, to: Address, size: number): boolean {
    const { u8, u32 } = memory;
    const wholes = size & ~3;
    // The bytes of one word lie in two, if they do not begin where a word does. If they do, all of the next is shifted
    // out: it may even lie beyond the memory's end.
    const shift = (from & 3) << 3;
    let source = from >>> 2;
    let word = u32[source];
    let bits = 0;
    for (let target = to >>> 2, end = target + (size >>> 2); target < end; target++) {
      source = (source + 1) | 0;
      const next = u32[source];
      const joined = (word >>> shift) | ((next << 1) << (31 - shift));
      bits |= joined;
      u32[target] = joined;
      word = next;
    }
    for (let i = wholes; i < size; i++) {
      const byte = u8[from + i];
      bits |= byte << 24;
      u8[to + i] = byte;
    }
    return (bits & 0x80808080) === 0;
  }

  function fromUtf8(address: Address, size: number): Address {
    if (size <= 1) return fromShort(address, size, 0x7f);
    // Most texts are ASCII: that shows while they are copied. The others begin anew.
    const object = createAscii(size);
    if (object === 0) return 0;
    if (copyAscii(address, object + ASCII_DATA, size)) return object;
    obj.free(object);
    return fromWideUtf8(address, size);
  }

  /** Of no byte or one, which as a character must not be beyond `limit`. */
  function fromShort(address: Address, size: number, limit: number): Address {
    if (size === 0) return making.shared(making.empty);
    const code = memory.u8[address];
    return code <= limit ? making.character(code) : fromWideUtf8(address, size);
  }

  function fromWideUtf8(address: Address, size: number): Address {
    const end = address + size;
    let length = 0;
    let widest = 0;
    for (let at = address; at < end; length++) {
      const bytes = sequenceAt(memory.u8, at, end);
      if (bytes <= 0) return raiseDecodeError(address, size, at - address, bytes);
      widest = Math.max(widest, codeOf(memory.u8, at, bytes));
      at += bytes;
    }
    if (length === 1) return making.character(widest);
    const kind = widest < 0x100 ? 1 : widest < 0x10000 ? 2 : 4;
    const object = making.create(length, kind, false);
    if (object === 0) return 0;
    const { u8, u16, u32 } = memory;
    const units = kind === 1 ? u8 : kind === 2 ? u16 : u32;
    let next = (object + COMPACT_DATA) / kind;
    for (let at = address; at < end; ) {
      const bytes = sequenceAt(u8, at, end);
      units[next++] = codeOf(u8, at, bytes);
      at += bytes;
    }
    return object;
  }

  function fromLatin1(address: Address, size: number): Address {
    if (size <= 1) return fromShort(address, size, 0xff);
    const u8 = memory.u8;
    let bits = 0;
    for (let i = 0; i < size; i++) bits |= u8[address + i];
    const ascii = bits < 0x80;
    const object = making.create(size, 1, ascii);
    if (object === 0) return 0;
    const data = object + (ascii ? ASCII_DATA : COMPACT_DATA);
    memory.u8.copyWithin(data, address, address + size);
    return object;
  }

  /** @param what `sequenceAt`'s answer for the place */
  function raiseDecodeError(address: Address, size: number, start: number, what: number): 0 {
    const [end, reason] =
      what === BAD_START
        ? [start + 1, "no character begins with this byte"]
        : what === CUT_SHORT
          ? [size, "the bytes end inside a character"]
          : [start - what, "a character's next byte is none that goes on with it"];
    const args = [
      core.str.from("utf-8"),
      core.bytes.from(memory.u8.slice(address, address + size)),
      core.int.from(start),
      core.int.from(end),
      core.str.from(reason),
    ];
    if (!args.includes(0)) {
      const { exceptions } = core;
      const exception = exceptions.create(exceptions.type("UnicodeDecodeError"), args);
      if (exception !== 0) exceptions.raise(exception);
      refs.xdecref(exception);
    }
    for (const each of args) refs.xdecref(each);
    return 0;
  }

  return { fromUtf8, fromLatin1 };
}

/**
 * Bytes of the UTF-8 sequence at a place, 1 to 4: none that is longer than it need be, stands for a surrogate, or for
 * more than U+10FFFF. Otherwise BAD_START; or less the number of bytes before one that does not go on with them; or
 * CUT_SHORT.
 */
function sequenceAt(u8: Uint8Array, at: Address, end: Address): number {
  const first = u8[at];
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return BAD_START;
  const bytes = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (at + 1 === end) return CUT_SHORT;
  const second = u8[at + 1];
  const lowest = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const highest = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < lowest || second > highest) return -1;
  for (let n = 2; n < bytes; n++) {
    if (at + n === end) return CUT_SHORT;
    if ((u8[at + n] & 0xc0) !== 0x80) return -n;
  }
  return bytes;
}

/** The code point of a sequence of so many bytes. */
function codeOf(u8: Uint8Array, at: Address, bytes: number): number {
  if (bytes === 1) return u8[at];
  let code = u8[at] & (0x7f >>> bytes);
  for (let n = 1; n < bytes; n++) code = (code << 6) | (u8[at + n] & 0x3f);
  return code;
}
