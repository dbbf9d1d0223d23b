/**
 * PyTypeObject and PyHeapTypeObject as CPython lays them out (`Include/cpython/object.h`), placed for both data
 * models. Where CPython has pointers to functions, Pyrena uses two of the words: `tp_dealloc` holds the number of the
 * type's slots, `tp_traverse` the address of its layout program.
 */
import {
  defineStruct,
  type FieldSpec,
  layoutOf,
  type StructDefinition,
  type StructLayout,
} from "@pyrena/abi";
import type { ObjectFacts } from "../facts.ts";
import type { Core } from "./core.ts";

const typeFields: { readonly [name in TypeField]: FieldSpec } = {
  ob_refcnt: "size",
  ob_type: "ptr",
  ob_size: "size",
  tp_name: {
    type: "ptr",
    help: "static types: NUL-terminated in static data; classes: 0, see ht_name",
  },
  tp_basicsize: "size",
  tp_itemsize: "size",
  tp_dealloc: { type: "ptr", help: "number of the type's slots" },
  tp_vectorcall_offset: "size",
  tp_getattr: "ptr",
  tp_setattr: "ptr",
  tp_as_async: "ptr",
  tp_repr: "ptr",
  tp_as_number: "ptr",
  tp_as_sequence: "ptr",
  tp_as_mapping: "ptr",
  tp_hash: "ptr",
  tp_call: "ptr",
  tp_str: "ptr",
  tp_getattro: "ptr",
  tp_setattro: "ptr",
  tp_as_buffer: "ptr",
  tp_flags: "size",
  tp_doc: "ptr",
  tp_traverse: { type: "ptr", help: "layout program, or 0" },
  tp_clear: "ptr",
  tp_richcompare: "ptr",
  tp_weaklistoffset: "size",
  tp_iter: "ptr",
  tp_iternext: "ptr",
  tp_methods: "ptr",
  tp_members: "ptr",
  tp_getset: "ptr",
  tp_base: { type: "ptr", help: "owned by classes" },
  tp_dict: { type: "ptr", help: "owned; 0 for static types" },
  tp_descr_get: "ptr",
  tp_descr_set: "ptr",
  tp_dictoffset: "size",
  tp_init: "ptr",
  tp_alloc: "ptr",
  tp_new: "ptr",
  tp_free: "ptr",
  tp_is_gc: "ptr",
  tp_bases: { type: "ptr", help: "tuple, owned" },
  tp_mro: { type: "ptr", help: "tuple, owned; 0 for static types: along tp_base" },
  tp_cache: "ptr",
  tp_subclasses: { type: "ptr", help: "dict of weak references, owned" },
  tp_weaklist: { type: "ptr", help: "weak references to the type" },
  tp_del: "ptr",
  tp_version_tag: "u32",
  tp_finalize: "ptr",
  tp_vectorcall: "ptr",
  tp_watched: "u8",
  tp_versions_used: "u16",
  tp_iteritem: "ptr",
};

/** `PyTypeObject`; 3.12 added `tp_watched` (and 3.13 `tp_versions_used` beside it), 3.15 `_tp_iteritem`. */
export function typeStruct(
  facts: Pick<ObjectFacts, "typeExtraWords">,
): StructDefinition<TypeField> {
  const { tp_watched, tp_versions_used, tp_iteritem, ...first } = typeFields;
  const fields = {
    ...first,
    ...(facts.typeExtraWords >= 1 ? { tp_watched, tp_versions_used } : {}),
    ...(facts.typeExtraWords >= 2 ? { tp_iteritem } : {}),
  };
  return defineStruct("PyTypeObject", fields as { readonly [name in TypeField]: FieldSpec });
}

type TypeField =
  | "ob_refcnt"
  | "ob_type"
  | "ob_size"
  | "tp_name"
  | "tp_basicsize"
  | "tp_itemsize"
  | "tp_dealloc"
  | "tp_vectorcall_offset"
  | "tp_getattr"
  | "tp_setattr"
  | "tp_as_async"
  | "tp_repr"
  | "tp_as_number"
  | "tp_as_sequence"
  | "tp_as_mapping"
  | "tp_hash"
  | "tp_call"
  | "tp_str"
  | "tp_getattro"
  | "tp_setattro"
  | "tp_as_buffer"
  | "tp_flags"
  | "tp_doc"
  | "tp_traverse"
  | "tp_clear"
  | "tp_richcompare"
  | "tp_weaklistoffset"
  | "tp_iter"
  | "tp_iternext"
  | "tp_methods"
  | "tp_members"
  | "tp_getset"
  | "tp_base"
  | "tp_dict"
  | "tp_descr_get"
  | "tp_descr_set"
  | "tp_dictoffset"
  | "tp_init"
  | "tp_alloc"
  | "tp_new"
  | "tp_free"
  | "tp_is_gc"
  | "tp_bases"
  | "tp_mro"
  | "tp_cache"
  | "tp_subclasses"
  | "tp_weaklist"
  | "tp_del"
  | "tp_version_tag"
  | "tp_finalize"
  | "tp_vectorcall"
  | "tp_watched"
  | "tp_versions_used"
  | "tp_iteritem";

/** PyTypeObject placed for a core's data model and version. */
export function typeLayout(core: Pick<Core, "profile" | "facts">): StructLayout<TypeField> {
  return layoutOf(typeStruct(core.facts), core.profile.abi);
}

type HeapTypeField =
  | "as_async"
  | "as_number"
  | "as_mapping"
  | "as_sequence"
  | "as_buffer"
  | "ht_name"
  | "ht_slots"
  | "ht_qualname"
  | "ht_cached_keys"
  | "ht_module"
  | "ht_tpname"
  | "spec_cache";

/** What `PyHeapTypeObject` has after PyTypeObject: a class's own method tables, its names, its shared keys. */
export function heapTypeStruct(
  facts: Pick<ObjectFacts, "heapTypeCacheWords">,
): StructDefinition<HeapTypeField> {
  return defineStruct("PyHeapTypeObject", {
    as_async: { type: "ptr", count: 4 },
    as_number: { type: "ptr", count: 36 },
    as_mapping: { type: "ptr", count: 3 },
    as_sequence: { type: "ptr", count: 10 },
    as_buffer: { type: "ptr", count: 2 },
    ht_name: { type: "ptr", help: "str, owned" },
    ht_slots: { type: "ptr", help: "tuple of strs, owned; or NULL" },
    ht_qualname: { type: "ptr", help: "str, owned" },
    ht_cached_keys: { type: "ptr", help: "shared keys, owned; or NULL" },
    ht_module: "ptr",
    ht_tpname: "ptr",
    spec_cache: { type: "ptr", count: facts.heapTypeCacheWords, help: "not used" },
  });
}

/** Where the fields of a class lie, in bytes from its address, and how long it is. */
export interface HeapTypeLayout {
  readonly bytes: number;
  readonly at: { readonly [name in HeapTypeField]: number };
  /** A slot's PyMemberDef, several of which follow the class: `offset` of the instance's word, and the whole. */
  readonly member: { readonly offset: number; readonly bytes: number };
}

/** PyHeapTypeObject placed for a core's data model and version. */
export function heapTypeLayout(core: Pick<Core, "profile" | "facts" | "word">): HeapTypeLayout {
  const start = typeLayout(core).bytes;
  const { at, bytes } = layoutOf(heapTypeStruct(core.facts), core.profile.abi);
  const placed = {} as { -readonly [name in HeapTypeField]: number };
  for (const name of Object.keys(at) as HeapTypeField[]) placed[name] = start + at[name];
  // PyMemberDef: name, type, offset, flags, doc.
  return {
    bytes: start + bytes,
    at: placed,
    member: { offset: 2 * core.word, bytes: 5 * core.word },
  };
}
