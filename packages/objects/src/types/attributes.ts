/** Attribute access (`PyObject_GenericGetAttr` and its kin, `type_getattro`). */
import type { Address } from "@pyrena/abi";
import { type TypeSlots, typeFlags } from "../api/types.ts";
import type { Core } from "../core/core.ts";
import { type Descriptors, getset } from "./descriptor.ts";
import type { Instances } from "./instance.ts";
import { type InstanceDicts, MISSING, NO_DICT, NOT_SET } from "./instance-dict.ts";
import type { PlainInstances } from "./plain-instances.ts";

/** What storing returns where a slot that shall be emptied is empty: its error never says what it is about. */
const EMPTY_SLOT = 4;

/** Attributes; part of `core.classes`. */
export interface Attributes {
  findAttribute(this: void, object: Address, name: Address): Address;
  getAttribute(this: void, object: Address, name: Address): Address;
  setAttribute(this: void, object: Address, name: Address, value: Address): number;
  deleteAttribute(this: void, object: Address, name: Address): number;
  setDict(this: void, object: Address, dict: Address): number;
}

/**
 * @param lookup along a class's order of bases: borrowed, or NULL
 * @param setOnClass sets, or with NULL deletes, an attribute of a class: 0, -1 or MISSING
 * @param plain the common case
 */
export function makeAttributes(
  core: Core,
  dicts: InstanceDicts,
  descriptors: Descriptors,
  lookup: (cls: Address, name: Address) => Address,
  setOnClass: (cls: Address, name: Address, value: Address) => number,
  instances: Instances,
  plain: PlainInstances,
): Attributes {
  const { memory, refs, types, errors, facts } = core;
  const CLASS = core.str.name("__class__");
  const GETATTR = core.str.name("__getattr__");
  const isClass = (object: Address): boolean =>
    (types.flags(types.typeOf(object)) & typeFlags.typeSubclass) !== 0;

  function noAttribute(object: Address, name: Address): 0 {
    const owner = isClass(object)
      ? `type '${types.name(object)}'`
      : `'${types.name(types.typeOf(object))}' object`;
    return errors.raise("AttributeError", `${owner} has no attribute '${core.str.value(name)}'`);
  }

  /** Tell a pending AttributeError what it is about, unless it knows: it holds the object from now on. */
  function explain(object: Address, name: Address): void {
    if (!errors.matches("AttributeError")) return;
    const exception = errors.occurred();
    const { field, setField } = core.exceptions;
    if (field(exception, "name") !== 0 || field(exception, "obj") !== 0) return;
    setField(exception, "name", refs.newRef(name));
    setField(exception, "obj", refs.newRef(object));
  }

  /** The functions of the built-in type that an object is an instance of, by way of its class or not. */
  function builtinSlots(type: Address): TypeSlots {
    return types.slots(instances.builtinBase(type));
  }

  /** Whether a descriptor may be asked about the object: if not, TypeError is pending. */
  function appliesTo(descriptor: Address, object: Address): boolean {
    const owner = descriptors.owner(descriptor);
    if (types.isInstance(object, owner)) return true;
    errors.raise(
      "TypeError",
      `a descriptor of '${types.name(owner)}' says nothing of a '${types.name(types.typeOf(object))}'`,
    );
    return false;
  }

  /** New reference; NULL without an exception: the slot is empty. */
  function getDescribed(descriptor: Address, object: Address): Address {
    if (!appliesTo(descriptor, object)) return 0;
    if (types.typeOf(descriptor) === descriptors.memberType) {
      const value = memory.u32[(object + descriptors.memberOffset(descriptor)) >>> 2];
      return value === 0 ? 0 : refs.newRef(value);
    }
    if (descriptors.which(descriptor) === getset.dict) {
      const dict = dicts.dict(object, types.typeOf(object));
      return dict === 0 ? 0 : refs.newRef(dict);
    }
    const offset = types.weaklistOffset(types.typeOf(object));
    const first = offset === 0 ? 0 : memory.u32[(object + offset) >>> 2];
    return refs.newRef(first === 0 ? core.constants.none : first);
  }

  function findOnInstance(object: Address, name: Address): Address {
    const type = types.typeOf(object);
    const described = lookup(type, name);
    if (described !== 0 && descriptors.check(described)) return getDescribed(described, object);
    // A descriptor of `object` in CPython, which looks into no dict.
    if (name === CLASS) return refs.newRef(type);
    const own = dicts.get(object, type, name);
    if (own !== 0) return refs.newRef(own);
    if (errors.occurred() !== 0) return 0;
    if (described !== 0) {
      return core.functions.check(described)
        ? core.functions.createMethod(described, object)
        : refs.newRef(described);
    }
    const text = core.str.value(name);
    if (text === "__class__") return refs.newRef(type);
    const builtin = builtinSlots(type).getAttribute?.(object, text) ?? 0;
    if (builtin !== 0 || errors.occurred() !== 0) return builtin;
    const fallback = lookup(type, GETATTR);
    return fallback === 0 ? 0 : core.classes.callMethod(fallback, object, [name]);
  }

  function findOnClass(cls: Address, name: Address): Address {
    const found = lookup(cls, name);
    if (found !== 0) return refs.newRef(found);
    const text = core.str.value(name);
    return text === "__class__"
      ? refs.newRef(types.typeOf(cls))
      : (types.slotsOf(cls).getAttribute?.(cls, text) ?? 0);
  }

  function findAttribute(object: Address, name: Address): Address {
    const type = types.typeOf(object);
    if (plain.isPlain(type)) {
      const own = plain.get(object, type, name);
      if (own !== 0) return refs.newRef(own);
    }
    return isClass(object) ? findOnClass(object, name) : findOnInstance(object, name);
  }

  function setDescribed(descriptor: Address, object: Address, value: Address): number {
    if (!appliesTo(descriptor, object)) return -1;
    if (types.typeOf(descriptor) === descriptors.memberType) {
      const i = (object + descriptors.memberOffset(descriptor)) >>> 2;
      const before = memory.u32[i];
      if (value === 0 && before === 0) return EMPTY_SLOT;
      refs.xincref(value);
      memory.u32[i] = value;
      refs.xdecref(before);
      return 0;
    }
    if (descriptors.which(descriptor) === getset.dict && value !== 0) return setDict(object, value);
    errors.raise("AttributeError", "this attribute cannot be changed");
    return -1;
  }

  function setDict(object: Address, dict: Address): number {
    if (!core.dict.check(dict)) {
      errors.raise(
        "TypeError",
        `__dict__ must be a dict, not a '${types.name(types.typeOf(dict))}'`,
      );
      return -1;
    }
    const result = dicts.setDict(object, types.typeOf(object), dict);
    if (result !== NO_DICT) return result;
    errors.raise("AttributeError", `'${types.name(types.typeOf(object))}' object has no __dict__`);
    return -1;
  }

  /** What the type itself provides comes before `__dict__`: it has descriptors for it in CPython. */
  function setOwn(object: Address, type: Address, name: Address, value: Address): number {
    const { setAttribute } = builtinSlots(type);
    const result = setAttribute?.(object, core.str.value(name), value) ?? MISSING;
    return result === MISSING ? dicts.set(object, type, name, value) : result;
  }

  /** `object.__class__ = cls` (`object_set_class`): for classes whose instances are laid out alike. */
  function setClass(object: Address, cls: Address): number {
    const before = types.typeOf(object);
    if (cls === 0 || !isClass(cls) || !instances.sameLayout(before, cls)) {
      errors.raise(
        "TypeError",
        `the class of a '${types.name(before)}' can only become one whose instances are laid out alike`,
      );
      return -1;
    }
    if (dicts.detach(object, before) < 0) return -1;
    refs.incref(cls);
    memory.u32[(object + core.word) >>> 2] = cls;
    refs.decref(before);
    return 0;
  }

  function store(object: Address, name: Address, value: Address): number {
    const type = types.typeOf(object);
    if (value !== 0 && plain.isPlain(type) && plain.set(object, type, name, value)) return 0;
    let result: number;
    if (name === CLASS && !isClass(object)) return setClass(object, value);
    if (isClass(object)) result = setOnClass(object, name, value);
    else {
      const described = lookup(type, name);
      result =
        described !== 0 && descriptors.check(described)
          ? setDescribed(described, object, value)
          : setOwn(object, type, name, value);
    }
    if (result <= 0) return result;
    noAttribute(object, name);
    const explains =
      facts.storeErrors === "all" || (facts.storeErrors === "not-of-values" && result !== NOT_SET);
    if (explains && result !== EMPTY_SLOT) explain(object, name);
    return -1;
  }

  return {
    findAttribute: (object, name) => {
      const found = findAttribute(object, name);
      if (found === 0 && errors.matches("AttributeError")) errors.clear();
      return found;
    },
    getAttribute: (object, name) => {
      const found = findAttribute(object, name);
      if (found !== 0) return found;
      if (errors.occurred() === 0) noAttribute(object, name);
      explain(object, name);
      return 0;
    },
    setAttribute: (object, name, value) => store(object, name, value),
    deleteAttribute: (object, name) => store(object, name, 0),
    setDict,
  };
}
