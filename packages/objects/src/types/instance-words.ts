/**
 * The words by which instances find their attributes. Classes with a managed dict keep them by version:
 *
 *     3.11   word -4: values block of its own; word -3: dict. One of the two is NULL.
 *     3.12   word -3: values - 1 (odd), or dict
 *     3.13   word -3: dict, or NULL; the values lie in the instance, after its fields. While they are valid and there is
 *            a dict, the dict's table is these values.
 *
 * Which value belongs to which name, the shared keys of the class say. Other types have a pointer to a dict at
 * `tp_dictoffset`; a negative one counts from the end of the items (3.11).
 *
 * I1  In 3.11 and 3.12 a dict takes the values block over; the instance has values or a dict, never both.
 * I2  Valid inline values and the dict's values are the same address; invalid ones are all NULL.
 */
import type { Address } from "@pyrena/abi";
import { typeFlags } from "../api/types.ts";
import type { Core } from "../core/core.ts";
import { heapTypeLayout, typeLayout } from "../core/type-object.ts";

/** Where values and dicts of instances lie. */
export interface InstanceWords {
  /** Shared keys of a class, or NULL. */
  sharedKeys(this: void, cls: Address): Address;
  /** Values in use outside any dict, or inline ones that are valid; NULL: none. The class has a managed dict. */
  valuesOf(this: void, object: Address, cls: Address): Address;
  /** From the values' address to the first one, in bytes. */
  readonly firstValue: number;
  /** The managed dict, or NULL. */
  managed(this: void, object: Address): Address;
  /** Enter values (3.11, 3.12). */
  enterValues(this: void, object: Address, values: Address): void;
  /** Enter a dict (NULL: none), which takes the values over but for inline ones (I1). */
  enter(this: void, object: Address, dict: Address): void;
  /** Address of the word with the dict pointer where the dict is not managed; NULL: none. */
  dictWord(this: void, object: Address, cls: Address): Address;
  /** The same, managed or not. */
  dictSlot(this: void, object: Address, cls: Address): Address;
}

export function makeInstanceWords(core: Core): InstanceWords {
  const { memory, facts, word } = core;
  const T = typeLayout(core).at;
  const FLAGS = T.tp_flags;
  const BASICSIZE = T.tp_basicsize;
  const KEYS = heapTypeLayout(core).at.ht_cached_keys;
  const { attributes: where } = facts;
  const VALUES = 4 * word;
  const DICT = 3 * word;
  const SIZE = 2 * word;
  /** Byte of inline values that says whether they are in use. */
  const VALID = 3;
  const { managedDict, inlineValues } = typeFlags;

  const valuesOf: InstanceWords["valuesOf"] =
    where === "values"
      ? (object) => memory.u32[(object - VALUES) >>> 2]
      : where === "tagged"
        ? (object) => {
            const tagged = memory.u32[(object - DICT) >>> 2];
            return (tagged & 1) === 0 ? 0 : tagged + 1;
          }
        : (object, cls) => {
            const u32 = memory.u32;
            if ((u32[(cls + FLAGS) >>> 2] & inlineValues) === 0) return 0;
            const values = object + u32[(cls + BASICSIZE) >>> 2];
            return memory.u8[values + VALID] === 0 ? 0 : values;
          };

  function dictWord(object: Address, cls: Address): Address {
    const u32 = memory.u32;
    let offset = memory.i32[(cls + T.tp_dictoffset) >>> 2];
    if (offset === 0) return 0;
    if (offset < 0) {
      const items = Math.abs(memory.i32[(object + SIZE) >>> 2]);
      const end = u32[(cls + BASICSIZE) >>> 2] + items * u32[(cls + T.tp_itemsize) >>> 2];
      offset += Math.ceil(end / word) * word;
    }
    return object + offset;
  }

  return {
    sharedKeys: (cls) => memory.u32[(cls + KEYS) >>> 2],
    valuesOf,
    firstValue: where === "inline" ? word : 0,
    managed:
      where === "tagged"
        ? (object) => {
            const tagged = memory.u32[(object - DICT) >>> 2];
            return (tagged & 1) === 0 ? tagged : 0;
          }
        : (object) => memory.u32[(object - DICT) >>> 2],
    enterValues: (object, values) => {
      if (where === "values") memory.u32[(object - VALUES) >>> 2] = values;
      else memory.u32[(object - DICT) >>> 2] = values - 1;
    },
    enter: (object, dict) => {
      memory.u32[(object - DICT) >>> 2] = dict;
      if (where === "values") memory.u32[(object - VALUES) >>> 2] = 0;
    },
    dictWord,
    dictSlot: (object, cls) =>
      (memory.u32[(cls + FLAGS) >>> 2] & managedDict) !== 0 ? object - DICT : dictWord(object, cls),
  };
}
