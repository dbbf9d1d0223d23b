/** `type` and `object`: the two types that every other one stands on. */
import { type TypeSlots, type TypesApi, typeFlags } from "../api/types.ts";
import type { Core } from "../core/core.ts";
import { heapTypeLayout, typeLayout } from "../core/type-object.ts";

/** Make `type` and `object`, each knowing the other. */
export function makeObjectType(core: Core): void {
  const { alloc, memory, types, word, wide } = core;
  const api = types as { -readonly [name in keyof TypesApi]: TypesApi[name] };
  api.object = types.define({
    name: "object",
    basicsize: 2 * word,
    flags: typeFlags.baseType,
    slots: { name: "object", dealloc: alloc.freeObject },
  });
  const type = typeLayout(core);
  api.type = types.define({
    name: "type",
    basicsize: heapTypeLayout(core).bytes,
    itemsize: heapTypeLayout(core).member.bytes,
    flags: typeFlags.baseType | typeFlags.hasGc | typeFlags.typeSubclass,
    dictoffset: type.at.tp_dict,
    weaklistoffset: type.at.tp_weaklist,
    slots: slotsOfType(core),
  });
  for (const type of [api.object, api.type]) {
    memory.u32[(type + word) >>> 2] = api.type;
    if (wide) memory.u32[((type + word) >>> 2) + 1] = 0;
  }
}

/** What classes do, by types/class.ts, which is made later: classes exist only when it is there. */
function slotsOfType(core: Core): TypeSlots {
  const later = (): Required<Omit<TypeSlots, "hash">> =>
    core.classes.typeSlots as Required<Omit<TypeSlots, "hash">>;
  return {
    name: "type",
    dealloc: (cls) => later().dealloc(cls),
    traverse: (cls, visit) => later().traverse(cls, visit),
    clear: (cls) => later().clear(cls),
    sizeof: (cls) => later().sizeof(cls),
    repr: (cls) => later().repr(cls),
    call: (cls, args) => later().call(cls, args),
    getAttribute: (cls, name) => later().getAttribute(cls, name),
    ownership: {
      hidden: (cls, visit) => core.classes.typeSlots.ownership?.hidden?.(cls, visit),
      buffers: (cls, visit) => core.classes.typeSlots.ownership?.buffers?.(cls, visit),
    },
  };
}
