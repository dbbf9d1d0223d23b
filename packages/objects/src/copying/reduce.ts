/**
 * What `object.__reduce_ex__(4)` says of an object (`Objects/typeobject.c`, and the types that have a `__reduce__` of
 * their own): how to make another one like it.
 */
import { type Address, layoutOf } from "@pyrena/abi";
import { typeFlags } from "../api/types.ts";
import type { Core } from "../core/core.ts";
import { sliceStruct } from "../types/slice.ts";

/** How to make another object like this one. All addresses are owned. */
export interface Recipe {
  /** Make it of these arguments; new reference, or NULL. */
  readonly make: (args: readonly Address[]) => Address;
  readonly args: readonly Address[];
  /** What `make` calls beside the arguments, or NULL. */
  readonly callable: Address;
  /** `__dict__` and slots, or what `__getstate__` says; NULL: none. */
  readonly state: Address;
  /** Whether to append the object's items, or to set them as a dict's. */
  readonly items: "list" | "dict" | "none";
}

/** Reduction of objects. */
export interface Reducer {
  /** The recipe; "itself": the object stands for its copy; undefined with an exception pending. */
  reduce(this: void, object: Address): Recipe | "itself" | undefined;
  release(this: void, recipe: Recipe): void;
  /** Put state into a new object: 0 or -1. */
  restore(this: void, object: Address, state: Address): number;
}

export function makeReducer(core: Core): Reducer {
  const { memory, refs, types, errors, protocol } = core;
  const SLICE = layoutOf(sliceStruct, core.profile.abi).at;
  // Made with the heap: asking for them needs no memory later.
  const NAMES = {
    deepReduce: core.str.name("__reduce_ex__"),
    reduce: core.str.name("__reduce__"),
    newArguments: core.str.name("__getnewargs__"),
    getState: core.str.name("__getstate__"),
    setState: core.str.name("__setstate__"),
    slotNames: core.str.name("__slotnames__"),
    slots: core.str.name("__slots__"),
  };

  function isHeapType(type: Address): boolean {
    return (types.flags(type) & typeFlags.heapType) !== 0;
  }

  /** The built-in type that a class derives its memory from; the type itself if it is built in. */
  function builtInBase(type: Address): Address {
    let base = type;
    while (isHeapType(base)) base = types.base(base);
    return base;
  }

  function findAttribute(object: Address, name: Address): Address {
    return core.classes.findAttribute(object, name);
  }

  function refuse(object: Address): undefined {
    errors.raise("TypeError", `'${types.name(types.typeOf(object))}' objects cannot be copied`);
    return undefined;
  }

  function reduce(object: Address): Recipe | "itself" | undefined {
    for (const name of [NAMES.deepReduce, NAMES.reduce]) {
      const reductor = findAttribute(object, name);
      if (reductor !== 0) return reduceByUser(reductor, name);
      if (errors.occurred() !== 0) return undefined;
    }
    const type = types.typeOf(object);
    const base = builtInBase(type);
    if (base === core.set.type || base === core.set.frozenType) {
      return own(object, (args) => call(type, args), [core.list.from(object)]);
    }
    if (base === core.bytearray.type) {
      const bytes = core.bytearray.value(object);
      return own(
        object,
        (args) => call(type, args),
        bytes.length === 0 ? [] : [core.bytes.from(bytes)],
      );
    }
    if (base === core.slice.type) {
      return own(object, makeSlice, sliceFields(object));
    }
    if (core.exceptions.check(object)) return reduceException(object, type);
    if (core.functions.checkMethod(object)) return reduceMethod(object);
    const args = newArguments(object, base);
    if (args === undefined) return undefined;
    const items = base === core.list.type ? "list" : base === core.dict.type ? "dict" : "none";
    const plain = base === types.object || items !== "none" || args.length > 0;
    if (!plain) return refuse(object);
    return own(object, (given) => core.classes.construct(type, given), args, items);
  }

  /** A recipe with the object's state; steals the arguments, one of which may be NULL with an exception pending. */
  function own(
    object: Address,
    make: Recipe["make"],
    args: readonly Address[],
    items: Recipe["items"] = "none",
  ): Recipe | undefined {
    const state = args.includes(0) ? 0 : stateOf(object);
    if (state === 0) {
      for (const argument of args) refs.xdecref(argument);
      return undefined;
    }
    return {
      make,
      args,
      callable: 0,
      state: state === core.constants.none ? noState(state) : state,
      items,
    };
  }

  function noState(none: Address): 0 {
    refs.decref(none);
    return 0;
  }

  /** `type(*args)`, a built-in set, frozenset or bytearray or a class that derives from one. */
  function call(type: Address, args: readonly Address[]): Address {
    if (isHeapType(type)) return core.classes.call(type, args);
    if (type === core.bytearray.type) {
      return core.bytearray.from(args.length === 0 ? new Uint8Array(0) : core.bytes.value(args[0]));
    }
    return core.set.from(args[0], type === core.set.frozenType);
  }

  function makeSlice(args: readonly Address[]): Address {
    return core.slice.create(args[0], args[1], args[2]);
  }

  /** As new references. */
  function sliceFields(slice: Address): Address[] {
    return [SLICE.start, SLICE.stop, SLICE.step].map((offset) =>
      refs.newRef(memory.u32[(slice + offset) >>> 2]),
    );
  }

  function reduceException(exception: Address, type: Address): Recipe | undefined {
    const { exceptions } = core;
    const tuple = exceptions.args(exception);
    const args = Array.from({ length: core.tuple.length(tuple) }, (_, n) =>
      refs.newRef(core.tuple.getItem(tuple, n)),
    );
    const filename = exceptions.field(exception, "filename");
    if (filename !== 0 && args.length === 2 && types.isSubtype(type, exceptions.type("OSError"))) {
      args.push(refs.newRef(filename));
      const second = exceptions.field(exception, "filename2");
      if (second !== 0) args.push(refs.newRef(core.constants.none), refs.newRef(second));
    }
    const attributes = core.classes.attributes(exception);
    const state = attributes.length === 0 ? 0 : core.classes.dict(exception);
    if (state === 0 && attributes.length > 0) {
      for (const argument of args) refs.decref(argument);
      return undefined;
    }
    const make = (given: readonly Address[]): Address =>
      isHeapType(type) ? core.classes.call(type, given) : exceptions.create(type, given);
    return { make, args, callable: 0, state, items: "none" };
  }

  /** `getattr(self, name)`. */
  function reduceMethod(method: Address): Recipe {
    const self = core.functions.methodSelf(method);
    const name = core.functions.name(core.functions.methodFunction(method));
    return {
      make: (args) => core.classes.getAttribute(args[0], args[1]),
      args: [refs.newRef(self), refs.newRef(name)],
      callable: 0,
      state: 0,
      items: "none",
    };
  }

  /** `__getnewargs__`: a class's own, or a built-in type's. New references; undefined with an exception pending. */
  function newArguments(object: Address, base: Address): Address[] | undefined {
    const method = findAttribute(object, NAMES.newArguments);
    if (method !== 0) {
      const tuple = protocol.call(method, []);
      refs.decref(method);
      return tuple === 0 ? undefined : unpack(tuple, "__getnewargs__");
    }
    if (errors.occurred() !== 0) return undefined;
    if (base === types.object || base === core.list.type || base === core.dict.type) return [];
    const value = plainValue(object, base);
    if (value === undefined) return [];
    if (!value.includes(0)) return value;
    for (const part of value) refs.xdecref(part);
    return undefined;
  }

  /** The built-in value of an instance of a class that derives from int, str, tuple …, as arguments for its `__new__`. */
  function plainValue(object: Address, base: Address): Address[] | undefined {
    if (base === core.int.type) return [core.int.from(core.int.value(object))];
    if (base === core.float.type) return [core.float.from(core.float.value(object))];
    if (base === core.str.type) return [core.str.from(core.str.value(object))];
    if (base === core.bytes.type) return [core.bytes.from(core.bytes.value(object))];
    if (base === core.complex.type) {
      const { real, imaginary } = core.complex;
      return [core.float.from(real(object)), core.float.from(imaginary(object))];
    }
    if (base !== core.tuple.type) return undefined;
    const items = Array.from({ length: core.tuple.length(object) }, (_, n) =>
      core.tuple.getItem(object, n),
    );
    return [core.tuple.pack(items)];
  }

  /** Items of a tuple as new references; steals the tuple. */
  function unpack(tuple: Address, what: string): Address[] | undefined {
    if (!core.tuple.check(tuple)) {
      refs.decref(tuple);
      errors.raise("TypeError", `${what} must return a tuple`);
      return undefined;
    }
    const items = Array.from({ length: core.tuple.length(tuple) }, (_, n) =>
      refs.newRef(core.tuple.getItem(tuple, n)),
    );
    refs.decref(tuple);
    return items;
  }

  /** What a `__reduce__` or `__reduce_ex__` of the user's says; steals the method. */
  function reduceByUser(reductor: Address, key: Address): Recipe | "itself" | undefined {
    const name = core.str.value(key);
    const protocolNumber = core.int.from(4);
    const result = protocol.call(reductor, key === NAMES.deepReduce ? [protocolNumber] : []);
    refs.decref(protocolNumber);
    refs.decref(reductor);
    if (result === 0) return undefined;
    if (core.str.check(result)) {
      refs.decref(result);
      return "itself";
    }
    const parts = unpack(result, name);
    if (parts === undefined) return undefined;
    const none = core.constants.none;
    const iterates = parts.slice(3).some((part) => part !== none);
    const isSound = parts.length >= 2 && parts.length <= 6 && core.tuple.check(parts[1]);
    if (!isSound || iterates) {
      for (const part of parts) refs.decref(part);
      errors.raise(
        "TypeError",
        iterates
          ? `${name}: iterators of items and pairs are not supported, give them as state`
          : `${name} must return a str, or a tuple of a callable, a tuple of arguments, and state`,
      );
      return undefined;
    }
    const [callable, args, state = 0] = parts;
    const unpacked = unpack(args, name) ?? [];
    for (const part of parts.slice(3)) refs.decref(part);
    return {
      make: (given) => protocol.call(callable, given),
      args: unpacked,
      callable,
      state: state === none ? noState(state) : state,
      items: "none",
    };
  }

  /** `object.__getstate__()`: new reference, None for no state; NULL with an exception pending. */
  function stateOf(object: Address): Address {
    const method = findAttribute(object, NAMES.getState);
    if (method !== 0) {
      const state = protocol.call(method, []);
      refs.decref(method);
      return state;
    }
    if (errors.occurred() !== 0) return 0;
    const type = types.typeOf(object);
    const none = core.constants.none;
    if (!isHeapType(type)) return refs.newRef(none);
    const hasDict = core.classes.attributes(object).length > 0;
    const dict = hasDict ? core.classes.dict(object) : refs.newRef(none);
    if (dict === 0) return 0;
    const slots = slotState(object, type);
    if (slots === 0) return dict;
    if (slots < 0) {
      refs.decref(dict);
      return 0;
    }
    const state = core.tuple.pack([dict, slots]);
    refs.decref(dict);
    refs.decref(slots);
    return state;
  }

  /** Dict of the slots that are set, new reference; 0: there are none; -1 with an exception pending. */
  function slotState(object: Address, type: Address): Address | 0 | -1 {
    const names = slotNames(type);
    if (names === 0) return -1;
    const count = core.list.length(names);
    const slots = count === 0 ? 0 : core.dict.create();
    let failed = count > 0 && slots === 0;
    for (let n = 0; n < count && !failed; n++) {
      const name = core.list.getItem(names, n);
      const value = core.classes.findAttribute(object, name);
      if (value === 0) {
        failed = errors.occurred() !== 0;
        continue;
      }
      failed = core.dict.setItem(slots, name, value) < 0;
      refs.decref(value);
    }
    refs.decref(names);
    if (!failed && slots !== 0 && core.dict.length(slots) > 0) return slots;
    refs.xdecref(slots);
    return failed ? -1 : 0;
  }

  /** `copyreg._slotnames(cls)`: a list, which the class keeps as `__slotnames__`. New reference or NULL. */
  function slotNames(type: Address): Address {
    const key = NAMES.slotNames;
    const kept = core.dict.getItem(core.classes.classDict(type), key);
    if (kept !== 0) return refs.newRef(kept);
    const names = core.list.create(0);
    if (names === 0) return 0;
    const declared = NAMES.slots;
    for (const cls of core.classes.order(type)) {
      const dict = core.classes.classDict(cls);
      const slots = dict === 0 ? 0 : core.dict.getItem(dict, declared);
      if (slots !== 0 && appendNames(names, cls, slots) < 0) {
        refs.decref(names);
        return 0;
      }
    }
    if (core.classes.setAttribute(type, key, names) < 0) {
      refs.decref(names);
      return 0;
    }
    return names;
  }

  /** Add the names of a class's `__slots__`: private ones mangled, `__dict__` and `__weakref__` left out. */
  function appendNames(names: Address, cls: Address, slots: Address): number {
    const given = core.str.check(slots)
      ? [slots]
      : Array.from({ length: core.tuple.length(slots) }, (_, n) => core.tuple.getItem(slots, n));
    for (const name of given) {
      const text = core.str.value(name);
      if (text === "__dict__" || text === "__weakref__") continue;
      const isPrivate = text.startsWith("__") && !text.endsWith("__");
      const mangled = isPrivate
        ? core.str.interned(`_${types.name(cls).replace(/^_+/, "")}${text}`)
        : refs.newRef(name);
      const result = mangled === 0 ? -1 : core.list.append(names, mangled);
      refs.xdecref(mangled);
      if (result < 0) return -1;
    }
    return 0;
  }

  function restore(object: Address, state: Address): number {
    const method = findAttribute(object, NAMES.setState);
    if (method !== 0) {
      const result = protocol.call(method, [state]);
      refs.decref(method);
      refs.xdecref(result);
      return result === 0 ? -1 : 0;
    }
    if (errors.occurred() !== 0) return -1;
    const none = core.constants.none;
    const isPair = core.tuple.check(state) && core.tuple.length(state) === 2;
    const attributes = isPair ? core.tuple.getItem(state, 0) : state;
    const slots = isPair ? core.tuple.getItem(state, 1) : none;
    if (core.exceptions.check(object)) return setAll(object, attributes);
    if (attributes !== none) {
      const dict = core.classes.dict(object);
      if (dict === 0) return -1;
      const result = core.dict.update(dict, attributes);
      refs.decref(dict);
      if (result < 0) return -1;
    }
    return slots === none ? 0 : setAll(object, slots);
  }

  /** Set each item of a dict as an attribute. */
  function setAll(object: Address, dict: Address): number {
    const cursor = { position: 0, key: 0, value: 0 };
    while (core.dict.next(dict, cursor)) {
      if (core.classes.setAttribute(object, cursor.key, cursor.value) < 0) return -1;
    }
    return 0;
  }

  return {
    reduce,
    release: (recipe) => {
      for (const argument of recipe.args) refs.decref(argument);
      refs.xdecref(recipe.callable);
      refs.xdecref(recipe.state);
    },
    restore,
  };
}
