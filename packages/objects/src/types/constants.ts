/**
 * None, Ellipsis and NotImplemented: one object of each type, in static data, never deallocated.
 *
 *     0   count, type
 */
import { type Address, PyrenaError } from "@pyrena/abi";
import type { ConstantsApi } from "../api/numbers.ts";
import type { Core } from "../core/core.ts";

export function makeConstants(core: Core): ConstantsApi {
  const { memory, alloc, types, facts, word, wide, state, at } = core;

  /** The only object of a type of its own, found again in the state's field when the heap is opened again. */
  function singleton(
    name: string,
    text: string,
    field: number,
    hash?: (object: Address) => number,
  ): Address {
    const type = types.define({
      name,
      basicsize: 2 * word,
      flags: 0,
      slots: {
        name,
        dealloc: () => {
          throw new PyrenaError(
            "dead-object",
            `${text} was released more often than it was referenced: look for a decref without its incref`,
          );
        },
        repr: () => text,
        ...(hash === undefined ? {} : { hash }),
      },
    });
    const cell = (state + field) >>> 2;
    if (!core.fresh) return memory.u32[cell];
    const object = alloc.staticData(2 * word);
    alloc.initHeader(object, type);
    memory.u32[object >>> 2] = facts.refcount.staticImmortal;
    if (wide) memory.u32[(object >>> 2) + 1] = 0;
    memory.u32[cell] = object;
    return object;
  }

  /** From 3.12 on the same in every process. */
  function hashNone(): number {
    core.hashHigh = 0;
    return NONE_HASH | 0;
  }

  return {
    none: singleton("NoneType", "None", at.none, facts.noneHashesConstant ? hashNone : undefined),
    ellipsis: singleton("ellipsis", "Ellipsis", at.ellipsis),
    notImplemented: singleton("NotImplementedType", "NotImplemented", at.not_implemented),
  };
}

/** `hash(None)` of 3.12 and later: 4238894112, whose upper half is 0 on lp64. */
const NONE_HASH = 0xfca86420;
