/**
 * complex (`Objects/complexobject.c`).
 *
 *     0   count, type
 *     2W  cval: f64 real, f64 imaginary
 *
 * 3.15 keeps up to 100 dead ones for reuse.
 */
import { type Address, defineStruct, layoutOf, type StructDefinition } from "@pyrena/abi";
import type { ComplexApi } from "../api/numbers.ts";
import { type TypeSlots, typeFlags } from "../api/types.ts";
import type { Core } from "../core/core.ts";
import { NOT_IMPLEMENTED } from "../core/protocol.ts";
import { shortestText } from "./float.ts";
import { makeHashes } from "./hash.ts";

/** `PyComplexObject`. */
export const complexStruct: StructDefinition<"ob_refcnt" | "ob_type" | "real" | "imag"> =
  defineStruct("PyComplexObject", {
    ob_refcnt: "size",
    ob_type: "ptr",
    real: "f64",
    imag: "f64",
  });

export function makeComplex(core: Core): ComplexApi {
  const { memory, alloc, types, obj, facts, profile } = core;
  const { bytes: BYTES, at } = layoutOf(complexStruct, profile.abi);
  const REAL = at.real;
  const IMAGINARY = at.imag;
  const TYPE = core.word;
  const kept = alloc.freeList("complex", facts.keptComplexes, alloc.freeObject);
  const hashes = makeHashes(core);

  const slots: TypeSlots = {
    name: "complex",
    dealloc: (object) => {
      const ofType = memory.u32[(object + TYPE) >>> 2];
      if (ofType === type) {
        if (!kept.push(object)) obj.free(object);
      } else {
        const before = types.preBytes(ofType);
        if (before === 0) alloc.freeObject(object);
        else alloc.freeGcObject(object, before);
      }
    },
    hash: (object) => hashes.complex(real(object), imaginary(object), object),
    equal: (object, other) => {
      if (check(other)) {
        return real(object) === real(other) && imaginary(object) === imaginary(other) ? 1 : 0;
      }
      const { int, float } = core;
      if (!int.check(other) && !float.check(other)) return NOT_IMPLEMENTED;
      if (imaginary(object) !== 0) return 0;
      const a = real(object);
      const b = float.check(other) ? float.value(other) : int.value(other);
      // Exactly, also between a number and a bigint.
      return a <= b && a >= b ? 1 : 0;
    },
    repr: (object) => complexRepr(real(object), imaginary(object)),
  };
  const type = types.define({
    name: "complex",
    basicsize: BYTES,
    flags: typeFlags.baseType,
    slots,
  });

  function from(realPart: number, imaginaryPart: number): Address {
    let object = kept.pop();
    if (object !== 0) alloc.initHeader(object, type);
    else {
      object = alloc.object(type, BYTES);
      if (object === 0) return 0;
    }
    memory.f64[(object + REAL) >>> 3] = realPart;
    memory.f64[(object + IMAGINARY) >>> 3] = imaginaryPart;
    return object;
  }

  function real(object: Address): number {
    return memory.f64[(object + REAL) >>> 3];
  }

  function imaginary(object: Address): number {
    return memory.f64[(object + IMAGINARY) >>> 3];
  }

  function check(object: Address): boolean {
    return types.isInstance(object, type);
  }

  return { type, from, real, imaginary, check };
}

/** `repr(complex)`: `(1+2j)`, or `2j` where the real part is 0 without a sign. */
export function complexRepr(real: number, imaginary: number): string {
  if (Object.is(real, 0)) return `${shortestText(imaginary)}j`;
  const text = shortestText(imaginary);
  return `(${shortestText(real)}${text.startsWith("-") ? "" : "+"}${text}j)`;
}
