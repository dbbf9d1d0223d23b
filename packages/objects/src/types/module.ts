/**
 * module (`Objects/moduleobject.c`): a dict with a name.
 *
 *     0   count, type
 *     2W  md_dict: owned
 *     …   in 3.15 md_weaklist follows after one word, and six words have been added
 */
import {
  type Address,
  defineStruct,
  type FieldSpec,
  layoutCodes,
  layoutOf,
  type StructDefinition,
} from "@pyrena/abi";
import type { ModulesApi } from "../api/functions.ts";
import { type TypeSlots, typeFlags } from "../api/types.ts";
import type { Core } from "../core/core.ts";
import type { ObjectFacts } from "../facts.ts";

type ModuleField =
  | "ob_refcnt"
  | "ob_type"
  | "md_dict"
  | "md_def"
  | "md_state"
  | "md_weaklist"
  | "md_name"
  | "md_rest";

/** `PyModuleObject` as the version has it. */
export function moduleStruct(
  facts: Pick<ObjectFacts, "moduleExtraWords">,
): StructDefinition<ModuleField> {
  const head = { ob_refcnt: "size", ob_type: "ptr", md_dict: "ptr" } as const;
  const old = { md_def: "ptr", md_state: "ptr", md_weaklist: "ptr", md_name: "ptr" } as const;
  const grown = { md_state: "ptr", md_weaklist: "ptr", md_name: "ptr", md_def: "ptr" } as const;
  const rest: FieldSpec = { type: "ptr", count: facts.moduleExtraWords };
  const fields = facts.moduleExtraWords === 0 ? old : { ...grown, md_rest: rest };
  return defineStruct("PyModuleObject", { ...head, ...fields } as {
    readonly [name in ModuleField]: FieldSpec;
  });
}

export function makeModules(core: Core): ModulesApi {
  const { memory, alloc, refs, types, word, state, facts, profile } = core;
  const { bytes: BYTES, at } = layoutOf(moduleStruct(facts), profile.abi);
  const DICT = at.md_dict;
  const NAME = at.md_name;
  const WEAKREFS = at.md_weaklist;
  const GC_HEAD = profile.headers.gcHead;
  const MAIN = (state + core.at.main_module) >>> 2;
  const dict = (module: Address): Address => memory.u32[(module + DICT) >>> 2];
  const name = (module: Address): Address => memory.u32[(module + NAME) >>> 2];

  const slots: TypeSlots = {
    name: "module",
    dealloc: (module) => {
      alloc.untrack(module);
      if (memory.u32[(module + WEAKREFS) >>> 2] !== 0) core.weakrefs.clearAll(module);
      refs.xdecref(dict(module));
      refs.xdecref(name(module));
      alloc.freeGcObject(module, GC_HEAD);
    },
    traverse: (module, visit) => {
      if (dict(module) !== 0) visit(dict(module));
    },
    clear: (module) => {
      const before = dict(module);
      memory.u32[(module + DICT) >>> 2] = 0;
      refs.xdecref(before);
    },
    ownership: {
      hidden: (module, visit) => {
        if (name(module) !== 0) visit(name(module));
      },
    },
    repr: (module) => `<module '${core.str.value(name(module))}'>`,
    getAttribute: (module, attribute) =>
      attribute === "__dict__" && dict(module) !== 0 ? refs.newRef(dict(module)) : 0,
  };
  const type = types.define({
    name: "module",
    basicsize: BYTES,
    flags: typeFlags.hasGc | typeFlags.baseType,
    dictoffset: DICT,
    weaklistoffset: WEAKREFS,
    layout: [layoutCodes.words, DICT, 1],
    slots,
  });

  function create(text: string): Address {
    const nameStr = core.str.from(text);
    if (nameStr === 0) return 0;
    const module = alloc.gcObject(type, BYTES, GC_HEAD);
    if (module === 0) {
      refs.decref(nameStr);
      return 0;
    }
    memory.u32.fill(0, (module + 2 * word) >>> 2, (module + BYTES) >>> 2);
    memory.u32[(module + NAME) >>> 2] = nameStr;
    const names = core.dict.create();
    memory.u32[(module + DICT) >>> 2] = names;
    let failed = names === 0 || core.dict.setItemString(names, "__name__", nameStr) < 0;
    for (const key of ["__doc__", "__package__", "__loader__", "__spec__"]) {
      failed = failed || core.dict.setItemString(names, key, core.constants.none) < 0;
    }
    if (failed) {
      refs.decref(module);
      return 0;
    }
    alloc.track(module);
    return module;
  }

  return {
    type,
    create,
    dict,
    name,
    main: () => {
      if (memory.u32[MAIN] === 0) memory.u32[MAIN] = create("__main__");
      return memory.u32[MAIN];
    },
  };
}
