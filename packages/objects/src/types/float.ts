/**
 * float (`Objects/floatobject.c`): the smallest type, and a pattern for the others.
 *
 *     0   count, type
 *     2W  ob_fval: f64
 *
 * Up to 100 dead floats are kept for reuse.
 */
import { type Address, defineStruct, layoutOf, type StructDefinition } from "@pyrena/abi";
import type { FloatApi } from "../api/numbers.ts";
import { type TypeSlots, typeFlags } from "../api/types.ts";
import type { Core } from "../core/core.ts";
import { NOT_IMPLEMENTED } from "../core/protocol.ts";
import { makeHashes } from "./hash.ts";

/** `PyFloatObject`. */
export const floatStruct: StructDefinition<"ob_refcnt" | "ob_type" | "ob_fval"> = defineStruct(
  "PyFloatObject",
  { ob_refcnt: "size", ob_type: "ptr", ob_fval: { type: "f64", help: "the value" } },
);

export function makeFloat(core: Core): FloatApi {
  const { memory, alloc, types, obj, profile, wide } = core;
  const { bytes: BYTES, at } = layoutOf(floatStruct, profile.abi);
  const VALUE = at.ob_fval;
  const TYPE = core.word;
  const kept = alloc.freeList("float", profile.freeLists.float, alloc.freeObject);
  const hashes = makeHashes(core);

  const slots: TypeSlots = {
    name: "float",
    dealloc: (object) => {
      // Instances of subclasses are never kept.
      if (memory.u32[(object + TYPE) >>> 2] !== type) freeOther(object);
      else if (!kept.push(object)) obj.free(object);
    },
    hash: (object) => hashes.float(value(object), object),
    equal: (object, other) => {
      const b = real(other);
      if (b === undefined) return NOT_IMPLEMENTED;
      const a = value(object);
      // Not `==` : exactly, also between a number and a bigint; NaN is not equal to itself.
      return a <= b && a >= b ? 1 : 0;
    },
    less: (object, other) => {
      const b = real(other);
      if (b === undefined) return NOT_IMPLEMENTED;
      return value(object) < b ? 1 : 0;
    },
    repr: (object) => floatRepr(value(object)),
  };
  const type = types.define({
    name: "float",
    basicsize: BYTES,
    flags: typeFlags.baseType | typeFlags.matchSelf,
    slots,
  });

  /** An instance of a subclass. */
  function freeOther(object: Address): void {
    const before = types.preBytes(types.typeOf(object));
    if (before === 0) alloc.freeObject(object);
    else alloc.freeGcObject(object, before);
  }

  function from(number: number): Address {
    let object = kept.pop();
    if (object === 0) {
      // An unsigned word like what was kept, lest the engine make both floating point numbers.
      object = obj.malloc(BYTES) >>> 0;
      if (object === 0) return core.errors.noMemory();
    }
    const u32 = memory.u32;
    const i = object >>> 2;
    u32[i] = 1;
    if (wide) {
      u32[i + 1] = 0;
      u32[i + 2] = type;
      u32[i + 3] = 0;
    } else u32[i + 1] = type;
    memory.f64[(object + VALUE) >>> 3] = number;
    return object;
  }

  function value(object: Address): number {
    return memory.f64[(object + VALUE) >>> 3];
  }

  function check(object: Address): boolean {
    return memory.u32[(object + TYPE) >>> 2] === type || types.isInstance(object, type);
  }

  /** The value of a float or an int, or undefined. */
  function real(object: Address): number | bigint | undefined {
    if (check(object)) return value(object);
    return core.int.check(object) ? core.int.value(object) : undefined;
  }

  return { type, from, value, check };
}

/** `repr(float)`: the shortest text that reads back as the same number; exponents from 1e16 on. */
export function floatRepr(value: number): string {
  const text = shortestText(value);
  return Number.isInteger(value) && !text.includes("e") ? `${text}.0` : text;
}

/** The same without `.0` after a whole number, as complex shows its parts. */
export function shortestText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Object.is(value, -0)) return "-0";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e16 || size < 1e-4)) {
    const [digits = "", exponent = "0"] = value.toExponential().split("e");
    const sign = exponent.startsWith("-") ? "-" : "+";
    return `${digits}e${sign}${exponent.replace(/^[+-]/, "").padStart(2, "0")}`;
  }
  return String(value);
}
