/**
 * The functions behind classes: `slot_tp_…` of CPython, which call the methods that a class defines under special
 * names and fall back on the built-in base's functions.
 *
 * Whether a type has a function for a purpose at all shows in its slots: an object without `length` has no `len()`.
 * So classes share sixteen records of slots, one for each choice of finalizer, length, call and comparison. Which one
 * a class uses follows from its order of bases, and is worked out again when a special method is set or deleted.
 */
import { type Address, hex } from "@pyrena/abi";
import { type TypeSlots, typeFlags } from "../api/types.ts";
import type { Core } from "../core/core.ts";
import { NOT_IMPLEMENTED } from "../core/protocol.ts";
import type { Instances } from "./instance.ts";
import { MISSING } from "./instance-dict.ts";
import { marks } from "./plain-instances.ts";

const FINALIZE = 1;
const LENGTH = 2;
const CALL = 4;
const COMPARE = 8;

/** Special methods that decide which slots a class uses. */
const bitOfName: ReadonlyMap<string, number> = new Map([
  ["__del__", FINALIZE],
  ["__len__", LENGTH],
  ["__call__", CALL],
  ["__hash__", COMPARE],
  ["__eq__", COMPARE],
  ["__lt__", COMPARE],
]);

/** Names that are looked up on classes. */
const specialNames: readonly string[] = [...bitOfName.keys(), "__init__", "__new__", "__getattr__"];

/** Slots of classes. */
export interface ClassSlots {
  /** Number of the slots that a class with this order of bases and these names uses. */
  numberFor(this: void, cls: Address): number;
  /** Whether the class or a base defines `__new__` and `__init__`, as marks. */
  marksFor(this: void, cls: Address): number;
  /** Whether setting or deleting an attribute of this name may change which slots a class uses. */
  isSpecial(this: void, name: string): boolean;
  callMethod(this: void, method: Address, object: Address, args: readonly Address[]): Address;
  callSpecial(this: void, object: Address, name: string, args: readonly Address[]): Address | -1;
}

export function makeClassSlots(
  core: Core,
  instances: Instances,
  ownership: TypeSlots["ownership"],
): ClassSlots {
  const { types, refs, errors, wide } = core;
  const base = (object: Address): TypeSlots =>
    types.slots(instances.builtinBase(types.typeOf(object)));

  function callMethod(method: Address, object: Address, args: readonly Address[]): Address {
    return core.functions.check(method)
      ? core.protocol.call(method, [object, ...args])
      : core.protocol.call(method, args);
  }

  /** Addresses of special names: made now, because a lookup must not want memory. */
  const names = new Map(specialNames.map((name) => [name, core.str.name(name)]));

  /** Borrowed; NULL: there is none, or an exception is pending. */
  function special(object: Address, name: string): Address {
    const cls = types.typeOf(object);
    const known = names.get(name);
    if (known !== undefined) return core.classes.lookup(cls, known);
    const key = core.str.interned(name);
    if (key === 0) return 0;
    const method = core.classes.lookup(cls, key);
    refs.decref(key);
    return method;
  }

  function callSpecial(object: Address, name: string, args: readonly Address[]): Address | -1 {
    const method = special(object, name);
    if (method === 0) return errors.occurred() === 0 ? -1 : 0;
    refs.incref(method);
    const result = callMethod(method, object, args);
    refs.decref(method);
    return result;
  }

  /** The truth of a result that is released; NotImplemented counts as 2. */
  function verdict(result: Address): number {
    if (result === 0) return -1;
    const truth =
      result === core.constants.notImplemented
        ? NOT_IMPLEMENTED
        : core.protocol.isTrue(result)
          ? 1
          : 0;
    refs.decref(result);
    return truth;
  }

  function hash(object: Address): number {
    const method = special(object, "__hash__");
    if (method !== 0 && method !== core.constants.none)
      return hashResult(callSpecial(object, "__hash__", []));
    if (method === 0) {
      const slots = base(object);
      if (slots.hash !== undefined) return slots.hash(object);
      if (slots.equal === undefined) return hashAddress(object);
    }
    core.hashHigh = -1;
    errors.raise("TypeError", `unhashable type: '${types.name(types.typeOf(object))}'`);
    return -1;
  }

  function hashAddress(object: Address): number {
    core.hashHigh = 0;
    const low = wide ? object >>> 4 : (object >>> 4) | (object << 28);
    return low === -1 ? -2 : low | 0;
  }

  /** An int that fits is the hash itself, a larger one is hashed in turn; -1 is kept for errors. */
  function hashResult(result: Address): number {
    if (result === 0) {
      core.hashHigh = -1;
      return -1;
    }
    let low = -1;
    core.hashHigh = -1;
    if (!core.int.check(result)) {
      errors.raise("TypeError", "__hash__ must give an int");
    } else {
      const value = BigInt(core.int.value(result));
      if (BigInt.asIntN(wide ? 64 : 32, value) !== value) low = core.protocol.hash(result);
      else {
        low = Number(BigInt.asIntN(32, value));
        core.hashHigh = Number(BigInt.asIntN(32, value >> 32n));
        if (value === -1n) low = -2;
      }
    }
    refs.decref(result);
    return low;
  }

  function length(object: Address): number {
    const result = callSpecial(object, "__len__", []);
    if (result === -1) return base(object).length?.(object) ?? -1;
    if (result === 0) return -1;
    const value = core.int.check(result) ? Number(core.int.value(result)) : Number.NaN;
    refs.decref(result);
    if (value >= 0) return value;
    errors.raise(
      Number.isNaN(value) ? "TypeError" : "ValueError",
      "__len__ must give an int of 0 or more",
    );
    return -1;
  }

  function finalize(object: Address): void {
    const pending = errors.fetch();
    const result = callSpecial(object, "__del__", []);
    if (result === -1) base(object).finalize?.(object);
    else if (result !== 0) refs.decref(result);
    if (errors.occurred() !== 0) errors.writeUnraisable(`finalizer of ${describe(object)}`);
    errors.restore(pending);
  }

  function describe(object: Address): string {
    return `${types.name(types.typeOf(object))} at ${hex(object)}`;
  }

  function compare(
    object: Address,
    other: Address,
    name: string,
    inherited: ((object: Address, other: Address) => number) | undefined,
  ): number {
    const result = callSpecial(object, name, [other]);
    return result === -1 ? (inherited?.(object, other) ?? NOT_IMPLEMENTED) : verdict(result);
  }

  function slotsFor(mask: number): TypeSlots {
    return {
      name: `class ${mask}`,
      dealloc: (mask & FINALIZE) === 0 ? instances.deallocQuietly : instances.dealloc,
      unwind: instances.unwind,
      traverse: instances.traverse,
      clear: instances.clear,
      sizeof: (object) => {
        const inherited = base(object).sizeof;
        if (inherited !== undefined) return inherited(object);
        const cls = types.typeOf(object);
        const itemsize = types.itemsize(cls);
        return itemsize === 0
          ? types.basicsize(cls)
          : types.basicsize(cls) +
              itemsize * Math.abs(core.memory.i32[(object + 2 * core.word) >>> 2]);
      },
      repr: (object) =>
        base(object).repr?.(object) ??
        `<${types.name(types.typeOf(object))} object at ${hex(object)}>`,
      getAttribute: (object, name) => base(object).getAttribute?.(object, name) ?? 0,
      setAttribute: (object, name, value) =>
        base(object).setAttribute?.(object, name, value) ?? MISSING,
      ...(ownership === undefined ? {} : { ownership }),
      ...((mask & FINALIZE) === 0 ? {} : { finalize }),
      ...((mask & LENGTH) === 0 ? {} : { length }),
      ...((mask & CALL) === 0
        ? {}
        : {
            call: (object, args) => {
              const result = callSpecial(object, "__call__", args);
              return result === -1 ? (base(object).call?.(object, args) ?? 0) : result;
            },
          }),
      ...((mask & COMPARE) === 0
        ? {}
        : {
            hash,
            equal: (a, b) => compare(a, b, "__eq__", base(a).equal),
            less: (a, b) => compare(a, b, "__lt__", base(a).less),
          }),
    };
  }

  const numbers = Array.from({ length: 16 }, (_, mask) => types.registerSlots(slotsFor(mask)));

  return {
    numberFor: (cls) => {
      let mask = 0;
      for (const [name, bit] of bitOfName) {
        const known = names.get(name) as Address;
        if ((mask & bit) === 0 && core.classes.lookup(cls, known) !== 0) mask |= bit;
      }
      const inherited = types.slots(instances.builtinBase(cls));
      if (inherited.finalize !== undefined) mask |= FINALIZE;
      if (inherited.length !== undefined) mask |= LENGTH;
      if (inherited.call !== undefined) mask |= CALL;
      if (
        inherited.hash !== undefined ||
        inherited.equal !== undefined ||
        inherited.less !== undefined
      ) {
        mask |= COMPARE;
      }
      return numbers[mask];
    },
    marksFor: (cls) => {
      const defines = (name: string): boolean =>
        core.classes.lookup(cls, names.get(name) as Address) !== 0;
      return (defines("__new__") ? marks.hasNew : 0) | (defines("__init__") ? marks.hasInit : 0);
    },
    isSpecial: (name) => bitOfName.has(name) || name === "__new__" || name === "__init__",
    callMethod,
    callSpecial,
  };
}

/** Flags that a class takes over from its base: which built-in family its instances belong to. */
export const inheritedFlags: number =
  (typeFlags.longSubclass |
    typeFlags.listSubclass |
    typeFlags.tupleSubclass |
    typeFlags.bytesSubclass |
    typeFlags.unicodeSubclass |
    typeFlags.dictSubclass |
    typeFlags.baseExcSubclass |
    typeFlags.matchSelf |
    0x60 |
    typeFlags.typeSubclass) >>>
  0;
