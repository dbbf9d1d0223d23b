/**
 * Descriptors (`Objects/descrobject.c`) that stand in a class's dict for what lies in its instances: a slot, or
 * `__dict__` and `__weakref__`.
 *
 *     0   count, type
 *     2W  d_type: the class, owned
 *     3W  d_name: owned
 *     4W  d_qualname: NULL
 *     5W  member_descriptor: address of the PyMemberDef behind the class; getset_descriptor: 0 or 1 (see getset)
 */
import {
  type Address,
  defineStruct,
  layoutCodes,
  layoutOf,
  type StructDefinition,
} from "@pyrena/abi";
import { type TypeSlots, typeFlags } from "../api/types.ts";
import type { Core } from "../core/core.ts";
import { heapTypeLayout } from "../core/type-object.ts";

/** `PyMemberDescrObject` and `PyGetSetDescrObject`: equal in size. */
export const descriptorStruct: StructDefinition<
  "ob_refcnt" | "ob_type" | "d_type" | "d_name" | "d_qualname" | "d_what"
> = defineStruct("PyDescrObject", {
  ob_refcnt: "size",
  ob_type: "ptr",
  d_type: { type: "ptr", help: "class, owned" },
  d_name: { type: "ptr", help: "str, owned" },
  d_qualname: "ptr",
  d_what: { type: "ptr", help: "PyMemberDef, or which attribute" },
});

/** Which attribute a getset descriptor stands for. */
export const getset: { readonly dict: 0; readonly weakref: 1 } = { dict: 0, weakref: 1 };

/** Descriptors of classes. */
export interface Descriptors {
  readonly memberType: Address;
  readonly getsetType: Address;
  /** Borrowed class and name, the address of the PyMemberDef. New reference. */
  createMember(this: void, cls: Address, name: Address, member: Address): Address;
  createGetset(this: void, cls: Address, name: Address, which: 0 | 1): Address;
  /** The getset descriptor that all classes use (3.15): new reference to an immortal object. */
  shared(this: void, which: 0 | 1): Address;
  /** Whether an object is a descriptor of these. */
  check(this: void, object: Address): boolean;
  /** The class a descriptor belongs to, borrowed. */
  owner(this: void, descriptor: Address): Address;
  /** Offset in the instance, in bytes, of what a member descriptor stands for. */
  memberOffset(this: void, descriptor: Address): number;
  which(this: void, descriptor: Address): number;
}

export function makeDescriptors(core: Core): Descriptors {
  const { memory, alloc, refs, types, profile, word } = core;
  const { bytes: BYTES, at } = layoutOf(descriptorStruct, profile.abi);
  const MEMBER_OFFSET = heapTypeLayout(core).member.offset;
  const GC_HEAD = profile.headers.gcHead;
  const get = (descriptor: Address, offset: number): number =>
    memory.u32[(descriptor + offset) >>> 2];

  function slots(name: string, what: string): TypeSlots {
    return {
      name,
      dealloc: (descriptor) => {
        alloc.untrack(descriptor);
        refs.decref(get(descriptor, at.d_type));
        refs.decref(get(descriptor, at.d_name));
        alloc.freeGcObject(descriptor, GC_HEAD);
      },
      traverse: (descriptor, visit) => visit(get(descriptor, at.d_type)),
      repr: (descriptor) => {
        const owner = types.name(get(descriptor, at.d_type));
        return `<${what} '${core.str.value(get(descriptor, at.d_name))}' of '${owner}' objects>`;
      },
      getAttribute: (descriptor, name) =>
        name === "__name__"
          ? refs.newRef(get(descriptor, at.d_name))
          : name === "__objclass__"
            ? refs.newRef(get(descriptor, at.d_type))
            : 0,
      ownership: {
        hidden: (descriptor, visit) => visit(get(descriptor, at.d_name)),
      },
    };
  }

  const define = (name: string, what: string): Address =>
    types.define({
      name,
      basicsize: BYTES,
      flags: typeFlags.hasGc,
      layout: [layoutCodes.words, at.d_type, 1],
      slots: slots(name, what),
    });
  const memberType = define("member_descriptor", "member");
  const getsetType = define("getset_descriptor", "attribute");

  function create(type: Address, cls: Address, name: Address, what: number): Address {
    const descriptor = alloc.gcObject(type, BYTES, GC_HEAD);
    if (descriptor === 0) return 0;
    memory.u32.fill(0, (descriptor + 2 * word) >>> 2, (descriptor + BYTES) >>> 2);
    memory.u32[(descriptor + at.d_type) >>> 2] = refs.newRef(cls);
    memory.u32[(descriptor + at.d_name) >>> 2] = refs.newRef(name);
    memory.u32[(descriptor + at.d_what) >>> 2] = what;
    alloc.track(descriptor);
    return descriptor;
  }

  /** Descriptors that all classes share lie in static data, and belong to `object`. */
  function makeShared(which: 0 | 1): Address {
    const where = (core.state + core.at.class_descriptors + 4 * which) >>> 2;
    if (memory.u32[where] === 0) {
      const descriptor = alloc.staticData(GC_HEAD + BYTES) + GC_HEAD;
      const name = core.str.name(which === getset.dict ? "__dict__" : "__weakref__");
      alloc.initHeader(descriptor, getsetType);
      refs.immortalize(descriptor);
      memory.u32[(descriptor + at.d_type) >>> 2] = types.object;
      memory.u32[(descriptor + at.d_name) >>> 2] = name;
      memory.u32[(descriptor + at.d_what) >>> 2] = which;
      memory.u32[where] = descriptor;
    }
    return memory.u32[where];
  }
  const sharedDescriptors = core.facts.sharesClassDescriptors ? [makeShared(0), makeShared(1)] : [];

  return {
    memberType,
    getsetType,
    createMember: (cls, name, member) => create(memberType, cls, name, member),
    createGetset: (cls, name, which) => create(getsetType, cls, name, which),
    shared: (which) => sharedDescriptors[which],
    check: (object) => {
      const type = types.typeOf(object);
      return type === memberType || type === getsetType;
    },
    owner: (descriptor) => get(descriptor, at.d_type),
    memberOffset: (descriptor) => memory.u32[(get(descriptor, at.d_what) + MEMBER_OFFSET) >>> 2],
    which: (descriptor) => get(descriptor, at.d_what),
  };
}
