/**
 * int and bool (`Objects/longobject.c`): a sign and digits of 30 bits, least significant first.
 *
 *     0   count, type
 *     2W  ob_size (3.11): number of digits, negative for a negative int, 0 for 0
 *         lv_tag (3.12+): number of digits << 3 | bit 2: a cached int (3.14+) | 0 positive, 1 zero, 2 negative
 *     3W  ob_digit: u32 each; room for one at least
 *
 * The small ints are made once, side by side in static data, and every operation whose result is one of them gives
 * that. One-digit ints are the common case: they are made with plain stores. From 3.14 on, up to 100 dead ones are kept
 * for reuse.
 */
import {
  type Address,
  defineStruct,
  layoutOf,
  PyrenaError,
  type StructDefinition,
} from "@pyrena/abi";
import type { IntApi } from "../api/numbers.ts";
import { type TypeSlots, typeFlags } from "../api/types.ts";
import type { Core } from "../core/core.ts";
import { NOT_IMPLEMENTED } from "../core/protocol.ts";
import { makeHashes } from "./hash.ts";
import { makeIntArithmetic } from "./int-arithmetic.ts";
import { bigFromDigits, digitsFromBig } from "./int-digits.ts";

/** `PyLongObject` with one digit. */
export const intStruct: StructDefinition<"ob_refcnt" | "ob_type" | "ob_size" | "ob_digit"> =
  defineStruct("PyLongObject", {
    ob_refcnt: "size",
    ob_type: "ptr",
    ob_size: { type: "size", help: "3.11: ± number of digits; 3.12+: lv_tag" },
    ob_digit: { type: "u32", help: "30 bits each" },
  });

/** One more than the largest digit. */
const BASE = 0x40000000;
const DIGIT_BITS = 30;

export function makeInt(core: Core): IntApi {
  const { memory, alloc, types, obj, profile, facts, word, wide, state, at } = core;
  const layout = layoutOf(intStruct, profile.abi);
  const SIZE = layout.at.ob_size;
  const DIGITS = layout.at.ob_digit;
  const ONE_DIGIT_BYTES = layout.bytes;
  const TYPE = word;
  const TAGGED = facts.intSign === "tag";
  const [FIRST_SMALL, LAST_SMALL] = profile.smallInts;
  const { increfLimit: INCREF_LIMIT } = facts.refcount;
  const LONG_SUBCLASS = typeFlags.longSubclass;
  const kept = alloc.freeList("int", profile.freeLists.int, alloc.freeObject);
  const keeps = profile.freeLists.int > 0;
  const hashes = makeHashes(core);
  const { compareToFloat, isFloat } = floatOrder(core, value);

  const slots: TypeSlots = {
    name: "int",
    plain: !keeps,
    dealloc: (object) => {
      const u32 = memory.u32;
      if (u32[(object + TYPE) >>> 2] !== type) {
        const before = types.preBytes(u32[(object + TYPE) >>> 2]);
        if (before === 0) alloc.freeObject(object);
        else alloc.freeGcObject(object, before);
        return;
      }
      if (keeps && u32[(object + SIZE) >>> 2] < 16 && kept.push(object)) return;
      obj.free(object);
    },
    sizeof: (object) => DIGITS + 4 * (digitCount(object) || 1),
    hash: (object) => {
      if (isCompact(object)) {
        const number = one(object);
        core.hashHigh = number >> 31;
        return number === -1 ? -2 : number;
      }
      return hashes.digits(object + DIGITS, digitCount(object), isNegative(object));
    },
    equal: (object, other) => {
      if (check(other)) return compare(object, other) === 0 ? 1 : 0;
      if (isFloat(other)) return compareToFloat(object, other) === 0 ? 1 : 0;
      return NOT_IMPLEMENTED;
    },
    less: (object, other) => {
      if (check(other)) return compare(object, other) < 0 ? 1 : 0;
      if (isFloat(other)) return compareToFloat(object, other) < 0 ? 1 : 0;
      return NOT_IMPLEMENTED;
    },
    repr: (object) => String(value(object)),
    ownership: { check: wrongWith },
  };
  const type = types.define({
    name: "int",
    basicsize: DIGITS,
    itemsize: 4,
    flags: typeFlags.baseType | typeFlags.longSubclass | typeFlags.matchSelf,
    slots,
  });
  const boolType = types.define({
    name: "bool",
    base: type,
    // 3.11 counted the digit of a bool as part of it.
    basicsize: TAGGED ? DIGITS : ONE_DIGIT_BYTES,
    itemsize: 4,
    flags: typeFlags.longSubclass | typeFlags.matchSelf,
    slots: {
      ...slots,
      name: "bool",
      plain: false,
      dealloc: () => {
        throw new PyrenaError(
          "dead-object",
          "True or False was released more often than it was referenced: look for a decref without its incref",
        );
      },
      repr: (object) => (object === yes ? "True" : "False"),
    },
  });

  const SMALL_INTS = core.fresh ? makeSmallInts() : memory.u32[(state + at.small_ints) >>> 2];
  const yes = core.fresh ? makeBoolean(at.true, 1) : memory.u32[(state + at.true) >>> 2];
  const no = core.fresh ? makeBoolean(at.false, 0) : memory.u32[(state + at.false) >>> 2];

  /** What stands in `ob_size` for so many digits with a sign. */
  function sizeWord(count: number, negative: boolean): number {
    if (!TAGGED) return negative ? -count : count;
    return (count << 3) | (count === 0 ? 1 : negative ? 2 : 0);
  }

  function setSize(object: Address, count: number, negative: boolean): void {
    const size = sizeWord(count, negative);
    const i = (object + SIZE) >>> 2;
    memory.u32[i] = size;
    if (wide) memory.u32[i + 1] = size < 0 ? 0xffffffff : 0;
  }

  function writeStatic(object: Address, ofType: Address, number: number, bit: number): void {
    alloc.initHeader(object, ofType);
    memory.u32[object >>> 2] = facts.refcount.staticImmortal;
    setSize(object, number === 0 ? 0 : 1, number < 0);
    memory.u32[(object + SIZE) >>> 2] |= bit;
    memory.u32[(object + DIGITS) >>> 2] = Math.abs(number);
  }

  function makeSmallInts(): Address {
    const first = alloc.staticData((LAST_SMALL - FIRST_SMALL + 1) * ONE_DIGIT_BYTES);
    for (let n = FIRST_SMALL; n <= LAST_SMALL; n++) {
      writeStatic(first + (n - FIRST_SMALL) * ONE_DIGIT_BYTES, type, n, facts.smallIntBit);
    }
    memory.u32[(state + at.small_ints) >>> 2] = first;
    return first;
  }

  function makeBoolean(field: number, number: number): Address {
    const object = alloc.staticData(ONE_DIGIT_BYTES);
    writeStatic(object, boolType, number, 0);
    memory.u32[(state + field) >>> 2] = object;
    return object;
  }

  function digitCount(object: Address): number {
    if (TAGGED) return memory.u32[(object + SIZE) >>> 2] >>> 3;
    return Math.abs(memory.i32[(object + SIZE) >>> 2]);
  }

  function isNegative(object: Address): boolean {
    if (TAGGED) return (memory.u32[(object + SIZE) >>> 2] & 2) !== 0;
    return memory.i32[(object + SIZE) >>> 2] < 0;
  }

  /** What is wrong with an int, for `verify`. */
  function wrongWith(object: Address): string | undefined {
    const count = digitCount(object);
    const u32 = memory.u32;
    const i = (object + DIGITS) >>> 2;
    if (i + count > u32.length) return `has ${count} digits, more than the memory`;
    if (count > 0 && u32[i + count - 1] === 0) return "has a leading digit of 0";
    for (let n = 0; n < count; n++) {
      if (u32[i + n] >= BASE) return `has a digit of more than ${DIGIT_BITS} bits`;
    }
    if (TAGGED && (u32[(object + SIZE) >>> 2] & 3) !== (sizeWord(count, isNegative(object)) & 3))
      return "has a sign that is not its value's";
    return undefined;
  }

  /** A cached int, as a new reference (the count of 3.11's rises). */
  function small(number: number): Address {
    const object = SMALL_INTS + (number - FIRST_SMALL) * ONE_DIGIT_BYTES;
    const u32 = memory.u32;
    const count = u32[object >>> 2];
    if (count < INCREF_LIMIT) u32[object >>> 2] = count + 1;
    return object;
  }

  /** An int of one digit that is not cached. */
  function oneDigit(number: number): Address {
    let object = keeps ? kept.pop() : 0;
    if (object === 0) {
      object = obj.malloc(ONE_DIGIT_BYTES);
      if (object === 0) return core.errors.noMemory();
    }
    const u32 = memory.u32;
    const i = object >>> 2;
    const size = TAGGED ? (number < 0 ? 10 : 8) : number < 0 ? -1 : 1;
    const digit = number < 0 ? -number : number;
    u32[i] = 1;
    if (wide) {
      u32[i + 1] = 0;
      u32[i + 2] = type;
      u32[i + 3] = 0;
      u32[i + 4] = size;
      u32[i + 5] = !TAGGED && number < 0 ? 0xffffffff : 0;
      u32[i + 6] = digit;
    } else {
      u32[i + 1] = type;
      u32[i + 2] = size;
      u32[i + 3] = digit;
    }
    return object;
  }

  /** Memory for an int with room for so many digits; its size and digits are the caller's to write. */
  function create(room: number): Address {
    if (room <= 1 && keeps) {
      const object = kept.pop();
      if (object !== 0) {
        alloc.initHeader(object, type);
        return object;
      }
    }
    return alloc.object(type, DIGITS + 4 * (room || 1));
  }

  function twoDigits(low: number, high: number, negative: boolean): Address {
    const object = create(2);
    if (object === 0) return 0;
    setSize(object, 2, negative);
    const i = (object + DIGITS) >>> 2;
    memory.u32[i] = low;
    memory.u32[i + 1] = high;
    return object;
  }

  /** An int from a bigint with room for at least `room` digits, or the cached one. */
  function fromBig(big: bigint, room: number): Address {
    if (big >= BigInt(FIRST_SMALL) && big <= BigInt(LAST_SMALL)) return small(Number(big));
    const negative = big < 0n;
    const digits = digitsFromBig(negative ? -big : big);
    const object = create(Math.max(digits.length, room));
    if (object === 0) return 0;
    setSize(object, digits.length, negative);
    memory.u32.set(digits, (object + DIGITS) >>> 2);
    return object;
  }

  function fromBigint(value: bigint): Address {
    if (typeof value !== "bigint")
      throw new PyrenaError(
        "bad-argument",
        `int.from takes a whole number or a bigint, not ${value === null ? "null" : typeof value}`,
      );
    return fromBig(value, 0);
  }

  /** From a number outside the range of one digit. */
  function fromLarge(number: number): Address {
    if (!Number.isInteger(number)) {
      throw new PyrenaError(
        "bad-argument",
        `int.from takes a whole number or a bigint, not ${number}`,
      );
    }
    if (!Number.isSafeInteger(number)) return fromBig(BigInt(number), 0);
    const size = Math.abs(number);
    return twoDigits(size % BASE, Math.floor(size / BASE), number < 0);
  }

  function from(number: number | bigint): Address {
    if (typeof number !== "number") return fromBigint(number);
    const whole = number | 0;
    if (whole !== number || whole >= BASE || whole <= -BASE) return fromLarge(number);
    if (whole >= FIRST_SMALL && whole <= LAST_SMALL) return small(whole);
    return oneDigit(whole);
  }

  function value(object: Address): number | bigint {
    if (isCompact(object)) return one(object);
    const count = digitCount(object);
    const u32 = memory.u32;
    const i = (object + DIGITS) >>> 2;
    if (count === 2) {
      const size = u32[i] + u32[i + 1] * BASE;
      if (size <= Number.MAX_SAFE_INTEGER) return isNegative(object) ? -size : size;
    }
    const big = bigFromDigits(u32, i, count);
    return isNegative(object) ? -big : big;
  }

  function big(object: Address): bigint {
    return BigInt(value(object));
  }

  function check(object: Address): boolean {
    const ofType = memory.u32[(object + TYPE) >>> 2];
    return ofType === type || (types.flags(ofType) & LONG_SUBCLASS) !== 0;
  }

  /** Less than, equal to or greater than 0, as a is to b. */
  function compare(a: Address, b: Address): number {
    const u32 = memory.u32;
    const aNegative = isNegative(a);
    if (aNegative !== isNegative(b)) return aNegative ? -1 : 1;
    const count = digitCount(a);
    let sizes = count - digitCount(b);
    for (let n = count - 1; n >= 0 && sizes === 0; n--) {
      sizes = u32[(a + DIGITS + 4 * n) >>> 2] - u32[(b + DIGITS + 4 * n) >>> 2];
    }
    return aNegative ? -sizes : sizes;
  }

  /** Whether an int has at most one digit; then `one` reads it. */
  function isCompact(object: Address): boolean {
    const size = memory.u32[(object + SIZE) >>> 2];
    return TAGGED ? size < 16 : (size + 1) >>> 0 <= 2;
  }

  function one(object: Address): number {
    const u32 = memory.u32;
    const size = u32[(object + SIZE) >>> 2];
    const sign = TAGGED ? 1 - (size & 3) : size | 0;
    return sign * u32[(object + DIGITS) >>> 2];
  }

  /** A new int from a value that is not negative, never a cached one. */
  function place(magnitude: bigint, room: number): Address {
    const digits = digitsFromBig(magnitude);
    const object = create(Math.max(digits.length, room));
    if (object === 0) return 0;
    setSize(object, digits.length, false);
    memory.u32.set(digits, (object + DIGITS) >>> 2);
    return object;
  }

  /** The cached int in place of a new one of the same value. */
  function maybeSmall(object: Address): Address {
    if (!isCompact(object)) return object;
    const number = one(object);
    if (number < FIRST_SMALL || number > LAST_SMALL) return object;
    core.refs.decref(object);
    return small(number);
  }

  const arithmetic = makeIntArithmetic(core, {
    digitCount,
    isNegative,
    digit: (object, n) => memory.u32[(object + DIGITS + 4 * n) >>> 2],
    isCompact,
    one,
    big,
    from,
    fromBig,
    twoDigits,
    place,
    maybeSmall,
    flip: (object) => setSize(object, digitCount(object), !isNegative(object)),
    isExact: (object) => memory.u32[(object + TYPE) >>> 2] === type,
  });

  return {
    type,
    boolType,
    true: yes,
    false: no,
    from,
    fromBoolean: (flag) => (flag ? yes : no),
    value,
    check,
    compare,
    isNegative,
    digitCount,
    ...arithmetic,
    bitLength: (object) => {
      const count = digitCount(object);
      if (count === 0) return 0;
      const top = memory.u32[(object + DIGITS + 4 * count - 4) >>> 2];
      return (count - 1) * DIGIT_BITS + 32 - Math.clz32(top);
    },
  };
}

/** How ints compare to floats; float.ts is made later than int.ts. */
function floatOrder(
  core: Core,
  value: (object: Address) => number | bigint,
): {
  isFloat: (object: Address) => boolean;
  compareToFloat: (object: Address, other: Address) => number;
} {
  return {
    isFloat: (object) => core.types.isInstance(object, core.float.type),
    // JavaScript compares a bigint with a number exactly, as Python does. NaN is neither less nor equal nor greater.
    compareToFloat: (object, other) => {
      const a = value(object);
      const b = core.float.value(other);
      if (a < b) return -1;
      if (a > b) return 1;
      return Number.isNaN(b) ? Number.NaN : 0;
    },
  };
}
