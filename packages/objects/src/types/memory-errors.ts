/**
 * MemoryErrors in reserve: those that die are kept, 16 at most, and as many are made with the heap; raising one needs no
 * memory. Kept ones are linked through their dict word. The very last is static and shared by all who meet it.
 */
import type { Address } from "@pyrena/abi";
import type { Core } from "../core/core.ts";
import type { ExceptionFields } from "./exception-layout.ts";

/** How many MemoryErrors are kept (`MEMERRORS_SAVE`). */
const KEPT_MEMORY_ERRORS = 16;

/** The reserve. */
export interface MemoryErrors {
  /** The static one. */
  readonly last: Address;
  /** Keep one that has died, all fields NULL; false if there are enough. */
  keep(this: void, exception: Address): boolean;
  /** A kept one without args, not tracked, count 1; or NULL. */
  take(this: void): Address;
  each(this: void, visit: (exception: Address) => void): void;
}

/** @param allocate an exception of a type, all fields NULL, not tracked; NULL if there is no room */
export function makeMemoryErrors(
  core: Core,
  fields: ExceptionFields,
  type: Address,
  allocate: (type: Address) => Address,
): MemoryErrors {
  const { memory, alloc, profile, word, state, at } = core;
  const NEXT = fields.at.dict;
  const KEPT = (state + at.memory_errors) >>> 2;
  const KEPT_COUNT = (state + at.memory_error_count) >>> 2;
  const LAST = (state + at.memory_error) >>> 2;

  function keep(exception: Address): boolean {
    const u32 = memory.u32;
    if (u32[KEPT_COUNT] >= KEPT_MEMORY_ERRORS) return false;
    u32[(exception + NEXT) >>> 2] = u32[KEPT];
    memory.u8[exception + fields.at.suppress_context] = 0;
    u32[KEPT] = exception;
    u32[KEPT_COUNT]++;
    return true;
  }

  function makeReserve(): Address {
    for (let n = 0; n < KEPT_MEMORY_ERRORS; n++) {
      const exception = allocate(type);
      if (exception === 0) break;
      keep(exception);
    }
    const { gcHead } = profile.headers;
    const last = alloc.staticData(gcHead + core.types.basicsize(type)) + gcHead;
    const u32 = memory.u32;
    u32[last >>> 2] = core.facts.refcount.staticImmortal;
    u32[(last + word) >>> 2] = type;
    u32[(last + fields.at.args) >>> 2] = core.tuple.empty;
    u32[LAST] = last;
    return last;
  }

  return {
    last: core.fresh ? makeReserve() : memory.u32[LAST],
    keep,
    take: () => {
      const u32 = memory.u32;
      const exception = u32[KEPT];
      if (exception === 0) return 0;
      u32[KEPT] = u32[(exception + NEXT) >>> 2];
      u32[KEPT_COUNT]--;
      u32[(exception + NEXT) >>> 2] = 0;
      alloc.initHeader(exception, type);
      return exception;
    },
    each: (visit) => {
      for (let e = memory.u32[KEPT]; e !== 0; e = memory.u32[(e + NEXT) >>> 2]) visit(e);
    },
  };
}
