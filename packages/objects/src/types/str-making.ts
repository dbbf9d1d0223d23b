/** Making strs: headers, the shared ones, and from JavaScript's strings. */
import { type Address, PyrenaError } from "@pyrena/abi";
import type { Core } from "../core/core.ts";
import type { StrAccess } from "./str-access.ts";
import {
  ASCII,
  COMPACT,
  IMMORTAL,
  IMMORTAL_STATIC,
  KIND_SHIFT,
  MORTAL,
  strOffsets,
} from "./str-layout.ts";

/** From this length on TextEncoder is faster than a loop: measured. */
const LONG_WRITE = 32;

/** What makes strs. Results are new references, or NULL with MemoryError pending. */
export interface StrMaking {
  readonly empty: Address;
  /** Static table of the 256 strs of one Latin-1 character. */
  readonly latin1: Address;
  /** A new str of any kind, as `PyUnicode_New`; its characters are the caller's to write, the final 0 is written. */
  create(this: void, length: number, kind: number, ascii: boolean): Address;
  /** The same of an ASCII str. */
  createAscii(this: void, length: number): Address;
  /** An ASCII str of static data, marked as interned for ever. */
  staticAscii(this: void, text: string): Address;
  /** Another reference to an object of static data: its count rises in 3.11. */
  shared(this: void, object: Address): Address;
  /** The str of one code point: the shared one, if it is in Latin-1. */
  character(this: void, code: number): Address;
  from(this: void, text: string): Address;
  /** Write the fields that an ASCII str of 3.12 and later does not have. */
  initializeRest(this: void, object: Address, length: number, bits: number): void;
}

/** @param type the type `str` */
export function makeStrMaking(core: Core, { put }: StrAccess, type: Address): StrMaking {
  const { memory, alloc, obj, errors, facts, wide, state, at } = core;
  const offsets = strOffsets(core);
  const HASH = offsets.hash;
  const STATE = offsets.state;
  const UTF8_LENGTH = offsets.utf8Length;
  const UTF8 = offsets.utf8;
  const COMPACT_DATA = offsets.dataAny;
  const ASCII_DATA = offsets.asciiData;
  const WSTR = offsets.wstr;
  const WSTR_LENGTH = offsets.wstrLength;
  const READY = offsets.readyBit;
  const ASCII_STATE = offsets.asciiState;
  const STATIC_BIT = offsets.staticBit;
  const { increfLimit: INCREF_LIMIT, staticImmortal: STATIC_COUNT } = facts.refcount;
  const encoder = new TextEncoder();
  const empty = core.fresh ? makeEmpty() : memory.u32[(state + at.str_empty) >>> 2];
  const LATIN1 = core.fresh ? makeLatin1() : memory.u32[(state + at.latin1) >>> 2];

  /** The fields that all strs have, with one reference; what follows them is the caller's to write. */
  function initialize(object: Address, length: number, bits: number): void {
    const u32 = memory.u32;
    const i = object >>> 2;
    u32[i] = 1;
    if (wide) {
      u32[i + 1] = 0;
      u32[i + 2] = type;
      u32[i + 3] = 0;
      u32[i + 4] = length;
      u32[i + 5] = 0;
      u32[i + 6] = 0xffffffff;
      u32[i + 7] = 0xffffffff;
      u32[i + 8] = bits;
      u32[i + 9] = 0;
    } else {
      u32[i + 1] = type;
      u32[i + 2] = length;
      u32[i + 3] = 0xffffffff;
      u32[i + 4] = bits;
    }
  }

  /** Fields that an ASCII str of 3.12 and later does not have. */
  function initializeRest(object: Address, length: number, bits: number): void {
    const ascii = (bits & ASCII) !== 0;
    memory.u32.fill(
      0,
      (object + (WSTR || UTF8_LENGTH)) >>> 2,
      (object + (ascii ? ASCII_DATA : COMPACT_DATA)) >>> 2,
    );
    // wchar_t has 4 bytes: characters of 4 bytes are their own copy.
    if (WSTR !== 0 && ((bits >>> KIND_SHIFT) & 7) === 4) {
      memory.u32[(object + WSTR) >>> 2] = object + COMPACT_DATA;
      memory.u32[(object + WSTR_LENGTH) >>> 2] = length;
    }
  }

  /** A new ASCII str whose characters are the caller's to write; the NUL is written. */
  function createAscii(length: number): Address {
    const object = obj.malloc(ASCII_DATA + length + 1);
    if (object === 0) return errors.noMemory();
    initialize(object, length, ASCII_STATE);
    if (WSTR !== 0) initializeRest(object, length, ASCII_STATE);
    memory.u8[object + ASCII_DATA + length] = 0;
    return object;
  }

  /** A new str of any kind, as `PyUnicode_New`: 0 after the characters is written. */
  function create(length: number, kind: number, ascii: boolean): Address {
    if (ascii) return createAscii(length);
    const object = obj.malloc(COMPACT_DATA + (length + 1) * kind);
    if (object === 0) return errors.noMemory();
    initialize(object, length, (kind << KIND_SHIFT) | COMPACT | READY);
    initializeRest(object, length, (kind << KIND_SHIFT) | COMPACT | READY);
    const end = object + COMPACT_DATA + length * kind;
    if (kind === 1) memory.u8[end] = 0;
    else if (kind === 2) memory.u16[end >>> 1] = 0;
    else memory.u32[end >>> 2] = 0;
    return object;
  }

  function writeStatic(object: Address, code: number, length: number, interned: number): void {
    const ascii = code < 128;
    const bits = ascii ? ASCII_STATE : (1 << KIND_SHIFT) | COMPACT | READY;
    initialize(object, length, bits);
    if (WSTR !== 0 || !ascii) initializeRest(object, length, bits);
    const u32 = memory.u32;
    u32[object >>> 2] = STATIC_COUNT;
    u32[(object + STATE) >>> 2] |= STATIC_BIT | interned;
  }

  function makeEmpty(): Address {
    const object = alloc.staticData(ASCII_DATA + 1);
    writeStatic(object, 0, 0, facts.hasImmortals ? IMMORTAL_STATIC : MORTAL);
    memory.u32[(object + HASH) >>> 2] = 0;
    if (wide) memory.u32[(object + HASH + 4) >>> 2] = 0;
    memory.u32[(state + at.str_empty) >>> 2] = object;
    return object;
  }

  /** The 256 strs of one Latin-1 character; from 3.12 on those beyond ASCII have a UTF-8 copy beside them. */
  function makeLatin1(): Address {
    const table = alloc.staticData(256 * 4);
    for (let code = 0; code < 256; code++) {
      const data = code < 128 ? ASCII_DATA : COMPACT_DATA;
      const copies = code >= 128 && facts.hasImmortals;
      const object = alloc.staticData(data + 2 + (copies ? 3 : 0));
      const interned =
        facts.hasImmortals && (code < 128 || !facts.internsForever) ? IMMORTAL_STATIC : 0;
      writeStatic(object, code, 1, interned);
      memory.u8[object + data] = code;
      if (copies) {
        const utf8 = object + data + 2;
        memory.u8[utf8] = 0xc0 | (code >>> 6);
        memory.u8[utf8 + 1] = 0x80 | (code & 0x3f);
        memory.u32[(object + UTF8) >>> 2] = utf8;
        memory.u32[(object + UTF8_LENGTH) >>> 2] = 2;
      }
      memory.u32[(table + 4 * code) >>> 2] = object;
    }
    memory.u32[(state + at.latin1) >>> 2] = table;
    return table;
  }

  /** A new reference to an object of static data: its count rises in 3.11. */
  function shared(object: Address): Address {
    const u32 = memory.u32;
    const count = u32[object >>> 2];
    if (count < INCREF_LIMIT) u32[object >>> 2] = count + 1;
    return object;
  }

  function character(code: number): Address {
    if (code < 256) return shared(memory.u32[(LATIN1 + 4 * code) >>> 2]);
    const object = create(1, code < 0x10000 ? 2 : 4, false);
    if (object !== 0) put(object + COMPACT_DATA, code < 0x10000 ? 2 : 4, 0, code);
    return object;
  }

  function from(text: string): Address {
    if (typeof text !== "string")
      throw new PyrenaError("bad-argument", `str.from takes a string, not ${typeof text}`);
    const length = text.length;
    if (length <= 1) {
      if (length === 0) return shared(empty);
      return character(text.charCodeAt(0));
    }
    // Most texts are ASCII: that shows while they are written. The others begin anew.
    const object = createAscii(length);
    if (object === 0) return 0;
    const data = object + ASCII_DATA;
    if (length < LONG_WRITE) {
      if (writeAscii(data, text, length)) return object;
    } else if (encoder.encodeInto(text, memory.u8.subarray(data, data + length)).read === length) {
      return object;
    }
    obj.free(object);
    return fromWide(text);
  }

  /** Write a text, four characters at a time; false if they are not all ASCII. */
  function writeAscii(data: Address, text: string, length: number): boolean {
    const { u8, u32 } = memory;
    const wholes = length & ~3;
    let bits = 0;
    let i = 0;
    for (; i < wholes; i += 4) {
      const a = text.charCodeAt(i);
      const b = text.charCodeAt(i + 1);
      const c = text.charCodeAt(i + 2);
      const d = text.charCodeAt(i + 3);
      bits |= a | b | c | d;
      u32[(data + i) >>> 2] = a | (b << 8) | (c << 16) | (d << 24);
    }
    for (; i < length; i++) {
      const code = text.charCodeAt(i);
      bits |= code;
      u8[data + i] = code;
    }
    return bits < 128;
  }

  function fromWide(text: string): Address {
    let bits = 0;
    for (let i = 0; i < text.length; i++) bits |= text.charCodeAt(i);
    if (bits < 256) {
      const object = create(text.length, 1, false);
      if (object === 0) return 0;
      const u8 = memory.u8;
      const data = object + COMPACT_DATA;
      for (let i = 0; i < text.length; i++) u8[data + i] = text.charCodeAt(i);
      return object;
    }
    const pairs = bits >= 0xd800 ? countPairs(text) : 0;
    const length = text.length - pairs;
    if (length === 1) return character(text.codePointAt(0) as number);
    const object = create(length, pairs === 0 ? 2 : 4, false);
    if (object === 0) return 0;
    const data = object + COMPACT_DATA;
    if (pairs === 0) {
      const u16 = memory.u16;
      for (let i = 0; i < length; i++) u16[(data >>> 1) + i] = text.charCodeAt(i);
      return object;
    }
    const u32 = memory.u32;
    let next = data >>> 2;
    for (let i = 0; i < text.length; i++) {
      const code = text.codePointAt(i) as number;
      if (code > 0xffff) i++;
      u32[next++] = code;
    }
    return object;
  }

  /** An ASCII str of static data. */
  function staticAscii(text: string): Address {
    const object = alloc.staticData(ASCII_DATA + text.length + 1);
    writeStatic(object, 0, text.length, facts.hasImmortals ? IMMORTAL_STATIC : IMMORTAL);
    const u8 = memory.u8;
    for (let i = 0; i < text.length; i++) u8[object + ASCII_DATA + i] = text.charCodeAt(i);
    return object;
  }

  return {
    empty,
    latin1: LATIN1,
    create,
    createAscii,
    staticAscii,
    shared,
    character,
    from,
    initializeRest,
  };
}

/** Pairs of surrogates that make one code point each. */
function countPairs(text: string): number {
  let pairs = 0;
  for (let i = 0; i + 1 < text.length; i++) {
    if ((text.charCodeAt(i) & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      pairs++;
      i++;
    }
  }
  return pairs;
}
