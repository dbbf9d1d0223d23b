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
 * The empty str and the 256 of one Latin-1 character are made once, in static data. What reads strs is in
 * str-access.ts, what makes them in str-making.ts; interning and operations have files of their own.
 */
import type { Address } from "@pyrena/abi";
import type { StrApi } from "../api/text.ts";
import { type TypeSlots, typeFlags } from "../api/types.ts";
import type { Core } from "../core/core.ts";
import { NOT_IMPLEMENTED } from "../core/protocol.ts";
import { makeStrAccess } from "./str-access.ts";
import { makeStrDecoding } from "./str-decoding.ts";
import { makeStrInterning } from "./str-interning.ts";
import { ASCII, COMPACT, INTERNED_MASK, KIND_SHIFT, strOffsets } from "./str-layout.ts";
import { makeStrMaking } from "./str-making.ts";
import { makeStrOperations } from "./str-operations.ts";
import { makeProbe } from "./str-probe.ts";
import { strRepr } from "./str-repr.ts";

export function makeStr(core: Core): StrApi {
  const { memory, alloc, types, obj, facts, word } = core;
  const offsets = strOffsets(core);
  const TYPE = word;
  const LENGTH = offsets.length;
  const STATE = offsets.state;
  const UTF8_LENGTH = offsets.utf8Length;
  const UTF8 = offsets.utf8;
  const DATA_ANY = offsets.dataAny;
  const COMPACT_DATA = offsets.dataAny;
  const ASCII_DATA = offsets.asciiData;
  const STATIC_BIT = offsets.staticBit;
  const UNICODE_SUBCLASS = typeFlags.unicodeSubclass;
  const access = makeStrAccess(core);
  const { dataOf, lengthOf, internedBits, value, hash, same, compare, wrongWith } = access;

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
      let bytes = size + ((bits & COMPACT) !== 0 ? COMPACT_DATA : offsets.bytes);
      const utf8 = u32[(object + UTF8) >>> 2];
      if (utf8 !== 0 && utf8 !== dataOf(object)) bytes += u32[(object + UTF8_LENGTH) >>> 2] + 1;
      return bytes;
    },
    hash,
    equal: (object, other) => (check(other) ? (same(object, other) ? 1 : 0) : NOT_IMPLEMENTED),
    less: (object, other) =>
      check(other) ? (compare(object, other) < 0 ? 1 : 0) : NOT_IMPLEMENTED,
    repr: (object) => strRepr(value(object), facts.unicode, () => access.characters(object)),
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
    basicsize: offsets.bytes,
    flags: typeFlags.baseType | typeFlags.unicodeSubclass | typeFlags.matchSelf,
    slots,
  });
  const making = makeStrMaking(core, access, type);
  const interning = makeStrInterning(core, access, making, type);

  function check(object: Address): boolean {
    const ofType = memory.u32[(object + TYPE) >>> 2];
    return ofType === type || (types.flags(ofType) & UNICODE_SUBCLASS) !== 0;
  }

  /** Any other than a compact ASCII str that is not interned. */
  function freeOther(object: Address): void {
    if (internedBits(object) !== 0) interning.forget(object);
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

  return {
    type,
    empty: making.empty,
    from: making.from,
    interned: interning.interned,
    intern: interning.intern,
    isInterned: interning.isInterned,
    uncounted: interning.uncounted,
    name: interning.name,
    probe: makeProbe(core, type, offsets),
    value,
    length: lengthOf,
    same,
    check,
    ...makeStrOperations(core, access, making, type),
    ...makeStrDecoding(core, making),
  };
}
