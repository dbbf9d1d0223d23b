/** Operations that give strs: slices, joining, repeating, appending in place. */
import type { Address } from "@pyrena/abi";
import type { StrApi } from "../api/text.ts";
import type { Core } from "../core/core.ts";
import type { StrAccess } from "./str-access.ts";
import { strOffsets } from "./str-layout.ts";
import type { StrMaking } from "./str-making.ts";

/** @param type the type `str` */
export function makeStrOperations(
  core: Core,
  access: StrAccess,
  { empty, create, shared, character, initializeRest }: StrMaking,
  type: Address,
): Pick<StrApi, "at" | "slice" | "concat" | "append" | "repeat"> {
  const { memory, obj, refs, errors, word, wide } = core;
  const { dataOf, lengthOf, kindOf, isAscii, isPlain, internedBits } = access;
  const { codeAt, put, limitOf, widest } = access;
  const offsets = strOffsets(core);
  const TYPE = word;
  const LENGTH = offsets.length;
  const HASH = offsets.hash;
  const STATE = offsets.state;
  const UTF8_LENGTH = offsets.utf8Length;
  const UTF8 = offsets.utf8;
  const COMPACT_DATA = offsets.dataAny;
  const ASCII_DATA = offsets.asciiData;
  const WSTR = offsets.wstr;

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
