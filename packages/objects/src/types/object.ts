/** `type` and `object`: the two types that every other one stands on. */
import { type TypesApi, typeFlags } from "../api/types.ts";
import type { Core } from "../core/core.ts";

/** Make `type` and `object`, each knowing the other; classes (types/class.ts) complete `type`'s slots. */
export function makeObjectType(core: Core): void {
  const { alloc, memory, types, word, wide } = core;
  const api = types as { -readonly [name in keyof TypesApi]: TypesApi[name] };
  api.object = types.define({
    name: "object",
    basicsize: 2 * word,
    flags: typeFlags.baseType,
    slots: { name: "object", dealloc: alloc.freeObject },
  });
  api.type = types.define({
    name: "type",
    basicsize: 0,
    flags: typeFlags.baseType | typeFlags.hasGc | typeFlags.typeSubclass,
    // Deallocation of classes is registered by types/class.ts, under the slots named `class`.
    slots: { name: "type", dealloc: () => {} },
  });
  for (const type of [api.object, api.type]) {
    memory.u32[(type + word) >>> 2] = api.type;
    if (wide) memory.u32[((type + word) >>> 2) + 1] = 0;
  }
}
