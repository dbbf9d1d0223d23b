/** What holds objects from outside: frames, handles, the heap's own state, static types. */
import type { Address } from "@pyrena/abi";
import type { Core } from "../core/core.ts";
import type { StateFields } from "../core/state.ts";
import { eachHandle } from "./handle-table.ts";
import type { References } from "./references.ts";
import { isStatic, isStaticType } from "./survey.ts";

/** A root that is part of the interpreter: what only it holds is no leak of the program. */
export const SYSTEM = "static data: ";

/** State fields that own one reference each. */
const owning: readonly (readonly [field: keyof StateFields, what: string])[] = [
  ["current_exception", "the pending exception"],
  ["main_module", `${SYSTEM}module __main__`],
  ["interned", `${SYSTEM}dict of interned strs`],
  ["gc_garbage", `${SYSTEM}gc.garbage`],
  ["gc_callbacks", `${SYSTEM}gc.callbacks`],
];

/** Makes `roots`. @param handleName what is known of a handle, for people */
export function makeRoots(
  core: Core,
  references: References,
  handleName: (entry: number) => string,
): (visit: (referent: Address, holder: string) => void, which?: "interpreter") => void {
  const { memory, state, at } = core;
  return (visit, which) => {
    const word = (address: number): number => memory.u32[address >>> 2];
    for (const [field, what] of owning) {
      const object = word(state + at[field]);
      if (object !== 0) visit(object, what);
    }
    // Absent while the heap is being made.
    if (which === undefined) (core.frames as typeof core.frames | undefined)?.roots(visit);
    eachHandle(core, (object, entry) => visit(object, handleName(entry)));
    if ((core.classes as typeof core.classes | undefined) === undefined) return;
    for (const type of core.types.all()) {
      if (!isStaticType(core, type)) continue;
      // Static data that refers to static data does not count there: both are for ever.
      references.each(type, (referent) => {
        if (!isStatic(core, referent)) visit(referent, `${SYSTEM}type ${core.types.name(type)}`);
      });
    }
  };
}
