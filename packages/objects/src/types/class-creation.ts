/** The `class` statement (`type_new` in `Objects/typeobject.c`): a type object from a name, bases and a body. */
import type { Address } from "@pyrena/abi";
import type { ClassSpec } from "../api/classes.ts";
import { typeFlags } from "../api/types.ts";
import type { Core } from "../core/core.ts";
import { heapTypeLayout, typeLayout } from "../core/type-object.ts";
import { type ClassSlots, inheritedFlags } from "./class-slots.ts";
import { type Descriptors, getset } from "./descriptor.ts";
import { mergeOrders } from "./mro.ts";
import { marks, type PlainInstances } from "./plain-instances.ts";
import type { Subclasses } from "./subclasses.ts";

/** What creation needs of the other parts of classes. */
export interface ClassParts {
  readonly descriptors: Descriptors;
  readonly subclasses: Subclasses;
  readonly slots: ClassSlots;
  readonly plain: PlainInstances;
  order(this: void, cls: Address): Address[];
  /** Break a class's cycles. */
  clear(this: void, cls: Address): void;
}

/** Creation; part of `core.classes`. */
export interface ClassCreation {
  create(this: void, spec: ClassSpec): Address;
}

/** What a class adds to its base. */
interface Additions {
  /** Names of slots, mangled and sorted. */
  readonly slots: readonly string[];
  readonly dict: boolean;
  readonly weakref: boolean;
}

export function makeClassCreation(core: Core, parts: ClassParts): ClassCreation {
  const { memory, alloc, refs, types, errors, facts, word, state } = core;
  const T = typeLayout(core).at;
  const HEAP = heapTypeLayout(core);
  const H = HEAP.at;
  const GC_HEAD = core.profile.headers.gcHead;
  const PLAIN_BYTES = core.profile.headers.object;
  const SIZE = 2 * word;
  const DICT = core.str.name("__dict__");
  const WEAKREF = core.str.name("__weakref__");
  const QUALNAME = core.str.name("__qualname__");
  const DOC = core.str.name("__doc__");
  const EQ = core.str.name("__eq__");
  const HASH = core.str.name("__hash__");
  const CLASS_COUNT = (state + core.at.class_count) >>> 2;
  const { heapType, baseType, hasGc, ready, managedDict, managedWeakref, inlineValues } = typeFlags;
  const u = (address: Address): number => memory.u32[address >>> 2];
  const put = (address: Address, value: number): void => {
    memory.u32[address >>> 2] = value;
  };
  /** Negative offsets fill both halves of a word. */
  const putSigned = (address: Address, value: number): void => {
    memory.i32[address >>> 2] = value;
    if (core.wide) memory.i32[(address >>> 2) + 1] = value < 0 ? -1 : 0;
  };
  const dictOffset = (cls: Address): number => memory.i32[(cls + T.tp_dictoffset) >>> 2];

  /** Whether instances of a class are laid out differently from its base's: `extra_ivars`. */
  function changesLayout(cls: Address, base: Address): boolean {
    let size = types.basicsize(cls);
    if (types.itemsize(cls) !== types.itemsize(base)) return true;
    const weak = types.weaklistOffset(cls);
    // 3.11: a weak reference list at the end does not count.
    if (
      types.itemsize(cls) === 0 &&
      weak + word === size &&
      types.weaklistOffset(base) === 0 &&
      (types.flags(cls) & heapType) !== 0
    ) {
      size -= word;
    }
    return size !== types.basicsize(base);
  }

  /** The nearest base that decides the layout of instances. */
  function solidBase(cls: Address): Address {
    const above = types.base(cls);
    if (above === 0) return cls;
    const base = solidBase(above);
    return changesLayout(cls, base) ? cls : base;
  }

  /** The base whose layout the class takes over, or NULL with TypeError pending. */
  function bestBase(bases: readonly Address[]): Address {
    let best = 0;
    let winner = 0;
    for (const base of bases) {
      if ((types.flags(base) & baseType) === 0) {
        return errors.raise("TypeError", `'${types.name(base)}' cannot be a base of classes`);
      }
      const candidate = solidBase(base);
      if (best === 0 || (candidate !== winner && types.isSubtype(candidate, winner))) {
        best = base;
        winner = candidate;
      } else if (!types.isSubtype(winner, candidate)) {
        const names = bases.map((each) => types.name(each)).join(", ");
        return errors.raise(
          "TypeError",
          `instances of ${names} have layouts that exclude each other`,
        );
      }
    }
    if (types.isSubtype(best, types.type)) {
      return errors.raise("TypeError", "classes of classes (metaclasses) are not built");
    }
    return best;
  }

  function mangle(name: string, className: string): string {
    const owner = className.replace(/^_+/, "");
    const isPrivate = name.startsWith("__") && !name.endsWith("__") && owner !== "";
    return isPrivate ? `_${owner}${name}` : name;
  }

  /** What the class adds, or undefined with an exception pending. */
  function additions(
    spec: ClassSpec,
    base: Address,
    bases: readonly Address[],
  ): Additions | undefined {
    const mayAddDict = dictOffset(base) === 0;
    const isVarSized = types.itemsize(base) !== 0;
    const mayHaveWeakref =
      !isVarSized || (spec.slots !== undefined && facts.varSizedSlots === "special");
    const mayAddWeakref = types.weaklistOffset(base) === 0 && mayHaveWeakref;
    if (spec.slots === undefined) return { slots: [], dict: mayAddDict, weakref: mayAddWeakref };
    let dict = spec.slots.includes("__dict__");
    let weakref = spec.slots.includes("__weakref__");
    const named = spec.slots.filter((name) => name !== "__dict__" && name !== "__weakref__");
    const refuse = (kind: "TypeError" | "ValueError", why: string): undefined => {
      errors.raise(kind, `class ${spec.name}: ${why}`);
    };
    // 3.15 also puts slots behind the items of tuples; that is left out.
    const refused = facts.varSizedSlots === "none" ? spec.slots : named;
    if (isVarSized && refused.length > 0) {
      return refuse("TypeError", `a subclass of '${types.name(base)}' cannot have slots`);
    }
    if (dict && !mayAddDict) return refuse("TypeError", "instances have a __dict__ already");
    if (weakref && !mayAddWeakref) return refuse("TypeError", "instances cannot have __weakref__");
    for (const name of named) {
      if (!/^[\p{ID_Start}_]\p{ID_Continue}*$/u.test(name)) {
        return refuse("TypeError", `'${name}' is no name for a slot`);
      }
      if (spec.attributes?.some(([attribute]) => attribute === name)) {
        return refuse("ValueError", `'${name}' is both a slot and a class attribute`);
      }
    }
    // Further bases may bring what the layout's base does not have.
    for (const other of bases) {
      if (other === base) continue;
      if (mayAddDict && dictOffset(other) !== 0) dict = true;
      if (mayAddWeakref && types.weaklistOffset(other) !== 0) weakref = true;
    }
    const slots = [...new Set(named.map((name) => mangle(name, spec.name)))];
    slots.sort((a, b) => (a < b ? -1 : 1));
    return { slots, dict, weakref };
  }

  /** A tuple of interned strs: new reference, or NULL. */
  function namesTuple(names: readonly string[]): Address {
    const strs: Address[] = [];
    for (const name of names) {
      const str = core.str.interned(name);
      if (str === 0) break;
      strs.push(str);
    }
    const tuple = strs.length === names.length ? core.tuple.pack(strs) : 0;
    for (const str of strs) refs.decref(str);
    return tuple;
  }

  /** Enter a value in a dict and release it; NULL: making it has failed. 0 or -1. */
  function enter(dict: Address, name: string, value: Address): number {
    if (value === 0) return -1;
    const result = core.dict.setItemString(dict, name, value);
    refs.decref(value);
    return result;
  }

  /** The namespace as the class's body leaves it: new reference, or NULL. */
  function body(spec: ClassSpec): Address {
    const namespace = core.dict.create();
    if (namespace === 0) return 0;
    const fill = (): number => {
      if (enter(namespace, "__module__", core.str.interned(spec.module ?? "__main__")) < 0)
        return -1;
      const qualname = core.str.interned(spec.qualname ?? spec.name);
      if (enter(namespace, "__qualname__", qualname) < 0) return -1;
      if (facts.classBodyLines) {
        if (enter(namespace, "__firstlineno__", core.int.from(spec.firstLine ?? 1)) < 0) return -1;
      }
      if (spec.slots !== undefined) {
        if (enter(namespace, "__slots__", namesTuple(spec.slots)) < 0) return -1;
      }
      for (const [name, value] of spec.attributes ?? []) {
        if (core.dict.setItemString(namespace, name, value) < 0) return -1;
      }
      if (!facts.classBodyLines) return 0;
      return enter(namespace, "__static_attributes__", namesTuple(spec.staticAttributes ?? []));
    };
    if (fill() === 0) return namespace;
    refs.decref(namespace);
    return 0;
  }

  /** Offsets and flags: where an instance's parts lie. Slots come first, then 3.11's own words. */
  function layOut(cls: Address, base: Address, added: Additions): void {
    let size = types.basicsize(base);
    let dictoffset = dictOffset(base);
    let weaklistoffset = memory.i32[(base + T.tp_weaklistoffset) >>> 2];
    const inherited = types.flags(base) & (inheritedFlags | managedDict | managedWeakref);
    let flags = heapType | baseType | hasGc | ready | inherited;
    const itemsize = types.itemsize(base);
    added.slots.forEach((_, n) => {
      put(cls + HEAP.bytes + n * HEAP.member.bytes + HEAP.member.offset, size);
      size += word;
    });
    if (facts.attributes === "values") {
      if (added.dict && itemsize !== 0) {
        dictoffset = -word;
        size += word;
      }
      if (added.weakref) {
        weaklistoffset = size;
        size += word;
      }
      if (added.dict && itemsize === 0) {
        flags |= managedDict;
        dictoffset = -size - 3 * word;
      }
    } else {
      if (added.weakref) {
        flags |= managedWeakref;
        weaklistoffset = -4 * word;
      }
      if (added.dict) {
        flags |= managedDict;
        dictoffset = -1;
      }
    }
    const keepsInline =
      (facts.inlineValues === "plain" && size === PLAIN_BYTES) ||
      (facts.inlineValues === "fixed-size" && itemsize === 0);
    if ((flags & managedDict) !== 0 && keepsInline) flags |= inlineValues;
    put(cls + T.tp_basicsize, size);
    put(cls + T.tp_itemsize, itemsize);
    put(cls + T.tp_flags, flags >>> 0);
    putSigned(cls + T.tp_dictoffset, dictoffset);
    putSigned(cls + T.tp_weaklistoffset, weaklistoffset);
  }

  function addDescriptors(cls: Address, dict: Address, added: Additions): number {
    const members = (): number => {
      for (let n = 0; n < added.slots.length; n++) {
        const name = core.str.interned(added.slots[n]);
        if (name === 0) return -1;
        const member = cls + HEAP.bytes + n * HEAP.member.bytes;
        const descriptor = parts.descriptors.createMember(cls, name, member);
        refs.decref(name);
        if (enter(dict, added.slots[n], descriptor) < 0) return -1;
      }
      return 0;
    };
    const attributes = (): number => {
      const wanted = [
        ...(added.dict ? [["__dict__", getset.dict] as const] : []),
        ...(added.weakref ? [["__weakref__", getset.weakref] as const] : []),
      ];
      for (const [name, which] of wanted) {
        const descriptor = facts.sharesClassDescriptors
          ? parts.descriptors.shared(which)
          : parts.descriptors.createGetset(cls, which === getset.dict ? DICT : WEAKREF, which);
        if (enter(dict, name, descriptor) < 0) return -1;
      }
      return 0;
    };
    const [first, second] = facts.sharesClassDescriptors
      ? [attributes, members]
      : [members, attributes];
    return first() < 0 ? -1 : second();
  }

  /** Whether instances are nothing but attributes, with no data descriptor in their way (plain-instances.ts). */
  function isPlain(
    cls: Address,
    base: Address,
    added: Additions,
    order: readonly Address[],
    spec: ClassSpec,
  ): boolean {
    if ((u(cls + T.tp_flags) & managedDict) === 0 || added.slots.length > 0) return false;
    if (base !== types.object && !parts.plain.isPlain(base)) return false;
    return (
      order.every((each) => each === types.object || parts.plain.isPlain(each)) &&
      !(spec.attributes ?? []).some(([, value]) => parts.descriptors.check(value))
    );
  }

  /** Fill a new type object whose fields are all NULL; 0 or -1. */
  function fill(
    cls: Address,
    spec: ClassSpec,
    base: Address,
    bases: readonly Address[],
    order: readonly Address[],
    added: Additions,
  ): number {
    /** Store a new reference; false if making it has failed. */
    const own = (offset: number, made: Address): boolean => {
      put(cls + offset, made);
      return made !== 0;
    };
    layOut(cls, base, added);
    own(T.tp_base, refs.newRef(base));
    if (!own(T.tp_bases, core.tuple.pack(bases))) return -1;
    if (!own(H.ht_name, core.str.interned(spec.name))) return -1;
    if (!own(H.ht_qualname, core.str.interned(spec.qualname ?? spec.name))) return -1;
    if (added.slots.length > 0 && !own(H.ht_slots, namesTuple(added.slots))) return -1;
    const namespace = body(spec);
    if (namespace === 0) return -1;
    const dict = core.dict.copy(namespace);
    refs.decref(namespace);
    if (!own(T.tp_dict, dict)) return -1;
    if (core.dict.deleteItem(dict, QUALNAME) < 0) return -1;
    if (addDescriptors(cls, dict, added) < 0) return -1;
    const none = core.constants.none;
    const has = (name: Address): boolean => core.dict.getItem(dict, name) !== 0;
    if (!has(DOC) && core.dict.setItem(dict, DOC, none) < 0) return -1;
    if (!own(T.tp_mro, core.tuple.pack([cls, ...order]))) return -1;
    if (has(EQ) && !has(HASH) && core.dict.setItem(dict, HASH, none) < 0) return -1;
    if ((u(cls + T.tp_flags) & managedDict) !== 0) {
      if (!own(H.ht_cached_keys, core.dict.createSharedKeys())) return -1;
    }
    const plainMark = isPlain(cls, base, added, order, spec) ? marks.plain : 0;
    parts.plain.setMarks(cls, plainMark | parts.slots.marksFor(cls));
    put(cls + T.tp_dealloc, parts.slots.numberFor(cls));
    return parts.subclasses.add(cls);
  }

  return {
    create: (spec) => {
      const bases =
        spec.bases === undefined || spec.bases.length === 0 ? [types.object] : spec.bases;
      const base = bestBase(bases);
      if (base === 0) return 0;
      const order =
        new Set(bases).size === bases.length
          ? mergeOrders([...bases.map(parts.order), bases])
          : undefined;
      if (order === undefined) {
        const names = bases.map((each) => types.name(each)).join(", ");
        return errors.raise("TypeError", `the bases ${names} have no consistent order`);
      }
      const added = additions(spec, base, bases);
      if (added === undefined) return 0;
      const count = added.slots.length;
      // One member more than slots, as every object with items has room for a sentinel.
      const bytes = HEAP.bytes + (count + 1) * HEAP.member.bytes;
      const cls = alloc.gcObject(types.type, bytes, GC_HEAD);
      if (cls === 0) return 0;
      memory.u32.fill(0, (cls + 2 * word) >>> 2, (cls + bytes) >>> 2);
      put(cls + SIZE, count);
      put(cls + T.tp_flags, heapType);
      put(cls + T.tp_version_tag, ++memory.u32[CLASS_COUNT]);
      alloc.track(cls);
      if (fill(cls, spec, base, bases, order, added) === 0) return cls;
      const failure = errors.fetch();
      parts.clear(cls);
      refs.decref(cls);
      errors.restore(failure);
      return 0;
    },
  };
}
