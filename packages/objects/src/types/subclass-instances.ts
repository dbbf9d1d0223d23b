/**
 * Instances of classes that derive from built-in types: the base's value in memory of the class's size. Their
 * `__init__`, unless the class has its own, is the base's: it takes the argument.
 */
import { type Address, layoutOf } from "@pyrena/abi";
import type { Core } from "../core/core.ts";
import type { Instances } from "./instance.ts";
import { strStruct, strStruct311 } from "./str-layout.ts";

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

const STR_KIND_SHIFT = 2;
const STR_ASCII = 1 << 6;
const STR_BIT_7 = 1 << 7;

export function makeBuiltinInstances(core: Core, instances: Instances): BuiltinInstances {
  const { memory, alloc, refs, types, errors, facts, obj, profile, word, wide } = core;
  const S: Record<"length" | "state" | "utf8_length" | "utf8" | "data_any", number> = layoutOf(
    facts.hasWstr ? strStruct311 : (strStruct as typeof strStruct311),
    profile.abi,
  ).at;
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

  /**
   * A str whose characters lie in a block of their own, as those of subclasses always do; of an ASCII one they are its
   * UTF-8 copy as well.
   */
  function strFrom(cls: Address, args: readonly Address[]): Address {
    const text =
      args.length === 0
        ? ""
        : core.str.check(args[0])
          ? core.str.value(args[0])
          : core.protocol.repr(args[0]);
    const exact = core.str.from(text);
    if (exact === 0) return 0;
    const state = memory.u32[(exact + S.state) >>> 2];
    const kind = (state >>> STR_KIND_SHIFT) & 7;
    const bytes = (core.str.length(exact) + 1) * kind;
    const data = obj.malloc(bytes);
    const object = data === 0 ? errors.noMemory() : instances.allocate(cls, 0);
    if (object === 0) {
      if (data !== 0) obj.free(data);
      refs.decref(exact);
      return 0;
    }
    const { u8, u32 } = memory;
    const from = exact + ((state & STR_ASCII) !== 0 ? S.utf8_length : S.data_any);
    u8.copyWithin(data, from, from + bytes);
    // Length and hash are taken over; interned or static it is not.
    u8.copyWithin(object + S.length, exact + S.length, exact + S.state);
    const ready = facts.hasWstr ? STR_BIT_7 : 0;
    u32[(object + S.state) >>> 2] = (kind << STR_KIND_SHIFT) | (state & STR_ASCII) | ready;
    u32[(object + S.data_any) >>> 2] = data;
    if ((state & STR_ASCII) !== 0) {
      u32[(object + S.utf8) >>> 2] = data;
      u32[(object + S.utf8_length) >>> 2] = text.length;
    }
    refs.decref(exact);
    alloc.track(object);
    return object;
  }

  /** The buffer of an exact bytearray changes hands. */
  function byteArrayFrom(cls: Address, args: readonly Address[]): Address {
    const exact = core.bytearray.from(
      args.length === 0
        ? new Uint8Array(0)
        : types.isInstance(args[0], core.bytes.type)
          ? core.bytes.value(args[0])
          : core.bytearray.value(args[0]),
    );
    if (exact === 0) return 0;
    const object = instances.allocate(cls, 0);
    if (object === 0) {
      refs.decref(exact);
      return 0;
    }
    const bytes = types.basicsize(core.bytearray.type);
    memory.u8.copyWithin(object + HEADER, exact + HEADER, exact + bytes);
    alloc.freeObject(exact);
    alloc.track(object);
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
      case core.complex.type: {
        const exact =
          args.length === 0
            ? core.complex.from(0, 0)
            : core.complex.from(core.complex.real(args[0]), core.complex.imaginary(args[0]));
        return copyOf(cls, exact, 0, HEADER, types.basicsize(base) - HEADER);
      }
      case core.str.type:
        return strFrom(cls, args);
      case core.bytes.type: {
        const exact =
          args.length === 0
            ? refs.newRef(core.bytes.empty)
            : core.bytes.from(core.bytes.value(args[0]));
        const length = exact === 0 ? 0 : core.bytes.length(exact);
        return copyOf(cls, exact, length, HEADER, types.basicsize(base) + length - HEADER);
      }
      case core.bytearray.type:
        return byteArrayFrom(cls, args);
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
          return core.list.from(first === 0 ? core.tuple.empty : first);
        case core.tuple.type:
          return first === 0 ? refs.newRef(core.tuple.empty) : core.tuple.from(first);
        case core.dict.type:
          return core.dict.from(first);
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
