/**
 * bytearray (`Objects/bytearrayobject.c`): bytes in a buffer of their own that grows ahead of need.
 *
 *     0   count, type
 *     2W  ob_size
 *     3W  ob_alloc: bytes of the buffer, with the NUL (3.15: without)
 *     4W  ob_bytes: the buffer; 0 while there has never been one
 *     5W  ob_start: first byte in use; bytes deleted at the front move it
 *     6W  ob_exports
 *     7W  ob_bytes_object (3.15): the bytes object that is the buffer, owned
 *
 * The buffer is a block of the OBJ domain; in 3.15 it is the inside of a bytes object.
 */
import { type Address, defineStruct, layoutOf, type StructDefinition } from "@pyrena/abi";
import type { ByteArrayApi } from "../api/text.ts";
import { type TypeSlots, typeFlags } from "../api/types.ts";
import type { Core } from "../core/core.ts";
import { NOT_IMPLEMENTED } from "../core/protocol.ts";
import { compareBytes } from "./bytes.ts";
import { bytesRepr } from "./str-repr.ts";

type ByteArrayField =
  | "ob_refcnt"
  | "ob_type"
  | "ob_size"
  | "ob_alloc"
  | "ob_bytes"
  | "ob_start"
  | "ob_exports";

/** `PyByteArrayObject` up to 3.14. */
export const bytearrayStruct: StructDefinition<ByteArrayField> = defineStruct("PyByteArrayObject", {
  ob_refcnt: "size",
  ob_type: "ptr",
  ob_size: "size",
  ob_alloc: { type: "size", help: "bytes of the buffer" },
  ob_bytes: { type: "ptr", help: "the buffer" },
  ob_start: { type: "ptr", help: "first byte in use" },
  ob_exports: { type: "size", help: "views on the buffer: it must not move" },
});

/** `PyByteArrayObject` of 3.15. */
export const bytearrayStruct315: StructDefinition<ByteArrayField | "ob_bytes_object"> =
  defineStruct("PyByteArrayObject", {
    ob_refcnt: "size",
    ob_type: "ptr",
    ob_size: "size",
    ob_alloc: { type: "size", help: "bytes of the buffer, without the NUL" },
    ob_bytes: { type: "ptr", help: "the bytes object's bytes" },
    ob_start: { type: "ptr", help: "first byte in use" },
    ob_exports: { type: "size", help: "views on the buffer: it must not move" },
    ob_bytes_object: { type: "ptr", help: "the buffer, owned" },
  });

export function makeByteArray(core: Core): ByteArrayApi {
  const { memory, alloc, types, obj, refs, errors, facts, profile, word } = core;
  const layout = layoutOf<ByteArrayField>(
    facts.bytearrayHoldsBytes ? bytearrayStruct315 : bytearrayStruct,
    profile.abi,
  );
  const BYTES = layout.bytes;
  const SIZE = layout.at.ob_size;
  const ALLOC = layout.at.ob_alloc;
  const BUFFER = layout.at.ob_bytes;
  const START = layout.at.ob_start;
  const EXPORTS = layout.at.ob_exports;
  const TYPE = word;
  const HOLDER = facts.bytearrayHoldsBytes
    ? layoutOf(bytearrayStruct315, profile.abi).at.ob_bytes_object
    : 0;
  /** The NUL is counted where the buffer is a plain block. */
  const NUL = HOLDER === 0 ? 1 : 0;
  /** What a bytes object has beside its bytes: header and NUL. */
  const HOLDER_BYTES = types.basicsize(core.bytes.type);
  /** Where plain buffers come from. */
  const buffers = facts.bytearrayDomain === "mem" ? core.mem : obj;
  /** Size word of a bytes object. */
  const HOLDER_SIZE = 2 * word;

  const slots: TypeSlots = {
    name: "bytearray",
    dealloc: (object) => {
      const u32 = memory.u32;
      if (HOLDER !== 0) refs.decref(u32[(object + HOLDER) >>> 2]);
      else if (u32[(object + BUFFER) >>> 2] !== 0) buffers.free(u32[(object + BUFFER) >>> 2]);
      const ofType = memory.u32[(object + TYPE) >>> 2];
      const before = ofType === type ? 0 : types.preBytes(ofType);
      if (before === 0) alloc.freeObject(object);
      else alloc.freeGcObject(object, before);
    },
    sizeof: (object) => {
      const allocated = memory.u32[(object + ALLOC) >>> 2];
      return BYTES + allocated + (HOLDER !== 0 && allocated !== 0 ? HOLDER_BYTES : 0);
    },
    equal: (object, other) => {
      const order = compareWith(object, other);
      return order === undefined ? NOT_IMPLEMENTED : order === 0 ? 1 : 0;
    },
    less: (object, other) => {
      const order = compareWith(object, other);
      return order === undefined ? NOT_IMPLEMENTED : order < 0 ? 1 : 0;
    },
    repr: (object) => `bytearray(${quoted(object)})`,
    length,
    ownership: {
      hidden: (object, visit) => {
        if (HOLDER !== 0) visit(memory.u32[(object + HOLDER) >>> 2]);
      },
      buffers: (object, visit) => {
        const buffer = memory.u32[(object + BUFFER) >>> 2];
        if (HOLDER === 0 && buffer !== 0) visit(buffer);
      },
      check: wrongWith,
    },
  };
  const type = types.define({
    name: "bytearray",
    basicsize: BYTES,
    flags: typeFlags.baseType | typeFlags.matchSelf,
    slots,
  });

  function length(object: Address): number {
    return memory.u32[(object + SIZE) >>> 2];
  }

  function data(object: Address): Address {
    return memory.u32[(object + START) >>> 2];
  }

  function view(object: Address): Uint8Array {
    return memory.u8.subarray(data(object), data(object) + length(object));
  }

  function check(object: Address): boolean {
    return types.isInstance(object, type);
  }

  /** Before 3.15 a ' is escaped even between ". */
  function quoted(object: Address): string {
    const text = bytesRepr(view(object));
    return HOLDER === 0 && text.startsWith('b"') ? text.replaceAll("'", "\\'") : text;
  }

  function compareWith(object: Address, other: Address): number | undefined {
    const { bytes } = core;
    const u8 = memory.u8;
    if (bytes.check(other))
      return compareBytes(u8, data(object), length(object), bytes.data(other), bytes.length(other));
    if (check(other))
      return compareBytes(u8, data(object), length(object), data(other), length(other));
    return undefined;
  }

  /** What is wrong with a bytearray, for `verify`. */
  function wrongWith(object: Address): string | undefined {
    const allocated = memory.u32[(object + ALLOC) >>> 2];
    const used = data(object) - memory.u32[(object + BUFFER) >>> 2] + length(object);
    if (used + (allocated === 0 ? 0 : NUL) > allocated)
      return `uses ${used} bytes of a buffer of ${allocated}`;
    if (allocated > 0 && memory.u8[data(object) + length(object)] !== 0)
      return "does not end with 0";
    return undefined;
  }

  function create(): Address {
    const object = alloc.object(type, BYTES);
    if (object === 0) return 0;
    const u32 = memory.u32;
    u32.fill(0, (object + SIZE) >>> 2, (object + BYTES) >>> 2);
    if (HOLDER !== 0) setHolder(object, core.bytes.empty);
    return object;
  }

  /** 3.15: the bytes object that is the buffer; the reference is the caller's to give. */
  function setHolder(object: Address, holder: Address): void {
    const u32 = memory.u32;
    const first = core.bytes.data(holder);
    u32[(object + HOLDER) >>> 2] = holder;
    u32[(object + BUFFER) >>> 2] = first;
    u32[(object + START) >>> 2] = first;
  }

  /** Another buffer of so many bytes with the first `keep` bytes in use; false and MemoryError if there is no room. */
  function reallocate(object: Address, allocate: number, keep: number): boolean {
    const before = memory.u32[(object + BUFFER) >>> 2];
    const start = data(object);
    let buffer: Address;
    if (start === before) {
      buffer = buffers.realloc(before, allocate);
      if (buffer === 0) return failed();
    } else {
      buffer = buffers.malloc(allocate);
      if (buffer === 0) return failed();
      memory.u8.copyWithin(buffer, start, start + keep);
      buffers.free(before);
    }
    memory.u32[(object + BUFFER) >>> 2] = buffer;
    memory.u32[(object + START) >>> 2] = buffer;
    return true;
  }

  /** The same in 3.15: the bytes object is resized, its bytes moved to its front first. */
  function reallocateHolder(object: Address, allocate: number, keep: number): boolean {
    const { bytes } = core;
    const holder = memory.u32[(object + HOLDER) >>> 2];
    let resized: Address;
    if (allocate === 0) {
      resized = bytes.empty;
      refs.decref(holder);
    } else if (holder === bytes.empty) {
      resized = bytes.create(allocate);
      if (resized === 0) return false;
    } else {
      const start = data(object);
      const first = bytes.data(holder);
      if (start !== first) {
        memory.u8.copyWithin(first, start, start + keep);
        memory.u32[(object + START) >>> 2] = first;
      }
      resized = obj.realloc(holder, HOLDER_BYTES + allocate);
      if (resized === 0) return failed();
      memory.u32[(resized + HOLDER_SIZE) >>> 2] = allocate;
    }
    setHolder(object, resized);
    return true;
  }

  function failed(): false {
    errors.noMemory();
    return false;
  }

  function resize(object: Address, size: number): number {
    const before = length(object);
    if (size === before) return 0;
    if (!mayResize(object)) return -1;
    const u32 = memory.u32;
    const allocated = u32[(object + ALLOC) >>> 2];
    const offset = data(object) - u32[(object + BUFFER) >>> 2];
    let allocate = size + NUL;
    if (HOLDER !== 0 && size === 0) {
      // 3.15 gives the bytes object back whenever nothing is left.
    } else if (size + offset + NUL <= allocated) {
      if (size >= allocated >>> 1) {
        u32[(object + SIZE) >>> 2] = size;
        memory.u8[data(object) + size] = 0;
        return 0;
      }
    } else if (size <= allocated * 1.125) {
      allocate = size + (size >>> 3) + (size < 9 ? 3 : 6);
    }
    const keep = Math.min(before, size);
    const done =
      HOLDER === 0 ? reallocate(object, allocate, keep) : reallocateHolder(object, allocate, keep);
    if (!done) return -1;
    memory.u32[(object + SIZE) >>> 2] = size;
    memory.u32[(object + ALLOC) >>> 2] = allocate;
    if (allocate > 0) memory.u8[data(object) + size] = 0;
    if (HOLDER !== 0 && allocate > 0) memory.u8[data(object) + allocate] = 0;
    return 0;
  }

  function mayResize(object: Address): boolean {
    if (memory.u32[(object + EXPORTS) >>> 2] === 0) return true;
    errors.raise("BufferError", "views on the bytearray exist: its size is fixed");
    return false;
  }

  function from(bytes: Uint8Array): Address {
    const object = create();
    if (object === 0) return 0;
    if (resize(object, bytes.length) !== 0) {
      refs.decref(object);
      return 0;
    }
    memory.u8.set(bytes, data(object));
    return object;
  }

  function isByte(value: number): boolean {
    if (value >= 0 && value <= 255 && Number.isInteger(value)) return true;
    errors.raise("ValueError", `a byte is from 0 to 255, not ${value}`);
    return false;
  }

  function isIndex(object: Address, index: number): boolean {
    if (index >= 0 && index < length(object)) return true;
    errors.raise("IndexError", `index ${index} is not within the bytearray`);
    return false;
  }

  return {
    type,
    from,
    value: (object) => view(object).slice(),
    data,
    length,
    check,
    resize,
    append: (object, byte) => {
      if (!isByte(byte)) return -1;
      const size = length(object);
      if (resize(object, size + 1) !== 0) return -1;
      memory.u8[data(object) + size] = byte;
      return 0;
    },
    extend: (object, bytes) => {
      const size = length(object);
      if (resize(object, size + bytes.length) !== 0) return -1;
      memory.u8.set(bytes, data(object) + size);
      return 0;
    },
    getItem: (object, index) => (isIndex(object, index) ? memory.u8[data(object) + index] : -1),
    setItem: (object, index, byte) => {
      if (!isIndex(object, index) || !isByte(byte)) return -1;
      memory.u8[data(object) + index] = byte;
      return 0;
    },
    deleteSlice: (object, start, stop) => {
      const size = length(object);
      const count = Math.max(stop - start, 0);
      if (count === 0) return 0;
      if (!mayResize(object)) return -1;
      const first = data(object);
      if (start === 0) memory.u32[(object + START) >>> 2] = first + count;
      else memory.u8.copyWithin(first + start, first + stop, first + size);
      if (resize(object, size - count) === 0) return 0;
      // No room for a smaller buffer. Where only the start has moved it moves back; otherwise the bytes are gone.
      if (data(object) === first + count && start === 0) memory.u32[(object + START) >>> 2] = first;
      else memory.u32[(object + SIZE) >>> 2] = size - count;
      return -1;
    },
  };
}
