/**
 * Classes (`Objects/typeobject.c`): type objects made at run time. Layout in core/type-object.ts; a PyMemberDef for
 * each slot follows the object.
 *
 * A class is part of cycles from the start: its order of bases holds it, and so do the descriptors in its dict. It
 * holds its bases; they know it by weak references only, in `tp_subclasses`, under its address.
 */
import { type Address, hex } from "@pyrena/abi";
import type { ClassesApi } from "../api/classes.ts";
import { type Ownership, type TypeSlots, typeFlags } from "../api/types.ts";
import type { Core } from "../core/core.ts";
import { heapTypeLayout, typeLayout } from "../core/type-object.ts";
import { makeAttributes } from "./attributes.ts";
import { makeClassCreation } from "./class-creation.ts";
import { makeClassSlots } from "./class-slots.ts";
import { makeConstruction } from "./construction.ts";
import { makeDescriptors } from "./descriptor.ts";
import { makeInstances } from "./instance.ts";
import { MISSING, makeInstanceDicts } from "./instance-dict.ts";
import { makeInstanceWords } from "./instance-words.ts";
import { makePlainInstances, marks } from "./plain-instances.ts";
import { makeSubclasses } from "./subclasses.ts";

export function makeClasses(core: Core): ClassesApi {
  const { memory, alloc, refs, types, errors } = core;
  const T = typeLayout(core).at;
  const HEAP = heapTypeLayout(core);
  const H = HEAP.at;
  const GC_HEAD = core.profile.headers.gcHead;
  const { heapType, typeSubclass } = typeFlags;
  const STATIC_BYTES = typeLayout(core).bytes + (core.facts.countsHeadsOfStaticTypes ? GC_HEAD : 0);
  const u = (address: Address): number => memory.u32[address >>> 2];
  /** `type_traverse`'s order. */
  const visited = [T.tp_dict, T.tp_cache, T.tp_mro, T.tp_bases, T.tp_base, H.ht_module];
  /** Owned as well, but no part of cycles that are of interest. */
  const hidden = [H.ht_name, H.ht_qualname, H.ht_slots, T.tp_subclasses];
  /** Order of release. */
  const released = [
    T.tp_base,
    T.tp_dict,
    T.tp_bases,
    T.tp_mro,
    T.tp_cache,
    T.tp_subclasses,
    H.ht_name,
    H.ht_qualname,
    H.ht_slots,
  ];

  const MODULE = core.str.name("__module__");
  const words = makeInstanceWords(core);
  const dicts = makeInstanceDicts(core, words);
  const plain = makePlainInstances(core, words);
  const instances = makeInstances(core, dicts, plain);
  const descriptors = makeDescriptors(core);
  const subclasses = makeSubclasses(core);
  const instanceOwnership: Ownership = {
    hidden: (object, visit) => {
      const cls = types.typeOf(object);
      if ((types.flags(cls) & typeFlags.managedDict) === 0) return;
      const dict = dicts.unvisitedDict(object, cls);
      if (dict !== 0) visit(dict);
    },
    buffers: (object, visit) => {
      if ((types.flags(types.typeOf(object)) & typeFlags.managedDict) === 0) return;
      const values = dicts.ownedValues(object);
      if (values !== 0) visit(core.dict.values.block(values));
    },
  };
  const slots = makeClassSlots(core, instances, instanceOwnership);
  const construction = makeConstruction(core, instances, plain);

  function lookup(cls: Address, name: Address): Address {
    const mro = u(cls + T.tp_mro);
    if (mro === 0) return 0;
    const length = core.tuple.length(mro);
    for (let n = 0; n < length; n++) {
      const dict = u(core.tuple.getItem(mro, n) + T.tp_dict);
      if (dict === 0) continue;
      const found = core.dict.getItem(dict, name);
      if (found !== 0) return found;
    }
    return 0;
  }

  function updateSlots(cls: Address): void {
    memory.u32[(cls + T.tp_dealloc) >>> 2] = slots.numberFor(cls);
    plain.setMarks(cls, (plain.marks(cls) & marks.plain) | slots.marksFor(cls));
    for (const subclass of subclasses.of(cls)) updateSlots(subclass);
  }

  /** A data descriptor comes before what instances hold: from now on they are looked through the long way. */
  function unmark(cls: Address): void {
    plain.setMarks(cls, plain.marks(cls) & ~marks.plain);
    for (const subclass of subclasses.of(cls)) unmark(subclass);
  }

  function setOnClass(cls: Address, name: Address, value: Address): number {
    if ((u(cls + T.tp_flags) & heapType) === 0) {
      errors.raise(
        "TypeError",
        `attributes of the built-in type '${types.name(cls)}' cannot be set`,
      );
      return -1;
    }
    const dict = u(cls + T.tp_dict);
    if (value !== 0) {
      if (core.dict.setItem(dict, name, value) < 0) return -1;
    } else if (core.dict.deleteItem(dict, name) < 0) {
      if (!errors.matches("KeyError")) return -1;
      errors.clear();
      return MISSING;
    }
    if (slots.isSpecial(core.str.value(name))) updateSlots(cls);
    if (value !== 0 && descriptors.check(value)) unmark(cls);
    return 0;
  }

  const attributes = makeAttributes(core, dicts, descriptors, lookup, setOnClass, instances, plain);

  function dealloc(cls: Address): void {
    alloc.untrack(cls);
    const pending = errors.fetch();
    subclasses.remove(cls);
    errors.restore(pending);
    if (u(cls + T.tp_weaklist) !== 0) core.weakrefs.clearAll(cls);
    for (const offset of released) refs.xdecref(u(cls + offset));
    if (u(cls + H.ht_cached_keys) !== 0) core.dict.decrefKeys(u(cls + H.ht_cached_keys));
    refs.xdecref(u(cls + H.ht_module));
    alloc.freeGcObject(cls, GC_HEAD);
  }

  function clear(cls: Address): void {
    const dict = u(cls + T.tp_dict);
    if (dict !== 0) core.dict.clear(dict);
    for (const offset of [H.ht_module, T.tp_mro]) {
      const referent = u(cls + offset);
      if (referent === 0) continue;
      memory.u32[(cls + offset) >>> 2] = 0;
      refs.decref(referent);
    }
  }

  function order(cls: Address): Address[] {
    const mro = u(cls + T.tp_mro);
    if (mro !== 0) {
      return Array.from({ length: core.tuple.length(mro) }, (_, n) => core.tuple.getItem(mro, n));
    }
    const found: Address[] = [];
    for (let type = cls; type !== 0; type = u(type + T.tp_base)) found.push(type);
    return found;
  }

  const isHeap = (cls: Address): boolean => (u(cls + T.tp_flags) & heapType) !== 0;

  const typeSlots: TypeSlots = {
    name: "type",
    dealloc,
    traverse: (cls, visit) => {
      for (const offset of isHeap(cls) ? visited : visited.slice(0, -1)) {
        const referent = u(cls + offset);
        if (referent !== 0) visit(referent);
      }
    },
    clear,
    sizeof: (cls) => {
      if (!isHeap(cls)) return STATIC_BYTES;
      const keys = u(cls + H.ht_cached_keys);
      return HEAP.bytes + (keys === 0 ? 0 : core.dict.keysBytes(keys));
    },
    repr: (cls) => {
      const module = isHeap(cls) ? core.dict.getItem(u(cls + T.tp_dict), MODULE) : 0;
      const prefix = module !== 0 && core.str.check(module) ? `${core.str.value(module)}.` : "";
      return `<class '${prefix}${types.name(cls)}'>`;
    },
    call: (cls, args) => construction.call(cls, args),
    getAttribute: (cls, name) => {
      const own = classAttributes[name];
      if (own !== undefined) {
        const value = isHeap(cls) || own < typeLayout(core).bytes ? u(cls + own) : 0;
        if (value !== 0) return refs.newRef(value);
      }
      if (name === "__name__" || name === "__qualname__") return core.str.from(types.name(cls));
      if (name === "__mro__") return core.tuple.pack(order(cls));
      return name === "__doc__" ? refs.newRef(core.constants.none) : 0;
    },
    ownership: {
      hidden: (cls, visit) => {
        for (const offset of isHeap(cls) ? hidden : [T.tp_subclasses]) {
          const referent = u(cls + offset);
          if (referent !== 0) visit(referent);
        }
      },
      buffers: (cls, visit) => {
        const keys = isHeap(cls) ? u(cls + H.ht_cached_keys) : 0;
        if (keys === 0) return;
        visit(keys, u(keys), (each) => {
          const count = core.dict.keysEntries(keys);
          for (let n = 0; n < count; n++) each(core.dict.sharedKey(keys, n));
        });
      },
    },
  };
  const classAttributes: { readonly [name: string]: number | undefined } = {
    __name__: H.ht_name,
    __qualname__: H.ht_qualname,
    __mro__: T.tp_mro,
    __bases__: T.tp_bases,
    __base__: T.tp_base,
    __dict__: T.tp_dict,
  };

  const creation = makeClassCreation(core, {
    descriptors,
    subclasses,
    slots,
    plain,
    order,
    clear,
  });

  return {
    create: creation.create,
    instantiate: instances.instantiate,
    call: construction.call,
    construct: construction.construct,
    ...attributes,
    dict: (object) => {
      const dict = dicts.dict(object, types.typeOf(object));
      if (dict !== 0) return refs.newRef(dict);
      if (errors.occurred() !== 0) return 0;
      return errors.raise(
        "AttributeError",
        `'${types.name(types.typeOf(object))}' object at ${hex(object)} has no attribute '__dict__'`,
      );
    },
    lookup,
    order,
    mro: (cls) => u(cls + T.tp_mro),
    bases: (cls) => u(cls + T.tp_bases),
    classDict: (cls) => u(cls + T.tp_dict),
    subclasses: subclasses.of,
    sharedKeys: (cls) => (isHeap(cls) ? u(cls + H.ht_cached_keys) : 0),
    check: (object) => (types.flags(types.typeOf(object)) & typeSubclass) !== 0,
    allocate: instances.allocate,
    callMethod: slots.callMethod,
    callSpecial: slots.callSpecial,
    finalizeFromDealloc: instances.finalizeFromDealloc,
    attributes: (object) => dicts.entries(object, types.typeOf(object)),
    typeSlots,
  };
}
