/**
 * str (`Objects/unicodeobject.c`): code points of 1, 2 or 4 bytes behind a header, as narrow as the widest of them
 * allows.
 *
 *     0   count, type
 *     2W  length: code points
 *     3W  hash: -1 until it is asked for
 *     4W  state: u32 (table below), padded to a word
 *         wstr (3.11 only)
 *     ─── ASCII: the characters, one byte each, and a NUL
 *         utf8_length, utf8: a cached copy; wstr_length (3.11 only)
 *     ─── others: the characters, 1, 2 or 4 bytes each, and a 0
 *
 * | bits of the state | meaning                                                                          |
 * |-------------------|----------------------------------------------------------------------------------|
 * | 0, 1              | interned: 0 no, 1 mortal, 2 immortal, 3 immortal and static (3.12+)              |
 * | 2 to 4            | bytes of a character                                                             |
 * | 5                 | compact: the characters lie behind the header; instances of subclasses do not    |
 * | 6                 | ASCII                                                                            |
 * | 7                 | 3.11: ready; 3.12+: static data                                                  |
 *
 * The empty str and the 256 of one Latin-1 character are made once, in static data. Interned strs are the keys and
 * values of a dict of the heap; its two references are not counted, so that a mortal one still dies with the last
 * reference of the program, and leaves the dict then.
 */
import {
  type Address,
  defineStruct,
  layoutOf,
  PyrenaError,
  type StructDefinition,
} from "@pyrena/abi";
import type { StrApi } from "../api/text.ts";
import { type TypeSlots, typeFlags } from "../api/types.ts";
import type { Core } from "../core/core.ts";
import { NOT_IMPLEMENTED } from "../core/protocol.ts";
import { makeHashes } from "./hash.ts";
import { strRepr } from "./str-repr.ts";

type StrField =
  | "ob_refcnt"
  | "ob_type"
  | "length"
  | "hash"
  | "state"
  | "utf8_length"
  | "utf8"
  | "data_any";

/** `PyUnicodeObject` of 3.12 and later: a compact str ends before `data_any`, an ASCII one before `utf8_length`. */
export const strStruct: StructDefinition<StrField> = defineStruct("PyUnicodeObject", {
  ob_refcnt: "size",
  ob_type: "ptr",
  length: { type: "size", help: "code points" },
  hash: { type: "size", help: "-1: not computed" },
  state: { type: "u32", help: "interned 2 bits, kind 3, compact, ascii, ready or static" },
  utf8_length: { type: "size", help: "bytes of the UTF-8 copy" },
  utf8: { type: "ptr", help: "UTF-8 copy, or 0" },
  data_any: { type: "ptr", help: "characters of an instance of a subclass" },
});

/** The same in 3.11, which kept a copy of `wchar_t`, too. */
export const strStruct311: StructDefinition<StrField | "wstr" | "wstr_length"> = defineStruct(
  "PyUnicodeObject",
  {
    ob_refcnt: "size",
    ob_type: "ptr",
    length: { type: "size", help: "code points" },
    hash: { type: "size", help: "-1: not computed" },
    state: { type: "u32", help: "interned 2 bits, kind 3, compact, ascii, ready or static" },
    wstr: { type: "ptr", help: "copy in wchar_t, or 0" },
    utf8_length: { type: "size", help: "bytes of the UTF-8 copy" },
    utf8: { type: "ptr", help: "UTF-8 copy, or 0" },
    wstr_length: "size",
    data_any: { type: "ptr", help: "characters of an instance of a subclass" },
  },
);

const INTERNED_MASK = 3;
const MORTAL = 1;
const IMMORTAL = 2;
const IMMORTAL_STATIC = 3;
const KIND_SHIFT = 2;
const COMPACT = 1 << 5;
const ASCII = 1 << 6;
/** 3.11: ready; 3.12+: statically allocated. */
const BIT_7 = 1 << 7;
/** From these lengths on TextEncoder and TextDecoder are faster than a loop: measured. */
const LONG_WRITE = 32;
const LONG_READ = 40;

export function makeStr(core: Core): StrApi {
  const { memory, alloc, types, obj, refs, errors, facts, profile, word, wide, state, at } = core;
  const layout = layoutOf<StrField>(facts.hasWstr ? strStruct311 : strStruct, profile.abi);
  const WSTR = facts.hasWstr ? layoutOf(strStruct311, profile.abi).at.wstr : 0;
  const WSTR_LENGTH = facts.hasWstr ? layoutOf(strStruct311, profile.abi).at.wstr_length : 0;
  const TYPE = word;
  const LENGTH = layout.at.length;
  const HASH = layout.at.hash;
  const STATE = layout.at.state;
  const UTF8_LENGTH = layout.at.utf8_length;
  const UTF8 = layout.at.utf8;
  const DATA_ANY = layout.at.data_any;
  /** Where the characters of a compact str begin. */
  const COMPACT_DATA = DATA_ANY;
  const ASCII_DATA = UTF8_LENGTH;
  const READY = facts.hasWstr ? BIT_7 : 0;
  const ASCII_STATE = (1 << KIND_SHIFT) | COMPACT | ASCII | READY;
  const STATIC_BIT = facts.hasWstr ? 0 : BIT_7;
  const { increfLimit: INCREF_LIMIT, staticImmortal: STATIC_COUNT } = facts.refcount;
  const UNICODE_SUBCLASS = typeFlags.unicodeSubclass;
  const hashes = makeHashes(core);
  const encoder = new TextEncoder();
  const decoder = new TextDecoder("utf-8");
  /** Names handed out, by text: addresses of immortal strs. */
  const names = new Map<string, Address>();

  const slots: TypeSlots = {
    name: "str",
    dealloc: (object) => {
      const u32 = memory.u32;
      const bits = u32[(object + STATE) >>> 2];
      if (
        (bits & (COMPACT | ASCII | INTERNED_MASK)) === (COMPACT | ASCII) &&
        u32[(object + TYPE) >>> 2] === type
      )
        obj.free(object);
      else freeOther(object);
    },
    sizeof: (object) => {
      const u32 = memory.u32;
      const bits = u32[(object + STATE) >>> 2];
      const length = u32[(object + LENGTH) >>> 2];
      const size = (length + 1) * ((bits >>> KIND_SHIFT) & 7);
      if ((bits & (COMPACT | ASCII)) === (COMPACT | ASCII)) return ASCII_DATA + size;
      let bytes = size + ((bits & COMPACT) !== 0 ? COMPACT_DATA : layout.bytes);
      const utf8 = u32[(object + UTF8) >>> 2];
      if (utf8 !== 0 && utf8 !== dataOf(object)) bytes += u32[(object + UTF8_LENGTH) >>> 2] + 1;
      return bytes;
    },
    hash: (object) => {
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
    },
    equal: (object, other) => (check(other) ? (same(object, other) ? 1 : 0) : NOT_IMPLEMENTED),
    less: (object, other) =>
      check(other) ? (compare(object, other) < 0 ? 1 : 0) : NOT_IMPLEMENTED,
    repr: (object) => strRepr(value(object)),
    ownership: {
      buffers: (object, visit) => {
        const u32 = memory.u32;
        const bits = u32[(object + STATE) >>> 2];
        if ((bits & (COMPACT | ASCII)) === (COMPACT | ASCII) || (bits & STATIC_BIT) !== 0) return;
        const data = (bits & COMPACT) === 0 ? u32[(object + DATA_ANY) >>> 2] : 0;
        const utf8 = u32[(object + UTF8) >>> 2];
        if (data !== 0) visit(data);
        if (utf8 !== 0 && utf8 !== data) visit(utf8);
      },
      check: wrongWith,
    },
    length: (object) => memory.u32[(object + LENGTH) >>> 2],
  };
  const type = types.define({
    name: "str",
    basicsize: layout.bytes,
    flags: typeFlags.baseType | typeFlags.unicodeSubclass | typeFlags.matchSelf,
    slots,
  });
  const empty = core.fresh ? makeEmpty() : memory.u32[(state + at.str_empty) >>> 2];
  const LATIN1 = core.fresh ? makeLatin1() : memory.u32[(state + at.latin1) >>> 2];

  // ---- making ----

  /** Header of a str that is its only reference; the characters and their final 0 are the caller's to write. */
  function initialize(object: Address, length: number, bits: number): void {
    const u32 = memory.u32;
    u32[object >>> 2] = 1;
    u32[(object + TYPE) >>> 2] = type;
    u32[(object + LENGTH) >>> 2] = length;
    u32[(object + HASH) >>> 2] = 0xffffffff;
    u32[(object + STATE) >>> 2] = bits;
    if (wide) {
      u32[(object + 4) >>> 2] = 0;
      u32[(object + TYPE + 4) >>> 2] = 0;
      u32[(object + LENGTH + 4) >>> 2] = 0;
      u32[(object + HASH + 4) >>> 2] = 0xffffffff;
      u32[(object + STATE + 4) >>> 2] = 0;
    }
    if (WSTR !== 0 || (bits & ASCII) === 0) initializeRest(object, length, bits);
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
    memory.u8[object + ASCII_DATA + length] = 0;
    return object;
  }

  /** A new str of any kind, as `PyUnicode_New`: 0 after the characters is written. */
  function create(length: number, kind: number, ascii: boolean): Address {
    if (ascii) return createAscii(length);
    const object = obj.malloc(COMPACT_DATA + (length + 1) * kind);
    if (object === 0) return errors.noMemory();
    initialize(object, length, (kind << KIND_SHIFT) | COMPACT | READY);
    const end = object + COMPACT_DATA + length * kind;
    if (kind === 1) memory.u8[end] = 0;
    else if (kind === 2) memory.u16[end >>> 1] = 0;
    else memory.u32[end >>> 2] = 0;
    return object;
  }

  function writeStatic(object: Address, code: number, length: number, interned: number): void {
    const ascii = code < 128;
    initialize(object, length, ascii ? ASCII_STATE : (1 << KIND_SHIFT) | COMPACT | READY);
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
      const u8 = memory.u8;
      let bits = 0;
      for (let i = 0; i < length; i++) {
        const code = text.charCodeAt(i);
        u8[data + i] = code;
        bits |= code;
      }
      if (bits < 128) return object;
    } else if (encoder.encodeInto(text, memory.u8.subarray(data, data + length)).read === length) {
      return object;
    }
    obj.free(object);
    return fromWide(text);
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

  // ---- reading ----

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

  function check(object: Address): boolean {
    const ofType = memory.u32[(object + TYPE) >>> 2];
    return ofType === type || (types.flags(ofType) & UNICODE_SUBCLASS) !== 0;
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
    const low = memory.u32[(object + HASH) >>> 2] | 0;
    const high = wide ? memory.u32[(object + HASH + 4) >>> 2] | 0 : 0;
    if (low === -1 && (!wide || high === -1)) return undefined;
    if (hashes.bytes(data, length * kind) !== low || (wide && core.hashHigh !== high))
      return "has a hash that is not its text's";
    return undefined;
  }

  // ---- releasing ----

  /** Whether the object is one block with nothing beside it. */
  function isPlain(object: Address): boolean {
    const u32 = memory.u32;
    const bits = u32[(object + STATE) >>> 2];
    return (bits & COMPACT) !== 0 && ((bits & ASCII) !== 0 || u32[(object + UTF8) >>> 2] === 0);
  }

  /** Any other than a compact ASCII str that is not interned. */
  function freeOther(object: Address): void {
    if (internedBits(object) !== 0) forget(object);
    const u32 = memory.u32;
    const bits = u32[(object + STATE) >>> 2];
    const data = (bits & COMPACT) !== 0 ? 0 : u32[(object + DATA_ANY) >>> 2];
    if ((bits & (COMPACT | ASCII)) !== (COMPACT | ASCII)) {
      const utf8 = u32[(object + UTF8) >>> 2];
      if (utf8 !== 0 && utf8 !== data) obj.free(utf8);
    }
    if (data !== 0) obj.free(data);
    const before = types.preBytes(memory.u32[(object + TYPE) >>> 2]);
    if (before === 0) alloc.freeObject(object);
    else alloc.freeGcObject(object, before);
  }

  // ---- interning ----

  /** The dict of interned strs, made when it is first needed; NULL if there is no room. */
  function table(): Address {
    const cell = (state + at.interned) >>> 2;
    if (memory.u32[cell] === 0) {
      const dict = core.dict.create();
      memory.u32[cell] = dict;
    }
    return memory.u32[cell];
  }

  function internedBits(object: Address): number {
    return memory.u32[(object + STATE) >>> 2] & INTERNED_MASK;
  }

  function setInterned(object: Address, how: number): void {
    const i = (object + STATE) >>> 2;
    memory.u32[i] = (memory.u32[i] & ~INTERNED_MASK) | how;
  }

  /** A mortal interned str dies: it leaves the dict, whose two references count for the moment. */
  function forget(object: Address): void {
    if (internedBits(object) !== MORTAL) {
      throw new PyrenaError(
        "dead-object",
        `the immortal str ${strRepr(value(object))} was released more often than it was referenced`,
        { address: object },
      );
    }
    memory.u32[object >>> 2] = 3;
    setInterned(object, 0);
    if (core.dict.deleteItem(memory.u32[(state + at.interned) >>> 2], object) !== 0) {
      throw new PyrenaError(
        "heap-corrupt",
        `the interned str ${strRepr(value(object))} is missing in the dict of interned strs`,
        { address: object },
      );
    }
    memory.u32[object >>> 2] = 0;
  }

  function intern(object: Address): Address {
    if (memory.u32[(object + TYPE) >>> 2] !== type || internedBits(object) !== 0) return object;
    const length = lengthOf(object);
    if (length <= 1 && kindOf(object) === 1) {
      const canonical =
        length === 0 ? empty : memory.u32[(LATIN1 + 4 * memory.u8[dataOf(object)]) >>> 2];
      refs.decref(object);
      return shared(canonical);
    }
    const dict = table();
    const canonical = dict === 0 ? 0 : core.dict.setDefault(dict, object, object);
    if (canonical === 0) {
      // As in CPython, a str that finds no room in the table stays as it is.
      errors.clear();
      return object;
    }
    if (canonical !== object) {
      refs.incref(canonical);
      refs.decref(object);
      return canonical;
    }
    memory.u32[object >>> 2] -= 2;
    if (facts.internsForever) {
      refs.immortalize(object);
      setInterned(object, IMMORTAL);
    } else setInterned(object, MORTAL);
    return object;
  }

  function interned(text: string): Address {
    const object = from(text);
    return object === 0 ? 0 : intern(object);
  }

  /** An ASCII str of static data. */
  function staticAscii(text: string): Address {
    const object = alloc.staticData(ASCII_DATA + text.length + 1);
    writeStatic(object, 0, text.length, facts.hasImmortals ? IMMORTAL_STATIC : IMMORTAL);
    const u8 = memory.u8;
    for (let i = 0; i < text.length; i++) u8[object + ASCII_DATA + i] = text.charCodeAt(i);
    return object;
  }

  /** What `name` does when it is asked for a text the first time. */
  function makeName(text: string): Address {
    for (let i = 0; i < text.length; i++) {
      if (text.charCodeAt(i) >= 128)
        throw new PyrenaError("bad-argument", `name takes ASCII text, not ${strRepr(text)}`);
    }
    if (text === "") return empty;
    if (text.length === 1) return memory.u32[(LATIN1 + 4 * text.charCodeAt(0)) >>> 2];
    const dict = table();
    const sought = dict === 0 ? 0 : from(text);
    let object = sought === 0 ? 0 : core.dict.getItem(dict, sought);
    if (sought !== 0) refs.decref(sought);
    if (sought !== 0 && object === 0) {
      object = staticAscii(text);
      if (core.dict.setItem(dict, object, object) !== 0) object = 0;
    } else if (object !== 0 && internedBits(object) === MORTAL) {
      // A program interned it before: from now on the runtime holds it, too.
      if (facts.hasImmortals) refs.immortalize(object);
      else refs.incref(object);
      setInterned(object, IMMORTAL);
    }
    if (object === 0) {
      throw new PyrenaError("memory-limit", `no room for the name '${text}'`);
    }
    names.set(text, object);
    return object;
  }

  // ---- operations ----

  /** The largest code point of a stretch, as far as its kind is concerned: 127, 255, 65535 or 1114111. */
  function widest(data: Address, kind: number, start: number, step: number, count: number): number {
    let bits = 0;
    for (let n = 0, i = start; n < count; n++, i += step) bits |= codeAt(data, kind, i);
    return bits < 128 ? 127 : bits < 256 ? 255 : bits < 0x10000 ? 0xffff : 0x10ffff;
  }

  function createFor(length: number, limit: number): Address {
    return create(length, limit < 256 ? 1 : limit < 0x10000 ? 2 : 4, limit < 128);
  }

  /** Copy characters into a str that is wide enough. */
  function copyInto(target: Address, offset: number, source: Address): void {
    const kind = kindOf(source);
    const length = lengthOf(source);
    const to = kindOf(target);
    const from = dataOf(source);
    const data = dataOf(target);
    if (kind === to) {
      memory.u8.copyWithin(data + offset * to, from, from + length * kind);
      return;
    }
    for (let i = 0; i < length; i++) put(data, to, offset + i, codeAt(from, kind, i));
  }

  /** An exact str with the same text: the object itself, if it is one. New reference. */
  function exact(object: Address): Address {
    if (memory.u32[(object + TYPE) >>> 2] === type) return refs.newRef(object);
    return slice(object, 0, 1, lengthOf(object));
  }

  function slice(object: Address, start: number, step: number, count: number): Address {
    if (count <= 0) return shared(empty);
    const isExact = memory.u32[(object + TYPE) >>> 2] === type;
    if (isExact && step === 1 && count === lengthOf(object)) return refs.newRef(object);
    const kind = kindOf(object);
    // With another step a result of one character is a new str, not the shared one.
    if (count === 1 && step === 1) return character(codeAt(dataOf(object), kind, start));
    const limit = isAscii(object) ? 127 : widest(dataOf(object), kind, start, step, count);
    const result = createFor(count, limit);
    if (result === 0) return 0;
    const source = dataOf(object);
    const data = dataOf(result);
    const to = kindOf(result);
    for (let n = 0, i = start; n < count; n++, i += step) put(data, to, n, codeAt(source, kind, i));
    return result;
  }

  function limitOf(object: Address): number {
    const kind = kindOf(object);
    return isAscii(object) ? 127 : kind === 1 ? 255 : kind === 2 ? 0xffff : 0x10ffff;
  }

  function concat(a: Address, b: Address): Address {
    if (lengthOf(b) === 0) return exact(a);
    if (lengthOf(a) === 0) return exact(b);
    const result = createFor(lengthOf(a) + lengthOf(b), Math.max(limitOf(a), limitOf(b)));
    if (result === 0) return 0;
    copyInto(result, 0, a);
    copyInto(result, lengthOf(a), b);
    return result;
  }

  /** Whether nobody can notice that the object changes: one reference, no hash, not interned, no subclass. */
  function isModifiable(object: Address): boolean {
    const u32 = memory.u32;
    const i = (object + HASH) >>> 2;
    return (
      u32[object >>> 2] === 1 &&
      u32[i] === 0xffffffff &&
      (!wide || u32[i + 1] === 0xffffffff) &&
      internedBits(object) === 0 &&
      u32[(object + TYPE) >>> 2] === type
    );
  }

  function append(a: Address, b: Address): Address {
    const length = lengthOf(a);
    const more = lengthOf(b);
    const isExact = memory.u32[(b + TYPE) >>> 2] === type;
    const inPlace =
      length !== 0 &&
      more !== 0 &&
      isExact &&
      isModifiable(a) &&
      kindOf(b) <= kindOf(a) &&
      (!isAscii(a) || isAscii(b));
    if (!inPlace) {
      const result = concat(a, b);
      refs.decref(a);
      return result;
    }
    const kind = kindOf(a);
    const data = isAscii(a) ? ASCII_DATA : COMPACT_DATA;
    if (!isPlain(a)) {
      obj.free(memory.u32[(a + UTF8) >>> 2]);
      memory.u32[(a + UTF8) >>> 2] = 0;
      memory.u32[(a + UTF8_LENGTH) >>> 2] = 0;
    }
    const resized = obj.realloc(a, data + (length + more + 1) * kind);
    if (resized === 0) {
      refs.decref(a);
      return errors.noMemory();
    }
    memory.u32[(resized + LENGTH) >>> 2] = length + more;
    if (WSTR !== 0 && memory.u32[(resized + WSTR) >>> 2] !== 0) {
      initializeRest(resized, length + more, memory.u32[(resized + STATE) >>> 2]);
    }
    copyInto(resized, length, b === a ? resized : b);
    put(resized + data, kind, length + more, 0);
    return resized;
  }

  function repeat(object: Address, times: number): Address {
    if (times < 1) return shared(empty);
    const length = lengthOf(object);
    if (times === 1 || length === 0) return exact(object);
    const kind = kindOf(object);
    if (length * times * kind > 0xffffffff) return errors.noMemory();
    const result = create(length * times, kind, isAscii(object));
    if (result === 0) return 0;
    const data = dataOf(result);
    const bytes = length * kind;
    copyInto(result, 0, object);
    // Each round copies all that is there already.
    for (let done = bytes; done < bytes * times; done *= 2) {
      memory.u8.copyWithin(data + done, data, data + Math.min(done, bytes * times - done));
    }
    return result;
  }

  return {
    type,
    empty,
    from,
    interned,
    intern,
    isInterned: (object) => internedBits(object) !== 0,
    uncounted: (object) => {
      const how = internedBits(object);
      if (how === MORTAL && object !== empty) return 2;
      return how === IMMORTAL && memory.u32[object >>> 2] < STATIC_COUNT ? 1 : 0;
    },
    name: (text) => names.get(text) ?? makeName(text),
    value,
    length: lengthOf,
    same,
    check,
    at: (object, index) => {
      if (index < 0 || index >= lengthOf(object))
        return errors.raise("IndexError", `index ${index} is not within the str`);
      return character(codeAt(dataOf(object), kindOf(object), index));
    },
    slice,
    concat,
    append,
    repeat,
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
