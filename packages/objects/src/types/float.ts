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
import type { TypeSlots } from "../api/types.ts";
import { typeFlags } from "../api/types.ts";
import type { Core } from "../core/core.ts";

/** `PyFloatObject`. */
export const floatStruct: StructDefinition<"ob_refcnt" | "ob_type" | "ob_fval"> = defineStruct(
  "PyFloatObject",
  { ob_refcnt: "size", ob_type: "ptr", ob_fval: { type: "f64", help: "the value" } },
);

export function makeFloat(core: Core): FloatApi {
  const { memory, alloc, types, profile } = core;
  const { bytes: BYTES, at } = layoutOf(floatStruct, profile.abi);
  const VALUE = at.ob_fval;
  const TYPE = core.word;
  const kept = alloc.freeList("float", profile.freeLists.float, alloc.freeObject);

  const slots: TypeSlots = {
    name: "float",
    dealloc: (object) => {
      // Subclasses are never kept: they come here through their own dealloc, with another type.
      if (memory.u32[(object + TYPE) >>> 2] !== type || !kept.push(object))
        alloc.freeObject(object);
    },
    repr: (object) => floatRepr(value(object)),
    // hash, equal, less: to be completed together with int's
  };
  const type = types.define({ name: "float", basicsize: BYTES, flags: typeFlags.baseType, slots });

  function from(number: number): Address {
    let object = kept.pop();
    if (object !== 0) alloc.initHeader(object, type);
    else {
      object = alloc.object(type, BYTES);
      if (object === 0) return 0;
    }
    memory.f64[(object + VALUE) >>> 3] = number;
    return object;
  }

  function value(object: Address): number {
    return memory.f64[(object + VALUE) >>> 3];
  }

  return { type, from, value, check: (object) => types.isInstance(object, type) };
}

/** `repr(float)`: the shortest text that reads back as the same number; exponents from 1e16 on. */
export function floatRepr(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Object.is(value, -0)) return "-0.0";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e16 || size < 1e-4)) {
    const [digits = "", exponent = "0"] = value.toExponential().split("e");
    const sign = exponent.startsWith("-") ? "-" : "+";
    return `${digits}e${sign}${exponent.replace(/^[+-]/, "").padStart(2, "0")}`;
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
}
