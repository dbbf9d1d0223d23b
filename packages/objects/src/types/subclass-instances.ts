/**
 * Instances of classes that derive from built-in types: the base's value in memory of the class's size. Their
 * `__init__`, unless the class has its own, is the base's: it takes the argument.
 */
import type { Address } from "@pyrena/abi";
import type { Core } from "../core/core.ts";
import type { Instances } from "./instance.ts";

/** Construction by built-in bases. */
export interface BuiltinInstances {
  /** @param hasInit whether the class has an `__init__` of its own, to which the arguments go */
  create(
    this: void,
    cls: Address,
    base: Address,
    args: readonly Address[],
    hasInit: boolean,
  ): Address;
  /** `list(x)`: calling the built-in type itself. */
  exact(this: void, type: Address, args: readonly Address[]): Address;
}

export function makeBuiltinInstances(core: Core, instances: Instances): BuiltinInstances {
  const { memory, alloc, refs, types, errors, facts, word, wide } = core;
  const HEADER = 2 * word;
  const VAR_HEADER = 3 * word;

  function unsupported(type: Address): 0 {
    return errors.raise(
      "TypeError",
      `instances of '${types.name(type)}' and its subclasses are not made by calling`,
    );
  }

  /** An instance whose fields after the header are those of an exact object of the base, which is released. */
  function copyOf(
    cls: Address,
    exact: Address,
    items: number,
    from: number,
    bytes: number,
  ): Address {
    if (exact === 0) return 0;
    const object = instances.allocate(cls, items);
    if (object !== 0) {
      memory.u8.copyWithin(object + from, exact + from, exact + from + bytes);
      alloc.track(object);
    }
    refs.decref(exact);
    return object;
  }

  function tupleFrom(cls: Address, args: readonly Address[]): Address {
    const exact = args.length === 0 ? refs.newRef(core.tuple.empty) : core.tuple.from(args[0]);
    if (exact === 0) return 0;
    const length = core.tuple.length(exact);
    const object = instances.allocate(cls, length);
    if (object !== 0) {
      memory.u32[(object + HEADER) >>> 2] = length;
      if (facts.tupleCachesHash) {
        memory.i32[(object + VAR_HEADER) >>> 2] = -1;
        if (wide) memory.i32[((object + VAR_HEADER) >>> 2) + 1] = -1;
      }
      for (let n = 0; n < length; n++) {
        core.tuple.setItem(object, n, refs.newRef(core.tuple.getItem(exact, n)));
      }
      alloc.track(object);
    }
    refs.decref(exact);
    return object;
  }

  function intFrom(cls: Address, args: readonly Address[]): Address {
    const exact = core.int.from(args.length === 0 ? 0 : core.int.value(args[0]));
    if (exact === 0) return 0;
    const bytes = core.protocol.getsizeof(exact);
    const digits = (bytes - types.basicsize(core.int.type)) / 4;
    const object = copyOf(cls, exact, digits, HEADER, bytes - HEADER);
    if (object !== 0 && facts.smallIntBit !== 0) {
      memory.u32[(object + HEADER) >>> 2] &= ~facts.smallIntBit;
    }
    return object;
  }

  /** The empty instance, which the base's `__init__` then fills. */
  function empty(cls: Address, initialize: (object: Address) => void): Address {
    const object = instances.allocate(cls, 0);
    if (object === 0) return 0;
    initialize(object);
    alloc.track(object);
    return object;
  }

  function filled(object: Address, fill: () => number): Address {
    if (object === 0 || fill() >= 0) return object;
    refs.decref(object);
    return 0;
  }

  function create(
    cls: Address,
    base: Address,
    args: readonly Address[],
    hasInit: boolean,
  ): Address {
    const given = types.slots(base).create;
    if (given !== undefined) {
      const object = given(cls, args);
      if (object !== 0 && !alloc.isTracked(object)) alloc.track(object);
      return object;
    }
    const initial = hasInit || args.length === 0 ? 0 : args[0];
    switch (base) {
      case core.list.type: {
        const list = empty(cls, () => {});
        return filled(list, () => (initial === 0 ? 0 : core.list.extend(list, initial)));
      }
      case core.dict.type: {
        const dict = empty(cls, core.dict.initialize);
        return filled(dict, () => (initial === 0 ? 0 : core.dict.update(dict, initial)));
      }
      case core.set.type:
      case core.set.frozenType: {
        const set = empty(cls, core.set.initialize);
        return filled(set, () => (initial === 0 ? 0 : core.set.update(set, initial)));
      }
      case core.tuple.type:
        return tupleFrom(cls, args);
      case core.int.type:
        return intFrom(cls, args);
      case core.float.type: {
        const exact = core.float.from(args.length === 0 ? 0 : core.float.value(args[0]));
        return copyOf(cls, exact, 0, HEADER, types.basicsize(base) - HEADER);
      }
      default:
        return unsupported(base);
    }
  }

  return {
    create,
    exact: (type, args) => {
      const first = args.length === 0 ? 0 : args[0];
      switch (type) {
        case core.list.type:
          return first === 0 ? core.list.create(0) : core.list.from(first);
        case core.tuple.type:
          return first === 0 ? refs.newRef(core.tuple.empty) : core.tuple.from(first);
        case core.dict.type:
          return first === 0 ? core.dict.create() : core.dict.copy(first);
        case core.set.type:
          return first === 0 ? core.set.create() : core.set.from(first, false);
        case core.types.type:
          return first === 0 ? unsupported(type) : refs.newRef(types.typeOf(first));
        default:
          return unsupported(type);
      }
    },
  };
}
