/**
 * Objects that hold a JavaScript value.
 *
 *     0   count, type
 *     2W  number of the slot that holds the value
 *
 * The value itself cannot lie in linear memory: it lives in a table of this JavaScript realm, under a number that is
 * never used twice, so that heaps saved and opened again cannot mistake one value for another.
 */
import {
  type Address,
  defineStruct,
  layoutOf,
  PyrenaError,
  type StructDefinition,
} from "@pyrena/abi";
import type { JsValuesApi } from "../api/functions.ts";
import type { Core } from "../core/core.ts";

/** An object that holds a JavaScript value. */
export const jsValueStruct: StructDefinition<"ob_refcnt" | "ob_type" | "slot"> = defineStruct(
  "JsValueObject",
  { ob_refcnt: "size", ob_type: "ptr", slot: { type: "size", help: "number of the value" } },
);

export function makeJsValues(core: Core): JsValuesApi {
  const { memory, alloc, types, wide, state, profile } = core;
  const { bytes: BYTES, at } = layoutOf(jsValueStruct, profile.abi);
  const SLOT = at.slot;
  const LAST = (state + core.at.js_values) >>> 2;
  const values = new Map<number, unknown>();
  /** Slots of objects; the others are those of types that hold a value themselves. */
  const ofObjects = new Set<number>();

  const type = types.define({
    name: "JsValue",
    basicsize: BYTES,
    flags: 0,
    slots: {
      name: "JsValue",
      dealloc: (object) => {
        const slot = memory.u32[(object + SLOT) >>> 2];
        values.delete(slot);
        ofObjects.delete(slot);
        alloc.freeObject(object);
      },
      repr: (object) => `<JsValue ${describe(value(object))}>`,
    },
  });

  function hold(held: unknown): number {
    const slot = memory.u32[LAST] + 1;
    if (slot > 0xffffffff) {
      throw new PyrenaError("memory-limit", "no numbers are left for JavaScript values");
    }
    memory.u32[LAST] = slot;
    values.set(slot, held);
    return slot;
  }

  function value(object: Address): unknown {
    return values.get(memory.u32[(object + SLOT) >>> 2]);
  }

  return {
    type,
    create: (held) => {
      const object = alloc.object(type, BYTES);
      if (object === 0) return 0;
      const i = (object + SLOT) >>> 2;
      const slot = hold(held);
      memory.u32[i] = slot;
      ofObjects.add(slot);
      if (wide) memory.u32[i + 1] = 0;
      return object;
    },
    value,
    hold,
    held: (slot) => values.get(slot),
    drop: (slot) => {
      values.delete(slot);
    },
    give: (slot, given) => {
      values.set(slot, given);
      ofObjects.add(slot);
    },
    each: (visit) => {
      for (const slot of ofObjects) visit(slot, values.get(slot));
    },
  };
}

function describe(held: unknown): string {
  if (held === null || held === undefined) return String(held);
  if (typeof held === "object") return held.constructor?.name ?? "object";
  return typeof held === "string" ? JSON.stringify(held) : `${typeof held} ${String(held)}`;
}
