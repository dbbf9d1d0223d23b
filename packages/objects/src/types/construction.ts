/** Calling a class (`type_call`): `__new__`, or what its built-in base does, then `__init__`. */
import type { Address } from "@pyrena/abi";
import { typeFlags } from "../api/types.ts";
import type { Core } from "../core/core.ts";
import type { Instances } from "./instance.ts";
import { marks, type PlainInstances } from "./plain-instances.ts";
import { makeBuiltinInstances } from "./subclass-instances.ts";

/** Construction; part of `core.classes`. */
export interface Construction {
  call(this: void, cls: Address, args: readonly Address[]): Address;
  construct(this: void, cls: Address, args: readonly Address[]): Address;
}

export function makeConstruction(
  core: Core,
  instances: Instances,
  plain: PlainInstances,
): Construction {
  const { refs, types, errors, alloc } = core;
  const { heapType, baseExcSubclass } = typeFlags;
  const NEW = core.str.name("__new__");
  const INIT = core.str.name("__init__");
  const builtin = makeBuiltinInstances(core, instances);

  function tooMany(cls: Address): 0 {
    return errors.raise("TypeError", `${types.name(cls)}() takes no arguments`);
  }

  function make(cls: Address, args: readonly Address[], hasInit: boolean): Address {
    const hook = (plain.marks(cls) & marks.hasNew) === 0 ? 0 : core.classes.lookup(cls, NEW);
    if (hook !== 0) return core.protocol.call(hook, [cls, ...args]);
    if (errors.occurred() !== 0) return 0;
    if ((types.flags(cls) & baseExcSubclass) !== 0) return core.exceptions.create(cls, args);
    const base = instances.builtinBase(cls);
    if (base === types.object) {
      if (args.length > 0 && !hasInit) return tooMany(cls);
      if (cls === base) return alloc.object(base, types.basicsize(base));
      return instances.instantiate(cls);
    }
    return (types.flags(cls) & heapType) === 0
      ? builtin.exact(cls, args)
      : builtin.create(cls, base, args, hasInit);
  }

  return {
    construct: (cls, args) => make(cls, args, true),
    call: (cls, args) => {
      const init = (plain.marks(cls) & marks.hasInit) === 0 ? 0 : core.classes.lookup(cls, INIT);
      const object = make(cls, args, init !== 0);
      if (object === 0 || init === 0 || !types.isInstance(object, cls)) return object;
      refs.incref(init);
      const result = core.classes.callMethod(init, object, args);
      refs.decref(init);
      if (result === core.constants.none) {
        refs.decref(result);
        return object;
      }
      if (result !== 0) {
        errors.raise(
          "TypeError",
          `__init__ must give None, not '${types.name(types.typeOf(result))}'`,
        );
        refs.decref(result);
      }
      refs.decref(object);
      return 0;
    },
  };
}
