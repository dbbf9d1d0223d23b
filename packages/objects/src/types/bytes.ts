/**
 * bytes (`Objects/bytesobject.c`).
 *
 *     0   count, type
 *     2W  ob_size
 *     3W  ob_shash: -1 until it is asked for
 *     4W  ob_sval: the bytes, and a NUL
 *
 * The empty one and the 256 of one byte are made once, in static data.
 */
import { type Address, defineStruct, layoutOf, type StructDefinition } from "@pyrena/abi";
import type { BytesApi } from "../api/text.ts";
import { type TypeSlots, typeFlags } from "../api/types.ts";
import type { Core } from "../core/core.ts";
import { NOT_IMPLEMENTED } from "../core/protocol.ts";
import { makeHashes } from "./hash.ts";
import { bytesRepr } from "./str-repr.ts";

/** `PyBytesObject` of no bytes. */
export const bytesStruct: StructDefinition<
  "ob_refcnt" | "ob_type" | "ob_size" | "ob_shash" | "ob_sval"
> = defineStruct("PyBytesObject", {
  ob_refcnt: "size",
  ob_type: "ptr",
  ob_size: { type: "size", help: "bytes, without the NUL" },
  ob_shash: { type: "size", help: "-1: not computed" },
  ob_sval: { type: "u8", help: "bytes, and a NUL" },
});

export function makeBytes(core: Core): BytesApi {
  const { memory, alloc, types, obj, refs, errors, facts, profile, word, wide, state, at } = core;
  const layout = layoutOf(bytesStruct, profile.abi);
  const SIZE = layout.at.ob_size;
  const HASH = layout.at.ob_shash;
  const DATA = layout.at.ob_sval;
  const TYPE = word;
  const { increfLimit: INCREF_LIMIT, staticImmortal: STATIC_COUNT } = facts.refcount;
  const hashes = makeHashes(core);

  const slots: TypeSlots = {
    name: "bytes",
    dealloc: (object) => {
      const ofType = memory.u32[(object + TYPE) >>> 2];
      const before = ofType === type ? 0 : types.preBytes(ofType);
      if (before === 0) obj.free(object);
      else alloc.freeGcObject(object, before);
    },
    hash: (object) => {
      const u32 = memory.u32;
      const i = (object + HASH) >>> 2;
      const low = u32[i] | 0;
      const high = wide ? u32[i + 1] | 0 : 0;
      if (low !== -1 || (wide && high !== -1)) {
        core.hashHigh = high;
        return low;
      }
      const computed = hashes.bytes(object + DATA, u32[(object + SIZE) >>> 2]);
      u32[i] = computed;
      if (wide) u32[i + 1] = core.hashHigh;
      return computed;
    },
    equal: (object, other) =>
      check(other) ? (compare(object, other) === 0 ? 1 : 0) : NOT_IMPLEMENTED,
    less: (object, other) => {
      if (check(other)) return compare(object, other) < 0 ? 1 : 0;
      const { bytearray } = core;
      if (!bytearray.check(other)) return NOT_IMPLEMENTED;
      return compareBytes(
        memory.u8,
        object + DATA,
        length(object),
        bytearray.data(other),
        bytearray.length(other),
      ) < 0
        ? 1
        : 0;
    },
    repr: (object) => bytesRepr(view(object)),
    length,
    ownership: {
      check: (object) =>
        memory.u8[object + DATA + length(object)] === 0 ? undefined : "does not end with 0",
    },
  };
  const type = types.define({
    name: "bytes",
    basicsize: DATA + 1,
    itemsize: 1,
    flags: typeFlags.baseType | typeFlags.bytesSubclass | typeFlags.matchSelf,
    slots,
  });
  const empty = core.fresh ? makeEmpty() : memory.u32[(state + at.bytes_empty) >>> 2];
  const SINGLES = core.fresh ? makeSingles() : memory.u32[(state + at.bytes_characters) >>> 2];

  function initialize(object: Address, size: number): void {
    const u32 = memory.u32;
    u32[object >>> 2] = 1;
    u32[(object + TYPE) >>> 2] = type;
    u32[(object + SIZE) >>> 2] = size;
    u32[(object + HASH) >>> 2] = 0xffffffff;
    if (wide) {
      u32[(object + 4) >>> 2] = 0;
      u32[(object + TYPE + 4) >>> 2] = 0;
      u32[(object + SIZE + 4) >>> 2] = 0;
      u32[(object + HASH + 4) >>> 2] = 0xffffffff;
    }
    memory.u8[object + DATA + size] = 0;
  }

  /** A new object, never a shared one; its bytes are the caller's to write. */
  function create(size: number): Address {
    const object = obj.malloc(DATA + 1 + size);
    if (object === 0) return errors.noMemory();
    initialize(object, size);
    return object;
  }

  function makeStatic(size: number): Address {
    const object = alloc.staticData(DATA + 1 + size);
    initialize(object, size);
    memory.u32[object >>> 2] = STATIC_COUNT;
    return object;
  }

  function makeEmpty(): Address {
    const object = makeStatic(0);
    memory.u32[(state + at.bytes_empty) >>> 2] = object;
    return object;
  }

  function makeSingles(): Address {
    const table = alloc.staticData(256 * 4);
    for (let byte = 0; byte < 256; byte++) {
      const object = makeStatic(1);
      memory.u8[object + DATA] = byte;
      memory.u32[(table + 4 * byte) >>> 2] = object;
    }
    memory.u32[(state + at.bytes_characters) >>> 2] = table;
    return table;
  }

  /** A new reference to an object of static data: its count rises in 3.11. */
  function shared(object: Address): Address {
    const u32 = memory.u32;
    const count = u32[object >>> 2];
    if (count < INCREF_LIMIT) u32[object >>> 2] = count + 1;
    return object;
  }

  function single(byte: number): Address {
    return shared(memory.u32[(SINGLES + 4 * byte) >>> 2]);
  }

  function length(object: Address): number {
    return memory.u32[(object + SIZE) >>> 2];
  }

  function view(object: Address): Uint8Array {
    return memory.u8.subarray(object + DATA, object + DATA + length(object));
  }

  function check(object: Address): boolean {
    return types.isInstance(object, type);
  }

  function isExact(object: Address): boolean {
    return memory.u32[(object + TYPE) >>> 2] === type;
  }

  function compare(a: Address, b: Address): number {
    return compareBytes(memory.u8, a + DATA, length(a), b + DATA, length(b));
  }

  function from(bytes: Uint8Array): Address {
    if (bytes.length === 0) return shared(empty);
    if (bytes.length === 1) return single(bytes[0]);
    const object = create(bytes.length);
    if (object !== 0) memory.u8.set(bytes, object + DATA);
    return object;
  }

  function slice(object: Address, start: number, step: number, count: number): Address {
    if (count <= 0) return shared(empty);
    if (step === 1) {
      if (count === length(object) && isExact(object)) return refs.newRef(object);
      if (count === 1) return single(memory.u8[object + DATA + start]);
    }
    const result = create(count);
    if (result === 0) return 0;
    const u8 = memory.u8;
    for (let n = 0, i = object + DATA + start; n < count; n++, i += step)
      u8[result + DATA + n] = u8[i];
    return result;
  }

  function concat(a: Address, b: Address): Address {
    if (length(a) === 0 && isExact(b)) return refs.newRef(b);
    if (length(b) === 0 && isExact(a)) return refs.newRef(a);
    const result = create(length(a) + length(b));
    if (result === 0) return 0;
    memory.u8.copyWithin(result + DATA, a + DATA, a + DATA + length(a));
    memory.u8.copyWithin(result + DATA + length(a), b + DATA, b + DATA + length(b));
    return result;
  }

  function repeat(object: Address, times: number): Address {
    const size = length(object);
    const total = size * Math.max(times, 0);
    if (total === size && isExact(object)) return refs.newRef(object);
    if (total > 0xffffffff) return errors.noMemory();
    // Even nothing is a new object here.
    const result = create(total);
    if (result === 0 || total === 0) return result;
    const u8 = memory.u8;
    u8.copyWithin(result + DATA, object + DATA, object + DATA + size);
    for (let done = size; done < total; done *= 2) {
      u8.copyWithin(
        result + DATA + done,
        result + DATA,
        result + DATA + Math.min(done, total - done),
      );
    }
    return result;
  }

  return {
    type,
    empty,
    from,
    create,
    value: (object) => view(object).slice(),
    data: (object) => object + DATA,
    length,
    check,
    slice,
    concat,
    repeat,
  };
}

/** Order of two stretches of bytes in linear memory. */
export function compareBytes(
  u8: Uint8Array,
  a: Address,
  lengthA: number,
  b: Address,
  lengthB: number,
): number {
  const common = Math.min(lengthA, lengthB);
  for (let i = 0; i < common; i++) {
    const order = u8[a + i] - u8[b + i];
    if (order !== 0) return order;
  }
  return lengthA - lengthB;
}
